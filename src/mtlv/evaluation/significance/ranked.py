"""Metrics of ranks, of many resamples at once: one sort, then sums over the ranking.

A resample changes how often a row counts, not where it stands. So average precision and ROC AUC of
B resamples are cumulative sums of weights (B, N) along one ranking, and agree with the registered
metrics on every resample (a test says so). Swapping the outputs of two plans is a matter of weights
too, in the ranking of the rows of both: a swapped row counts where the other plan put it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

__all__ = ["RANKED", "Ranked", "merged"]

Array = np.ndarray[Any, Any]
RANKED = ("average_precision", "roc_auc")
"""Metrics of one binary task that are of ranks alone."""


@dataclass(frozen=True)
class Ranked:
    """A metric of ranks.

    Args:
        metric: one of `RANKED`.
        scores: (N,), of rows that have a target.
        truth: (N,), whether the target is 1.
        unit: (N,), the unit of every row.
        units: how many units there are.
    """

    metric: str
    scores: Array
    truth: Array
    unit: Array
    units: int

    def of_counts(self, counts: Array) -> Array:
        """Return the metric of some resamples, (B,); NaN where one class is absent.

        Args:
            counts: (B, U), how often each unit is in each.
        """
        order, last, first = self._ranking
        weights = counts[:, self.unit[order]]  # (B, N)
        above = np.zeros((len(counts), len(order) + 1), weights.dtype)
        np.cumsum(weights, axis=1, out=above[:, 1:])  # (B, N + 1), weight of the first rows
        right = np.flatnonzero(self.truth[order])  # (P,), places of positives
        found = np.zeros((len(counts), len(right) + 1), weights.dtype)
        np.cumsum(weights[:, right], axis=1, out=found[:, 1:])  # (B, P + 1)
        reached, missed = (
            np.searchsorted(right, ends[right]) for ends in (last, first)
        )  # (P,), positives down to the end of a tie, and before it
        sums = _Sums(
            own=weights[:, right].astype(np.float64),
            found=found[:, reached],
            before=found[:, missed],
            called=above[:, last[right]],
            called_before=above[:, first[right]],
            positives=found[:, -1].astype(np.float64),
            total=above[:, -1].astype(np.float64),
        )
        return sums.average_precision() if self.metric == "average_precision" else sums.roc_auc()

    @cached_property
    def _ranking(self) -> tuple[Array, Array, Array]:
        """Order from the highest score down; rows up to the end of each row's tie, and before."""
        order = np.argsort(-self.scores, kind="stable")
        ranked = self.scores[order]
        starts = np.ones(len(ranked), bool)
        starts[1:] = ranked[1:] != ranked[:-1]
        begins = np.flatnonzero(starts)
        tie = np.cumsum(starts) - 1
        return order, np.append(begins[1:], len(ranked))[tie], begins[tie]


@dataclass(frozen=True)
class _Sums:
    """Sums at the rank of each positive, (B, P); those of ties are of the whole tie.

    Args:
        own: weight of the positive itself.
        found: of positives down to its tie, that included.
        before: of positives above its tie.
        called: of all rows down to its tie.
        called_before: of all rows above its tie.
        positives: (B,), of all positives.
        total: (B,), of all rows.
    """

    own: Array
    found: Array
    before: Array
    called: Array
    called_before: Array
    positives: Array
    total: Array

    def average_precision(self) -> Array:
        """Return Σ w Pₖ / Σ w over the positives, Pₖ the precision at the tie of each."""
        precision = self.found / np.maximum(self.called, 1e-9)
        return _where(self._both_classes, (self.own * precision).sum(axis=1), self.positives)

    def roc_auc(self) -> Array:
        """Return the chance that a positive outscores a negative, ties counting half."""
        negatives = self.total - self.positives
        worse = (self.called - self.found) + (self.called_before - self.before)
        beaten = negatives[:, None] - worse / 2  # (B, P)
        area = (self.own * beaten).sum(axis=1)
        return _where(self._both_classes, area, self.positives * negatives)

    @property
    def _both_classes(self) -> Array:
        return (self.positives > 0) & (self.positives < self.total)


def merged(ours: Ranked, theirs: Ranked) -> Ranked:
    """Return the ranking of the rows of two plans; its units are ours, then theirs."""
    return Ranked(
        ours.metric,
        np.concatenate([ours.scores, theirs.scores]),
        np.concatenate([ours.truth, theirs.truth]),
        np.concatenate([ours.unit, ours.units + theirs.unit]),
        ours.units + theirs.units,
    )


def _where(defined: Array, values: Array, over: Array) -> Array:
    return np.asarray(np.divide(values, over, out=np.full(len(over), np.nan), where=defined))
