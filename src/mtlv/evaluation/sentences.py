"""Sentences that a reader split: their pieces, `X#1`, `X#2`, …, are put together before scoring."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from mtlv.evaluation.predictions import TaskPredictions

__all__ = ["joined"]

Array = np.ndarray[Any, Any]
PIECE = re.compile(r"(.+)#([1-9]\d*)")


def joined(task: TaskPredictions) -> TaskPredictions:
    """Return the predictions of a tagging task with the pieces of each sentence put together.

    Pieces are joined in the order of their numbers; where one is missing (it is in another part),
    the sentence stays in two. A joined sentence stands where its first piece in the table stood,
    under the id without the number.

    Args:
        task: of kind `tagging`; `X#n` is piece n of X, from 1.

    >>> ids, tags = np.array(["a#2", "b", "a#1"], object), np.empty(3, object)
    >>> tags[:] = [np.zeros(2), np.ones(1), np.zeros(3)]
    >>> found = joined(TaskPredictions("ner", "tagging", ids, tags, tags))
    >>> found.ids.tolist(), [len(row) for row in found.targets]
    (['a', 'b'], [5, 1])
    """
    runs = _runs(task.ids)
    if all(len(run) == 1 for run in runs):
        return task
    ids = [_name(task.ids, run) for run in runs]
    targets, scores = (_together(rows, runs) for rows in (task.targets, task.scores))
    return replace(task, ids=np.array(ids, object), targets=targets, scores=scores)


def _runs(ids: Array) -> list[list[int]]:
    """Return the rows of each sentence, in the order of its pieces."""
    pieces: dict[str, list[tuple[int, int]]] = {}
    for row, example in enumerate(ids):
        found = PIECE.fullmatch(example)
        name, number = (found[1], int(found[2])) if found else (f"{example}#", 0)
        pieces.setdefault(name, []).append((number, row))
    runs: list[list[int]] = []
    for own in pieces.values():
        last = None
        for number, row in sorted(own):
            if last is not None and number == last + 1:
                runs[-1].append(row)
            else:
                runs.append([row])
            last = number
    return runs


def _name(ids: Array, run: list[int]) -> str:
    first = str(ids[run[0]])
    return first if len(run) == 1 else first.rpartition("#")[0]


def _together(rows: Array, runs: list[list[int]]) -> Array:
    result = np.empty(len(runs), object)
    for i, run in enumerate(runs):
        result[i] = rows[run[0]] if len(run) == 1 else np.concatenate([rows[k] for k in run])
    return result
