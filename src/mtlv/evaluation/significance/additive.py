"""Metrics as functions of sums over examples, so that ten thousand resamples cost one product.

F1 of a resample needs only its true and false positives and negatives, and these are sums over the
examples drawn: counts (B, N) times parts (N, K). Each function here agrees with the registered
metric of the same name on every resample, and a test says so. A metric that is no such function
(average precision, Spearman) is computed resample by resample instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtlv.data import Kind
from mtlv.evaluation.about import About
from mtlv.evaluation.counts import rates, ratio
from mtlv.evaluation.ranking import present
from mtlv.evaluation.significance.entity_parts import entity_parts

__all__ = ["Additive", "outcomes", "share", "task_additive"]

Array = np.ndarray[Any, Any]
Value = Callable[[Array], Array]


@dataclass(frozen=True)
class Additive:
    """A metric of sums.

    Args:
        parts: (N, K), what each example adds.
        value: from sums (..., K) to values (...), NaN where the metric is undefined.
    """

    parts: Array
    value: Value


def outcomes(decisions: Array, targets: Array) -> Array:
    """Return which of TN, FP, FN, TP each cell is, (..., 4) float32; none if it has no target."""
    mask = present(decisions, targets)
    truth, called = targets == 1, (decisions == 1) & mask
    cells = mask & ~truth & ~called, called & ~truth, truth & ~called, truth & called
    return np.stack(cells, axis=-1).astype(np.float32)


def share(sums: Array) -> Array:
    """Return part / whole of sums (..., 2), NaN where the whole is 0."""
    part, total = sums[..., 0].astype(np.float64), sums[..., 1].astype(np.float64)
    return np.asarray(np.divide(part, total, out=np.full(total.shape, np.nan), where=total > 0))


def task_additive(
    metric: str, kind: Kind, values: Array, targets: Array, about: About
) -> Additive | None:
    """Return the metric of one task as a function of sums, None if it is none.

    Args:
        metric: its name.
        kind: of the task.
        values: decisions or scores, as the metric takes them.
        targets: as the metric takes them.
        about: what is known of the task.
    """
    if metric == "accuracy" and kind != "tagging":
        return _mean(values == targets, present(values, targets))
    if kind == "binary" and metric in RATES:
        return Additive(outcomes(values, targets), RATES[metric])
    if kind == "multiclass" and about.labels and values.ndim == 1:
        return _multiclass(metric, values, targets, about)
    if kind == "regression":
        return _regression(metric, values, targets)
    name = metric.removeprefix("entity_")
    if kind == "tagging" and name != metric and name in RATES:
        return Additive(entity_parts(values, targets, about), RATES[name])
    return None


RATES: dict[str, Value] = {
    "f1": lambda sums: rates(sums).f1,
    "precision": lambda sums: rates(sums).precision,
    "recall": lambda sums: rates(sums).recall,
}


def _mean(values: Array, counted: Array) -> Additive:
    """Return the mean of what is counted, both (N,)."""
    kept = np.where(counted, values, 0)
    return Additive(np.stack([kept, counted], axis=1).astype(np.float64), share)


def _multiclass(metric: str, decisions: Array, targets: Array, about: About) -> Additive | None:
    mask = present(decisions, targets)
    classes = np.arange(len(about.labels))
    truth, called = targets[:, None] == classes, (decisions[:, None] == classes) & mask[:, None]
    cells = outcomes(called, np.where(mask[:, None], truth, np.nan))  # (N, C, 4)
    name = metric.removesuffix("_micro_positive")
    if name != metric and name in RATES and (not about.negative or about.negative in about.labels):
        negative = about.labels.index(about.negative) if about.negative else -1
        pooled = cells[:, classes != negative].sum(axis=1)  # (N, 4)
        return Additive(pooled, RATES[name])
    if metric == "f1_macro":
        return Additive(cells.reshape(len(cells), -1), _f1_of_classes)
    return None


def _f1_of_classes(sums: Array) -> Array:
    """Return the mean F1 of the classes that occur, from sums (..., C·4)."""
    counts = sums.reshape(*sums.shape[:-1], -1, 4)  # (..., C, 4)
    occurs = counts[..., 1:].any(axis=-1)
    total = ratio(np.where(occurs, rates(counts).f1, 0).sum(axis=-1), occurs.sum(axis=-1))
    return np.where(occurs.any(axis=-1), total, np.nan)


def _regression(metric: str, scores: Array, targets: Array) -> Additive | None:
    mask = present(scores, targets)
    if metric in ("mse", "mae"):
        errors = scores - targets
        return _mean(errors**2 if metric == "mse" else np.abs(errors), mask)
    if metric == "pearson" and mask.any():
        centre = targets[mask].mean()  # sums of squares keep their digits around 0
        x, y = (np.where(mask, values - centre, 0.0) for values in (scores, targets))
        return Additive(np.stack([mask, x, y, x * x, y * y, x * y], axis=1), _pearson)
    return None


def _pearson(sums: Array) -> Array:
    n, x, y, xx, yy, xy = np.moveaxis(np.asarray(sums, np.float64), -1, 0)
    n = np.maximum(n, 1)
    size = np.maximum(xx - x * x / n, 0) * np.maximum(yy - y * y / n, 0)
    defined = size > 1e-18 * np.maximum(xx * yy, 1e-300)  # a constant leaves a remainder
    r = np.divide(xy - x * y / n, np.sqrt(size), out=np.full(n.shape, np.nan), where=defined)
    return np.asarray(np.clip(r, -1, 1))
