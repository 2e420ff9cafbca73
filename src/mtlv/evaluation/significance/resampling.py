"""Resampling test examples and runs: the two-level bootstrap and approximate randomisation.

Both are paired: what is drawn is drawn for the plan and the baseline alike. The bootstrap draws
runs and examples, so it is about other seeds and other texts. Randomisation swaps the two plans'
outputs example by example; its p-value is about these trained models, and knows nothing of other
seeds. A verdict therefore asks the interval too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from mtlv.evaluation.counts import defined_mean
from mtlv.evaluation.significance.finding import ALPHA
from mtlv.evaluation.significance.ranked import merged
from mtlv.evaluation.significance.sheet import Key, Measured, Sheet
from mtlv.evaluation.significance.units import Units

__all__ = ["Pair", "bootstrap", "differences", "is_slow", "randomise", "seconds_of"]

Array = np.ndarray[Any, Any]
CELLS = 2_000_000
"""Draws times units that are worked on at once: 8 MB of counts."""
UNIT, PRODUCT, VALUE, RANK, CALL, ROW = 20.0, 0.1, 20.0, 10.0, 40_000.0, 60.0
"""Nanoseconds of one core, about, for one draw: of a unit that is drawn; of a unit times a part,
and of a part's value; of a row of a ranking; of a metric that is called, and of each of its rows.
"""


@dataclass(frozen=True)
class Pair:
    """Two runs on one test part.

    Args:
        ours: of the plan.
        theirs: of the baseline.
        units: of the test part; pairs that share the object share what is drawn.
        replicate: which pairs are drawn together: those of equal number.
    """

    ours: Sheet
    theirs: Sheet
    units: Units
    replicate: int


def differences(pairs: Sequence[Pair]) -> dict[Key, Array]:
    """Return the difference of every entry in every pair, (R,), as it was observed."""
    found = [_values(pair, np.ones((1, len(pair.units)), np.float32)) for pair in pairs]
    return {key: np.array([own[key][0] for own in found]) for key in found[0]}


def is_slow(pairs: Sequence[Pair]) -> bool:
    """Tell whether an entry must be computed resample by resample."""
    return any(pair.ours.measured for pair in pairs)


def seconds_of(pairs: Sequence[Pair], draws: int) -> float:
    """Return about how many seconds a bootstrap takes: reckoned from sizes, and so always the same.

    Args:
        pairs: R pairs of runs.
        draws: B.
    """
    steps = sum(UNIT * len(units) for units in _distinct(pairs))
    for own in (side for pair in pairs for side in (pair.ours, pair.theirs)):
        if own.sums:
            steps += own.parts.shape[1] * (PRODUCT * len(own.parts) + VALUE)
        steps += sum(RANK * len(each.unit) for each in own.ranked.values())
        steps += sum(CALL + ROW * len(each.unit) for each in own.measured.values())
    return draws * steps / 1e9


def bootstrap(
    pairs: Sequence[Pair], generator: np.random.Generator, draws: int
) -> dict[Key, Array]:
    """Return the mean difference of every entry in bootstrap samples of runs and examples, (B,).

    Replicates (seeds, say) are drawn with replacement, and so are the units of every test part;
    with one replicate only units are drawn. Sellam et al. (MultiBERTs, ICLR 2022) draw the same two
    levels. Three things make few seeds honest, which by themselves spread too little: one replicate
    fewer than there are is drawn (Rao & Wu 1988); draws are widened around what was observed as
    Student's t is wider than the normal, with Satterthwaite's degrees of freedom for the share of
    the variance that the replicates have; and at every level they go at least as far as that t,
    and as the t of the replicates alone, because few replicates have few different means, none of
    them far out, and their share is itself unsure. Of differences that are none, whose seeds vary
    from a third to ten times as much as the texts let them, so about 6 % at most have p < .05 and
    0.2 % p < .05 / 56 for two to ten seeds; without the last step up to 14 and 8 %, as the tests of
    calibration simulate it.

    Args:
        pairs: R pairs of runs.
        generator: draws.
        draws: B.
    """
    parts: list[dict[Key, Array]] = []
    fixed: list[dict[Key, Array]] = []
    observed: dict[Key, Array] = {}
    for size in _chunks(pairs, draws):
        weights = _replicates(pairs, generator, size)  # (B, R)
        drawn = {id(own): _drawn(own, generator, size) for own in _distinct(pairs)}
        values = [_values(pair, drawn[id(pair.units)]) for pair in pairs]
        observed = {key: np.array([own[key][0] for own in values]) for key in values[0]}
        found = [{key: own[key][1:] for key in own} for own in values]
        parts.append(_combined(found, weights))
        fixed.append(_combined(found, np.ones_like(weights)))
    count = len({pair.replicate for pair in pairs})
    whole, of_units = _joined(parts), _joined(fixed)
    if count == 1:
        return whole
    return {
        key: _widened(own, of_units[key], defined_mean(observed[key]), count)
        for key, own in whole.items()
    }


def randomise(
    pairs: Sequence[Pair], generator: np.random.Generator, draws: int
) -> dict[Key, Array]:
    """Return the mean difference of every entry when outputs are swapped at random, (B,).

    The two plans' outputs for a unit are swapped in all runs at once, or not (Noreen 1989; Yeh,
    COLING 2000): that is how differences look if it does not matter which plan an output is of.

    Args:
        pairs: R pairs of runs.
        generator: draws.
        draws: B.
    """
    parts: list[dict[Key, Array]] = []
    for size in _chunks(pairs, draws):
        swaps = {
            id(own): generator.integers(0, 2, (size, len(own)), np.int8).astype(np.float32)
            for own in _distinct(pairs)
        }
        found = [_swapped(pair, swaps[id(pair.units)]) for pair in pairs]
        parts.append(_combined(found, np.ones((size, len(pairs)))))
    return _joined(parts)


def _distinct(pairs: Sequence[Pair]) -> list[Units]:
    return list({id(pair.units): pair.units for pair in pairs}.values())


def _chunks(pairs: Sequence[Pair], draws: int) -> Iterator[int]:
    most = max(1, CELLS // sum(map(len, _distinct(pairs))))
    for start in range(0, draws, most):
        yield min(most, draws - start)


def _replicates(pairs: Sequence[Pair], generator: np.random.Generator, draws: int) -> Array:
    """Return how often each pair counts in each sample, (B, R)."""
    names, place = np.unique([pair.replicate for pair in pairs], return_inverse=True)
    drawn = generator.integers(0, len(names), (draws, max(1, len(names) - 1)))
    counts = (drawn[:, :, None] == np.arange(len(names))).sum(axis=1)  # (B, S)
    return np.asarray(counts[:, place])


def _widened(drawn: Array, of_units: Array, observed: float, replicates: int) -> Array:
    """Return draws around what was observed, as wide as few replicates make it, (B,)."""
    variance = float(np.nanvar(drawn))
    share = max(0.0, 1 - float(np.nanvar(of_units)) / variance) if variance > 0 else 0.0
    if share == 0:
        return drawn
    freedom = (replicates - 1) / share**2
    wider = special.stdtrit(freedom, 1 - ALPHA / 2) / special.ndtri(1 - ALPHA / 2)
    reaching = wider * (drawn - observed)
    for own, degrees in ((variance, freedom), (share * variance, replicates - 1)):
        reaching = _reaching(reaching, math.sqrt(own), degrees)
    return np.asarray(observed + reaching)


def _reaching(drawn: Array, sd: float, freedom: float) -> Array:
    """Return draws around 0 that go at least as far as Student's t at every level, (B,)."""
    farther = drawn.copy()
    known = np.flatnonzero(~np.isnan(drawn))
    order = known[np.argsort(drawn[known], kind="stable")]
    levels = (np.arange(len(order)) + 0.5) / len(order)
    quantiles = sd * special.stdtrit(freedom, levels)
    low, high = levels < 0.5, levels > 0.5
    farther[order[low]] = np.minimum(drawn[order[low]], quantiles[low])
    farther[order[high]] = np.maximum(drawn[order[high]], quantiles[high])
    return farther


def _drawn(units: Units, generator: np.random.Generator, draws: int) -> Array:
    """Return how often each unit is in what was observed, and in samples, (1 + B, U)."""
    drawn = units.drawn(generator, draws)
    return np.vstack([np.ones((1, drawn.shape[1])), drawn]).astype(np.float32)


def _values(pair: Pair, weights: Array) -> dict[Key, Array]:
    """Return the differences of one pair in some samples of units, by key (B,)."""
    ours, theirs = (_of_sample(own, weights) for own in (pair.ours, pair.theirs))
    return {key: ours[key] - theirs[key] for key in ours if key in theirs}


def _of_sample(own: Sheet, weights: Array) -> dict[Key, Array]:
    measured = {
        key: np.array([_resampled(each, counts) for counts in weights])
        for key, each in own.measured.items()
    }
    ranked = {key: each.of_counts(weights) for key, each in own.ranked.items()}
    return own.values(_product(weights, own), measured | ranked)


def _product(weights: Array, own: Sheet) -> Array:
    if not own.sums:
        return np.zeros((len(weights), 0))
    return np.asarray(weights.astype(own.parts.dtype, copy=False) @ own.parts)  # (B, ΣK)


def _resampled(own: Measured, counts: Array) -> float:
    return own.of_rows(
        own.values, np.repeat(np.arange(len(own.unit)), counts[own.unit].astype(np.int64))
    )


def _swapped(pair: Pair, swaps: Array) -> dict[Key, Array]:
    """Return the differences of one pair when some units are swapped, by key (B,)."""
    ours, theirs = pair.ours, pair.theirs
    both: tuple[dict[Key, Array], dict[Key, Array]] = {}, {}
    for key, own in ours.measured.items():
        for side, found in enumerate(_swapped_values(own, theirs.measured[key], swaps)):
            both[side][key] = found
    stays, moves = (np.concatenate(own, axis=1) for own in ((1 - swaps, swaps), (swaps, 1 - swaps)))
    for key, rank in ours.ranked.items():
        ranking = merged(rank, theirs.ranked[key])
        both[0][key], both[1][key] = ranking.of_counts(stays), ranking.of_counts(moves)  # (B, 2U)
    moved: Array | float = 0.0
    totals: list[Array | float] = [0.0, 0.0]
    if ours.sums:
        change = ours.parts - theirs.parts
        moved = swaps.astype(change.dtype, copy=False) @ change  # (B, ΣK)
        totals = [each.parts.sum(axis=0) for each in (ours, theirs)]
    mine = ours.values(np.asarray(totals[0] - moved), both[0])
    other = theirs.values(np.asarray(totals[1] + moved), both[1])
    return {key: mine[key] - other[key] for key in mine if key in other}


def _swapped_values(own: Measured, other: Measured, swaps: Array) -> tuple[Array, Array]:
    rows = np.arange(len(own.unit))
    sides: tuple[list[float], list[float]] = [], []
    for swap in swaps:
        swapped = swap[own.unit].astype(bool).reshape(-1, *[1] * (own.values.ndim - 1))
        sides[0].append(own.of_rows(np.where(swapped, other.values, own.values), rows))
        sides[1].append(other.of_rows(np.where(swapped, own.values, other.values), rows))
    return np.array(sides[0]), np.array(sides[1])


def _combined(found: Sequence[Mapping[Key, Array]], weights: Array) -> dict[Key, Array]:
    """Return the weighted mean over pairs of what is defined, by key (B,)."""
    result = {}
    for key in found[0]:
        values = np.stack([own[key] for own in found], axis=1)  # (B, R)
        own = np.where(np.isnan(values), 0, weights)
        total = (np.nan_to_num(values) * own).sum(axis=1)
        whole = own.sum(axis=1)
        result[key] = np.divide(total, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return result


def _joined(parts: Sequence[Mapping[Key, Array]]) -> dict[Key, Array]:
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
