"""Tuning: what is tried, what is chosen, and on which of a plan's models."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mtlv.errors import ConfigError
from mtlv.plans import HeadPlan, ModelPlan
from mtlv.settings import explained
from mtlv.studies.tuning import (
    Search,
    Trial,
    TuneSettings,
    best_trial,
    grid,
    make_search,
    models_to_tune,
)

POSITIVES = dict(zip("abcdefgh", (8, 7, 6, 5, 4, 3, 2, 1), strict=True))

SPACE = {
    "learning_rate": {"low": 1e-5, "high": 1e-2, "log": True},
    "epochs": {"low": 1, "high": 5},
    "head.loss": ["bce", "focal"],
}


def models(*names: str) -> list[ModelPlan]:
    """Return one model per name, with a task per letter."""
    return [ModelPlan((HeadPlan(tuple(name)),)) for name in names]


def proposals(search: Search, value: float = 0.5) -> list[dict[str, Any]]:
    """Return all that a search proposes, each told the same value."""
    found = []
    while changes := search.propose():
        found += changes
        search.tell([value] * len(changes))
    return found


def test_a_grid_is_every_combination() -> None:
    space = {"learning_rate": [1e-4, 1e-3], "head.layers": [0, 1]}
    expected = [
        {"learning_rate": rate, "head.layers": layers} for rate in (1e-4, 1e-3) for layers in (0, 1)
    ]
    assert grid(space) == expected
    assert proposals(make_search(TuneSettings(space=space), seed=0)) == expected


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], ["'space.epochs'", "at least 1 item"]),
        (0.1, ["'space.epochs'", "valid list"]),
        ("ab", ["'space.epochs'", "valid list"]),
        ({"low": 1}, ["missing", "'space.epochs.high'"]),
        ({"low": 1, "high": "many"}, ["'space.epochs.high'", "many", "valid number"]),
        ({"low": 1, "high": math.inf}, ["'space.epochs.high'", "finite"]),
        ({"low": 1, "high": 5, "lgo": True}, ["'space.epochs.lgo'", "(known: high, log, low)"]),
        ({"low": 5, "high": 1}, ["'space.epochs'", "`low` below `high`"]),
        ({"low": 1, "high": 1}, ["'space.epochs'", "`low` below `high`"]),
        ({"low": 0, "high": 1, "log": True}, ["'space.epochs'", "`low` above 0"]),
    ],
)
def test_there_must_be_something_to_try(values: Any, words: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        TuneSettings.model_validate({"space": {"epochs": values}, "method": "optuna"})
    text = str(explained(caught.value, TuneSettings, "tune"))
    for word in words:
        assert word in text


def test_a_grid_is_of_lists() -> None:
    with pytest.raises(ValidationError, match="list of values for 'epochs'"):
        TuneSettings.model_validate({"space": {"epochs": {"low": 1, "high": 2}}})


@pytest.mark.parametrize(
    ("values", "best"),
    [
        ([0.1, 0.3, 0.2], 1),
        ([0.3, 0.3], 0),
        ([math.nan, 0.1], 1),
        ([0.1, math.nan], 0),
        ([math.nan, math.nan], 0),
        ([-0.7, -0.2], 1),
    ],
)
def test_the_first_of_the_best_is_chosen_and_nothing_undefined(
    values: list[float], best: int
) -> None:
    assert best_trial([Trial({}, value=value) for value in values]) == best


class TestModels:
    @pytest.mark.parametrize(
        ("wanted", "chosen"),
        [
            (None, "abcdefgh"),
            (8, "abcdefgh"),
            (9, "abcdefgh"),
            (4, "aceg"),
            (2, "bf"),
            (1, "d"),
        ],
    )
    def test_they_are_spread_from_rare_to_frequent(self, wanted: int | None, chosen: str) -> None:
        plans = models(*"abcdefgh")
        found = models_to_tune(plans, wanted, POSITIVES.__getitem__)
        assert "".join(plans[i].tasks[0] for i in found) == chosen

    def test_a_model_counts_the_positives_of_all_its_tasks(self) -> None:
        plans = models("a", "hg", "bcd")
        assert models_to_tune(plans, 1, POSITIVES.__getitem__) == [0], "3, 8 and 18 positives"

    @given(st.lists(st.integers(0, 99), min_size=1, max_size=12), st.integers(1, 12))
    def test_as_many_as_are_wanted_in_order_and_once(self, counts: list[int], wanted: int) -> None:
        positives = {f"{i}": count for i, count in enumerate(counts)}
        plans = [ModelPlan((HeadPlan((name,)),)) for name in positives]
        found = models_to_tune(plans, wanted, positives.__getitem__)
        assert len(found) == min(wanted, len(plans))
        assert found == sorted(set(found))


class TestOptuna:
    def settings(self, **changes: Any) -> TuneSettings:
        given = {"space": SPACE, "method": "optuna", "trials": 6}
        return TuneSettings.model_validate(given | changes)

    def test_it_tries_so_many_values_of_the_space(self) -> None:
        found = proposals(make_search(self.settings(), seed=0))
        assert len(found) == 6
        for changes in found:
            assert 1e-5 <= changes["learning_rate"] <= 1e-2
            assert changes["epochs"] in (1, 2, 3, 4, 5)
            assert changes["head.loss"] in ("bce", "focal")

    def test_its_seed_decides(self) -> None:
        first, same, other = (proposals(make_search(self.settings(), seed=s)) for s in (0, 0, 1))
        assert first == same != other

    def test_an_undefined_value_does_not_stop_it(self) -> None:
        assert len(proposals(make_search(self.settings(), seed=0), math.nan)) == 6

    def test_it_names_its_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import sys

        monkeypatch.setitem(sys.modules, "optuna", None)
        with pytest.raises(ConfigError, match=r"mtlv\[tune\]"):
            make_search(self.settings(), seed=0)
