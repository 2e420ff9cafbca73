"""Counts of right and wrong decisions, and the rates and the report that follow from them.

A ratio with nothing in it (0/0) is 0, as in scikit-learn with `zero_division=0`; where not even a
target was counted the value is NaN.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtlv.evaluation.ranking import present

__all__ = [
    "Rates",
    "classification_report",
    "confusion",
    "defined_mean",
    "mean",
    "rates",
    "ratio",
]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Rates:
    """Precision, recall and F1 of counts, each of the shape of the counts but their last axis."""

    precision: Array
    recall: Array
    f1: Array


def confusion(decisions: Array, targets: Array) -> Array:
    """Count decisions by their outcome.

    Args:
        decisions: (N, T) or (N,) of 0 and 1.
        targets: same shape; 0, 1 or NaN, which is not counted.

    Returns:
        (T, 4) int64: true negatives, false positives, false negatives, true positives.

    >>> confusion(np.array([1, 1, 0, 0]), np.array([1.0, 0.0, 1.0, np.nan])).tolist()
    [[0, 1, 1, 1]]
    """
    mask = _columns(present(decisions, targets))  # (N, T)
    truth, called = _columns(targets) == 1, (_columns(decisions) == 1) & mask  # (N, T)
    tp = np.count_nonzero(truth & called, axis=0)  # (T,)
    fp = np.count_nonzero(called, axis=0) - tp
    fn = np.count_nonzero(truth, axis=0) - tp
    tn = np.count_nonzero(mask, axis=0) - tp - fp - fn
    return np.stack([tn, fp, fn, tp], axis=1)  # (T, 4)


def rates(counts: Array) -> Rates:
    """Return P = TP/(TP+FP), R = TP/(TP+FN) and F1 = 2TP/(2TP+FP+FN).

    Args:
        counts: (…, 4), the last axis as `confusion` orders it.
    """
    fp, fn, tp = (counts[..., i].astype(np.float64) for i in (1, 2, 3))
    counted = counts.sum(axis=-1) > 0
    values = ratio(tp, tp + fp), ratio(tp, tp + fn), ratio(2 * tp, 2 * tp + fp + fn)
    return Rates(*(np.where(counted, value, np.nan) for value in values))


def ratio(part: Array | float, whole: Array | float) -> Array:
    """Return part / whole, 0 where whole is 0."""
    whole = np.asarray(whole, np.float64)
    return np.asarray(np.divide(part, whole, out=np.zeros(whole.shape), where=whole > 0))


def defined_mean(values: Array | Iterable[float]) -> float:
    """Return the mean of what is not NaN; NaN if nothing is left."""
    numbers = np.asarray(values if isinstance(values, np.ndarray) else list(values), np.float64)
    defined = numbers[~np.isnan(numbers)]
    return float(defined.mean()) if len(defined) else float("nan")


def mean(values: Array) -> float:
    """Return the mean of (M,) values, NaN if one of them is or if there is none."""
    return float(values.mean()) if len(values) else float("nan")


def classification_report(
    decisions: Array, targets: Array, tasks: Sequence[str]
) -> list[dict[str, Any]]:
    """Return a row per task, then the micro, macro and weighted averages.

    Args:
        decisions: (N, T) of 0 and 1.
        targets: (N, T) of 0, 1 or NaN.
        tasks: the T names.

    Returns:
        Rows with `row` (`task` or `average`), `name`, `precision`, `recall`, `f1`, `support`
        (positives), `n` (targets present), and for a task its `tn`, `fp`, `fn`, `tp`.
    """
    counts = confusion(decisions, targets)
    every = rates(counts)
    rows: list[dict[str, Any]] = []
    for i, name in enumerate(tasks):
        found = Rates(every.precision[i], every.recall[i], every.f1[i])
        outcome = dict(zip(("tn", "fp", "fn", "tp"), counts[i].tolist(), strict=True))
        rows.append(_row("task", name, found, counts[i]) | outcome)
    total, weights = counts.sum(axis=0), counts[:, 2:].sum(axis=1)  # (4,), (T,)
    columns = every.precision, every.recall, every.f1
    macro = Rates(*(np.asarray(defined_mean(column)) for column in columns))
    weighted = Rates(*(ratio(np.nansum(c * weights), weights.sum()) for c in columns))
    averages = {"micro": rates(total), "macro": macro, "weighted": weighted}
    return rows + [_row("average", name, found, total) for name, found in averages.items()]


def _row(row: str, name: str, found: Rates, counts: Array) -> dict[str, Any]:
    values = {"precision": found.precision, "recall": found.recall, "f1": found.f1}
    sizes = {"support": int(counts[2] + counts[3]), "n": int(counts.sum())}
    return {"row": row, "name": name} | {key: float(v) for key, v in values.items()} | sizes


def _columns(values: Array) -> Array:
    return values[:, None] if values.ndim == 1 else values
