"""Disagreement: test texts on which one plan is right and another wrong, by most of their seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from mtlv.evaluation.judging import decided
from mtlv.evaluation.predictions import TaskPredictions
from mtlv.evaluation.thresholds import DEFAULT_THRESHOLD
from mtlv.store import Store
from mtlv.store.outcome import PlanOutcome, cell_predictions

__all__ = ["Judgement", "disagreement_rows", "judgements"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Judgement:
    """How a plan decided the test texts of one task on one fold.

    Args:
        ids: of the texts with a target, (N,).
        targets: (N,).
        right: share of the seeds that decided each right, (N,).
        seeds: how many there are.
    """

    ids: tuple[str, ...]
    targets: Array
    right: Array
    seeds: int


def judgements(
    store: Store, plan: PlanOutcome, tasks: Sequence[str], fold: int
) -> dict[str, Judgement]:
    """Return how a plan decided the binary and multiclass tasks that it serves.

    Args:
        store: has its predictions.
        plan: to look at.
        tasks: names.
        fold: from 0; plans are compared on the same test texts.
    """
    found: dict[str, list[tuple[TaskPredictions, Array]]] = {}
    for outcome in (own for own in plan.cells if own.cell.fold == fold):
        test = cell_predictions(store, outcome.cell)["test"]
        for name in tasks:
            own = test.tasks.get(name)
            if own is not None and own.kind in ("binary", "multiclass"):
                limit = outcome.scores.thresholds.values.get(name, DEFAULT_THRESHOLD)
                found.setdefault(name, []).append((own, decided(own, limit) == own.targets))
    return {name: _judgement(own) for name, own in found.items()}


def disagreement_rows(
    judged: Mapping[str, Mapping[str, Judgement]], texts: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Return a row for every task, pair of plans and text that one has right and one wrong.

    A plan is right where more than half of its seeds are, and wrong where fewer than half are.

    Args:
        judged: judgements by plan and task.
        texts: by task and id; a text that is not there is shown as "".
    """
    rows = []
    for one, other in combinations(judged, 2):
        for task in (name for name in judged[one] if name in judged[other]):
            rows += _pair_rows(one, other, task, (judged[one][task], judged[other][task]))
    for row in rows:
        row["words"] = texts.get(row["task"], {}).get(row["text"], "")
    return rows


def _judgement(runs: Sequence[tuple[TaskPredictions, Array]]) -> Judgement:
    first = runs[0][0]
    known = ~np.isnan(first.targets)
    right = np.mean([own[known] for _, own in runs], axis=0)
    ids = tuple(str(own) for own in first.ids[known])
    return Judgement(ids, first.targets[known], right, len(runs))


def _pair_rows(
    one: str, other: str, task: str, judged: tuple[Judgement, Judgement]
) -> list[dict[str, Any]]:
    first, second = judged
    place = {own: index for index, own in enumerate(second.ids)}
    rows = []
    for index, text in enumerate(first.ids):
        if text not in place:
            continue
        shares = (float(first.right[index]), float(second.right[place[text]]))
        if (shares[0] - 0.5) * (shares[1] - 0.5) < 0:
            rows.append(
                {
                    "task": task,
                    "text": text,
                    "target": float(first.targets[index]),
                    "first": one,
                    "second": other,
                    "first_right": shares[0],
                    "second_right": shares[1],
                    "seeds": min(first.seeds, second.seeds),
                }
            )
    return rows
