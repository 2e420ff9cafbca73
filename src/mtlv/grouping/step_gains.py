"""Gains from the steps of one multi-task run: what the joint step of a group does to each task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mtlv.grouping.context import Array
from mtlv.grouping.gains import CHUNK, FEWEST_REPEATS, Unit, only_members

__all__ = ["STEP", "StepGains"]

STEP = Unit(
    "% of the held-out loss a step",
    100,
    "It is the first-order effect of single steps on the loss.",
    predicts_gain=False,
)


@dataclass(frozen=True, eq=False)
class StepGains:
    """Gain of t in a group: how much more one step lowers its held-out loss, by first order.

    Were the tasks of g learned together, the step would be the sum of the steps u_s that each of
    them would make. Adaptive optimizers make steps of like length whatever the number of tasks, so
    what a group changes is the direction: its step is scaled to the typical length λ of the run.
    So tasks without any effect on each other shorten each other's steps: gains rank groupings, and
    their sign says nothing (nor does that of TAG's affinities).

    gain(t, g) = mean over m of λ · ( Σ_{s in g} effects[s, t] / |Σ_{s in g} u_s|
                                      - effects[t, t] / |u_t| )

    * effects[m, s, t]: decrease of the held-out loss of t, relative to its mean so far, by first
      order, under u_s (TAG's affinity, Fifty et al. 2021, eq. 1, with the optimizer's own step, and
      relative to the loss of the moment there).
    * products[m, s, s']: u_s · u_s', so |Σ u_s|² is their sum over s and s' in g.
    * λ: mean of |u_s| at step m over the tasks that make one.
    * a task that had no target at step m says nothing there: its column of effects[m] is NaN, and
      its mean is over the other steps.

    TAG averages pair effects instead. Here equal tasks gain nothing together, unrelated ones dilute
    each other, and only those gain whose joint direction carries less noise than their own.

    Args:
        effects: (M, T, T), row s, column t; finite at one step at least for every task.
        products: (M, T, T).
        unit: of effects.
    """

    effects: Array
    products: Array
    unit: Unit = STEP

    @property
    def has_errors(self) -> bool:
        """Whether every task was measured at enough steps."""
        return bool(self.seen.sum(axis=0).min() >= FEWEST_REPEATS)

    @property
    def freedom(self) -> float:
        """One less than the measured steps of the task that is rarest in them."""
        return float(self.seen.sum(axis=0).min() - 1)

    @property
    def size(self) -> int:
        """Number of tasks."""
        return int(self.effects.shape[-1])

    def mean(self, members: Array) -> Array:
        """Return expected gains, (P, T)."""
        steps = len(self.effects)
        (mean,) = self._averaged(members, np.full((1, steps), 1 / steps))
        return np.asarray(mean)

    def draws(self, members: Array, count: int, generator: np.random.Generator) -> Array:
        """Return draws from a bootstrap over the measured steps, (R, P, T)."""
        steps = len(self.effects)
        times = generator.multinomial(steps, np.full(steps, 1 / steps), count) / steps
        return self._averaged(members, times)

    @property
    def seen(self) -> Array:
        """At which steps each task was measured, (M, T) bool."""
        return np.asarray(np.isfinite(self.effects).all(axis=1))

    def _averaged(self, members: Array, weights: Array) -> Array:
        """Return gains averaged over steps with weights (R, M), (R, P, T).

        Where no step with a weight has measured a task, it is averaged over all that have.
        """
        seen = self.seen.astype(np.float64)  # (M, T)
        mass = weights @ seen  # (R, T)
        shares = np.where(mass[:, None] > 0, weights[..., None] * seen, seen)  # (R, M, T)
        shares = shares / shares.sum(axis=1, keepdims=True)
        by_task = shares.transpose(2, 0, 1)  # (T, R, M)
        parts = [
            by_task @ np.nan_to_num(self._by_step(part)).transpose(2, 0, 1)  # (T, R, some of P)
            for part in self._parts(members)
        ]
        return only_members(np.concatenate(parts, axis=2).transpose(1, 2, 0), members)

    def _parts(self, members: Array) -> Iterator[Array]:
        rows = max(1, CHUNK // max(1, self.effects[..., 0].size))
        yield from (members[start : start + rows] for start in range(0, len(members), rows))

    def _by_step(self, members: Array) -> Array:
        weights = members.astype(np.float64)  # (P, T)
        own = np.einsum("mtt->mt", self.products)  # (M, T), squared lengths of single steps
        joint = np.einsum("pt,mpt->mp", weights, weights @ self.products)  # (M, P)
        together = (weights @ self.effects) * _inverse_root(joint, own @ weights.T)[..., None]
        alone = np.einsum("mtt->mt", self.effects) * _inverse_root(own, own)  # (M, T)
        lengths = np.sqrt(np.maximum(own, 0))  # (M, T), 0 for a task that makes no step
        typical = lengths.sum(axis=1) / np.maximum((lengths > 0).sum(axis=1), 1)  # (M,)
        gains: Array = typical[:, None, None] * (together - alone[:, None])  # (M, P, T)
        return gains


def _inverse_root(squares: Array, scale: Array) -> Array:
    """Return 1/√x, and 0 where steps cancel to within rounding: then there is no step at all."""
    made = squares > 1e-12 * np.abs(scale)
    root: Array = np.where(made, 1 / np.sqrt(np.where(made, squares, 1.0)), 0.0)
    return root
