"""Disagreement: test texts on which one plan is right and another wrong, by most of their seeds.

A plan is right on a text where more than half of its seeds are, and wrong where fewer than half
are. Where exactly half of them are, which takes an even number of seeds, the plan is undecided: the
text is a tie, and counts for neither plan. All of this is of one fold, whose test part is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from mtlv.evaluation.judging import decided
from mtlv.evaluation.predictions import TaskPredictions
from mtlv.evaluation.thresholds import DEFAULT_THRESHOLD
from mtlv.store import Store
from mtlv.store.outcome import PlanOutcome, cell_predictions

__all__ = ["Judgement", "disagreement_rows", "judged_rows", "judgements"]

Array = np.ndarray[Any, Any]
Judged = Mapping[str, Mapping[str, "Judgement"]]
"""Judgements by plan and task."""


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


def judged_rows(judged: Judged, fold: int) -> list[dict[str, Any]]:
    """Return for every task and pair of plans on how many texts which of them is right.

    Args:
        judged: judgements by plan and task.
        fold: that they are of.
    """
    rows = []
    for own in _pairs(judged):
        one, other = np.sign(own.first - 0.5), np.sign(own.second - 0.5)  # (N,) of -1, 0, 1
        rows.append(
            {
                **own.names,
                "fold": fold,
                "first_seeds": own.seeds[0],
                "second_seeds": own.seeds[1],
                "texts": len(own.ids),
                "both_right": int(np.sum((one > 0) & (other > 0))),
                "both_wrong": int(np.sum((one < 0) & (other < 0))),
                "first_alone": int(np.sum((one > 0) & (other < 0))),
                "second_alone": int(np.sum((one < 0) & (other > 0))),
                "tied": int(np.sum(one * other == 0)),
            }
        )
    return rows


def disagreement_rows(
    judged: Judged, texts: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Return a row for every task, pair of plans and text that one has right and one wrong.

    Args:
        judged: judgements by plan and task.
        texts: by task and id; a text that is not there is shown as "".
    """
    return [
        {
            **own.names,
            "text": own.ids[i],
            "target": float(own.targets[i]),
            "first_right": float(own.first[i]),
            "second_right": float(own.second[i]),
            "seeds": min(own.seeds),
            "words": texts.get(own.names["task"], {}).get(own.ids[i], ""),
        }
        for own in _pairs(judged)
        for i in np.flatnonzero((own.first - 0.5) * (own.second - 0.5) < 0).tolist()
    ]


@dataclass(frozen=True)
class _Pair:
    """How two plans decided the texts of one task that both were tested on.

    Args:
        names: `task`, `first` and `second`.
        ids: of the texts, (N,).
        targets: (N,).
        first: share of the first plan's seeds that decided each right, (N,).
        second: of the second plan's.
        seeds: how many each has.
    """

    names: dict[str, Any]
    ids: tuple[str, ...]
    targets: Array
    first: Array
    second: Array
    seeds: tuple[int, int]


def _pairs(judged: Judged) -> Iterator[_Pair]:
    for one, other in combinations(judged, 2):
        for task in (name for name in judged[one] if name in judged[other]):
            first, second = judged[one][task], judged[other][task]
            place = {own: index for index, own in enumerate(second.ids)}
            rows = [index for index, own in enumerate(first.ids) if own in place]
            ids = tuple(first.ids[row] for row in rows)
            yield _Pair(
                {"task": task, "first": one, "second": other},
                ids,
                first.targets[rows],
                first.right[rows],
                second.right[[place[own] for own in ids]],
                (first.seeds, second.seeds),
            )


def _judgement(runs: Sequence[tuple[TaskPredictions, Array]]) -> Judgement:
    first = runs[0][0]
    known = ~np.isnan(first.targets)
    right = np.mean([own[known] for _, own in runs], axis=0)
    ids = tuple(str(own) for own in first.ids[known])
    return Judgement(ids, first.targets[known], right, len(runs))
