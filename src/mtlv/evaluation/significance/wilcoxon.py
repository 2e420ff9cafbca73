"""Wilcoxon's signed-rank test of paired runs, exact at every size, with ties and zeros.

With J pairs that differ it cannot give less than 2/2ᴶ: five folds end at .0625, so below six pairs
nothing is ever significant. On folds, whose training data overlap, it claims too much; it is here
because the thesis uses it, and for ten seeds or more.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mtlv.evaluation.significance.finding import ALPHA, Effect, Equivalence, Finding, check_pairs

__all__ = ["ranks", "wilcoxon"]

Array = np.ndarray[Any, Any]


def wilcoxon(differences: Array, unit: str = "run", margin: float | None = None) -> Finding:
    """Test whether the differences are symmetric around 0 (Wilcoxon 1945).

    Zeros are left out of the test, ties share their mean rank, and the distribution is that of all
    2ᴶ signs. The interval is that of Hodges and Lehmann from means of pairs; where J is too small
    for level 0.95, it is the widest that there is, of the level that it says.

    Args:
        differences: (J,), one per pair of runs.
        unit: what a pair is.
        margin: for two one-sided tests, in the unit of the differences.

    Raises:
        ProtocolError: there are fewer than two differences.
    """
    check_pairs(differences, "wilcoxon")
    below, above = _tails(differences)
    used = np.count_nonzero(differences)
    low, high, level = _interval(differences)
    equivalence = None
    if margin is not None:
        beyond = _tails(differences + margin)[1], _tails(differences - margin)[0]
        equivalence = Equivalence(margin, max(beyond))
    return Finding(
        "wilcoxon",
        min(1.0, 2 * min(below, above)),
        low,
        high,
        level,
        Effect("rank_biserial", _rank_biserial(differences)),
        len(differences),
        unit,
        min(1.0, 2 * 0.5**used),
        equivalence,
    )


def ranks(values: Array) -> Array:
    """Return ranks from 1, smallest first, ties sharing the mean of theirs, (M,)."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)  # (K,)
    return np.asarray((last - (counts - 1) / 2)[place])


def _tails(differences: Array) -> tuple[float, float]:
    """Return P(W ≤ w) and P(W ≥ w) of the sum of ranks of positive differences."""
    nonzero = differences[differences != 0]
    doubled = np.rint(2 * ranks(np.abs(nonzero))).astype(np.int64)  # (J,), whole with ties too
    chances = _distribution(doubled)
    found = int(doubled[nonzero > 0].sum())
    return float(chances[: found + 1].sum()), float(chances[found:].sum())


def _distribution(steps: Array) -> Array:
    """Return the chance of every sum of a random half of some whole numbers."""
    chances = np.zeros(int(steps.sum()) + 1)
    chances[0] = 1.0
    for step in steps:
        moved = np.zeros_like(chances)
        moved[step:] = chances[: len(chances) - step]
        chances = (chances + moved) / 2
    return chances


def _rank_biserial(differences: Array) -> float:
    """Return (W₊ - W₋) / (W₊ + W₋), from -1 to 1 (Kerby 2014); 0 if nothing differs."""
    own = ranks(np.abs(differences[differences != 0]))
    if not len(own):
        return 0.0
    signs = np.sign(differences[differences != 0])
    return float((signs * own).sum() / own.sum())


def _interval(differences: Array) -> tuple[float, float, float]:
    first, second = np.triu_indices(len(differences))
    means = np.sort((differences[first] + differences[second]) / 2)
    tail = np.cumsum(_distribution(np.arange(1, len(differences) + 1)))  # of W without ties
    last = max(0, int(np.searchsorted(tail, ALPHA / 2, side="right")) - 1)
    return float(means[last]), float(means[-1 - last]), float(1 - 2 * tail[last])
