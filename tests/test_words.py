"""Small words of a sentence."""

from __future__ import annotations

import pytest

from mtlv.words import counted, in_quotes, listed


@pytest.mark.parametrize(
    ("number", "noun", "plural", "expected"),
    [
        (0, "run", None, "0 runs"),
        (1, "run", None, "1 run"),
        (2, "test part", None, "2 test parts"),
        (1.0, "model", None, "1 model"),
        (1.5, "model", None, "1.5 models"),
        (3851, "example", None, "3,851 examples"),
        (1, "pass", "passes", "1 pass"),
        (2, "pass", "passes", "2 passes"),
    ],
)
def test_a_number_and_its_noun_agree(
    number: float, noun: str, plural: str | None, expected: str
) -> None:
    assert counted(number, noun, plural) == expected


def test_lists() -> None:
    assert listed([]) == "none"
    assert listed(["a"]) == "a"
    assert listed("abc") == "a, b and c"
    assert listed("abcdef", most=3) == "a, b, c and 3 more"


def test_quotes() -> None:
    assert in_quotes("`mtl` lacks 1 run") == "'mtl' lacks 1 run"
