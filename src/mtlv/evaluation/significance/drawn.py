"""What resampled differences say: an interval, p-values and the effect size beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mtlv.evaluation.significance.finding import ALPHA, Effect, Equivalence

__all__ = ["Interval", "error_reduction", "interval", "p_by_bootstrap", "p_by_randomisation"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Interval:
    """A percentile interval, with two one-sided tests where a margin was set."""

    low: float
    high: float
    equivalence: Equivalence | None = None


def interval(drawn: Array, margin: float | None = None) -> Interval:
    """Return the percentile interval of bootstrapped differences, NaN where all are undefined.

    Args:
        drawn: (B,) as `bootstrap` gives it.
        margin: for two one-sided tests.
    """
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return Interval(np.nan, np.nan)
    low, high = np.quantile(drawn, (ALPHA / 2, 1 - ALPHA / 2))
    if margin is None:
        return Interval(float(low), float(high))
    beyond = max(_tail(drawn <= -margin), _tail(drawn >= margin))
    return Interval(float(low), float(high), Equivalence(margin, beyond))


def p_by_bootstrap(drawn: Array) -> float:
    """Return the two-sided p-value that belongs to the percentile interval; never 0."""
    drawn = drawn[~np.isnan(drawn)]
    return min(1.0, 2 * min(_tail(drawn <= 0), _tail(drawn >= 0)))


def p_by_randomisation(swapped: Array, observed: float) -> float:
    """Return the share of swaps that differ as much as was observed, itself counted; never 0."""
    as_large = np.abs(swapped[~np.isnan(swapped)]) >= abs(observed) - 1e-9
    return _tail(as_large)


def error_reduction(value: float, base: float, higher_is_better: bool) -> Effect:
    """Return the share of the baseline's error that a plan takes away, at most 1.

    Args:
        value: of the plan.
        base: of the baseline.
        higher_is_better: whether the error is 1 - value (of a share) or the value itself.
    """
    errors = (1 - value, 1 - base) if higher_is_better else (value, base)
    gone = 1 - errors[0] / errors[1] if errors[1] > 0 else np.nan
    return Effect("error_reduction", gone)


def _tail(cases: Array) -> float:
    return (1 + int(np.count_nonzero(cases))) / (1 + len(cases))
