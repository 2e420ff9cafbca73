"""Corrections for many tests at once: twenty labels without a difference give one by chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["CORRECTIONS", "benjamini_hochberg", "holm"]

Array = np.ndarray[Any, Any]


def holm(p_values: Array) -> Array:
    """Return p-values that keep the chance of even one false claim (Holm 1979).

    p̃₍ᵢ₎ = max over j ≤ i of min(1, (m - j + 1) p₍ⱼ₎)

    - p₍ⱼ₎: the j-th smallest of m p-values.

    Args:
        p_values: (M,); NaN (no test was made) stays NaN and does not count.

    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    return _corrected(p_values, _holm)


def benjamini_hochberg(p_values: Array) -> Array:
    """Return p-values that keep the share of false claims among all (Benjamini & Hochberg 1995).

    p̃₍ᵢ₎ = min over j ≥ i of min(1, m p₍ⱼ₎ / j)

    Args:
        p_values: (M,); NaN (no test was made) stays NaN and does not count.

    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.04, 0.04]
    """
    return _corrected(p_values, _benjamini_hochberg)


CORRECTIONS: Mapping[str, Callable[[Array], Array]] = {"holm": holm, "bh": benjamini_hochberg}
"""Corrections by their name on the command line."""


def _corrected(p_values: Array, correct: Callable[[Array], Array]) -> Array:
    values = np.array(p_values, np.float64)
    tested = np.flatnonzero(~np.isnan(values))
    order = tested[np.argsort(values[tested], kind="stable")]
    values[order] = np.minimum(1.0, correct(values[order]))
    return values


def _holm(rising: Array) -> Array:
    return np.maximum.accumulate(rising * np.arange(len(rising), 0, -1))


def _benjamini_hochberg(rising: Array) -> Array:
    own = rising * len(rising) / np.arange(1, len(rising) + 1)
    return np.minimum.accumulate(own[::-1])[::-1]
