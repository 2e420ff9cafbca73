"""Clustering of task features, and the elbow table that shows how many groups they suggest."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import kmedoids
import numpy as np
from kneed import KneeLocator
from scipy.spatial.distance import cdist

from mtlv.errors import GroupingError

__all__ = ["Clusters", "Elbow", "elbow", "k_medoids"]

Array = np.ndarray[Any, Any]
RESTARTS = 20


@dataclass(frozen=True)
class Clusters:
    """Clusters of T tasks.

    Args:
        labels: cluster of each task, (T,).
        medoids: row of the task in the middle of each cluster.
        inertia: sum of the distances of all tasks to their medoids.
    """

    labels: Array
    medoids: tuple[int, ...]
    inertia: float

    def members(self, names: Sequence[str]) -> list[list[str]]:
        """Return the names in each cluster."""
        groups: list[list[str]] = [[] for _ in self.medoids]
        for name, label in zip(names, self.labels, strict=True):
            groups[int(label)].append(name)
        return groups


@dataclass(frozen=True)
class Elbow:
    """Inertia by number of groups.

    Args:
        groups: 1 … T.
        inertia: of k-medoids with so many groups.
        knee: where the curve bends (Satopaa et al. 2011); None if it does not.
    """

    groups: tuple[int, ...]
    inertia: tuple[float, ...]
    knee: int | None


def k_medoids(features: Array, groups: int, seed: int) -> Clusters:
    """Cluster by k-medoids on Euclidean distances with FasterPAM, the best of several starts.

    Args:
        features: (T, D).
        groups: how many clusters, 1 … T.
        seed: of the starts.

    Raises:
        GroupingError: more groups than tasks.
    """
    if not 1 <= groups <= len(features):
        raise GroupingError(
            "The number of groups does not fit the number of tasks.",
            where="groups",
            found=f"{groups} groups for {len(features)} tasks",
            expected=f"1 to {len(features)}",
        )
    order = np.lexsort(features.T)  # (T,), so that ties do not depend on the order of tasks
    distances = cdist(features[order], features[order])  # (T, T)
    starts = [
        kmedoids.fasterpam(distances, groups, init="build" if i == 0 else "random", random_state=i)
        for i in range(seed * RESTARTS, seed * RESTARTS + RESTARTS)
    ]
    best = min(starts, key=lambda result: float(result.loss))
    labels = np.empty(len(features), np.int64)  # (T,)
    labels[order] = best.labels
    medoids = tuple(int(order[row]) for row in best.medoids)
    return Clusters(labels, medoids, float(best.loss))


def elbow(features: Array, seed: int) -> Elbow:
    """Return the elbow table of k-medoids for 1 … T groups."""
    groups = tuple(range(1, len(features) + 1))
    inertia = tuple(k_medoids(features, k, seed).inertia for k in groups)
    knee = None
    if len(groups) > 2:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # kneed warns where there is no knee; None says so
            knee = KneeLocator(groups, inertia, curve="convex", direction="decreasing").knee
    return Elbow(groups, inertia, None if knee is None else int(knee))
