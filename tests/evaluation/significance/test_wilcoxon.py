"""Wilcoxon's signed-rank test against scipy, against all signs, and against its own inversion."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mtlv.errors import ProtocolError
from mtlv.evaluation.significance import wilcoxon
from mtlv.evaluation.significance.wilcoxon import ranks

SMALL = st.lists(st.integers(-4, 4).map(float), min_size=2, max_size=8)


@pytest.mark.parametrize("count", [2, 6, 10, 25, 50])
def test_without_ties_it_is_that_of_scipy(count: int) -> None:
    values = np.random.default_rng(count).normal(0.4, 1, count)
    assert wilcoxon(values).p == pytest.approx(stats.wilcoxon(values, method="exact").pvalue)


@given(SMALL)
def test_with_ties_and_zeros_it_counts_all_signs(values: list[float]) -> None:
    """A second implementation: every one of the 2ᴶ ways to sign the ranks."""
    used = np.array([value for value in values if value])
    own = stats.rankdata(np.abs(used))
    found = own[used > 0].sum()
    sums = np.array([sum(r for r, s in zip(own, signs, strict=True) if s) for signs in
                     product((0, 1), repeat=len(used))])  # fmt: skip
    tails = np.mean(sums <= found + 1e-9), np.mean(sums >= found - 1e-9)
    assert wilcoxon(np.array(values)).p == pytest.approx(min(1, 2 * min(tails)))


@pytest.mark.parametrize(
    ("count", "floor"), [(4, 0.125), (5, 0.0625), (6, 0.03125), (10, 2 / 1024)]
)
def test_the_floor_is_what_agreeing_signs_give(count: int, floor: float) -> None:
    found = wilcoxon(np.arange(1.0, count + 1))
    assert found.p == found.floor == floor
    assert found.effect.value == 1.0


@pytest.mark.parametrize("count", [6, 8, 12])
def test_the_interval_holds_what_the_test_does_not_reject(count: int) -> None:
    values = np.random.default_rng(count).normal(size=count)
    found = wilcoxon(values)
    width = found.high - found.low
    for inside in (found.low + 0.01 * width, found.high - 0.01 * width):
        assert wilcoxon(values - inside).p > 1 - found.level
    for outside in (found.low - 0.01 * width, found.high + 0.01 * width):
        assert wilcoxon(values - outside).p <= 1 - found.level + 1e-12
    assert found.level >= 0.95


def test_too_few_pairs_say_the_level_that_they_reach() -> None:
    found = wilcoxon(np.array([1.0, 2.0, 4.0]))
    assert (found.low, found.high, found.level) == (1.0, 4.0, 0.75)


def test_equivalence_is_two_one_sided_tests() -> None:
    values = np.random.default_rng(2).normal(0, 0.3, 15)
    found = wilcoxon(values, margin=0.5).equivalence
    sides = [
        stats.wilcoxon(values - end, alternative=side, method="exact").pvalue
        for end, side in ((-0.5, "greater"), (0.5, "less"))
    ]
    assert found is not None
    assert found.p == pytest.approx(max(sides))


def test_nothing_differs() -> None:
    found = wilcoxon(np.zeros(5))
    assert (found.p, found.effect.value, found.floor) == (1.0, 0.0, 1.0)


def test_one_pair_is_refused() -> None:
    with pytest.raises(ProtocolError, match="at least two pairs"):
        wilcoxon(np.array([1.0]))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20))
def test_ranks_are_those_of_scipy(values: list[int]) -> None:
    assert ranks(np.array(values)).tolist() == stats.rankdata(values).tolist()
