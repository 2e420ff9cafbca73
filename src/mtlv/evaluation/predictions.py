"""Predictions are the result: what a job stores, and all that metrics, thresholds and pages read.

One long table serves every kind of task: a row is one example of one task in one part. The target
and the score are lists: one number for binary and regression, C probabilities for multiclass, L
tags and L x C probabilities for tagging. What must be known to score a task (names of classes, the
negative class) stands in the schema's metadata. The table is the file format; `TaskPredictions` is
the NumPy view of one task, and `LabelMatrix` puts the binary tasks of one part side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa

from mtlv.data import Kind
from mtlv.errors import ProtocolError, nearest
from mtlv.evaluation.about import About, about_metadata, read_about
from mtlv.evaluation.columns import as_lists, coded, ragged, repeated

__all__ = ["PREDICTIONS_SCHEMA", "LabelMatrix", "Predictions", "ScoredPart", "TaskPredictions"]

ScoredPart = Literal["validation", "test"]
Array = np.ndarray[Any, Any]

PREDICTIONS_SCHEMA = pa.schema(
    [
        ("part", pa.dictionary(pa.int8(), pa.string())),
        ("task", pa.dictionary(pa.int32(), pa.string())),
        ("kind", pa.dictionary(pa.int8(), pa.string())),
        ("corpus", pa.dictionary(pa.int32(), pa.string())),
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
        targets: binary, multiclass and regression: (N,) float, NaN where missing; tagging: N lists
            of L tags, all NaN where missing.
        scores: binary: (N,) probability of 1; multiclass: (N, C) probabilities; regression: (N,)
            predicted values; tagging: N arrays (L, C).
        corpus: that the examples belong to; ids are unique in their corpus only.
        about: what metrics must know of the task.
    """

    task: str
    kind: Kind
    ids: Array
    targets: Array
    scores: Array
    corpus: str = ""
    about: About = field(default_factory=About)


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
        """Return the predictions of some tasks, in the order of the names.

        Raises:
            ProtocolError: a task was not predicted.
        """
        return Predictions(self.part, {name: self._task(name) for name in names})

    def labels(self, names: Sequence[str] | None = None) -> LabelMatrix:
        """Return binary tasks side by side; an example unknown to a task has NaN there.

        With tasks of several corpora, ids become `CORPUS/ID`.

        Args:
            names: the columns, in order; by default all binary tasks.

        Raises:
            ProtocolError: a task was not predicted, or is not binary.
        """
        if names is None:
            names = [name for name, task in self.tasks.items() if task.kind == "binary"]
        tasks = [self._task(name) for name in names]
        _check_binary(tasks)
        ids, rows = _aligned(_unique_ids(tasks))
        targets = np.full((len(ids), len(names)), np.nan, order="F")  # (N, T)
        scores = np.full((len(ids), len(names)), np.nan, order="F")  # (N, T)
        for column, task in enumerate(tasks):
            targets[rows[column], column] = task.targets
            scores[rows[column], column] = task.scores
        return LabelMatrix(self.part, tuple(names), ids, targets, scores)

    def to_table(self) -> pa.Table:
        """Return the long table of `PREDICTIONS_SCHEMA`; its metadata say what tasks are about."""
        tables = [_rows(self.part, task) for task in self.tasks.values()]
        table = pa.concat_tables([PREDICTIONS_SCHEMA.empty_table(), *tables])
        about = {name: task.about for name, task in self.tasks.items()}
        return table.replace_schema_metadata(about_metadata(about))

    @staticmethod
    def from_table(table: pa.Table) -> dict[ScoredPart, Predictions]:
        """Return the predictions in a long table, by part; tasks in the order of their rows."""
        about = read_about(table.schema.metadata)
        columns = {name: coded(table[name]) for name in ("part", "task", "kind", "corpus", "id")}
        lists = table.select(["target", "score"]).combine_chunks()
        shared: dict[bytes, Array] = {}
        parts: dict[ScoredPart, Predictions] = {}
        for part in get_args(ScoredPart):
            in_part = columns["part"].rows_of(part)
            tasks = {}
            for name in columns["task"].values_in(in_part):
                rows = in_part[columns["task"].codes[in_part] == columns["task"].code(name)]
                ids = columns["id"].taken(rows, shared)
                kind, corpus = (columns[column].at(rows[0]) for column in ("kind", "corpus"))
                own = _task(name, kind, ids, lists.take(pa.array(rows)))
                tasks[name] = replace(own, corpus=corpus, about=about.get(name, About()))
            if tasks:
                parts[part] = Predictions(part, tasks)
        return parts

    def _task(self, name: str) -> TaskPredictions:
        if name not in self.tasks:
            raise ProtocolError(
                f"The task '{name}' has no predictions.",
                where=f"{self.part} predictions",
                hint=nearest(name, self.tasks),
            )
        return self.tasks[name]


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


def _unique_ids(tasks: Sequence[TaskPredictions]) -> list[Array]:
    if len({task.corpus for task in tasks}) <= 1:
        return [task.ids for task in tasks]
    return [np.asarray([f"{task.corpus}/{i}" for i in task.ids], object) for task in tasks]


def _aligned(columns: Sequence[Array]) -> tuple[Array, list[Array]]:
    """Return all ids in the order of their first use, and the rows of each column among them."""
    if columns and all(ids is columns[0] or np.array_equal(ids, columns[0]) for ids in columns):
        return columns[0], [np.arange(len(columns[0]))] * len(columns)
    every = list(dict.fromkeys(example for ids in columns for example in ids))
    row = {example: index for index, example in enumerate(every)}
    return np.asarray(every, object), [np.array([row[i] for i in ids], int) for ids in columns]


def _check_binary(tasks: Sequence[TaskPredictions]) -> None:
    for task in tasks:
        if task.kind != "binary":
            raise ProtocolError(
                f"The task '{task.task}' cannot be a column of a label matrix.",
                found=f"a {task.kind} task",
                expected="binary tasks",
            )


def _rows(part: str, task: TaskPredictions) -> pa.Table:
    count = len(task.ids)
    constant = {"part": part, "task": task.task, "kind": task.kind, "corpus": task.corpus}
    columns = [
        repeated(value, count, PREDICTIONS_SCHEMA.field(name).type)
        for name, value in constant.items()
    ]
    columns.append(pa.array(task.ids.tolist(), pa.string()))
    columns += [as_lists(task.targets), as_lists(task.scores)]
    return pa.Table.from_arrays(columns, schema=PREDICTIONS_SCHEMA)


def _task(name: str, kind: Kind, ids: Array, lists: pa.Table) -> TaskPredictions:
    target, score = lists["target"].combine_chunks(), lists["score"].combine_chunks()
    if kind == "tagging":
        return _tagging(name, ids, target, score)
    targets, scores = (np.asarray(column.flatten(), np.float64) for column in (target, score))
    if kind == "multiclass":
        scores = scores.reshape(len(ids), -1)  # (N, C)
    return TaskPredictions(name, kind, ids, targets, scores)


def _tagging(name: str, ids: Array, target: pa.ListArray, score: pa.ListArray) -> TaskPredictions:
    targets, scores = np.empty(len(ids), object), np.empty(len(ids), object)
    for i, (tags, flat) in enumerate(zip(ragged(target), ragged(score), strict=True)):
        targets[i], scores[i] = tags, flat.reshape(len(tags), -1)  # (L,), (L, C)
    return TaskPredictions(name, "tagging", ids, targets, scores)
