"""Frames of gradient conflict: cosines of the task gradients that a probe measured."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from mtlv.report.frames.groups import groupings
from mtlv.report.frames.wanted import FRAMES, Data, Wanted, no_data
from mtlv.store.record import JobRecord

__all__ = ["conflict"]

Array = np.ndarray[Any, Any]
MEASURE = "group by an affinity that measures gradients, such as `gradient` or `lookahead`"


@dataclass(frozen=True)
class Moments:
    """Inner products of task gradients over training.

    Args:
        products: (M, L, T, T).
        times: (M,) epochs or steps.
        clock: what they count.
    """

    products: Array
    times: Array
    clock: str


@FRAMES.register("gradient-conflict")
def conflict(wanted: Wanted) -> Data:
    """Cosines of the gradients of all pairs of tasks, of the first job that a probe measured."""
    jobs = dict.fromkeys(job for found in groupings(wanted) for job in found.grouping.jobs)
    for job in jobs:
        arrays = wanted.store.measured(job) if wanted.store.has_job(job) else {}
        if "products" in arrays:
            record = wanted.store.job(job)
            moments = _moments(arrays, record.spec.get("probe", {}))
            return _data(wanted, record, moments)
    raise no_data(wanted, "gradient-conflict", "no job whose gradients were measured", MEASURE)


def _moments(arrays: dict[str, Array], probe: dict[str, Any]) -> Moments:
    products = np.asarray(arrays["products"], float)
    if products.ndim == 4:  # by epoch and layer
        return Moments(products, np.arange(1, len(products) + 1), "epoch")
    products = products[:, None]  # (M, 1, T, T)
    steps = arrays.get("steps", int(probe.get("every", 1)) * np.arange(1, len(products) + 1))
    return Moments(products, np.asarray(steps), "step")


def _data(wanted: Wanted, record: JobRecord, moments: Moments) -> Data:
    tasks = [task for head in record.model for task in head]
    lengths = np.sqrt(np.einsum("mltt->mlt", moments.products))  # (M, L, T)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosines = moments.products / (lengths[..., :, None] * lengths[..., None, :])  # (M, L, T, T)
    layers = cosines.shape[1]
    names = ["all" if layers == 1 else f"{i - layers + 1} from the last" for i in range(layers)]
    names[-1] = "last" if layers > 1 else names[-1]
    shown = set(wanted.chosen_tasks)
    rows = [
        {"first": tasks[i], "second": tasks[j], "layer": name, "time": time}
        | {"clock": moments.clock, "cosine": cosines[m, layer, i, j]}
        for i, j in combinations(range(len(tasks)), 2)
        if tasks[i] in shown and tasks[j] in shown
        for layer, name in enumerate(names)
        for m, time in enumerate(moments.times.tolist())
    ]
    probe = record.spec.get("probe", {}).get("name", "unknown")
    words = [f"job {record.id}", f"probe {probe}", f"fold {record.fold + 1}, seed {record.seed}"]
    columns = ["first", "second", "layer", "time", "clock", "cosine"]
    return Data(
        pd.DataFrame(rows, columns=columns),
        wanted.signed(*words, f"tasks:{len(tasks)}", "a conflict is no negative transfer"),
    )
