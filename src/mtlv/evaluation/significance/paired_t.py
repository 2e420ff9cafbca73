"""The corrected resampled t-test, for plans that were compared on several test parts.

Folds share most of their training data, so their differences are no independent sample: the plain
paired t-test finds a difference where there is none far too often. The variance is corrected for
the overlap (Nadeau & Bengio, Machine Learning 2003); with repeated cross-validation all r x k
differences are one sample (Bouckaert & Frank, PAKDD 2004).

The overlap is that of the protocol, not of one split: sizes differ between folds by rounding, kept
groups and texts that are left out, and p of the same differences must not depend on which fold, or
which page, it was counted from.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from mtlv.evaluation.significance.finding import ALPHA, Effect, Equivalence, Finding, check_pairs

__all__ = ["corrected_t", "overlap_of"]

Array = np.ndarray[Any, Any]
EQUAL = 1e-12
"""What differences may differ by in rounding alone."""


def corrected_t(differences: Array, overlap: float, margin: float | None = None) -> Finding:
    """Test whether the mean difference is 0, on test parts whose training parts overlap.

    t = d̄ / √((1/J + n_test/n_train) s²), with J - 1 degrees of freedom

    - d̄, s²: mean and variance (J - 1) of the J differences.
    - n_test/n_train: `overlap`; 0 gives the plain paired t-test.

    With a margin m: TOST against d ≤ -m and d ≥ m, and the posterior of the Bayesian correlated
    t-test (Benavoli et al., JMLR 2017), which is Student's t around d̄ with the same scale.

    Equal differences, as rare labels give on few parts, leave the variance unknown, and with it
    everything here; but p of plans without any difference is 1.

    Args:
        differences: (J,), one per test part.
        overlap: test examples over training examples; see `overlap_of`.
        margin: m > 0, in the unit of the differences.

    Raises:
        ProtocolError: there are fewer than two differences.
    """
    check_pairs(differences, "corrected_t")
    count = len(differences)
    mean, sd = float(differences.mean()), float(differences.std(ddof=1))
    if np.ptp(differences) <= EQUAL:
        mean, sd = (mean if abs(mean) > EQUAL else 0.0), math.nan
    scale = math.sqrt(1 / count + overlap) * sd
    half = float(special.stdtrit(count - 1, 1 - ALPHA / 2)) * scale
    return Finding(
        "corrected_t",
        1.0 if mean == 0 else 2 * _below(-abs(mean), scale, count - 1),
        mean - half,
        mean + half,
        1 - ALPHA,
        Effect("cohens_d_z", mean / sd),
        count,
        "test part",
        equivalence=None if margin is None else _equivalence(mean, scale, count - 1, margin),
    )


def overlap_of(scheme: str, folds: int, test: float) -> float:
    """Return n_test/n_train of a protocol with several test parts, for `corrected_t`.

    - k-fold cross-validation: 1/(k - 1), repeated or not.
    - repeated holdout of a share h: h/(1 - h).

    Validation, on which is chosen, counts as training.

    Args:
        scheme: as in `SplitSettings`; `auto` is holdout with one fold, else cross-validation.
        folds: k, at least 1.
        test: h, above 0 and below 1.
    """
    if scheme == "holdout" or folds < 2:
        return test / (1 - test)
    return 1 / (folds - 1)


def _equivalence(mean: float, scale: float, freedom: int, margin: float) -> Equivalence:
    below = _below(-margin - mean, scale, freedom)  # also p of the test against d ≤ -m
    above = _below(mean - margin, scale, freedom)
    rope = {"below": below, "within": 1 - below - above, "above": above}
    return Equivalence(margin, max(below, above), rope)


def _below(distance: float, scale: float, freedom: int) -> float:
    """Return P(T·scale ≤ distance)."""
    return float(special.stdtr(freedom, distance / scale))
