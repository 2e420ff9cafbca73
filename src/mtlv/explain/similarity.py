"""Similarity of representations: debiased linear CKA (Kornblith et al. 2019), layer by layer.

    CKA(X, Y) = sum_b HSIC_b(K, L) / sqrt(sum_b HSIC_b(K, K) * sum_b HSIC_b(L, L)),

- X, Y the states of the same N texts in two encoders, (N, H) and (N, H'),
- K = X X', L = Y Y' in a mini-batch b of texts,
- HSIC_b the unbiased estimator of Song et al. (2012, equation 5), as Nguyen et al. (2021) sum it
  over mini-batches.

It is 1 for representations that differ by a rotation and a scale, and near 0 for independent ones;
the usual, biased estimator is far from 0 wherever H is not small beside N. A value says little by
itself: two seeds of one plan are the most that two plans can be expected to agree.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mtlv.errors import DataError

__all__ = ["cka", "unbiased_hsic"]

Array = np.ndarray[Any, Any]
FEWEST = 4
"""Texts that the unbiased estimator needs."""


def cka(first: Array, second: Array, batch: int = 256) -> float:
    """Return the similarity of two representations of the same texts; NaN for a constant one.

    Args:
        first: (N, H).
        second: (N, H').
        batch: texts of a mini-batch; a last one of fewer than four joins the one before.

    Raises:
        DataError: there are fewer than four texts, or not the same number of both.
    """
    if len(first) != len(second) or len(first) < FEWEST:
        raise DataError(
            "Too few texts to compare representations.",
            found=f"{len(first)} and {len(second)}",
            expected=f"the same texts, at least {FEWEST}",
            hint="ask for more with --texts",
        )
    sums = np.zeros(3)
    for rows in _batches(len(first), max(batch, FEWEST)):
        one, other = (_gram(np.asarray(own[rows], np.float64)) for own in (first, second))
        sums += [unbiased_hsic(one, other), unbiased_hsic(one, one), unbiased_hsic(other, other)]
    across, own_first, own_second = sums.tolist()
    if own_first <= 0 or own_second <= 0:
        return float("nan")
    return float(across / np.sqrt(own_first * own_second))


def unbiased_hsic(first: Array, second: Array) -> float:
    """Return the unbiased estimate of the Hilbert-Schmidt independence criterion.

    Args:
        first: a Gram matrix of N at least 4 items, (N, N); its diagonal does not count.
        second: the same of other features.
    """
    count = len(first)
    one, other = (own - np.diag(np.diag(own)) for own in (first, second))
    trace = float((one * other.T).sum())
    sums = float(one.sum() * other.sum()) / ((count - 1) * (count - 2))
    rows = float(one.sum(axis=0) @ other.sum(axis=1)) * 2 / (count - 2)
    return (trace + sums - rows) / (count * (count - 3))


def _gram(states: Array) -> Array:
    """Return inner products of states around their mean, (N, N); a shift changes no estimate."""
    centred = states - states.mean(axis=0)
    return np.asarray(centred @ centred.T)


def _batches(count: int, size: int) -> list[slice]:
    starts = list(range(0, count, size))
    if count - starts[-1] < FEWEST and len(starts) > 1:
        starts.pop()
    return [slice(a, b) for a, b in zip(starts, [*starts[1:], count], strict=True)]
