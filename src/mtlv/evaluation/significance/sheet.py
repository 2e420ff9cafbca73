"""Sheets: all that is compared of one run, in the form that resampling needs.

An entry is a metric of one task, or of the binary tasks together. Most are sums (`Additive`) or
sums along a ranking (`Ranked`); the others keep decisions or scores and are computed resample by
resample. A macro average is no entry of its own but the mean of its tasks' entries.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from mtlv.evaluation.judging import decided, primary_metric
from mtlv.evaluation.metrics import METRICS, TASK_METRICS, Metric
from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.evaluation.significance.additive import Additive, task_additive
from mtlv.evaluation.significance.additive_matrix import matrix_additive
from mtlv.evaluation.significance.ranked import RANKED, Ranked
from mtlv.evaluation.significance.units import Units, whole
from mtlv.evaluation.thresholds import DEFAULT_THRESHOLD, Thresholds

__all__ = ["TOGETHER", "Key", "Measured", "Run", "Sheet", "sheet"]

Array = np.ndarray[Any, Any]
Key = tuple[str, str]
"""Task and metric; the task `TOGETHER` stands for the binary tasks together."""
TOGETHER = ""


@dataclass(frozen=True)
class Run:
    """One trained plan on one test part.

    Args:
        test: its predictions.
        thresholds: by which it decides.
    """

    test: Predictions
    thresholds: Thresholds


@dataclass(frozen=True)
class Measured:
    """A metric that is computed resample by resample.

    Args:
        metric: what is computed.
        values: decisions or scores of all rows, as the metric takes them.
        targets: of all rows.
        unit: (N,), the unit of every row.
        task: whose predictions they are; None for the binary tasks together.
    """

    metric: Metric
    values: Array
    targets: Array
    unit: Array
    task: TaskPredictions | None

    def of_rows(self, values: Array, rows: Array) -> float:
        """Return the value of some rows, which may stand several times."""
        about = None if self.task is None else self.task.about
        return float(self.metric(values[rows], self.targets[rows], about))


Entry = Additive | Ranked | Measured


@dataclass(frozen=True)
class Sheet:
    """What is compared of one run.

    Args:
        sums: metrics of sums; their parts are (U, K), by unit.
        measured: metrics that are neither of sums nor of ranks.
        means: metrics that are the mean of others; the others' keys.
        ranked: metrics of ranks.
    """

    sums: Mapping[Key, Additive]
    measured: Mapping[Key, Measured]
    means: Mapping[Key, Sequence[Key]]
    ranked: Mapping[Key, Ranked] = field(default_factory=dict)

    @cached_property
    def parts(self) -> Array:
        """All parts side by side, (U, ΣK), in the order of `sums`."""
        return np.concatenate([own.parts for own in self.sums.values()], axis=1)

    def values(self, sums: Array, others: Mapping[Key, Array]) -> dict[Key, Array]:
        """Return every entry's values, (B,).

        Args:
            sums: (B, ΣK) of the parts.
            others: the values of the metrics that are no sums.
        """
        values, start = dict(others), 0
        for key, own in self.sums.items():
            stop = start + own.parts.shape[1]
            values[key] = own.value(sums[:, start:stop])
            start = stop
        for key, keys in self.means.items():
            values[key] = _mean(np.stack([values[own] for own in keys]))
        return values


def sheet(run: Run, units: Units, metric: str, of_tasks: Mapping[str, str]) -> Sheet:
    """Return the sheet of a run.

    Args:
        run: its predictions and thresholds.
        units: of its test part.
        metric: of the tasks together.
        of_tasks: the metric of each task that is compared by itself.
    """
    entries: dict[Key, Entry] = {}
    for task, name in of_tasks.items():
        entries[task, name] = _task_entry(run, units, task, name)
    means: dict[Key, Sequence[Key]] = {}
    keys = _averaged(run, metric)
    for task, name in keys:
        if (task, name) not in entries:
            entries[task, name] = _task_entry(run, units, task, name)
    if keys:
        means[TOGETHER, metric] = keys
    elif metric != "primary_mean" and run.test.labels().tasks:
        entries[TOGETHER, metric] = _together(run, units, metric)
    return Sheet(
        {key: own for key, own in entries.items() if isinstance(own, Additive)},
        {key: own for key, own in entries.items() if isinstance(own, Measured)},
        means,
        {key: own for key, own in entries.items() if isinstance(own, Ranked)},
    )


def _averaged(run: Run, metric: str) -> list[Key]:
    """Return the entries whose mean a metric is; none if it is no mean."""
    if metric == "primary_mean":
        judged = {name: primary_metric(task) for name, task in run.test.tasks.items()}
        return [(name, own.name) for name, own in judged.items() if own.higher_is_better]
    of_each = METRICS[metric].averages
    return [] if of_each is None else [(name, of_each) for name in run.test.labels().tasks]


def _task_entry(run: Run, units: Units, name: str, metric: str) -> Entry:
    task = whole(run.test.tasks[name])
    own = TASK_METRICS[task.kind][metric]
    limit = run.thresholds.values.get(name, DEFAULT_THRESHOLD)
    values = decided(task, limit) if own.needs == "decisions" else task.scores
    unit = units.of_task(task)
    if task.kind == "binary" and metric in RANKED:
        return _ranked(metric, values, task.targets, unit, units)
    found = task_additive(metric, task.kind, values, task.targets, task.about)
    if found is not None:
        return _by_unit(found, unit, len(units))
    return _ordered(Measured(own, values, task.targets, unit, task), task.ids)


def _together(run: Run, units: Units, name: str) -> Entry:
    matrix, metric = run.test.labels(), METRICS[name]
    corpora = {run.test.tasks[task].corpus for task in matrix.tasks}
    if len(corpora) == 1:
        (corpus,) = corpora
        keys = [(corpus, own) for own in matrix.ids]
    else:
        keys = [(corpus, own) for corpus, _, own in (each.partition("/") for each in matrix.ids)]
    unit = np.array([units.unit[key] for key in keys], np.intp)
    if metric.needs == "decisions":
        decisions = run.thresholds.decide(matrix)
        found = matrix_additive(name, decisions, matrix.targets, matrix.ids)
        if found is not None:
            return _by_unit(found, unit, len(units))
        return _ordered(Measured(metric, decisions, matrix.targets, unit, None), matrix.ids)
    if name == "average_precision_micro":
        every = np.broadcast_to(unit[:, None], matrix.scores.shape)  # (N, T)
        return _ranked("average_precision", matrix.scores, matrix.targets, every, units)
    return _ordered(Measured(metric, matrix.scores, matrix.targets, unit, None), matrix.ids)


def _ranked(metric: str, scores: Array, targets: Array, unit: Array, units: Units) -> Ranked:
    """Return a metric of ranks of all cells that have a target; arguments are of one shape."""
    known = ~np.isnan(targets)
    return Ranked(metric, scores[known], targets[known] == 1, unit[known], len(units))


def _ordered(own: Measured, ids: Array) -> Measured:
    """Return the rows in the order of their ids, so that those of two plans are alike."""
    order = np.argsort(ids.astype(str), kind="stable")
    rows = {name: getattr(own, name)[order] for name in ("values", "targets", "unit")}
    return replace(own, **rows)


def _by_unit(own: Additive, unit: Array, count: int) -> Additive:
    parts = np.zeros((count, own.parts.shape[1]), own.parts.dtype)  # (U, K)
    np.add.at(parts, unit, own.parts)
    return Additive(parts, own.value)


def _mean(values: Array) -> Array:
    """Return the mean over the first axis of what is defined, NaN where nothing is."""
    defined = ~np.isnan(values)
    total, count = np.where(defined, values, 0).sum(axis=0), defined.sum(axis=0)
    return np.asarray(np.divide(total, count, out=np.full(count.shape, math.nan), where=count > 0))
