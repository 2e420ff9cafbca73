"""Gradient conflict: the cosine of two tasks' gradients over training, from what probes recorded.

Below 0 a step for one task undoes some of the other's (Yu et al. 2020). That is not yet negative
transfer: tasks whose gradients disagree may help each other all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from mtlv.errors import StoreError
from mtlv.store import JobRecord, Store

__all__ = ["conflict_rows", "cosines", "has_gradients", "job_rows"]

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
    found = [row for job in jobs for row in job_rows(store, job)]
    if not found:
        raise StoreError("No job of the study recorded gradients of tasks.", hint=SETTING)
    return found


def has_gradients(job: JobRecord) -> bool:
    """Tell whether a probe of gradients was in a job."""
    return (job.spec.get("probe") or {}).get("name") in CLOCKS


def job_rows(store: Store, job: JobRecord) -> list[dict[str, Any]]:
    """Return the rows of one job; none if no probe measured gradients in it."""
    arrays = store.measured(job.id) if has_gradients(job) else {}
    if "products" not in arrays:
        return []
    probe = job.spec["probe"]
    name = str(probe["name"])
    angles = cosines(arrays["products"])  # (M, L, T, T) or (M, T, T)
    if angles.ndim == 3:
        angles = angles[:, None]
    names = [task for head in job.model for task in head]
    times = arrays.get("steps", _times(name, len(angles), int(probe.get("every", 1))))
    layers = _layers(name, angles.shape[1])
    return [
        {
            "job": job.id,
            "seed": job.seed,
            "first": names[s],
            "second": names[t],
            "layer": layers[layer],
            "time": int(times[moment]),
            "clock": CLOCKS[name],
            "cosine": float(angles[moment, layer, s, t]),
        }
        for moment, layer in np.ndindex(angles.shape[:2])
        for s in range(len(names))
        for t in range(s + 1, len(names))
        if np.isfinite(angles[moment, layer, s, t])
    ]


def cosines(products: Array) -> Array:
    """Return cosines of inner products; NaN where a gradient is 0.

    Args:
        products: (..., T, T).
    """
    products = np.asarray(products, np.float64)
    own = np.sqrt(np.maximum(np.einsum("...tt->...t", products), 0))  # (..., T)
    lengths = own[..., :, None] * own[..., None, :]
    return np.where(lengths > 0, products / np.where(lengths > 0, lengths, 1), np.nan)


def _times(probe: str, count: int, every: int) -> Array:
    return np.arange(1, count + 1) * (1 if CLOCKS[probe] == "epoch" else every)


def _layers(probe: str, count: int) -> list[str]:
    """Return names of layers; a probe of last layers measures the last one last."""
    if probe == "pooled":
        return ["text vector"]
    if probe == "lookahead":
        return ["all measured"]
    return ["last" if back == 0 else f"last - {back}" for back in range(count - 1, -1, -1)]
