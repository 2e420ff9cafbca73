"""Points: what a clustering gets, made of task features or of a matrix of similarities.

A clustering must not depend on the order of the tasks, so points can be brought into an order of
their own that only what is known of the tasks decides. Where that does not tell tasks apart (they
are exactly alike, or a matrix is so regular that no row differs), the order given breaks the tie.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from mtlv.errors import GroupingError
from mtlv.grouping.context import Array

__all__ = ["Points"]


@dataclass(frozen=True, eq=False)
class Points:
    """T tasks that can be clustered.

    Build them with `of_features` or `of_similarity`.

    Args:
        rows: a vector per task, (T, D): the features, or the task's row of the matrix with its own
            cell as large as the largest other cell.
        distances: Euclidean distances of the features, or largest similarity minus similarity;
            (T, T), symmetric, 0 on the diagonal.
        similarity: the symmetrised matrix, (T, T), 0 on the diagonal; None for features.

    >>> Points.of_features([[0.0], [3.0]]).distances.tolist()
    [[0.0, 3.0], [3.0, 0.0]]
    """

    rows: Array
    distances: Array
    similarity: Array | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def of_features(cls, features: Array | list[list[float]]) -> Points:
        """Return the points of task features, (T, D).

        Raises:
            GroupingError: there is no row, or they are not finite.
        """
        rows = np.asarray(features, np.float64)
        if rows.ndim != 2 or not rows.size:
            raise GroupingError(
                "Task features must be a table.", found=f"shape {rows.shape}", expected="(T, D)"
            )
        if not np.isfinite(rows).all():
            raise GroupingError("The task features are not finite numbers.")
        return cls(rows, cdist(rows, rows))

    @classmethod
    def of_similarity(cls, matrix: Array | list[list[float]]) -> Points:
        """Return the points of an affinity or another similarity, (T, T); larger is nearer.

        What task s does for t and t for s is averaged, (A + Aᵀ)/2. The diagonal is not looked at.

        Raises:
            GroupingError: it is not square, or not finite off the diagonal.
        """
        given = np.asarray(matrix, np.float64)
        if given.ndim != 2 or given.shape[0] != given.shape[1] or not given.size:
            raise GroupingError(
                "A matrix of similarities must have a row and a column for each task.",
                found=f"shape {given.shape}",
                expected="(T, T)",
            )
        others = ~np.eye(len(given), dtype=bool)
        if not np.isfinite(given[others]).all():
            raise GroupingError(
                "Some similarities between tasks are not finite numbers.",
                found=f"{np.sum(~np.isfinite(given[others]))} of {others.sum()}",
            )
        similarity = np.where(others, (given + given.T) / 2, 0.0)
        largest = similarity[others].max() if others.any() else 0.0
        filled = np.where(others, similarity, largest)
        return cls(filled, largest - filled, similarity)

    def order(self) -> Array:
        """Return an order of the tasks, (T,), that the order they are given in does not change."""
        if self.similarity is None:
            return np.lexsort(self.rows.T)
        return _matrix_order(self.similarity)

    def take(self, order: Array) -> Points:
        """Return some of the points, or all of them in another order."""
        if self.similarity is None:
            return Points(self.rows[order], self.distances[np.ix_(order, order)])
        square = np.ix_(order, order)
        return Points(self.rows[square], self.distances[square], self.similarity[square])

    def kernel(self) -> Array:
        """Return similarities that are not negative, (T, T), 0 on the diagonal.

        Of features: exp(-d²/2s²), d being the distance and s the median distance above 0. Of a
        matrix: its entries less the smallest one; 1 between all tasks if they are all the same.
        """
        others = ~np.eye(len(self), dtype=bool)
        apart = self.distances[others]
        if not (apart > 0).any():
            return others.astype(np.float64)
        if self.similarity is not None:
            return np.where(others, self.similarity - self.similarity[others].min(), 0.0)
        scale = np.median(apart[apart > 0])
        return np.where(others, np.exp(-((self.distances / scale) ** 2) / 2), 0.0)


def _matrix_order(similarity: Array) -> Array:
    """Return an order of the rows of a symmetric matrix, by colour refinement.

    Tasks are told apart by their sorted similarities to all others, then by these together with
    what those others were told apart as, until nothing changes (Weisfeiler and Leman 1968). While
    some are still alike, the first of the first such class is set apart.
    """
    count = len(similarity)
    ranks = np.unique(similarity, return_inverse=True)[1].reshape(count, count)
    np.fill_diagonal(ranks, 0)
    colours = np.zeros(count, np.int64)  # (T,)
    while colours.max() < count - 1:
        seen = np.sort(ranks * count + colours, axis=1)  # (T, T)
        table = np.column_stack([colours, seen])  # (T, 1 + T)
        refined = np.unique(table, axis=0, return_inverse=True)[1].ravel()
        if refined.max() == colours.max():
            refined = _set_apart(refined)
        colours = refined
    return np.argsort(colours)


def _set_apart(colours: Array) -> Array:
    shared = np.flatnonzero(np.bincount(colours) > 1)[0]
    first = np.flatnonzero(colours == shared)[0]
    apart = np.where(colours >= shared, colours + 1, colours)
    apart[first] = shared
    return apart
