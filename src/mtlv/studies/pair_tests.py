"""What tests say of effects between tasks: an interval and a p each, and one verdict over all.

Runs on one test part are tested by the two-level paired bootstrap of `mtlv compare`, over runs and
examples; a single run by its examples only. Runs on several test parts share training texts, so
there the corrected resampled t-test applies, with one difference per test part.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mtlv.evaluation.scores import json_number
from mtlv.evaluation.significance import Pair, Sheet, Units, bootstrap, corrected_t, holm
from mtlv.evaluation.significance.drawn import interval, p_by_bootstrap
from mtlv.evaluation.significance.finding import ALPHA
from mtlv.evaluation.significance.resampling import is_slow
from mtlv.evaluation.significance.sheet import Key
from mtlv.store.record import EffectRecord

__all__ = ["Sides", "Tested", "by_examples", "by_parts", "draws_of", "judged"]

Array = np.ndarray[Any, Any]
Verdict = Literal["improves", "decreases", "none"]
DRAWS, SLOW_DRAWS = 10_000, 1_000
"""Draws at least; the latter where a metric is computed draw by draw."""


@dataclass(frozen=True)
class Tested:
    """What a test says of one effect; NaN where it is undefined.

    Args:
        test: its name.
        low: lower end of the 95 % interval.
        high: upper end.
        p: two-sided, of no effect.
    """

    test: Literal["bootstrap", "corrected_t"]
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Sides:
    """One task beside others and alone, in the same R runs on one test part.

    Args:
        key: the task and its metric.
        beside: its R sheets beside each other task, by that task's name.
        alone: its R sheets alone.
        units: of the test part.
    """

    key: Key
    beside: Mapping[str, Sequence[Sheet]]
    alone: Sequence[Sheet]
    units: Units

    def pairs(self) -> list[Pair]:
        """Return a pair per run whose entries are named by the tasks beside.

        So one set of draws serves every effect on the task.
        """
        return [
            Pair(
                _named({source: own[run] for source, own in self.beside.items()}, self.key),
                _named(dict.fromkeys(self.beside, alone), self.key),
                self.units,
                run,
            )
            for run, alone in enumerate(self.alone)
        ]


def by_parts(differences: Array, overlap: float) -> Tested:
    """Return what several test parts say of an effect.

    Args:
        differences: (P,), one per test part.
        overlap: test examples over training examples.
    """
    found = corrected_t(differences, overlap)
    return Tested("corrected_t", found.low, found.high, found.p)


def by_examples(
    sides: Sides, sign: int, generator: np.random.Generator, effects: int
) -> dict[str, Tested]:
    """Return what runs and examples of one test part say of the effects on a task, by source.

    Args:
        sides: the task beside the sources, and alone.
        sign: 1 where more of its metric is better, else -1.
        generator: draws.
        effects: M, that are corrected for each other.
    """
    pairs = sides.pairs()
    drawn = bootstrap(pairs, generator, draws_of(pairs, effects))
    return {source: _of_draws(sign * own) for (source, _), own in drawn.items()}


def draws_of(pairs: Sequence[Pair], effects: int) -> int:
    """Return how many draws to make: enough that Holm's correction lets any effect be shown.

    p of B draws is no less than 2 / (B + 1), and the smallest of M is multiplied by M.
    """
    return max(SLOW_DRAWS if is_slow(pairs) else DRAWS, math.ceil(2 * effects / ALPHA))


def judged(effects: Sequence[EffectRecord], margin: float) -> list[EffectRecord]:
    """Return effects with their p-values corrected for each other (Holm), and their verdicts.

    Args:
        effects: all of a record.
        margin: effects up to so much, in the unit of the metric, count as none.
    """
    corrected = holm(np.array([math.nan if own.p is None else own.p for own in effects]))
    return [
        own.model_copy(update={"p_corrected": json_number(p), "verdict": _verdict(own, p, margin)})
        for own, p in zip(effects, corrected.tolist(), strict=True)
    ]


def _named(sheets: Mapping[str, Sheet], key: Key) -> Sheet:
    """Return one entry of several sheets as one sheet, with the names in the place of the task."""
    found = {(name, key[1]): own for name, own in sheets.items()}
    return Sheet(
        {name: own.sums[key] for name, own in found.items() if key in own.sums},
        {name: own.measured[key] for name, own in found.items() if key in own.measured},
        {},
        {name: own.ranked[key] for name, own in found.items() if key in own.ranked},
    )


def _of_draws(drawn: Array) -> Tested:
    own = interval(drawn)
    return Tested("bootstrap", own.low, own.high, p_by_bootstrap(drawn))


def _verdict(own: EffectRecord, p: float, margin: float) -> Verdict:
    if own.low is None or own.high is None or not p < ALPHA:
        return "none"
    if own.low > 0 and own.effect > margin:
        return "improves"
    return "decreases" if own.high < 0 and own.effect < -margin else "none"
