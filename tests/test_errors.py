"""Errors: everything that a user needs to know stands in them, wherever they go."""

from __future__ import annotations

import pickle

import pytest

from mtlv import errors
from mtlv.errors import ConfigError, GroupingError, MtlvError, PlanError, nearest

KINDS = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_what_where_and_what_next(kind: type[MtlvError]) -> None:
    error = kind("It broke.", where="a.csv, line 3", found=2, expected="0 or 1", hint="mend it")
    assert str(error).splitlines() == [
        "It broke.",
        "  where:    a.csv, line 3",
        "  found:    2",
        "  expected: 0 or 1",
        "  next:     mend it",
    ]
    assert str(kind("It broke.")) == "It broke."


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_crosses_a_process_boundary(kind: type[MtlvError]) -> None:
    error = kind("It broke.", where="here", found=[1], hint="mend it")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert str(copy) == str(error)


def test_what_is_falsy_is_still_found() -> None:
    assert "found:    0" in str(MtlvError("It broke.", found=0))


def test_the_place_around_an_error_can_be_named() -> None:
    error = ConfigError("It broke.", where="key 'a'", found=1, expected="2", hint="mend it")
    outer = error.inside("study.yaml")
    assert type(outer) is ConfigError
    assert outer.where == "study.yaml, key 'a'"
    assert (outer.found, outer.expected, outer.hint) == (1, "2", "mend it")
    assert ConfigError("It broke.").inside("study.yaml").where == "study.yaml"


def test_a_grouping_is_part_of_a_plan() -> None:
    assert issubclass(GroupingError, PlanError)


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("epoch", ["epochs", "clip"], "did you mean 'epochs'? (known: clip, epochs)"),
        ("zebra", ["epochs", "clip"], "(known: clip, epochs)"),
        ("zebra", [], "(known: )"),
    ],
)
def test_nearest_names_what_was_probably_meant(word: str, known: list[str], said: str) -> None:
    assert nearest(word, known) == said
