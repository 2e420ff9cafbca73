"""View 1: quality on held-out texts, two plans paired by fold and seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mtlv.evaluation.significance import corrected_t
from mtlv.explain.view_results import Difference, HeldOut
from mtlv.store.outcome import CellOutcome

__all__ = ["Pairing", "held_out", "paired_difference"]

Array = np.ndarray[Any, Any]


class Pairing:
    """How the runs of two plans are paired.

    Args:
        parts: number of the test part of each run, (R,).
        overlap: test over training examples, for the corrected t-test; see `overlap_of`.
    """

    def __init__(self, parts: Sequence[int], overlap: float) -> None:
        self.parts, self.overlap = np.asarray(parts), overlap

    @property
    def unit(self) -> str:
        """What a difference is: the mean over the runs of a test part, or a run of the only one."""
        return "test part" if len(set(self.parts.tolist())) > 1 else "run"


def paired_difference(values: Sequence[float] | Array, pairing: Pairing) -> Difference:
    """Return the mean of the runs' differences with interval and test.

    Several test parts share training texts, so they get the corrected resampled t-test (Nadeau &
    Bengio 2003), one difference each; runs on one test part get the plain one, which speaks of
    other seeds and not of other texts.

    Args:
        values: difference of each run, (R,).
        pairing: of the runs.
    """
    given = np.asarray(values, float)
    overlap = 0.0
    if pairing.unit == "test part":
        overlap = pairing.overlap
        given = np.array([given[pairing.parts == i].mean() for i in np.unique(pairing.parts)])
    name = "corrected_t" if overlap else "paired_t"
    mean = float(given.mean())
    if len(given) < 2 or not np.isfinite(given).all():
        return Difference(mean, math.nan, math.nan, math.nan, name, len(given), pairing.unit)
    found = corrected_t(given, overlap)
    return Difference(mean, found.low, found.high, found.p, name, len(given), pairing.unit)


def held_out(
    task: str,
    metric: str,
    runs: Sequence[Sequence[CellOutcome]],
    pairing: Pairing,
) -> HeldOut:
    """Return view 1 for one task.

    Args:
        task: its name.
        metric: its name.
        runs: cells of the single-task and of the multi-task plan, of equal fold and seed.
        pairing: of the runs.
    """
    single, multi = (
        tuple(float(pair[side].scores.per_task[task][metric]) for pair in runs) for side in (0, 1)
    )
    values = [after - before for before, after in zip(single, multi, strict=True)]
    places = tuple((own.cell.fold, own.cell.seed) for own, *_ in runs)
    return HeldOut(task, metric, single, multi, places, paired_difference(values, pairing))
