"""Several corpora of one study: no text is learned that any of them is scored on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from mtlv.data import Corpus, CorpusBuilder, Example, Target
from mtlv.data.common_splits import make_common_splits
from mtlv.data.splits import Split, SplitSettings, make_splits
from mtlv.errors import DataError


def corpus_of(name: str, texts: list[str], step: int, parts: list[str] | None = None) -> Corpus:
    builder = CorpusBuilder(name, [Target(f"{name}-label")])
    for i, text in enumerate(texts):
        part = parts[i] if parts else None
        builder.add(
            Example(str(i), text, targets={f"{name}-label": float(i % step == 0)}, part=part)
        )
    return builder.build()


def texts_of(corpus: Corpus, rows: np.ndarray) -> set[str]:
    texts = corpus.table["text"].to_pylist()
    return {" ".join(texts[row].split()) for row in rows}


def learned_and_scored(
    corpora: dict[str, Corpus], splits: dict[str, list[Split]], fold: int
) -> tuple[set[str], set[str], set[str]]:
    parts = ("train", "validation", "test")
    found: list[set[str]] = []
    for part in parts:
        own = [texts_of(corpora[key], getattr(splits[key][fold], part)) for key in corpora]
        found.append(set().union(*own))
    return found[0], found[1], found[2]


@limits(max_examples=40)
@given(st.integers(150, 250), st.integers(100, 160), st.integers(1, 3), st.integers(0, 9))
def test_no_text_stands_on_two_sides_of_any_corpora(
    count: int, shift: int, folds: int, seed: int
) -> None:
    corpora = {
        "a": corpus_of("a", [f"text {i}" for i in range(count)], 2),
        "b": corpus_of("b", [f" text  {i + shift}" for i in range(count)], 3),
    }
    splits = make_common_splits(corpora, SplitSettings(folds=folds, split_seed=seed))
    for fold in range(folds):
        train, validation, test = learned_and_scored(corpora, splits, fold)
        assert not train & test
        assert not train & validation
        assert not validation & test


def test_tests_stay_whole_and_what_is_left_out_is_told() -> None:
    texts = [f"text {i}" for i in range(60)]
    corpora = {"a": corpus_of("a", texts, 2), "b": corpus_of("b", texts, 3)}
    splits = make_common_splits(corpora, SplitSettings())
    for name, corpus in corpora.items():
        alone = make_splits(corpus, SplitSettings())[0]
        found = splits[name][0]
        assert found.test.tolist() == alone.test.tolist()
        dropped = len(alone.train) - len(found.train)
        assert dropped > 0
        told = f"{dropped} examples left out of train: another corpus is scored on their text"
        assert told in found.warnings
        assert found.fingerprint != alone.fingerprint


def test_an_auxiliary_corpus_holds_nothing_back() -> None:
    texts = [f"text {i}" for i in range(60)]
    corpora = {"main": corpus_of("main", texts, 2), "old": corpus_of("old", texts, 3)}
    splits = make_common_splits(corpora, SplitSettings(), {"old"})
    alone = make_splits(corpora["main"], SplitSettings())[0]
    assert splits["main"][0].fingerprint == alone.fingerprint
    scored = texts_of(corpora["main"], np.concatenate([alone.validation, alone.test]))
    assert not texts_of(corpora["old"], splits["old"][0].train) & scored


def test_corpora_of_other_texts_are_divided_as_alone() -> None:
    corpora = {name: corpus_of(name, [f"{name} {i}" for i in range(40)], 2) for name in ("a", "b")}
    splits = make_common_splits(corpora, SplitSettings())
    for name, corpus in corpora.items():
        alone = make_splits(corpus, SplitSettings())[0]
        assert splits[name][0].fingerprint == alone.fingerprint
        assert splits[name][0].warnings == alone.warnings


def test_a_label_that_loses_its_positives_is_named() -> None:
    """All positives that `b` trains on are texts that `a` tests on."""
    official = ["train"] * 20 + ["test"] * 20
    a = corpus_of("a", [f"text {i}" for i in range(40)], 2, official)
    texts = [f"text {20 + i}" if i < 20 and i % 4 == 0 else f"new {i}" for i in range(40)]
    corpora = {"a": a, "b": corpus_of("b", texts, 4, official)}
    warnings = " ".join(make_common_splits(corpora, SplitSettings())["b"][0].warnings)
    assert "label 'b-label' has no positive in train: it cannot be learned" in warnings


def test_where_nothing_is_left_to_learn_it_says_so() -> None:
    official = ["train"] * 20 + ["test"] * 20
    texts = [f"text {i}" for i in range(40)]
    corpora = {
        "a": corpus_of("a", texts, 2, official),
        "b": corpus_of("b", [*texts[20:], *texts[:20]], 3, official),
    }
    with pytest.raises(DataError, match="scored on every") as caught:
        make_common_splits(corpora, SplitSettings())
    assert "put the labels of the same texts into one file" in str(caught.value)
