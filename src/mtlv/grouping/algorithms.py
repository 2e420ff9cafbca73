"""Clustering methods: from points to labels. `clustering.cluster` checks, calls and tidies up.

Each is a plain function of the points, the number of groups and a seed, over scikit-learn, kmedoids
and networkx where they fit; departures from these are told at each method.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import kmedoids
import numpy as np
from scipy.signal import find_peaks
from scipy.stats import gaussian_kde
from sklearn.cluster import HDBSCAN, AgglomerativeClustering, KMeans, MeanShift

from mtlv.errors import GroupingError
from mtlv.grouping.context import Array
from mtlv.grouping.points import Points
from mtlv.registry import Registry

__all__ = ["CLUSTERINGS", "Clustering", "clustering"]

Method = Callable[[Points, int, int], Array]
RESTARTS = 20


@dataclass(frozen=True)
class Clustering:
    """A clustering method.

    Args:
        function: `(points, groups, seed) -> labels`, (T,), -1 being noise; at least two points
            and, where a number is taken, 1 < groups < T. `groups` is 0 where none is taken.
        takes_number: whether it is told the number of groups, or finds it.
        description: one line.
    """

    function: Method
    takes_number: bool
    description: str


CLUSTERINGS: Registry[Clustering] = Registry("clustering")


def clustering(name: str, *, takes_number: bool) -> Callable[[Method], Method]:
    """Return a decorator that files a function as a clustering method under a name."""

    def decorate(function: Method) -> Method:
        line = (function.__doc__ or name).strip().splitlines()[0]
        CLUSTERINGS.register(name)(Clustering(function, takes_number, line))
        return function

    return decorate


# --- methods that are told the number of groups --------------------------------------------------


@clustering("kmedoids", takes_number=True)
def _kmedoids(points: Points, groups: int, seed: int) -> Array:
    """k-medoids by FasterPAM (Schubert and Rousseeuw 2021), the best of several starts."""
    starts = [
        kmedoids.fasterpam(
            points.distances,
            groups,
            init="random" if restart else "build",
            random_state=seed * RESTARTS + restart,
        )
        for restart in range(RESTARTS)
    ]
    best = min(starts, key=lambda result: (-len(result.medoids), float(result.loss)))
    labels = np.array(best.labels, np.int64)  # (T,)
    medoids = np.asarray(best.medoids, np.int64)
    labels[medoids] = np.arange(len(medoids))  # each in its own group, where others are as near
    return labels


@clustering("kmeans", takes_number=True)
def _kmeans(points: Points, groups: int, seed: int) -> Array:
    """k-means on the features; of a matrix, on its rows."""
    return _means(points.rows, groups, seed)


@clustering("agglomerative", takes_number=True)
def _agglomerative(points: Points, groups: int, seed: int) -> Array:
    """Hierarchical clustering by average linkage (UPGMA)."""
    tree = AgglomerativeClustering(n_clusters=groups, metric="precomputed", linkage="average")
    return np.asarray(tree.fit_predict(points.distances))


@clustering("spectral", takes_number=True)
def _spectral(points: Points, groups: int, seed: int) -> Array:
    """Spectral clustering of the normalised Laplacian (Ng, Jordan and Weiss 2001).

    With a dense eigensolver, which is exact and quick for the few hundred tasks of a study. A task
    that is like no other one is a component of its own.
    """
    weights = points.kernel()  # (T, T)
    weights += np.diag(weights.sum(axis=1) == 0)
    scale = 1 / np.sqrt(weights.sum(axis=1))
    vectors = np.linalg.eigh(scale[:, None] * weights * scale)[1][:, -groups:]  # (T, G)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return _means(vectors / np.where(lengths > 0, lengths, 1), groups, seed)


def _means(rows: Array, groups: int, seed: int) -> Array:
    fitted = KMeans(n_clusters=groups, n_init=RESTARTS, random_state=seed % 2**32).fit(rows)
    return np.asarray(fitted.labels_)


# --- methods that find it ------------------------------------------------------------------------


@clustering("mean_shift", takes_number=False)
def _mean_shift(points: Points, groups: int, seed: int) -> Array:
    """Mean shift on the features; of a matrix, on its rows.

    The bandwidth is the mean distance to the nearest 30 % of the tasks as in scikit-learn, but to
    one other task at least.
    """
    rows = Points.of_features(points.rows)
    nearest = np.sort(rows.distances, axis=1)[:, max(1, int(0.3 * len(rows)) - 1)]  # (T,)
    bandwidth = float(nearest.mean())
    if bandwidth == 0:  # every task has one that is just like it
        apart = rows.distances[rows.distances > 0]
        bandwidth = float(apart.min()) / 2 if apart.size else 1.0
    return np.asarray(MeanShift(bandwidth=bandwidth).fit_predict(rows.rows))


@clustering("hdbscan", takes_number=False)
def _hdbscan(points: Points, groups: int, seed: int) -> Array:
    """HDBSCAN (Campello et al. 2013) with clusters of two tasks or more; noise stays alone."""
    found = HDBSCAN(min_cluster_size=2, metric="precomputed", copy=True)
    return np.asarray(found.fit_predict(points.distances))


@clustering("kde", takes_number=False)
def _kde(points: Points, groups: int, seed: int) -> Array:
    """Splits one-dimensional features where their density is least (Silverman's bandwidth).

    That bandwidth is made for one peak: few tasks are split only where they are far apart.
    """
    if points.similarity is not None or points.rows.shape[1] != 1:
        raise GroupingError(
            "The clustering 'kde' parts numbers, one per task.",
            found="a matrix" if points.similarity is not None else f"{points.rows.shape[1]} each",
            hint="use `features: counts`, or another clustering",
        )
    values = points.rows[:, 0]  # (T,)
    if np.ptp(values) == 0:
        return np.zeros(len(values), np.int64)
    grid = np.linspace(values.min(), values.max(), 1000)
    density = gaussian_kde(values, bw_method="silverman")(grid)
    return np.searchsorted(grid[find_peaks(-density)[0]], values)


@clustering("communities", takes_number=False)
def _communities(points: Points, groups: int, seed: int) -> Array:
    """Communities of greatest modularity, merged greedily (Clauset, Newman and Moore 2004).

    Tasks are joined by their similarity; one of 0 or less is no edge, and a task without an edge
    stays alone. Features are made similarities as for spectral clustering.
    """
    # Loaded with torch anyhow, but slow to load where nothing is clustered.
    import networkx

    weights = points.kernel() if points.similarity is None else np.maximum(points.similarity, 0)
    graph = networkx.from_numpy_array(weights)
    labels = np.zeros(len(points), np.int64)  # (T,)
    communities = networkx.community.greedy_modularity_communities(graph, weight="weight")
    for number, members in enumerate(communities):
        labels[list(members)] = number
    return labels
