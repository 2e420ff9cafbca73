"""Sentences that a reader split: their parts are put together before scoring."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mtlv.data.tags import part_runs
from mtlv.evaluation.predictions import TaskPredictions

__all__ = ["joined"]

Array = np.ndarray[Any, Any]


def joined(task: TaskPredictions) -> TaskPredictions:
    """Return the predictions of a tagging task with the parts of each sentence put together.

    Args:
        task: of kind `tagging`; see `part_runs` for the ids of parts.

    >>> ids, tags = np.array(["a#part2", "b", "a#part1"], object), np.empty(3, object)
    >>> tags[:] = [np.zeros(2), np.ones(1), np.zeros(3)]
    >>> found = joined(TaskPredictions("ner", "tagging", ids, tags, tags))
    >>> found.ids.tolist(), [len(row) for row in found.targets]
    (['a', 'b'], [5, 1])
    """
    named = part_runs(task.ids.tolist())
    runs = [rows for _, rows in named]
    if all(len(run) == 1 for run in runs):
        return task
    ids = [name for name, _ in named]
    targets, scores = (_together(rows, runs) for rows in (task.targets, task.scores))
    return replace(task, ids=np.array(ids, object), targets=targets, scores=scores)


def _together(rows: Array, runs: list[list[int]]) -> Array:
    result = np.empty(len(runs), object)
    for i, run in enumerate(runs):
        result[i] = rows[run[0]] if len(run) == 1 else np.concatenate([rows[k] for k in run])
    return result
