"""Almost stochastic order: what is plain, and the integral by brute force."""

from __future__ import annotations

import numpy as np
import pytest

from mtlv.errors import ProtocolError
from mtlv.evaluation.significance import almost_dominates
from mtlv.evaluation.significance.dominance import _violation

SCORES = np.linspace(0.5, 0.6, 10)


def of(ours: np.ndarray, theirs: np.ndarray) -> float:
    return almost_dominates(ours, theirs, np.random.default_rng(0))


def test_better_under_every_seed() -> None:
    assert of(SCORES + 0.2, SCORES) == 0.0
    assert of(SCORES, SCORES + 0.2) == 1.0


def test_the_same_scores_show_nothing() -> None:
    assert of(SCORES, SCORES) > 0.5


def test_a_clear_shift_is_a_strong_claim_and_a_slight_one_is_none() -> None:
    random = np.random.default_rng(1)
    ours, theirs = random.normal(0, 1, (2, 40))
    assert of(ours + 2, theirs) < 0.2
    assert of(ours + 0.05, theirs) > 0.2


@pytest.mark.parametrize("sizes", [(5, 5), (6, 9), (7, 5)])
def test_the_integral_is_that_of_a_fine_grid(sizes: tuple[int, int]) -> None:
    random = np.random.default_rng(sum(sizes))
    ours, theirs = (random.normal(size=size) for size in sizes)
    grid = (np.arange(200_000) + 0.5) / 200_000
    own, other = (np.quantile(s, grid, method="inverted_cdf") for s in (ours, theirs))
    squares = (own - other) ** 2
    expected = squares[own < other].sum() / squares.sum()
    assert _violation(ours[None], theirs[None])[0] == pytest.approx(expected, abs=1e-4)


def test_it_is_the_same_for_the_same_seed() -> None:
    random = np.random.default_rng(3)
    ours, theirs = random.normal(0, 1, (2, 6))
    assert of(ours, theirs) == of(ours, theirs)


def test_four_seeds_are_too_few() -> None:
    with pytest.raises(ProtocolError, match="at least five seeds"):
        of(SCORES[:4], SCORES)
