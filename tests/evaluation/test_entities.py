"""Entities: conlleval's rules by hand, and seqeval on random tags of every scheme."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from mtlv.evaluation.entities import OUTSIDE, TagSet, entities, matching

BIOES = ("O", *(f"{letter}-{kind}" for letter in "BIES" for kind in ("Drug", "Cell-Line")))
SCHEMES = {
    "IOB2": ("O", "B-Drug", "I-Drug", "B-Gene", "I-Gene"),
    "BIOES": BIOES,
    "bare": ("B", "I", "O"),
    "bare BIOES": ("O", "B", "I", "E", "S"),
}


def found(names: tuple[str, ...], *sentences: str) -> list[tuple[int, int, str]]:
    """Return the entities of sentences, written as words, with the names of their types."""
    tags = [names.index(word) for sentence in sentences for word in sentence.split()]
    first = [i == 0 for sentence in sentences for i in range(len(sentence.split()))]
    kinds = list(dict.fromkeys(n.partition("-")[2] for n in names if n != "O"))
    rows = entities(np.array(tags, int), np.array(first, bool), TagSet.of(names))
    return [(int(start), int(end), kinds[kind]) for start, end, kind in rows]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("O B-Drug I-Drug O", [(1, 2, "Drug")]),
        ("B-Drug B-Drug", [(0, 0, "Drug"), (1, 1, "Drug")]),
        ("B-Drug I-Gene", [(0, 0, "Drug"), (1, 1, "Gene")]),
        ("I-Drug I-Drug", [(0, 1, "Drug")]),  # an I without a B starts an entity
        ("O I-Drug B-Drug", [(1, 1, "Drug"), (2, 2, "Drug")]),
        ("I-Drug I-Gene I-Gene", [(0, 0, "Drug"), (1, 2, "Gene")]),
        ("O O", []),
        ("B-Drug I-Drug", [(0, 1, "Drug")]),  # an entity may end with the sentence
    ],
)
def test_iob_by_hand(sentence: str, expected: list[tuple[int, int, str]]) -> None:
    assert found(SCHEMES["IOB2"], sentence) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("B-Drug I-Drug E-Drug S-Drug", [(0, 2, "Drug"), (3, 3, "Drug")]),
        ("S-Drug S-Drug", [(0, 0, "Drug"), (1, 1, "Drug")]),
        ("E-Drug I-Drug", [(0, 0, "Drug"), (1, 1, "Drug")]),
        ("B-Cell-Line E-Cell-Line", [(0, 1, "Cell-Line")]),
    ],
)
def test_bioes_by_hand(sentence: str, expected: list[tuple[int, int, str]]) -> None:
    assert found(BIOES, sentence) == expected


def test_sentences_do_not_run_into_each_other() -> None:
    assert found(SCHEMES["IOB2"], "O B-Drug", "I-Drug") == [(1, 1, "Drug"), (2, 2, "Drug")]


def test_names_without_a_letter_are_types() -> None:
    tag_set = TagSet.of(("O", "Drug", "Gene"))
    rows = entities(np.array([1, 1, 2, 0, OUTSIDE]), np.arange(5) == 0, tag_set)
    assert rows.tolist() == [[0, 1, 0], [2, 2, 1]]


@pytest.mark.parametrize("scheme", SCHEMES)
@given(data=st.data())
def test_equals_seqeval(scheme: str, data: st.DataObject) -> None:
    names = SCHEMES[scheme]
    tag = st.integers(0, len(names) - 1)
    sentences = data.draw(st.lists(st.lists(tag, min_size=1, max_size=8), max_size=4))
    expected, place = [], 0
    for tags in sentences:
        for kind, start, end in get_entities([names[tag] for tag in tags]):
            expected.append((place + start, place + end, "" if kind == "_" else kind))
        place += len(tags)
    words = [" ".join(names[tag] for tag in tags) for tags in sentences]
    assert found(names, *words) == expected


def test_a_match_has_type_and_both_borders() -> None:
    true = np.array([[0, 1, 0], [3, 5, 1], [7, 7, 0], [9, 9, 0]])
    other = np.array([[0, 1, 0], [3, 4, 1], [6, 7, 0], [9, 9, 1]])
    assert matching(other, true) == 1
    assert matching(true, true) == 4
    assert matching(np.empty((0, 3), int), true) == 0
