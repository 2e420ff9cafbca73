"""Gradient conflict: the cosine of two tasks' gradients over training, from what probes recorded.

Below 0 a step for one task undoes some of the other's (Yu et al. 2020). That is not yet negative
transfer: tasks whose gradients disagree may help each other all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from mtlv.errors import StoreError
from mtlv.store import JobRecord, Store

__all__ = ["conflict_rows", "conflicting", "cosines"]

Array = np.ndarray[Any, Any]
CLOCKS = {"gradient": "epoch", "lookahead": "step", "pooled": "step"}
"""Probes that keep inner products of gradients, and what their first axis counts."""
SETTING = "a plan `gmtl: {grouping: {method: gradient_cosine, budget: 2, layers: 2, every: 20}}`"


def conflict_rows(store: Store, jobs: Iterable[JobRecord]) -> list[dict[str, Any]]:
    """Return the cosine of every pair of tasks at every moment and layer that a probe measured.

    Args:
        store: has what was measured.
        jobs: of a study, those of groupings included.

    Raises:
        StoreError: no job had a probe of gradients; says which setting records it.
    """
    found = [row for job in jobs for row in _job_rows(store, job)]
    if not found:
        raise StoreError("No job of the study recorded gradients of tasks.", hint=SETTING)
    return found


def cosines(products: Array) -> Array:
    """Return cosines of inner products; NaN where a gradient is 0.

    Args:
        products: (..., T, T).
    """
    products = np.asarray(products, np.float64)
    own = np.sqrt(np.maximum(np.einsum("...tt->...t", products), 0))  # (..., T)
    lengths = own[..., :, None] * own[..., None, :]
    return np.where(lengths > 0, products / np.where(lengths > 0, lengths, 1), np.nan)


def conflicting(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], tuple[float, int]]:
    """Return the share of measurements below 0, and their number, by pair of tasks."""
    by_pair: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        by_pair.setdefault((row["first"], row["second"]), []).append(row["cosine"])
    return {
        pair: (float(np.mean(np.asarray(values) < 0)), len(values))
        for pair, values in by_pair.items()
    }


def _job_rows(store: Store, job: JobRecord) -> list[dict[str, Any]]:
    probe = job.spec.get("probe") or {}
    name = probe.get("name")
    arrays = store.measured(job.id) if name in CLOCKS else {}
    if "products" not in arrays:
        return []
    angles = cosines(arrays["products"])  # (M, L, T, T) or (M, T, T)
    if angles.ndim == 3:
        angles = angles[:, None]
    names = [task for head in job.model for task in head]
    times = arrays.get("steps", _times(str(name), len(angles), int(probe.get("every", 1))))
    layers = _layers(str(name), angles.shape[1])
    return [
        {
            "job": job.id,
            "seed": job.seed,
            "first": names[s],
            "second": names[t],
            "layer": layers[layer],
            "time": int(times[moment]),
            "clock": CLOCKS[str(name)],
            "cosine": float(angles[moment, layer, s, t]),
        }
        for moment, layer in np.ndindex(angles.shape[:2])
        for s in range(len(names))
        for t in range(s + 1, len(names))
        if np.isfinite(angles[moment, layer, s, t])
    ]


def _times(probe: str, count: int, every: int) -> Array:
    return np.arange(1, count + 1) * (1 if CLOCKS[probe] == "epoch" else every)


def _layers(probe: str, count: int) -> list[str]:
    """Return names of layers; a probe of last layers measures the last one last."""
    if probe == "pooled":
        return ["text vector"]
    if probe == "lookahead":
        return ["last layers"]
    return ["last" if back == 0 else f"last - {back}" for back in range(count - 1, -1, -1)]
