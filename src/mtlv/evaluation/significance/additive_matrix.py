"""Metrics of all binary tasks together as functions of sums over examples; see `additive`."""

from __future__ import annotations

from typing import Any

import numpy as np

from mtlv.evaluation.counts import rates, ratio
from mtlv.evaluation.metrics_documents import SENTENCE, example_precision, example_recall
from mtlv.evaluation.significance.additive import RATES, Additive, outcomes, share

__all__ = ["matrix_additive"]

Array = np.ndarray[Any, Any]


def matrix_additive(metric: str, decisions: Array, targets: Array, ids: Array) -> Additive | None:
    """Return a metric of the tasks together as a function of sums, None if it is none.

    Args:
        metric: its name.
        decisions: (N, T) of 0 and 1.
        targets: (N, T) of 0, 1 or NaN.
        ids: (N,) of the examples.
    """
    if metric in OF_DOCUMENTS:
        return Additive(_document_parts(decisions, targets, ids), OF_DOCUMENTS[metric])
    cells = outcomes(decisions, targets)  # (N, T, 4)
    if metric == "f1_weighted":
        return Additive(cells.reshape(len(cells), -1), _weighted)
    pooled = cells.sum(axis=1)  # (N, 4)
    name = metric.removesuffix("_micro")
    if name != metric and name in RATES:
        return Additive(pooled, RATES[name])
    wrong, counted = pooled[:, 1] + pooled[:, 2], pooled.sum(axis=1)
    true = 2 * pooled[:, 3] if metric == "f1_samples" else pooled[:, 3]
    parts = {
        "hamming_loss": (wrong, counted),
        "subset_accuracy": ((wrong == 0) & (counted > 0), counted > 0),
        "f1_samples": (ratio(true, true + wrong), counted > 0),
        "jaccard_samples": (ratio(true, true + wrong), counted > 0),
    }
    if metric not in parts:
        return None
    return Additive(np.stack(parts[metric], axis=1).astype(np.float64), share)


def _weighted(sums: Array) -> Array:
    counts = sums.reshape(*sums.shape[:-1], -1, 4)  # (..., T, 4)
    weights = counts[..., 2] + counts[..., 3]
    found = ratio(np.nansum(rates(counts).f1 * weights, axis=-1), weights.sum(axis=-1))
    return np.where(sums.any(axis=-1), found, np.nan)


def _document_parts(decisions: Array, targets: Array, ids: Array) -> Array:
    """Return precision, recall and 1 of every document at its first sentence, (N, 3)."""
    rows: dict[str, list[int]] = {}
    for row, example in enumerate(ids):
        found = SENTENCE.fullmatch(example)
        if found is not None:
            rows.setdefault(found[1], []).append(row)
    parts = np.zeros((len(ids), 3))
    for own in rows.values():
        given = decisions[own], targets[own], ids[own]
        values = example_precision(*given), example_recall(*given), 1.0
        if not np.isnan(values[0]):
            parts[own[0]] = values
    return parts


def _example_f1(sums: Array) -> Array:
    precision, recall = share(sums[..., [0, 2]]), share(sums[..., [1, 2]])
    both = np.nan_to_num(precision + recall)
    return np.where(np.isnan(precision), np.nan, ratio(2 * precision * recall, both))


OF_DOCUMENTS = {
    "example_f1": _example_f1,
    "example_precision": lambda sums: share(sums[..., [0, 2]]),
    "example_recall": lambda sums: share(sums[..., [1, 2]]),
}
