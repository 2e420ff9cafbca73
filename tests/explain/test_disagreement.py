"""Texts that one plan has right and another wrong, by most of their seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mtlv.evaluation.judging import decided
from mtlv.explain.disagreement import Judgement, disagreement_rows, judged_rows, judgements
from mtlv.store import Store
from mtlv.store.outcome import cell_predictions, load_outcome
from store.fakes import TASKS, fake_study


def judged(ids: str, right: list[float], seeds: int = 3) -> Judgement:
    return Judgement(tuple(ids), np.ones(len(ids)), np.array(right), seeds)


def test_plans_disagree_where_most_seeds_do() -> None:
    rows = disagreement_rows(
        {
            "stl": {"edema": judged("abcd", [1.0, 2 / 3, 0.0, 0.5])},
            "mtl": {"edema": judged("dcba", [0.0, 1.0, 1 / 3, 1.0])},
        },
        {"edema": {"b": "no edema"}},
    )
    found = [(row["text"], row["first_right"] > 0.5, row["words"]) for row in rows]
    assert found == [("b", True, "no edema"), ("c", False, "")]
    assert {(row["first"], row["second"], row["seeds"]) for row in rows} == {("stl", "mtl", 3)}


def test_texts_are_counted_by_who_is_right_and_ties_stand_apart() -> None:
    (row,) = judged_rows(
        {
            "stl": {"edema": judged("abcdef", [1.0, 0.0, 1.0, 0.25, 0.5, 1.0], seeds=4)},
            "mtl": {"edema": judged("fedcba", [0.5, 1.0, 1.0, 0.0, 0.25, 0.75], seeds=4)},
        },
        fold=2,
    )
    # a: 1, .75 both right; b: 0, .25 both wrong; c: 1, 0 first; d: .25, 1 second; e, f: ties
    assert row == {
        "task": "edema", "first": "stl", "second": "mtl", "fold": 2,
        "first_seeds": 4, "second_seeds": 4, "texts": 6,
        "both_right": 1, "both_wrong": 1, "first_alone": 1, "second_alone": 1, "tied": 2,
    }  # fmt: skip


def test_texts_that_one_plan_was_not_tested_on_are_not_counted() -> None:
    plans = {"stl": {"edema": judged("ab", [1.0, 1.0])}, "mtl": {"edema": judged("b", [0.0])}}
    (row,) = judged_rows(plans, fold=0)
    assert (row["texts"], row["first_alone"]) == (1, 1)


def test_a_task_that_one_plan_does_not_serve_is_passed_over() -> None:
    plans = {"stl": {"edema": judged("a", [1.0])}, "mtl": {"nodule": judged("a", [0.0])}}
    assert disagreement_rows(plans, {}) == judged_rows(plans, fold=0) == []


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)])
def test_judgements_are_the_share_of_seeds_that_are_right(
    tmp_path: Path, seeds: tuple[int, ...]
) -> None:
    store = Store(tmp_path)
    fake_study(store, plans=("stl", "mtl"), seeds=seeds)
    plan = load_outcome(store, "fake")["mtl"]
    found = judgements(store, plan, TASKS[:1], fold=0)["edema"]
    right = np.zeros(len(found.ids))
    for own in (cell for cell in plan.cells if cell.cell.fold == 0):
        test = cell_predictions(store, own.cell)["test"].tasks["edema"]
        limit = own.scores.thresholds.values["edema"]
        known = ~np.isnan(test.targets)
        right += (decided(test, limit) == test.targets)[known] / len(seeds)
    assert found.right == pytest.approx(right)
    assert found.seeds == len(seeds)
    assert 0 < found.right.mean() < 1
