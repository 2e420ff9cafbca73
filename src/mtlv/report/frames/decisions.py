"""Frames of how tasks are decided: points of curves of pooled test scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from mtlv.evaluation.ranking import OperatingPoints, operating_points
from mtlv.report.frames.wanted import FRAMES, Data, Wanted, no_data
from mtlv.store.outcome import PlanOutcome, cell_predictions
from mtlv.store.store import Store
from mtlv.words import counted

__all__ = ["decisions"]

Array = np.ndarray[Any, Any]
POINTS, BINS = 120, 10
LIMITS = 401
"""Thresholds at which F1 is drawn: a step of a quarter of a percent."""
FEW = 4
"""So many tasks are drawn where none is named."""
Z = 1.959963984540054


@FRAMES.register("decisions")
def decisions(wanted: Wanted) -> Data:
    """Precision and recall, F1 by threshold, and calibration; of some tasks where none is named."""
    binary = {
        task.name: task.positives for task in wanted.outcome.study.tasks if task.kind == "binary"
    }
    tasks = [task for task in wanted.chosen_tasks if task in binary]
    if not tasks:
        raise no_data(wanted, "decisions", "no binary task", "it is about binary tasks")
    chosen = tasks if wanted.tasks else _by_support(tasks, binary)
    rows = [
        {"plan": plan.name, "task": task, **point}
        for plan in wanted.chosen_plans
        for task, scores, targets in _pooled(wanted.store, plan, chosen)
        for point in _points(scores, targets, _threshold(plan, task))
    ]
    if not rows:
        raise no_data(wanted, "decisions", "no plan serves these tasks", "name others with --task")
    plan = wanted.chosen_plans[0]
    thresholds = plan.cells[0].scores.thresholds.describe()
    runs, several = counted(len(plan.cells), "run"), len(plan.cells) > 1
    words = [f"test part, scores of {runs}{' pooled' if several else ''}"]
    words += [f"thresholds:{thresholds}"]
    words += [_count(plan, chosen)]
    words += [f"symbols: {'mean threshold of the runs' if several else 'the threshold'}"]
    words += [f"{len(chosen)} of {len(tasks)} tasks"] if len(chosen) < len(tasks) else []
    return Data(pd.DataFrame(rows), wanted.signed(*words))


def _count(plan: PlanOutcome, tasks: list[str]) -> str:
    """Return how many pooled targets the tasks have, as a range where they differ."""
    cells = [cell.scores.judged for cell in plan.cells]
    sizes = [sum(own[task].n for own in cells) for task in tasks if task in cells[0]] or [0]
    return f"n:{min(sizes)}" + ("" if min(sizes) == max(sizes) else f"-{max(sizes)}")


def _by_support(tasks: list[str], positives: dict[str, int | None]) -> list[str]:
    """Return a few tasks from the most to the least frequent."""
    ordered = sorted(tasks, key=lambda task: -(positives[task] or 0))
    places = np.unique(np.linspace(0, len(ordered) - 1, FEW).round().astype(int))
    return [ordered[place] for place in places]


def _pooled(
    store: Store, plan: PlanOutcome, tasks: list[str]
) -> Iterator[tuple[str, Array, Array]]:
    """Yield the test scores and targets of each task over the cells of a plan."""
    served = [task for task in tasks if task in plan.summary.per_task]
    parts = [cell_predictions(store, cell.cell)["test"].only(served) for cell in plan.cells]
    for task in served:
        scores = np.concatenate([part.tasks[task].scores for part in parts])
        targets = np.concatenate([part.tasks[task].targets for part in parts])
        known = ~np.isnan(targets)
        if known.any():
            yield task, scores[known], targets[known]


def _threshold(plan: PlanOutcome, task: str) -> float:
    return float(np.mean([cell.scores.thresholds.values[task] for cell in plan.cells]))


def _points(scores: Array, targets: Array, threshold: float) -> list[dict[str, Any]]:
    points = operating_points(scores, targets)
    empty = {"low": np.nan, "high": np.nan, "n": np.nan, "chosen": False}
    drawn = np.unique(np.linspace(0, len(points.scores) - 1, POINTS).round().astype(int))
    rows = [empty | _recall(points, int(index)) for index in drawn]
    rows += [empty | own for own in _f1(points, np.linspace(0, 1, LIMITS))]
    last = int(np.count_nonzero(points.scores >= threshold)) - 1
    if last >= 0:
        places = (_recall(points, last), *_f1(points, np.array([threshold])))
        rows += [empty | own | {"chosen": True} for own in places]
    return rows + [{"chosen": False} | own for own in _calibration(scores, targets)]


def _recall(points: OperatingPoints, index: int) -> dict[str, Any]:
    """Return precision and recall where the index-th distinct score is the lowest positive."""
    found, called = points.found[index], points.called[index]
    recall = 100 * found / points.positives if points.positives else np.nan
    return {"curve": "precision-recall", "x": recall, "y": 100 * found / called}


def _f1(points: OperatingPoints, thresholds: Array) -> list[dict[str, Any]]:
    """Return F1 at thresholds; 0 where nothing is called positive."""
    counts = np.searchsorted(-points.scores, -thresholds, side="right")  # of scores at or above
    values = np.concatenate([[0.0], points.f1])[counts]
    return [
        {"curve": "threshold", "x": 100 * float(limit), "y": 100 * float(value)}
        for limit, value in zip(thresholds, values, strict=True)
    ]


def _calibration(scores: Array, targets: Array) -> list[dict[str, Any]]:
    """Return mean score and share of positives in ten equal bins, with Wilson's interval."""
    bins = np.clip((scores * BINS).astype(int), 0, BINS - 1)
    rows = []
    for index in np.unique(bins):
        own = bins == index
        n, share = int(own.sum()), float(targets[own].mean())
        middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
        half = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
        rows.append(
            {"curve": "calibration", "x": 100 * float(scores[own].mean()), "y": 100 * share}
            | {"low": 100 * (middle - half), "high": 100 * (middle + half), "n": n}
        )
    return rows
