"""An order of tasks in which similar ones stand side by side, so that blocks are seen."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

__all__ = ["seriated"]


def seriated(similarity: np.ndarray[Any, Any]) -> list[int]:
    """Return an order of tasks that keeps similar ones close.

    Average linkage, with the leaves in the order of the smallest sum of distances between
    neighbours (Bar-Joseph et al. 2001).

    Args:
        similarity: (T, T), in any unit; made symmetric; an unknown cell (NaN) counts as the mean.
    """
    count = len(similarity)
    both = np.stack([similarity, similarity.T])  # (2, T, T)
    known = ~np.isnan(both)
    pairs = np.where(known, both, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)  # (T, T)
    off = ~np.eye(count, dtype=bool) & known.any(axis=0)
    if count < 3 or not off.any():
        return list(range(count))
    filled = np.where(off, pairs, pairs[off].mean())
    distances = filled.max() - filled
    np.fill_diagonal(distances, 0)
    condensed = squareform(distances, checks=False)
    return [int(i) for i in leaves_list(linkage(condensed, "average", optimal_ordering=True))]
