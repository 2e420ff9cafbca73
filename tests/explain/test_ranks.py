"""Ranks, Spearman's rho and rank-biased overlap against scipy and against sums done by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mtlv.explain.ranks import mean_agreement, rank_biased_overlap, ranks, spearman

RANDOM = np.random.default_rng(0)


def test_the_largest_is_first_and_ties_share_their_mean_rank() -> None:
    assert ranks(np.array([0.5, 2.0, 0.5, -1.0])).tolist() == [2.5, 1.0, 2.5, 4.0]
    with_hole = ranks(np.array([1.0, np.nan, 3.0]))
    assert with_hole[[0, 2]].tolist() == [2.0, 1.0]
    assert math.isnan(with_hole[1])


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=4, max_size=30))
def test_rho_is_that_of_scipy_ties_included(pairs: list[tuple[int, int]]) -> None:
    first, second = (np.array(own, float) for own in zip(*pairs, strict=True))
    found = spearman(first, second)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        assert math.isnan(found.rho)
    else:
        assert found.rho == pytest.approx(stats.spearmanr(first, second).statistic, abs=1e-12)


def test_what_only_one_ranks_does_not_count() -> None:
    found = spearman(np.array([1.0, 2, np.nan, 4, 3]), np.array([1.0, 3, 9, 4, np.nan]))
    assert (found.rho, found.n) == (pytest.approx(1.0), 3)


def test_the_interval_is_that_of_bonett_and_wright() -> None:
    # rho 0.6 (squared differences add up to 8: 1 - 6*8/(5*24)), n 5: z 0.6931, se sqrt(1.18 / 2)
    found = spearman(np.array([1.0, 2, 3, 4, 5]), np.array([3.0, 2, 1, 4, 5]))
    assert found.rho == pytest.approx(0.6)
    reach = 1.959964 * math.sqrt(1.18 / 2)
    assert found.low == pytest.approx(math.tanh(0.693147 - reach), abs=1e-6)
    assert found.high == pytest.approx(math.tanh(0.693147 + reach), abs=1e-6)


def test_the_interval_holds_the_true_rho_as_often_as_it_says() -> None:
    rho, hits, draws = 0.6, 0, 400
    true = 6 / math.pi * math.asin(rho / 2)  # of normal variables with Pearson's rho
    for _ in range(draws):
        first, second = RANDOM.multivariate_normal([0, 0], [[1, rho], [rho, 1]], 60).T
        found = spearman(first, second)
        hits += found.low <= true <= found.high
    assert 0.92 <= hits / draws <= 0.98


def test_overlap_by_hand() -> None:
    # p 0.5, X_d: 0, 2, 2 -> (1-p)/p (0/1*1/2 + 2/2*1/4 + 2/3*1/8) + 2/3*1/8 = 5/12
    assert rank_biased_overlap("abc", "bad", 0.5) == pytest.approx(5 / 12)
    # unequal lengths, s 1, l 2, X_1 1, X_2 1: (1*1/2 + 1/2*1/4 + 1*(2-1)/(1*2)*1/4) + 1*1/4 = 1
    assert rank_biased_overlap("a", "ab", 0.5) == pytest.approx(1.0)


@given(st.permutations(list(range(8))), st.sampled_from([0.5, 0.9, 0.98]))
def test_overlap_is_the_published_sum(other: list[int], persistence: float) -> None:
    mine, p, k = list(range(8)), persistence, 8
    agreed = [len(set(mine[:d]) & set(other[:d])) for d in range(1, k + 1)]
    # equation 23 of Webber et al., for lists of one length
    expected = agreed[-1] / k * p**k
    expected += (1 - p) / p * sum(x / d * p**d for d, x in enumerate(agreed, start=1))
    assert rank_biased_overlap(mine, other, p) == pytest.approx(expected)
    assert rank_biased_overlap(other, mine, p) == pytest.approx(expected)


def test_equal_rankings_overlap_wholly_and_disjoint_ones_not_at_all() -> None:
    assert rank_biased_overlap("abc", "abc") == pytest.approx(1)
    assert rank_biased_overlap("abc", "def") == 0
    assert rank_biased_overlap("", "") == 1
    assert rank_biased_overlap("", "a") == 0


def test_the_mean_over_pairs_is_that_of_fishers_z() -> None:
    base = np.arange(1.0, 6)
    swapped = np.array([3.0, 2, 1, 4, 5])  # rho 0.6
    other = np.array([2.0, 1, 3, 4, 5])  # rho 0.9
    found = mean_agreement([(base, swapped), (base, other)], [(0, 1), (0, 1)], signed=False)
    assert found.rho == pytest.approx(math.tanh((math.atanh(0.6) + math.atanh(0.9)) / 2))
    assert (found.pairs, found.starts, found.signed_rho) == (2, 1, None)
    assert math.isnan(found.lowest), "one pair of seeds has no range"


def test_the_range_over_seeds_is_of_means_over_folds() -> None:
    base = np.arange(1.0, 6)
    swapped, other = np.array([3.0, 2, 1, 4, 5]), np.array([2.0, 1, 3, 4, 5])  # rho 0.6, 0.9
    pairs = [(base, swapped), (base, other), (base, swapped), (base, swapped)]
    found = mean_agreement(pairs, [(0, 1), (0, 1), (0, 2), (0, 2)], signed=False)
    mixed = math.tanh((math.atanh(0.6) + math.atanh(0.9)) / 2)
    assert (found.lowest, found.highest) == (pytest.approx(0.6), pytest.approx(mixed))
    assert (found.pairs, found.starts) == (4, 2)
    assert found.lowest < found.rho < found.highest


def test_signed_values_are_ranked_by_their_size_and_compared_by_their_sign_too() -> None:
    values = np.array([3.0, -2.0, 1.0, -0.5, 0.1])
    found = mean_agreement([(values, -values)], [(0, 1)], signed=True)
    assert found.rho == pytest.approx(1)
    assert found.overlap == pytest.approx(1)
    assert found.signed_rho == pytest.approx(-1)
