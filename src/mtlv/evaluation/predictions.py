"""Predictions are the result: what a job stores, and all that metrics, thresholds and pages are made of.

One long table serves every kind of task: a row is one example of one task in one part, and both the
target and the score are lists (one number for binary and regression, C probabilities for multiclass,
L tags and L x C probabilities for tagging). The table is the file format; `TaskPredictions` is the
NumPy view of one task, and `LabelMatrix` puts the binary tasks of one part side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from mtlv.data import Kind
from mtlv.errors import ProtocolError

__all__ = ["PREDICTIONS_SCHEMA", "LabelMatrix", "Predictions", "ScoredPart", "TaskPredictions"]

ScoredPart = Literal["validation", "test"]
Array = np.ndarray[Any, Any]

PREDICTIONS_SCHEMA = pa.schema(
    [
        ("part", pa.dictionary(pa.int8(), pa.string())),
        ("task", pa.dictionary(pa.int32(), pa.string())),
        ("kind", pa.dictionary(pa.int8(), pa.string())),
        ("id", pa.string()),
        ("target", pa.list_(pa.float32())),
        ("score", pa.list_(pa.float32())),
    ]
)


@dataclass(frozen=True)
class TaskPredictions:
    """Scores and targets of one task on one part.

    Args:
        task: its name.
        kind: its kind.
        ids: example ids, (N,) of str.
        targets: binary, multiclass and regression: (N,) float, NaN where missing; tagging: N lists.
        scores: binary: (N,) probability of 1; multiclass: (N, C) probabilities; regression: (N,)
            predicted values; tagging: N arrays (L, C).
    """

    task: str
    kind: Kind
    ids: Array
    targets: Array
    scores: Array


@dataclass(frozen=True)
class Predictions:
    """The predictions of some tasks on one part of a split.

    Args:
        part: `validation` (may be chosen on) or `test` (may only be scored).
        tasks: predictions by task name.
    """

    part: ScoredPart
    tasks: Mapping[str, TaskPredictions]

    def merged(self, others: Iterable[Predictions]) -> Predictions:
        """Return these and others together, as when a plan's models serve different tasks.

        Raises:
            ProtocolError: parts differ or a task stands twice.
        """
        tasks = dict(self.tasks)
        for other in others:
            twice = sorted(set(tasks) & set(other.tasks))
            if other.part != self.part or twice:
                raise ProtocolError(
                    "Predictions that do not belong together.",
                    found=f"parts {self.part} and {other.part}; tasks twice: {twice or 'none'}",
                )
            tasks |= other.tasks
        return Predictions(self.part, tasks)

    def only(self, names: Iterable[str]) -> Predictions:
        """Return the predictions of some tasks, in the order of the names."""
        return Predictions(self.part, {name: self.tasks[name] for name in names})

    def labels(self, names: Sequence[str] | None = None) -> LabelMatrix:
        """Return binary tasks side by side; an example unknown to a task has NaN there."""
        if names is None:
            names = [name for name, task in self.tasks.items() if task.kind == "binary"]
        ids = list(dict.fromkeys(i for name in names for i in self.tasks[name].ids))
        row = {example: index for index, example in enumerate(ids)}
        targets = np.full((len(ids), len(names)), np.nan)  # (N, T)
        scores = np.full((len(ids), len(names)), np.nan)  # (N, T)
        for column, name in enumerate(names):
            task = self.tasks[name]
            rows = [row[example] for example in task.ids]
            targets[rows, column], scores[rows, column] = task.targets, task.scores
        return LabelMatrix(self.part, tuple(names), np.asarray(ids, object), targets, scores)

    def to_table(self) -> pa.Table:
        """Return the long table of `PREDICTIONS_SCHEMA`."""
        return pa.concat_tables([_rows(self.part, task) for task in self.tasks.values()])

    @staticmethod
    def from_table(table: pa.Table) -> dict[ScoredPart, Predictions]:
        """Return the predictions in a long table, by part."""
        parts: dict[ScoredPart, Predictions] = {}
        part_column, task_column = _decoded(table, "part"), _decoded(table, "task")
        for part in ("validation", "test"):
            in_part = part_column == part
            names = list(dict.fromkeys(task_column[in_part]))
            tasks = {}
            for name in names:
                rows = np.flatnonzero(in_part & (task_column == name))
                tasks[name] = _task(name, table.take(pa.array(rows)))
            if tasks:
                parts[part] = Predictions(part, tasks)
        return parts


@dataclass(frozen=True)
class LabelMatrix:
    """Binary tasks side by side.

    Args:
        part: which part of the split this is.
        tasks: the T task names, in the order of the columns.
        ids: (N,) example ids.
        targets: (N, T) of 0, 1 or NaN (missing).
        scores: (N, T) probabilities of 1; NaN where the example has no score for the task.
    """

    part: ScoredPart
    tasks: tuple[str, ...]
    ids: Array
    targets: Array
    scores: Array


def _rows(part: str, task: TaskPredictions) -> pa.Table:
    count = len(task.ids)
    constant = [part] * count, [task.task] * count, [task.kind] * count
    columns = [
        pa.array(values).dictionary_encode().cast(PREDICTIONS_SCHEMA.field(i).type)
        for i, values in enumerate(constant)
    ]
    columns.append(pa.array(task.ids.tolist(), pa.string()))
    columns += [_lists(task.targets), _lists(task.scores)]
    return pa.Table.from_arrays(columns, schema=PREDICTIONS_SCHEMA)


def _lists(values: Array) -> pa.Array:
    rows = [np.asarray(row, np.float32).reshape(-1) for row in values]
    return pa.array(rows, pa.list_(pa.float32()))


def _task(name: str, table: pa.Table) -> TaskPredictions:
    kind: Kind = _decoded(table, "kind")[0]
    ids = np.asarray(table["id"].to_pylist(), object)
    targets, scores = _ragged(table["target"]), _ragged(table["score"])
    if kind == "tagging":
        scores_2d = np.empty(len(scores), object)
        for i, (tags, flat) in enumerate(zip(targets, scores, strict=True)):
            scores_2d[i] = flat.reshape(len(tags), -1)  # (L, C)
        boxed = np.empty(len(targets), object)
        boxed[:] = targets
        return TaskPredictions(name, kind, ids, boxed, scores_2d)
    flat_targets = np.concatenate(targets).astype(np.float64)  # (N,)
    stacked = np.stack(scores).astype(np.float64)  # (N, C)
    return TaskPredictions(
        name, kind, ids, flat_targets, stacked if kind == "multiclass" else stacked[:, 0]
    )


def _ragged(column: pa.ChunkedArray) -> list[Array]:
    array = column.combine_chunks()
    flat = np.asarray(array.flatten().to_numpy(zero_copy_only=False))
    return np.split(flat, np.cumsum(np.asarray(array.value_lengths()))[:-1])


def _decoded(table: pa.Table, column: str) -> Array:
    return np.asarray(table[column].cast(pa.string()).to_pylist(), object)
