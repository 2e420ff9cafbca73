"""Gains of groups from one multi-task model, linearised where it stands (Grad-TAG).

Li, Sharma and Zhang (2024, arXiv 2409.06091) replace training on a group by a small problem: near
the multi-task weights, a logit moves linearly with the weights, so what training on any group would
do follows from gradients projected to d directions. They fit a logistic regression per group; here
one regularised Newton step takes its place, so that thousands of groups cost one batched solve.
What is predicted is going on from the multi-task model with the group only, not training anew. The
loss is that which the heads are trained with, where the paper has the logistic one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mtlv.grouping.context import Array
from mtlv.grouping.gains import CHUNK, Unit, only_members

__all__ = ["LOSS", "LinearisedGains"]

LOSS = Unit(
    "% of the held-out loss",
    100,
    "It is the loss, as trained, of going on from one multi-task model, not a gain in a metric.",
)


@dataclass(frozen=True, eq=False)
class LinearisedGains:
    """Gain of t in a group: the part of its held-out loss that a step on the group saves.

    w(g) = -( Σ_{t in g} curvature[t] / |g| + λ I )⁻¹ Σ_{t in g} slope[t] / |g|
    gain(t, g) = ( loss(t, w({t})) - loss(t, w(g)) ) / loss(t, 0)

    * loss(t, w): mean loss of t on held-out examples with logits logits[:, t] +
      directions[:, t] · w, in the loss that is trained.
    * λ: `damping` times the mean over tasks of the mean diagonal of curvature. The default keeps
      the step within what a tenth of the mean curvature allows in flat directions: without it, one
      step runs far beyond where logits are linear.

    Draws resample held-out examples; that slopes rest on a sample too is left out, so they are
    somewhat too narrow.

    Args:
        slope: gradient of the mean training loss of each task, (T, d).
        curvature: its Hessian (Gauss-Newton), (T, d, d).
        loss_table: loss of each task by logit, with target 0 and with target 1, (T, 2, G).
        grid: these logits, rising by equal distances, (G,). Between them losses are straight lines,
            as they are beyond the first and the last.
        logits: of N held-out examples, (N, T).
        directions: gradients of these logits, (N, T, d) float32.
        targets: 0, 1, or NaN where missing, (N, T).
        damping: of the Newton step, above 0.
        unit: of gains.
    """

    slope: Array
    curvature: Array
    loss_table: Array
    grid: Array
    logits: Array
    directions: Array
    targets: Array
    damping: float = 0.1
    unit: Unit = LOSS

    @property
    def has_errors(self) -> bool:
        """Whether there is more than one held-out example."""
        return len(self.logits) > 1

    @property
    def freedom(self) -> float:
        """One less than the held-out examples."""
        return float(len(self.logits) - 1)

    @property
    def size(self) -> int:
        """Number of tasks."""
        return len(self.slope)

    def mean(self, members: Array) -> Array:
        """Return expected gains, (P, T)."""
        equal = np.ones((1, len(self.logits)))
        mean: Array = self._weighted(members, equal)[0]
        return mean

    def draws(self, members: Array, count: int, generator: np.random.Generator) -> Array:
        """Return draws from a bootstrap over held-out examples, (R, P, T)."""
        examples = len(self.logits)
        times = generator.multinomial(examples, np.full(examples, 1 / examples), count)  # (R, N)
        return self._weighted(members, times.astype(np.float64))

    def steps(self, members: Array) -> Array:
        """Return the step of each group, (P, d)."""
        weights = members / members.sum(axis=1, keepdims=True)  # (P, T)
        mean_diagonal = float(np.einsum("tdd->", self.curvature)) / self.slope.size
        ridge = (self.damping * mean_diagonal or 1.0) * np.eye(self.slope.shape[1])  # (d, d)
        curvature = np.tensordot(weights, self.curvature, axes=1) + ridge  # (P, d, d)
        steps: Array = -np.linalg.solve(curvature, (weights @ self.slope)[..., None])[..., 0]
        return steps  # (P, d)

    def _weighted(self, members: Array, times: Array) -> Array:
        """Return gains with every example counted so many times.

        Args:
            members: (P, T) bool.
            times: (R, N).
        """
        before = self._means(self._losses(np.zeros((1, self.slope.shape[1]))), times)[:, 0]
        alone = self._means(self._alone, times)[:, 0]  # (R, T)
        parts = [
            self._means(self._losses(self.steps(part)), times) for part in self._parts(members)
        ]
        saved = alone[:, None] - np.concatenate(parts, axis=1)  # (R, P, T)
        relative = saved / np.where(before > 0, before, np.inf)[:, None]
        return only_members(relative, members)

    @cached_property
    def _alone(self) -> Array:
        steps = self.steps(np.eye(self.size, dtype=bool))  # (T, d)
        moved = self.logits + np.einsum("ntd,td->nt", self.directions, steps)  # (N, T)
        return self._looked_up(moved)[None]  # (1, N, T)

    def _losses(self, steps: Array) -> Array:
        """Return losses of every example after each step, (P, N, T)."""
        flat = self.directions.reshape(-1, self.slope.shape[1])  # (N·T, d)
        moved = (flat @ steps.T.astype(flat.dtype)).T.reshape(-1, *self.logits.shape)  # (P, N, T)
        return self._looked_up(self.logits + moved)

    def _looked_up(self, logits: Array) -> Array:
        """Return losses at logits (…, N, T), by the target of each; any where there is none."""
        points, tasks = len(self.grid), np.arange(self.size)
        places = (logits - self.grid[0]) * ((points - 1) / (self.grid[-1] - self.grid[0]))
        below = np.clip(places, 0, points - 2).astype(np.int64)  # (…, N, T)
        column = (2 * tasks + (self.targets == 1)) * points  # (N, T), where its losses begin
        table = self.loss_table.reshape(-1)
        low, high = table[column + below], table[column + below + 1]
        losses: Array = low + (places - below) * (high - low)
        return losses

    def _means(self, losses: Array, times: Array) -> Array:
        """Return mean losses over the examples that have a target, (R, P, T)."""
        present = ~np.isnan(self.targets)  # (N, T)
        count = np.maximum(times @ present, 1)  # (R, T)
        sums = np.tensordot(times, losses * present, axes=(1, 1))  # (R, P, T)
        means: Array = sums / count[:, None]
        return means

    def _parts(self, members: Array) -> Iterator[Array]:
        largest = max(self.logits.size, self.slope.shape[1] ** 2)
        rows = max(1, CHUNK // max(1, largest))
        yield from (members[start : start + rows] for start in range(0, len(members), rows))
