"""Comparison: plans against a baseline, paired by fold and seed, on the same targets or never.

The tasks of a plan are compared one by one in what each is judged by.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mtlv.errors import ProtocolError, nearest
from mtlv.evaluation.protocol import same_targets
from mtlv.evaluation.summary import Summary, summarise
from mtlv.store.null import Null, nulls_of, random_share_of
from mtlv.store.outcome import (
    CellOutcome,
    PlanOutcome,
    StudyOutcome,
    cell_predictions,
    score_cell,
)
from mtlv.store.record import CellRecord
from mtlv.store.store import Store

__all__ = ["Comparison", "Row", "compare"]

EQUAL = 5e-4
"""Per-task means nearer than this (0.05 points, where shares are compared) are called equal."""


@dataclass(frozen=True)
class Row:
    """One plan against the baseline.

    Args:
        plan: its name.
        value: of the metric.
        delta: paired differences to the baseline.
        per_task: paired differences of the metric that each task is judged by.
        better: tasks that are better on average than under the baseline.
        equal: tasks that are the same, within `EQUAL`.
        worse: tasks that are worse.
        cost_ratio: training seconds over the baseline's.
        tasks: how many tasks both have; where one has more, both are scored on these alone.
        random_share: share of random groupings in as many models that do as well or better, this
            plan counted with them (so never 0); None where there are none.
    """

    plan: str
    value: Summary
    delta: Summary
    per_task: dict[str, Summary]
    better: int
    equal: int
    worse: int
    cost_ratio: float | None
    tasks: int = 0
    random_share: float | None = None


@dataclass(frozen=True)
class Comparison:
    """All plans of a study against one of them.

    Args:
        study: its name.
        baseline: the plan that the others are compared with.
        metric: that is compared.
        rows: a plan each.
        nulls: random groupings, by their number of models.
        own_metrics: whether tasks are judged by metrics of their own, and not all by F1.
    """

    study: str
    baseline: str
    metric: str
    rows: tuple[Row, ...]
    nulls: tuple[Null, ...] = ()
    own_metrics: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return what `mtlv compare --json` prints."""
        return {
            "study": self.study,
            "baseline": self.baseline,
            "metric": self.metric,
            "plans": [
                {
                    "plan": row.plan,
                    "value": row.value.to_json(),
                    "delta": row.delta.to_json(),
                    "per_task": {task: own.to_json() for task, own in row.per_task.items()},
                    "tasks_better": row.better,
                    "tasks_equal": row.equal,
                    "tasks_worse": row.worse,
                    "cost_ratio": row.cost_ratio,
                    "tasks": row.tasks,
                    "random_share": row.random_share,
                }
                for row in self.rows
            ],
            "random": [
                {"models": null.models, "plans": list(null.plans), **null.summary.to_json()}
                for null in self.nulls
            ],
        }


def compare(
    store: Store, outcome: StudyOutcome, baseline: str, metric: str | None = None
) -> Comparison:
    """Compare all plans of a study with one of them.

    Args:
        store: has the predictions.
        outcome: of the study.
        baseline: name of the plan to compare with.
        metric: to compare; by default `primary_mean` where tasks have metrics of their own, else
            `f1_macro`.

    Raises:
        ProtocolError: there is no such plan or metric, or the plans' test targets differ.
    """
    base = next((plan for plan in outcome.plans if plan.name == baseline), None)
    if base is None:
        raise ProtocolError(
            f"The study has no finished plan '{baseline}' to compare with.",
            hint=nearest(baseline, [plan.name for plan in outcome.plans]),
        )
    metric = metric or ("primary_mean" if base.summary.own_metrics else "f1_macro")
    if metric not in base.summary.metrics:
        raise ProtocolError(
            f"There is no metric '{metric}'.", hint=nearest(metric, base.summary.metrics)
        )
    nulls = nulls_of(outcome, metric)
    rows = tuple(
        replace(
            _row(store, *_on_shared_tasks(store, outcome, plan, base), metric),
            random_share=random_share_of(plan, metric, nulls),
        )
        for plan in outcome.plans
    )
    return Comparison(
        outcome.study.name, baseline, metric, rows, tuple(nulls.values()), base.summary.own_metrics
    )


def _row(store: Store, plan: PlanOutcome, base: PlanOutcome, metric: str) -> Row:
    pairs = _pairs(plan.cells, base.cells)
    shared = [task for task in base.summary.per_task if task in plan.summary.per_task]
    for own, other in pairs if plan.name != base.name else ():
        _check_targets(store, own.cell, other.cell, shared)
    delta = Summary.of([a.scores.together(metric) - b.scores.together(metric) for a, b in pairs])
    tasks = {
        task: Summary.of([a.scores.primary(task) - b.scores.primary(task) for a, b in pairs])
        for task in shared
    }
    gains = [_gain(own.mean, base, task) for task, own in tasks.items()]
    seconds = base.cost.train_seconds
    return Row(
        plan.name,
        plan.summary.together(metric),
        delta,
        tasks,
        better=sum(gain > EQUAL for gain in gains),
        equal=sum(abs(gain) <= EQUAL for gain in gains),
        worse=sum(gain < -EQUAL for gain in gains),
        cost_ratio=plan.cost.train_seconds / seconds if seconds else None,
        tasks=len(shared),
    )


def _gain(delta: float, base: PlanOutcome, task: str) -> float:
    """Return a difference in what a task is judged by, turned so that more is better."""
    return delta if base.summary.judged[task].higher_is_better else -delta


def _on_shared_tasks(
    store: Store, outcome: StudyOutcome, plan: PlanOutcome, base: PlanOutcome
) -> tuple[PlanOutcome, PlanOutcome]:
    """Return two plans scored on the tasks that both have, if one has more than the other.

    Raises:
        ProtocolError: they have none in common.
    """
    tasks = [set(each.summary.per_task) for each in (plan, base)]
    if tasks[0] == tasks[1]:
        return plan, base
    shared = tasks[0] & tasks[1]
    if not shared:
        raise ProtocolError(f"The plans '{plan.name}' and '{base.name}' have no task in common.")
    return _rescored(store, outcome, plan, shared), _rescored(store, outcome, base, shared)


def _rescored(
    store: Store, outcome: StudyOutcome, plan: PlanOutcome, tasks: Collection[str]
) -> PlanOutcome:
    scored = [score_cell(store, outcome.study, cell.cell, tasks) for cell in plan.cells]
    cells = tuple(cell for cell in scored if cell is not None)
    return replace(plan, cells=cells, summary=summarise([cell.scores for cell in cells]))


def _check_targets(store: Store, own: CellRecord, other: CellRecord, tasks: Sequence[str]) -> None:
    tests = [cell_predictions(store, cell)["test"].only(tasks) for cell in (own, other)]
    try:
        same_targets(*tests)
    except ProtocolError as error:
        raise error.inside(f"plans '{own.plan}' and '{other.plan}', fold {own.fold + 1}") from error


def _pairs(
    cells: Sequence[CellOutcome], others: Sequence[CellOutcome]
) -> list[tuple[CellOutcome, CellOutcome]]:
    by_place = {(other.cell.fold, other.cell.seed): other for other in others}
    places = [(cell.cell.fold, cell.cell.seed) for cell in cells]
    return [
        (cell, by_place[place])
        for cell, place in zip(cells, places, strict=True)
        if place in by_place
    ]
