"""Words are cut the same way for all tokenizers, and pieces find their word."""

from __future__ import annotations

import pytest

from mtlv.explain.words import owner, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("No pleural effusion.", ["No", "pleural", "effusion", "."]),
        ("x-ray of the patient's chest", ["x-ray", "of", "the", "patient's", "chest"]),
        ("T2/T3 (old)", ["T2", "/", "T3", "(", "old", ")"]),
        ("Überlänge 肺", ["Überlänge", "肺"]),
        ("", []),
    ],
)
def test_words_are_cut_at_blanks_and_signs(text: str, words: list[str]) -> None:
    found = words_of(text)
    assert [word.text for word in found] == words
    assert [text[word.start : word.end] for word in found] == words


def test_special_tokens_are_whole_words() -> None:
    text = "@DRUG$ and @DRUG$2"
    assert [word.text for word in words_of(text, ["@DRUG$"])] == ["@DRUG$", "and", "@DRUG$", "2"]


@pytest.mark.parametrize(
    ("start", "end", "word"),
    [(0, 2, 0), (3, 5, 1), (5, 8, 1), (2, 5, 1), (8, 9, 2), (2, 3, None), (4, 4, None)],
)
def test_a_piece_belongs_to_the_word_of_its_first_visible_character(
    start: int, end: int, word: int | None
) -> None:
    text = "no x-ray."
    assert owner(words_of(text), text, start, end) == word
