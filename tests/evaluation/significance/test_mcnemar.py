"""McNemar's test: the exact binomial, and an interval by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mtlv.evaluation.significance import mcnemar


def discordant(better: int, worse: int, same: int) -> np.ndarray:
    return np.repeat([1.0, -1.0, 0.0], [better, worse, same])


@pytest.mark.parametrize(("better", "worse"), [(0, 0), (5, 0), (6, 15), (10, 10), (41, 59)])
def test_p_is_that_of_the_exact_binomial(better: int, worse: int) -> None:
    expected = stats.binomtest(better, better + worse).pvalue if better + worse else 1.0
    assert mcnemar(discordant(better, worse, 30)).p == pytest.approx(expected)


def test_the_interval_by_hand() -> None:
    """Bonett & Price: p̃₁₂ = (12 + 1)/102, p̃₂₁ = (4 + 1)/102, n = 100."""
    found = mcnemar(discordant(12, 4, 84))
    first, second = 13 / 102, 5 / 102
    half = 1.959964 * math.sqrt((first + second - (first - second) ** 2) / 102)
    assert (found.low, found.high) == pytest.approx((first - second - half, first - second + half))
    assert found.effect.value == pytest.approx(12.5 / 4.5)
    assert (found.pairs, found.unit) == (100, "example")


def test_an_example_counts_once_however_many_runs_there_are() -> None:
    """Right in two of three runs, one of three: both speak for the plan, once each."""
    found = mcnemar(np.array([2 / 3, 1 / 3, 0.0, -1 / 3]))
    assert found.p == pytest.approx(stats.binomtest(2, 3).pvalue)


def test_the_floor_is_what_agreeing_examples_give() -> None:
    found = mcnemar(discordant(4, 0, 96))
    assert found.p == found.floor == 0.125


@pytest.mark.parametrize(("margin", "shown"), [(0.2, True), (0.01, False)])
def test_equivalence(margin: float, shown: bool) -> None:
    found = mcnemar(discordant(10, 9, 181), margin=margin).equivalence
    assert found is not None
    assert (found.p < 0.05) == shown
