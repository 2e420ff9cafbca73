"""Metrics of one regression task: (N,) predicted values against (N,) targets, NaN where missing.

A correlation with a constant, as a model gives that learned nothing, means nothing and is NaN,
without a warning. Errors are in the unit of the target (or its square), not in shares.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mtlv.evaluation.counts import mean
from mtlv.evaluation.metric import metric
from mtlv.evaluation.ranking import present

__all__ = ["mae", "mse", "pearson", "spearman"]

Array = np.ndarray[Any, Any]


@metric(scope="task", kind="regression", needs="scores")
def pearson(scores: Array, targets: Array) -> float:
    """Pearson's correlation of predicted and true values; NaN if either is constant.

    r = Σ (x - x̄)(y - ȳ) / √(Σ (x - x̄)² Σ (y - ȳ)²)

    - x, y: predicted and true values; x̄, ȳ: their means.
    """
    mask = present(scores, targets)
    return _correlation(scores[mask], targets[mask])


@metric(scope="task", kind="regression", needs="scores")
def spearman(scores: Array, targets: Array) -> float:
    """Spearman's correlation: Pearson's of the ranks, tied values sharing their mean rank."""
    mask = present(scores, targets)
    return _correlation(_ranks(scores[mask]), _ranks(targets[mask]))


@metric(scope="task", kind="regression", needs="scores", higher_is_better=False, unit="target")
def mse(scores: Array, targets: Array) -> float:
    """Mean squared error, in the squared unit of the target."""
    mask = present(scores, targets)
    return mean((scores[mask] - targets[mask]) ** 2)


@metric(scope="task", kind="regression", needs="scores", higher_is_better=False, unit="target")
def mae(scores: Array, targets: Array) -> float:
    """Mean absolute error, in the unit of the target."""
    mask = present(scores, targets)
    return mean(np.abs(scores[mask] - targets[mask]))


def _correlation(x: Array, y: Array) -> float:
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    x, y = (np.asarray(values, np.float64) - np.mean(values, dtype=np.float64) for values in (x, y))
    size = np.linalg.norm(x) * np.linalg.norm(y)
    return float(np.clip(x @ y / size, -1, 1)) if size > 0 else float("nan")


def _ranks(values: Array) -> Array:
    """Return ranks from 1, ties sharing the mean of theirs, (M,)."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)  # (K,)
    return np.asarray((last - (counts - 1) / 2)[place])
