"""Clustering of tasks: one way to call every method, one kind of result.

Whatever a method leaves over as noise becomes a group of its own, task by task, so that every task
is in exactly one group. Methods see the tasks in an order of their own (see `points`), so neither
the order nor the names of tasks change what is found.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mtlv.errors import GroupingError
from mtlv.grouping.algorithms import CLUSTERINGS, Clustering, clustering
from mtlv.grouping.context import Array
from mtlv.grouping.points import Points

__all__ = [
    "CLUSTERINGS",
    "Clustering",
    "Clusters",
    "TooManyGroups",
    "cluster",
    "clustering",
]


class TooManyGroups(GroupingError):  # noqa: N818
    """Tasks that are alike cannot be parted into so many groups by the clustering."""


@dataclass(frozen=True)
class Clusters:
    """Clusters of T tasks.

    Args:
        labels: cluster of each task, (T,), numbered as they first appear.
        medoids: row of the task in the middle of each cluster: the least distance to the others.
        inertia: sum of the distances of all tasks to their medoids.
    """

    labels: Array
    medoids: tuple[int, ...]
    inertia: float

    def __len__(self) -> int:
        return len(self.medoids)

    def members(self, names: Sequence[str]) -> list[list[str]]:
        """Return the names in each cluster."""
        groups: list[list[str]] = [[] for _ in self.medoids]
        for name, label in zip(names, self.labels, strict=True):
            groups[int(label)].append(name)
        return groups


def cluster(method: str, points: Points, groups: int | None = None, seed: int = 0) -> Clusters:
    """Cluster tasks.

    Args:
        method: name of a clustering.
        points: of the T tasks.
        groups: how many clusters, 1 … T; None where the method finds the number.
        seed: of random choices.

    Raises:
        GroupingError: a number is missing, not taken, or does not fit the tasks.
        TooManyGroups: tasks are too alike for it.
    """
    _check_number(method, points, groups)
    order = points.order()
    labels = np.empty(len(points), np.int64)  # (T,)
    labels[order] = _labels(CLUSTERINGS[method], points.take(order), groups or 0, seed)
    found = _clusters(labels, points, order)
    if groups is not None and len(found) != groups:
        raise TooManyGroups(
            f"The clustering '{method}' cannot part the tasks into so many groups.",
            where="groups",
            found=f"{len(found)} groups",
            expected=f"{groups}",
            hint="some tasks are alike: ask for fewer groups, or use `kmedoids`",
        )
    return found


def _check_number(method: str, points: Points, groups: int | None) -> None:
    takes_number = CLUSTERINGS[method].takes_number
    if takes_number and groups is None:
        raise GroupingError(
            f"The clustering '{method}' must be told the number of groups.",
            where="groups",
            expected=f"1 to {len(points)}",
            hint="or have it chosen: `elbow`, `silhouette` or `gap`",
        )
    if not takes_number and groups is not None:
        raise GroupingError(
            f"The clustering '{method}' finds the number of groups itself.",
            where="groups",
            found=groups,
            hint="leave `groups` out, or use a clustering that takes a number, as `kmedoids`",
        )
    if groups is not None and not 1 <= groups <= len(points):
        raise GroupingError(
            "The number of groups does not fit the number of tasks.",
            where="groups",
            found=f"{groups} groups for {len(points)} tasks",
            expected=f"1 to {len(points)}",
        )


def _labels(method: Clustering, points: Points, groups: int, seed: int) -> Array:
    count = len(points)
    if count == 1 or groups == 1:
        return np.zeros(count, np.int64)
    if groups == count:
        return np.arange(count)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few tasks, or alike: what is found is checked instead
        labels = np.array(method.function(points, groups, seed), np.int64)
    noise = labels < 0
    labels[noise] = labels.max() + 1 + np.arange(noise.sum())
    return labels


def _clusters(labels: Array, points: Points, order: Array) -> Clusters:
    """Number clusters as they appear and find their medoids; `order` decides between equal ones."""
    first = np.unique(labels, return_index=True)[1]
    numbers = {int(labels[row]): number for number, row in enumerate(np.sort(first))}
    labels = np.array([numbers[int(label)] for label in labels])
    medoids, inertia = [], 0.0
    for number in range(len(numbers)):
        rows = order[labels[order] == number]
        totals = points.distances[np.ix_(rows, rows)].sum(axis=1)
        medoids.append(int(rows[totals.argmin()]))
        inertia += float(totals.min())
    return Clusters(labels, tuple(medoids), inertia)
