"""Texts that one plan has right and another wrong, by most of their seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mtlv.evaluation.judging import decided
from mtlv.explain.disagreement import Judgement, disagreement_rows, judgements
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


def test_a_task_that_one_plan_does_not_serve_is_passed_over() -> None:
    plans = {"stl": {"edema": judged("a", [1.0])}, "mtl": {"nodule": judged("a", [0.0])}}
    assert disagreement_rows(plans, {}) == []


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
