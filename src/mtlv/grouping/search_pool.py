"""Groups that a search has looked at, with their gains, each asked for once.

Groups are bit masks over tasks in an order of their own, which only the gains decide (names where
those are equal): so a search walks the same way whatever order the tasks were given in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from mtlv.errors import GroupingError
from mtlv.grouping.context import Array
from mtlv.grouping.gains import GainModel, all_pairs

__all__ = ["Partition", "GroupPool"]

Partition = tuple[int, ...]
DIGITS = 9  # beyond these, differences are rounding and count as ties


class GroupPool:
    """Gains of the groups that were looked at so far.

    Gains are kept in units of the largest gain of all tasks together or of a pair, rounded: what
    rounding errors decide must not decide between groups.

    Args:
        gains: predicts them.
        tasks: names of the T tasks, in the order of the gain model.
    """

    def __init__(self, gains: GainModel, tasks: Sequence[str]) -> None:
        self.gains, self.size = gains, len(tasks)
        together_and_pairs = np.vstack([np.ones((1, self.size), bool), all_pairs(self.size)])
        first = self._predicted(together_and_pairs)  # (1 + P, T)
        self.scale = float(np.nanmax(np.abs(first))) or 1.0
        together = np.round(first[0] / self.scale, DIGITS)  # (T,)
        in_pairs = np.round(np.nansum(first[1:], axis=0) / self.scale, DIGITS - 2)  # (T,)
        self.order = np.lexsort([np.argsort(np.argsort(tasks)), in_pairs, together])  # (T,)
        self._known: dict[int, Array] = {}
        self._totals: dict[int, float] = {}
        self.reached: dict[int, float] = {}
        self.add([self.all_tasks, *self.singles])

    def __len__(self) -> int:
        return len(self._known)

    @property
    def all_tasks(self) -> int:
        """The group of all tasks."""
        return (1 << self.size) - 1

    @property
    def singles(self) -> list[int]:
        """The groups of one task."""
        return [1 << place for place in range(self.size)]

    def add(self, groups: Iterable[int]) -> None:
        """Look at groups, those that are new in one go."""
        new = sorted({group for group in groups if group not in self._known})
        if not new:
            return
        members = self.members(new)  # (P, T)
        values = self._predicted(members)[:, self.order] / self.scale  # (P, T) in pool order
        for group, row in zip(new, np.round(values, DIGITS), strict=True):
            self._known[group] = row
            self._totals[group] = float(np.nansum(row))

    def members(self, groups: Sequence[int]) -> Array:
        """Return members in the order of the gain model, (P, T) bool."""
        members = np.zeros((len(groups), self.size), bool)
        members[:, self.order] = self.inside(groups)
        return members

    def inside(self, groups: Sequence[int]) -> Array:
        """Return members in the order of the pool, (P, T) bool."""
        return np.array([[group >> t & 1 for t in range(self.size)] for group in groups], bool)

    def rows(self, groups: Sequence[int]) -> Array:
        """Return the gains of known groups in the order of the pool, (P, T), NaN for others."""
        return np.array([self._known[group] for group in groups])

    def total(self, group: int) -> float:
        """Return the sum of a known group's gains."""
        return self._totals[group]

    def value(self, parts: Iterable[int]) -> float:
        """Return the sum of all tasks' gains in a partition of known groups."""
        return sum(self._totals[part] for part in parts)

    def note(self, parts: Iterable[int], value: float) -> None:
        """Remember the best value of a partition that a group was part of."""
        for part in parts:
            self.reached[part] = max(value, self.reached.get(part, -np.inf))

    def best(self, count: int) -> list[int]:
        """Return the groups that stood in the best partitions; single tasks and all come first."""
        ranked = sorted(self.reached, key=lambda group: (-round(self.reached[group], 7), group))
        return list(dict.fromkeys([self.all_tasks, *self.singles, *ranked]))[:count]

    def _predicted(self, members: Array) -> Array:
        values = self.gains.mean(members)
        if not np.isfinite(values[members]).all():
            raise GroupingError("A gain model predicts something that is not a finite number.")
        return values
