"""Gain models: what learning tasks together is predicted to do to each of them.

A gain model says, for any group of tasks, how much each member gains over being learned alone, and
how sure that is. So a task alone gains nothing, by definition, and the value of a grouping is the
mean of its tasks' gains. Uncertainty comes as draws of the gains of all groups at once: two groups
often rest on the same measurements, and only joint draws say how sure their difference is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mtlv.errors import GroupingError
from mtlv.grouping.context import Array

__all__ = [
    "FEWEST_REPEATS",
    "GainModel",
    "VALUE",
    "PairGains",
    "TableGains",
    "Unit",
    "all_pairs",
    "only_members",
]

CHUNK = 4_000_000  # numbers in the largest array that is made at once
FEWEST_REPEATS = 8
"""Below so many measurements of one number, their spread says too little about its error."""


@dataclass(frozen=True)
class Unit:
    """What gains are counted in.

    Args:
        words: as they follow a number ("points of average precision").
        factor: from the numbers of a gain model to those that are told.
        caution: a sentence on what the numbers do not say; empty if nothing.
        predicts_gain: whether more of it than one model for all tasks has is a gain to expect; if
            not, it only ranks groupings.

    >>> Unit("points of average precision", 100).say(0.00123)
    '0.12 points of average precision'
    """

    words: str
    factor: float = 1.0
    caution: str = ""
    predicts_gain: bool = True

    def say(self, value: float) -> str:
        """Return a number with its unit."""
        return f"{self.factor * value:.2g} {self.words}"


VALUE = Unit("of value")


class GainModel(Protocol):
    """Predicts gains of any groups of T tasks."""

    @property
    def unit(self) -> Unit:
        """What gains are counted in."""

    @property
    def has_errors(self) -> bool:
        """Whether anything was repeated, so that draws differ; if not, nothing says how sure."""

    @property
    def freedom(self) -> float:
        """Degrees of freedom that the spread of draws rests on; infinite where it is known."""

    @property
    def size(self) -> int:
        """Number of tasks."""

    def mean(self, members: Array) -> Array:
        """Return expected gains, (P, T): 0 for a task alone, NaN for tasks that are not members.

        Args:
            members: which tasks are in each of P groups, (P, T) bool.
        """

    def draws(self, members: Array, count: int, generator: np.random.Generator) -> Array:
        """Return draws from the approximate sampling distribution of the mean gains, (R, P, T).

        One draw concerns all groups, so differences between groups can be taken within it. Equal
        generators give a group the same draws, whatever other groups are asked for.
        """


@dataclass(frozen=True, eq=False)
class PairGains:
    """Gain of t in a group: the mean effect of its co-members on it.

    gain(t, g) = mean over s in g, s ≠ t, of matrix[s, t]

    This is the higher-order approximation of Standley et al. (2020, section 4.2) and the group
    score of TAG (Fifty et al. 2021, section 4). It knows no dilution: ten good co-members are as
    good as one.

    Args:
        matrix: effect of learning s on t, (T, T); the diagonal is not looked at.
        errors: standard errors of its entries, (T, T); None if unknown.
        shared: standard error that all entries of a column have in common (of the value of t
            alone, which all are compared to), (T,).
        unit: of the matrix.
        symmetric: whether [s, t] and [t, s] are one measurement, and so have the same noise; else
            entries are independent of each other.
        freedom: degrees of freedom of the errors.
    """

    matrix: Array
    errors: Array | None = None
    shared: Array | None = None
    unit: Unit = VALUE
    symmetric: bool = False
    freedom: float = np.inf

    @property
    def has_errors(self) -> bool:
        """Whether standard errors are known."""
        return self.errors is not None

    @property
    def size(self) -> int:
        """Number of tasks."""
        return len(self.matrix)

    def mean(self, members: Array) -> Array:
        """Return expected gains, (P, T)."""
        return only_members(_mean_of_others(members, self.matrix), members)

    def draws(self, members: Array, count: int, generator: np.random.Generator) -> Array:
        """Return draws with normal noise on every entry, (R, P, T)."""
        noise = generator.normal(size=(count, self.size, self.size))  # (R, T, T)
        if self.symmetric:
            upper = np.triu(noise, 1)
            noise = upper + np.swapaxes(upper, 1, 2)  # (R, T, T), the diagonal is not looked at
        common = generator.normal(size=(count, 1, self.size))  # (R, 1, T)
        scale = np.zeros_like(self.matrix) if self.errors is None else self.errors
        shared = np.zeros(self.size) if self.shared is None else self.shared
        gains = _mean_of_others(members, self.matrix + scale * noise)  # (R, P, T)
        return only_members(gains + shared * common, members)


@dataclass(frozen=True, eq=False)
class TableGains:
    """Gains that were measured for every group that is asked for.

    Draws add normal noise to every measured value, that of a task alone too. Its variance is pooled
    over all values, as there are few seeds; with one seed it is unknown, and draws do not vary.

    Args:
        tasks: names of the T tasks.
        members: of the groups that were trained, every task alone among them, (P, T) bool.
        values: of each member after training, by seed, (P, T, S); others are not looked at.
        unit: of values.
    """

    tasks: tuple[str, ...]
    members: Array
    values: Array
    unit: Unit = VALUE

    @property
    def has_errors(self) -> bool:
        """Whether there was more than one seed."""
        return bool(self.values.shape[-1] > 1)

    @property
    def freedom(self) -> float:
        """Degrees of freedom of the pooled variance."""
        return float(self.members.sum() * (self.values.shape[-1] - 1))

    @property
    def size(self) -> int:
        """Number of tasks."""
        return len(self.tasks)

    def mean(self, members: Array) -> Array:
        """Return measured gains, (P, T).

        Raises:
            GroupingError: a group was not measured.
        """
        return self._gains(self.values.mean(axis=-1), members)

    def draws(self, members: Array, count: int, generator: np.random.Generator) -> Array:
        """Return the measured gains with normal noise on every value, (R, P, T)."""
        noise = generator.normal(size=(count, *self.members.shape))  # (R, P, T)
        return self._gains(self.values.mean(axis=-1) + self.error() * noise, members)

    def by_group(self) -> list[dict[str, float]]:
        """Return the gain of every member of every group that was trained, by its name.

        Tasks alone are left out: they gain 0 by definition.
        """
        several = self.members[self.members.sum(axis=1) > 1]  # (P, T)
        return [
            {self.tasks[place]: float(gains[place]) for place in np.flatnonzero(group)}
            for group, gains in zip(several, self.mean(several), strict=True)
        ]

    def error(self) -> float:
        """Return the standard error of one value, the same for all; 0 with one seed."""
        if not self.has_errors:
            return 0.0
        spread = self.values[self.members].var(axis=-1, ddof=1)  # (measured values,)
        return float(np.sqrt(spread.mean() / self.values.shape[-1]))

    def _gains(self, values: Array, members: Array) -> Array:
        singles = self._rows(np.eye(self.size, dtype=bool))  # (T,)
        alone = values[..., singles, np.arange(self.size)]  # (…, T)
        return only_members(values[..., self._rows(members), :] - alone[..., None, :], members)

    def _rows(self, members: Array) -> Array:
        known = {group.tobytes(): row for row, group in enumerate(self.members.astype(bool))}
        for group in members.astype(bool):
            if group.tobytes() not in known:
                named = ", ".join(t for t, inside in zip(self.tasks, group, strict=True) if inside)
                raise GroupingError("The gains of a group were not measured.", where=named)
        return np.array([known[group.tobytes()] for group in members.astype(bool)], np.int64)


def only_members(values: Array, members: Array) -> Array:
    """Return values with 0 for a task alone and NaN for tasks that are not members.

    Args:
        values: (…, P, T).
        members: (P, T) bool.
    """
    alone = members.sum(axis=1, keepdims=True) == 1  # (P, 1)
    masked: Array = np.where(members, np.where(alone, 0.0, values), np.nan)
    return masked


def all_pairs(size: int) -> Array:
    """Return all groups of two of T tasks, (T(T-1)/2, T) bool."""
    first, second = np.triu_indices(size, 1)
    members = np.zeros((len(first), size), bool)
    members[np.arange(len(first)), first] = members[np.arange(len(first)), second] = True
    return members


def _mean_of_others(members: Array, matrix: Array) -> Array:
    others = matrix.copy()
    diagonal = np.arange(matrix.shape[-1])
    others[..., diagonal, diagonal] = 0
    weights = members.astype(np.float64)  # (P, T)
    count = np.maximum(weights.sum(axis=1, keepdims=True) - 1, 1)  # (P, 1)
    mean: Array = (weights @ others) / count  # (…, P, T)
    return mean
