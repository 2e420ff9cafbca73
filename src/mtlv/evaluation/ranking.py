"""What scores of a 0/1 target are worth before any threshold is chosen.

One sort turns scores into `OperatingPoints`: what is found and what is called positive, at every
threshold that makes a difference. Average precision, ROC AUC and the F1 of every threshold are then
sums over these points. Tied scores are one point, so no result depends on the order of examples.

Every function takes scores and targets of one shape, (N,) or (N, T), and pools all cells whose
target is present (not NaN). A cell without a score (NaN) ranks last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mtlv.errors import ProtocolError

__all__ = [
    "OperatingPoints",
    "average_precision",
    "expected_calibration_error",
    "log_loss",
    "operating_points",
    "present",
    "roc_auc",
]

Array = np.ndarray[Any, Any]
BINS = 15
EPSILON = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class OperatingPoints:
    """Counts when all examples with a score of at least a threshold are called positive.

    Args:
        scores: (K,) the distinct scores, highest first; each is a threshold.
        found: (K,) true positives at that threshold.
        called: (K,) examples called positive at that threshold.
        positives: number of examples whose target is 1.
        total: number of examples.
    """

    scores: Array
    found: Array
    called: Array
    positives: int
    total: int

    @property
    def has_both_classes(self) -> bool:
        """Whether there is a positive and a negative example; without, ranking means nothing."""
        return 0 < self.positives < self.total

    @property
    def f1(self) -> Array:
        """F1 at each threshold, (K,) in 0 … 1: 2 found / (called + positives)."""
        return np.asarray(2 * self.found / (self.called + self.positives))


def present(values: Array, targets: Array) -> Array:
    """Return which cells have a target: a mask of the shape of both.

    Raises:
        ProtocolError: the shapes differ.
    """
    if values.shape != targets.shape:
        raise ProtocolError(
            "Values and targets do not belong together.",
            found=f"shapes {values.shape} and {targets.shape}",
            expected="one shape, (N,) or (N, T)",
        )
    return np.asarray(~np.isnan(targets))


def operating_points(scores: Array, targets: Array) -> OperatingPoints:
    """Return the counts at every distinct score, in one sort.

    Args:
        scores: (N,) or (N, T); higher means more likely positive.
        targets: same shape; 0, 1 or NaN.
    """
    mask = present(scores, targets)
    falling, truth = -scores[mask], targets[mask] == 1  # (M,); NaN sorts last
    order = np.argsort(falling)
    ranked = -falling[order]
    ends_tie = np.ones(len(ranked), bool)
    ends_tie[:-1] = (ranked[1:] != ranked[:-1]) & ~np.isnan(ranked[:-1])
    last = np.flatnonzero(ends_tie)  # (K,)
    found = np.cumsum(truth[order])[last]  # (K,)
    return OperatingPoints(ranked[last], found, last + 1, int(truth.sum()), len(ranked))


def average_precision(scores: Array, targets: Array) -> float:
    """Precision averaged over the positives, AP = Σₖ (Rₖ - Rₖ₋₁) Pₖ; NaN if one class is absent.

    - Rₖ, Pₖ: recall and precision at the k-th highest distinct score.

    As in scikit-learn, except that it gives 1 where all are positive and 0 where none is. The
    trapezoidal area under the same curve is optimistic (Davis & Goadrich 2006).
    """
    points = operating_points(scores, targets)
    if not points.has_both_classes:
        return float("nan")
    gained = np.diff(points.found, prepend=0)
    return float(np.sum(gained * points.found / points.called) / points.positives)


def roc_auc(scores: Array, targets: Array) -> float:
    """Chance that a positive outscores a negative, ties counting half; NaN if one class is absent.

    Equals the Mann-Whitney U statistic over positives x negatives.
    """
    points = operating_points(scores, targets)
    if not points.has_both_classes:
        return float("nan")
    found = np.append(0, points.found)
    false = np.append(0, points.called - points.found)
    area = np.sum(np.diff(false) * (found[1:] + found[:-1])) / 2
    return float(area / (points.positives * (points.total - points.positives)))


def log_loss(scores: Array, targets: Array) -> float:
    """Mean binary cross-entropy in nats: -mean(y ln p + (1 - y) ln(1 - p)), p within ε … 1 - ε.

    ε is that of float32 (1.2e-7), the precision in which scores are stored. scikit-learn takes the
    ε of the array that it is given: a wrong certainty costs 16 nats here, and 36 there in float64.
    """
    mask = present(scores, targets)
    if not mask.any():
        return float("nan")
    p, truth = np.clip(scores[mask], EPSILON, 1 - EPSILON), targets[mask] == 1  # (M,)
    return float(-np.mean(np.log(np.where(truth, p, 1 - p))))


def expected_calibration_error(scores: Array, targets: Array) -> float:
    """Distance of stated probabilities from observed frequencies, over 15 equal-width bins.

    ECE = Σ_b n_b/N · |mean(y in b) - mean(p in b)|

    - p: probability of the positive class; bin b holds p in ((b-1)/15, b/15], and 0 in the first.
    - n_b: examples in bin b; N: all examples.

    Guo et al. (2017) bin max(p, 1 - p) and compare it with accuracy, which lets an error near p
    cancel one near 1 - p. torchmetrics' `BinaryCalibrationError` bins p as here, with bins closed
    on the other side.
    """
    mask = present(scores, targets)
    p, truth = scores[mask], targets[mask] == 1  # (M,)
    if not len(p) or np.isnan(p).any():
        return float("nan")
    bins = np.clip(np.ceil(p * BINS).astype(np.int64) - 1, 0, BINS - 1)
    gaps = np.bincount(bins, truth - p, BINS)
    return float(np.abs(gaps).sum() / len(p))
