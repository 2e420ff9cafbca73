"""Comparison: paired by fold and seed, on the same targets, or not at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mtlv.errors import ProtocolError
from mtlv.evaluation.about import About
from mtlv.evaluation.predictions import ScoredPart
from mtlv.report.comparison import comparison_table
from mtlv.store import CellRecord, Store
from mtlv.store.comparison import Comparison, compare
from mtlv.store.outcome import load_outcome
from mtlv.store.record import GroupingRecord
from store.fake_kinds import KINDS, FakeKind
from store.fakes import MIXED, TASKS, fake_job_id, fake_study, write_fake_job

pytestmark = pytest.mark.slow

HALVES = [list(TASKS[:2]), list(TASKS[2:])]


def compared(store: Store, baseline: str = "mtl", metric: str = "f1_macro") -> Comparison:
    return compare(store, load_outcome(store, "fake"), baseline, metric)


def never(cell: CellRecord, model: int) -> bool:
    return False


def test_deltas_are_those_of_pairs(store: Store) -> None:
    """By hand: the mean and sd of the differences, fold by fold, are not those of the means."""
    fake_study(store, folds=3)
    outcome = load_outcome(store, "fake")
    values = {
        plan.name: np.array([cell.scores.metrics["f1_macro"] for cell in plan.cells])
        for plan in outcome.plans
    }
    for row in compared(store).rows:
        difference = values[row.plan] - values["mtl"]
        assert row.delta.mean == pytest.approx(difference.mean())
        assert row.delta.sd == pytest.approx(difference.std(ddof=1))
        assert (row.delta.n, row.value.mean) == (3, pytest.approx(values[row.plan].mean()))


def test_perfect_models_against_useless_ones(store: Store) -> None:
    """STL decides all of the first two tasks right, MTL none: four deltas that can be seen."""
    fake_study(store, plans=("stl", "mtl"), folds=1, trained=never)
    for task in TASKS:
        write_fake_job(store, [[task]])
    targets = {
        (task, part): store.predictions(fake_job_id([[task]], 0, 0))[part].tasks[task].targets
        for task in TASKS
        for part in ("validation", "test")
    }
    for job in (store.root / "jobs").iterdir():
        for path in job.iterdir():
            path.unlink()
        job.rmdir()

    def right(task: str, part: ScoredPart) -> np.ndarray[Any, Any]:
        return 0.9 * targets[task, part] + 0.05

    def wrong_on_first_two(task: str, part: ScoredPart) -> np.ndarray[Any, Any]:
        own = targets[task, part]
        if part == "test" and task in TASKS[:2]:
            return 0.95 - 0.9 * own
        return 0.9 * own + 0.05

    for task in TASKS:
        write_fake_job(store, [[task]], scores=right)
    write_fake_job(store, [list(TASKS)], scores=wrong_on_first_two)
    stl, mtl = compared(store).rows
    assert stl.value.mean == 1.0
    assert mtl.value.mean == pytest.approx(0.5)
    assert {task: own.mean for task, own in stl.per_task.items()} == dict(
        zip(TASKS, (1.0, 1.0, 0.0, 0.0), strict=True)
    )
    assert (stl.better, stl.equal, stl.worse) == (2, 2, 0)
    assert (mtl.better, mtl.equal, mtl.worse) == (0, 4, 0)


def test_costs_are_shares_of_the_baseline(store: Store) -> None:
    fake_study(store)
    ratios = {row.plan: row.cost_ratio for row in compared(store).rows}
    assert ratios == {"stl": 1.0, "mtl": 1.0, "gmhl": 47 / 42, "gmtl": 47 / 42}


def test_only_folds_that_both_have_are_paired(store: Store) -> None:
    fake_study(store, folds=3, trained=lambda cell, model: cell.plan == "mtl" or cell.fold < 2)
    rows = {row.plan: row for row in compared(store).rows}
    assert (rows["gmtl"].delta.n, rows["mtl"].delta.n) == (2, 3)


@pytest.mark.parametrize("fold", [0, 1])
def test_other_targets_are_refused_in_whatever_fold(store: Store, fold: int) -> None:
    """A model that saw the test part of another fold is not comparable with those of this one."""
    record = fake_study(store, plans=("mtl", "gmtl"), trained=never)
    for cell in record.cells:
        for model in cell.architecture["models"]:
            job = fake_job_id(model, cell.fold, cell.seed)
            other = cell.plan == "gmtl" and cell.fold == fold
            write_fake_job(store, model, cell.fold + 7 * other, cell.seed, job=job)
    with pytest.raises(ProtocolError, match=f"plans .gmtl. and .mtl., fold {fold + 1}"):
        compared(store)


@pytest.mark.parametrize(
    ("baseline", "metric", "words"),
    [
        ("mlt", "f1_macro", "did you mean 'mtl'"),
        ("mtl", "f1_marco", "did you mean 'f1_macro'"),
    ],
)
def test_what_is_not_there_is_named(store: Store, baseline: str, metric: str, words: str) -> None:
    fake_study(store)
    with pytest.raises(ProtocolError, match=words):
        compared(store, baseline, metric)


def test_json_has_all_of_it(store: Store) -> None:
    fake_study(store)
    document = compared(store, "stl").to_json()
    assert (document["study"], document["baseline"], document["metric"]) == (
        "fake",
        "stl",
        "f1_macro",
    )
    for plan in document["plans"]:
        assert set(plan["per_task"]) == set(TASKS)
        assert {"plan", "value", "delta", "tasks_better", "cost_ratio"} <= set(plan)
        assert set(plan["delta"]) == {"mean", "sd", "n"}


class TestOtherKinds:
    def test_tasks_are_compared_by_what_each_is_judged_by(self, store: Store) -> None:
        fake_study(store, tasks=MIXED)
        outcome = load_outcome(store, "fake")
        found = compare(store, outcome, "mtl")
        assert found.metric == "primary_mean"
        for row in found.rows:
            cells = zip(outcome[row.plan].cells, outcome["mtl"].cells, strict=True)
            pairs = [(a.scores, b.scores) for a, b in cells]
            assert list(row.per_task) == list(MIXED)
            for task, own in row.per_task.items():
                expected = np.mean([a.primary(task) - b.primary(task) for a, b in pairs])
                assert own.mean == pytest.approx(expected)
            assert row.better + row.equal + row.worse == len(MIXED)
            means = [a.primary_mean - b.primary_mean for a, b in pairs]
            assert row.delta.mean == pytest.approx(np.mean(means))

    def test_a_lower_error_is_better(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        judged = FakeKind("regression", About(metric="mae"), ("mae",))
        monkeypatch.setitem(KINDS, "similarity", judged)
        fake_study(store, plans=("stl", "mtl"), folds=1, tasks=("similarity", "nli"))
        stl, _ = compare(store, load_outcome(store, "fake"), "mtl").rows
        gains = (-stl.per_task["similarity"].mean, stl.per_task["nli"].mean)
        assert stl.better == sum(gain > 5e-4 for gain in gains)
        assert stl.worse == sum(gain < -5e-4 for gain in gains)

    def test_metrics_of_binary_tasks_can_be_compared_too(self, store: Store) -> None:
        fake_study(store, tasks=MIXED)
        assert all(row.delta.n == 2 for row in compared(store, metric="f1_macro").rows)

    def test_a_part_of_the_tasks_is_compared_by_their_own_mean(self, store: Store) -> None:
        """The plan that serves `nli` and `relation` alone has no binary task, and needs none."""
        study = fake_study(store, plans=("mtl",), folds=1, tasks=MIXED)
        served = ["nli", "relation"]
        write_fake_job(store, [served])
        cell = study.cells[0].model_copy(
            update={
                "plan": "part",
                "architecture": {
                    "name": "part",
                    "models": [[served]],
                    "serves": dict.fromkeys(served, 0),
                },
                "jobs": [fake_job_id([served], 0, 0)],
            }
        )
        store.write_study(study.model_copy(update={"cells": [*study.cells, cell], "planned": 2}))
        _, part = compare(store, load_outcome(store, "fake"), "mtl").rows
        assert part.tasks == 2
        assert part.delta.mean == pytest.approx(np.mean([d.mean for d in part.per_task.values()]))
        _, part = compared(store, metric="f1_macro").rows
        assert part.delta.n == 0


def _with_random_groupings(store: Store, draws: int) -> None:
    """Add random plans to the fake study: each serves the four tasks from two models."""
    study = fake_study(store, plans=("mtl", "gmtl"), folds=1)
    (given,) = [cell for cell in study.cells if cell.plan == "gmtl"]
    cells = list(study.cells)
    for draw in range(draws):
        order = [*TASKS[draw % 4 :], *TASKS[: draw % 4]]
        groups = [sorted(order[:1]), sorted(order[1:])]
        models = [[group] for group in groups]
        for model in models:
            write_fake_job(store, model)
        serves = {task: index for index, group in enumerate(groups) for task in group}
        cells.append(
            given.model_copy(
                update={
                    "plan": f"random-2-{draw}",
                    "architecture": {"name": "random", "models": models, "serves": serves},
                    "jobs": [fake_job_id(model, 0, 0) for model in models],
                    "grouping": GroupingRecord(origin=f"random, {draw}", groups=groups),
                }
            )
        )
    store.write_study(study.model_copy(update={"cells": cells, "planned": len(cells)}))


def test_groupings_are_judged_against_random_ones_of_as_many_models(store: Store) -> None:
    _with_random_groupings(store, draws=4)
    comparison = compared(store)
    (null,) = comparison.nulls
    rows = {row.plan: row for row in comparison.rows}
    assert (null.models, len(null.plans)) == (2, 4)
    assert null.values == tuple(rows[plan].value.mean for plan in null.plans)
    as_good = sum(value >= rows["gmtl"].value.mean for value in null.values)
    assert rows["gmtl"].random_share == (1 + as_good) / 5
    assert rows["mtl"].random_share is None, "it has one model"
    assert comparison.to_json()["random"][0]["n"] == 4
    table = comparison_table(comparison)
    assert [row[0] for row in table.rows] == ["mtl", "gmtl"], "draws are summed up in the note"
    assert "4 random groupings in 2 models" in table.note
    assert table.rows[1][-1].endswith("%")


def test_a_random_grouping_that_is_drawn_again_counts_once(store: Store) -> None:
    _with_random_groupings(store, draws=6)
    (null,) = compared(store).nulls
    assert (len(null.plans), len(null.values)) == (6, 4), "draws 4 and 5 repeat 0 and 1"


def test_without_random_groupings_nothing_is_said_of_them(store: Store) -> None:
    fake_study(store)
    comparison = compared(store)
    assert comparison.nulls == ()
    assert "random" not in str(comparison_table(comparison))


class TestMissingRuns:
    """Two plans are compared where both have runs, and nowhere else."""

    def test_values_are_of_the_paired_runs(self, store: Store) -> None:
        fake_study(store, folds=3, trained=lambda cell, _: cell.plan != "stl" or cell.fold == 1)
        outcome = load_outcome(store, "fake")
        rows = {row.plan: row for row in compared(store).rows}
        (own,) = [cell for cell in outcome["mtl"].cells if cell.cell.fold == 1]
        assert (rows["stl"].value.n, rows["mtl"].value.n) == (1, 3)
        for task, row in rows["stl"].by_task.items():
            assert row.base.mean == own.scores.per_task[task]["f1"], "of that run, not of all"
            assert row.delta.mean == pytest.approx(row.value.mean - row.base.mean)
        assert rows["stl"].metrics == outcome["stl"].summary.metrics

    def test_the_difference_shown_is_the_one_tested(self, store: Store) -> None:
        """Of three parts with two runs each one run is missing: parts weigh alike all the same."""

        def trained(cell: CellRecord, model: int) -> bool:
            return (cell.plan, cell.fold, cell.seed) != ("stl", 1, 0)

        fake_study(store, plans=("stl", "mtl"), folds=3, seeds=(0, 1), trained=trained)
        (row,) = [row for row in compared(store).rows if row.plan == "stl"]
        assert (row.value.n, row.delta.n) == (5, 3)
        for claim, delta in (
            (row.claim, row.delta),
            *((t.claim, t.delta) for t in row.by_task.values()),
        ):
            assert claim is not None
            assert delta.mean == pytest.approx((claim.finding.low + claim.finding.high) / 2)

    def test_plans_that_lack_runs_are_not_ranked(self, store: Store) -> None:
        fake_study(store, folds=3, trained=lambda cell, _: cell.plan != "stl" or cell.fold == 1)
        ranks = compared(store).ranks
        assert ranks is not None
        assert "stl" not in ranks.to_json()["mean_ranks"]
