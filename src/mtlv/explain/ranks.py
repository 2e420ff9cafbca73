"""Ranks of words and how far two rankings agree: Spearman's rho, rank-biased overlap.

Importance has many near-ties among words that hardly matter, so one number over all words says
less than it seems: rank-biased overlap looks at the top, and the agreement between two seeds of one
model is the most that two models can be expected to agree.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator
from scipy import stats

__all__ = [
    "Agreement",
    "Correlation",
    "Number",
    "mean_agreement",
    "ranks",
    "rank_biased_overlap",
    "spearman",
]

Array = np.ndarray[Any, Any]
LEVEL = 0.95
TINY = 1e-12
Number = Annotated[float, BeforeValidator(lambda own: math.nan if own is None else own)]
"""A number that JSON has as null where it is undefined."""
PERSISTENCE = 0.98
"""The first fifty ranks carry 85 % of the weight of rank-biased overlap (Webber et al., eq. 21)."""


@dataclass(frozen=True)
class Correlation:
    """Spearman's rho of two rankings.

    Args:
        rho: from -1 to 1; NaN where one of them has a single value.
        low: lower end of the 95 % interval.
        high: its upper end.
        n: items that both rank.
    """

    rho: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Agreement:
    """How far the rankings of two models agree, over pairs of runs.

    Words and random starts are two sources of chance, so there are two ranges. That of the starts
    is no interval of a level: pairs of a few seeds share seeds, and are too few to guess their law.

    Args:
        rho: Spearman's, averaged over the pairs by Fisher's z.
        low: lower end of its 95 % interval, the words of one pair being the sample.
        high: its upper end.
        overlap: mean extrapolated rank-biased overlap, from 0 to 1.
        signed_rho: Spearman's rho of the signed values; None where the measure ranks by them.
        pairs: of runs.
        starts: pairs of seeds that those runs have; 0 where it is not known.
        lowest: rho of the pair of seeds that agrees least, averaged over its folds; NaN with one.
        highest: of the pair of seeds that agrees most.
    """

    rho: Number
    low: Number
    high: Number
    overlap: Number
    signed_rho: float | None
    pairs: int
    starts: int = 0
    lowest: Number = math.nan
    highest: Number = math.nan


def ranks(importance: Array) -> Array:
    """Return ranks from 1 for the largest, (V,); ties share their mean rank, NaN has rank NaN."""
    return np.asarray(stats.rankdata(-np.asarray(importance), nan_policy="omit"))  # (V,)


def spearman(first: Array, second: Array) -> Correlation:
    """Return Spearman's rho, ties included, over the items where both are defined.

    z = artanh(rho) ± 1.96 √((1 + rho²/2) / (n - 3))

    The standard error of z is that of Bonett & Wright (Psychometrika 2000); Fisher's 1/√(n - 3) is
    for Pearson's r, and too small here.

    Args:
        first: values or ranks, (V,).
        second: of the same items, (V,).
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    both = np.isfinite(first) & np.isfinite(second)
    one, other = first[both], second[both]
    count = int(both.sum())
    if count < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return Correlation(math.nan, math.nan, math.nan, count)
    rho = float(np.corrcoef(stats.rankdata(one), stats.rankdata(other))[0, 1])
    return Correlation(rho, *_interval(rho, count), count)


def rank_biased_overlap(
    first: Sequence[Hashable], second: Sequence[Hashable], persistence: float = PERSISTENCE
) -> float:
    """Return the extrapolated rank-biased overlap of two rankings without ties, from 0 to 1.

    Webber, Moffat & Zobel, ACM TOIS 2010, equation 32, which also takes lists of unequal length:

    RBO_ext = (1-p)/p · (Σ_{d=1..l} X_d/d · p^d + Σ_{d=s+1..l} X_s (d-s)/(s d) · p^d)
              + ((X_l - X_s)/l + X_s/s) · p^l

    - X_d: items that the first d of both have in common.
    - s, l: lengths of the shorter and the longer list.
    - p: `persistence`, the probability of looking at the next rank.

    Args:
        first: items, the best one first, each once.
        second: the same.
        persistence: above 0 and below 1.
    """
    short, long = sorted((list(first), list(second)), key=len)
    if not short:
        return 1.0 if not long else 0.0
    s, l, p = len(short), len(long), persistence  # noqa: E741 (the paper's letters)
    common = _common(short, long)  # (l,)
    depth = np.arange(1, l + 1)
    seen = (common / depth * p**depth).sum()
    beyond = depth[s:]
    seen += (common[s - 1] * (beyond - s) / (s * beyond) * p**beyond).sum()
    last = (common[-1] - common[s - 1]) / l + common[s - 1] / s
    return float((1 - p) / p * seen + last * p**l)


def mean_agreement(
    pairs: Sequence[tuple[Array, Array]], starts: Sequence[Hashable], *, signed: bool
) -> Agreement:
    """Return how far two kinds of models agree on the importance of words.

    Args:
        pairs: importance in the one and the other model of every pair of runs, (V,) each; V may
            differ from pair to pair. At least one.
        starts: the pair of seeds of every pair of runs.
        signed: whether the sign says which way a word pulls; importance is then the absolute value.
    """
    sized = [(np.abs(x), np.abs(y)) if signed else (x, y) for x, y in pairs]
    found = [spearman(x, y) for x, y in sized]
    rhos = np.array([own.rho for own in found])
    rho = _fisher_mean(rhos)
    low, high = _interval(rho, round(float(np.mean([own.n for own in found]))))
    by_start = [_fisher_mean(rhos[[own == start for own in starts]]) for start in set(starts)]
    several = len(by_start) > 1
    return Agreement(
        rho,
        low,
        high,
        float(np.mean([rank_biased_overlap(_order(x), _order(y)) for x, y in sized])),
        _fisher_mean(np.array([spearman(x, y).rho for x, y in pairs])) if signed else None,
        len(pairs),
        len(by_start),
        min(by_start) if several else math.nan,
        max(by_start) if several else math.nan,
    )


def _order(importance: Array) -> list[int]:
    """Return the places of the defined values, the largest first."""
    defined = int(np.isfinite(importance).sum())
    return [int(i) for i in np.argsort(-importance, kind="stable")[:defined]]  # NaN comes last


def _fisher_mean(rhos: Array) -> float:
    """Return tanh of the mean of artanh; 1 and -1 are kept off infinity by a hair."""
    return float(np.tanh(np.arctanh(np.clip(rhos, -1 + TINY, 1 - TINY)).mean()))


def _common(short: Sequence[Hashable], long: Sequence[Hashable]) -> Array:
    """Return how many items the first d of both have in common, for each d, (l,)."""
    seen: tuple[set[Hashable], set[Hashable]] = (set(), set())
    counts = np.zeros(len(long))
    common = 0
    for depth, item in enumerate(long):
        seen[1].add(item)
        if depth < len(short):
            seen[0].add(short[depth])
            common += short[depth] in seen[1]
        common += item in seen[0] and not (depth < len(short) and short[depth] == item)
        counts[depth] = common
    return counts


def _interval(rho: float, count: int) -> tuple[float, float]:
    if count <= 3 or math.isnan(rho):
        return math.nan, math.nan
    if abs(rho) >= 1:
        return rho, rho
    half = stats.norm.ppf(0.5 + LEVEL / 2) * math.sqrt((1 + rho**2 / 2) / (count - 3))
    return math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half)
