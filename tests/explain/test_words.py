"""Words are cut the same way for all tokenizers, and pieces find their word."""

from __future__ import annotations

import re

import pytest

from mtlv.explain.words import owner, words_of
from mtlv.model.bow_words import vocabulary
from mtlv.model.settings import BowSettings


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("No pleural effusion.", ["No", "pleural", "effusion", "."]),
        ("x-ray of the patient's chest", ["x", "-", "ray", "of", "the", "patient's", "chest"]),
        ("isn\u2019t", ["isn\u2019t"]),
        ("T2/T3 (old)", ["T2", "/", "T3", "(", "old", ")"]),
        ("Überlänge 肺", ["Überlänge", "肺"]),
        ("", []),
    ],
)
def test_words_are_cut_at_blanks_and_signs(text: str, words: list[str]) -> None:
    found = words_of(text)
    assert [word.text for word in found] == words
    assert [text[word.start : word.end] for word in found] == words


@pytest.mark.parametrize(
    "text", ["It isn\u2019t a well-made x-ray, is it?", "'quoted' 10/10 _so_", "Café—über alles"]
)
def test_a_word_is_what_the_vocabulary_of_a_bag_counts(text: str) -> None:
    """They differ in capitals and the form of the apostrophe; signs are in no vocabulary."""
    shown = [word.text.lower().replace("\u2019", "'") for word in words_of(text)]
    counted = vocabulary({"any": [text]}, BowSettings())
    assert sorted({word for word in shown if word in counted}) == sorted(counted)
    assert all(not re.search(r"\w", word) for word in shown if word not in counted)


def test_special_tokens_are_whole_words() -> None:
    text = "@DRUG$ and @DRUG$2"
    assert [word.text for word in words_of(text, ["@DRUG$"])] == ["@DRUG$", "and", "@DRUG$", "2"]


@pytest.mark.parametrize(
    ("start", "end", "word"),
    [(0, 2, 0), (3, 5, 1), (5, 8, 3), (2, 5, 1), (8, 9, 4), (2, 3, None), (4, 4, None)],
)
def test_a_piece_belongs_to_the_word_of_its_first_visible_character(
    start: int, end: int, word: int | None
) -> None:
    text = "no x-ray."
    assert owner(words_of(text), text, start, end) == word
