"""Data maps: how sure a run was of each training text, and how often it changed its mind.

Confidence is the mean probability of the true class over the epochs, variability its standard
deviation (Swayamdipta et al. 2020). As there, a third of the texts is called `easy` (the most
confident) or `hard` (the least) or `ambiguous` (the most variable); a text that is among the most
variable is called ambiguous first, so that each has one name, and the rest has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from mtlv.errors import StoreError
from mtlv.store import JobRecord, Store

__all__ = ["data_map_rows", "regions"]

Array = np.ndarray[Any, Any]
SETTING = "a plan `gmtl: {groups: 2, features: data_map}`"
SHARE = 1 / 3
Texts = Callable[[JobRecord], Sequence[tuple[str, str]]]
"""Gives id and text of every training text of a job, in the order of the split."""


def data_map_rows(store: Store, jobs: Iterable[JobRecord], texts: Texts) -> list[dict[str, Any]]:
    """Return confidence and variability of every training text for every task.

    Args:
        store: has what was measured.
        jobs: of a study, those of groupings included.
        texts: of a job.

    Raises:
        StoreError: no job had the probe; says which setting records it.
    """
    found = []
    for job in jobs:
        arrays = store.measured(job.id) if _probe(job) == "data_map" else {}
        if arrays:
            found += _job_rows(job, arrays["mean"], arrays["spread"], texts(job))
    if not found:
        raise StoreError("No job of the study recorded a data map.", hint=SETTING)
    return found


def regions(confidence: Array, variability: Array) -> list[str]:
    """Return the region of each text, `easy`, `ambiguous`, `hard` or ``.

    Args:
        confidence: (N,), in [0, 1].
        variability: (N,), in [0, 0.5].
    """
    count = round(len(confidence) * SHARE)
    names = np.full(len(confidence), "", object)
    by_confidence = np.argsort(confidence, kind="stable")
    names[by_confidence[:count]] = "hard"
    names[by_confidence[len(names) - count :]] = "easy"
    names[np.argsort(-np.asarray(variability), kind="stable")[:count]] = "ambiguous"
    return [str(name) for name in names]


def _probe(job: JobRecord) -> str | None:
    return (job.spec.get("probe") or {}).get("name")


def _job_rows(
    job: JobRecord, mean: Array, spread: Array, texts: Sequence[tuple[str, str]]
) -> list[dict[str, Any]]:
    if len(texts) != len(mean):
        raise StoreError(
            "The data map of a job is not of the study's training texts.",
            where=f"job '{job.id}'",
            found=f"{len(mean)} texts",
            expected=f"{len(texts)}",
            hint="run the study again on the present data",
        )
    rows = []
    for column, task in enumerate(task for head in job.model for task in head):
        known = np.flatnonzero(np.isfinite(mean[:, column]))
        names = regions(mean[known, column], spread[known, column])
        rows += [
            {
                "job": job.id,
                "task": task,
                "text": texts[row][0],
                "confidence": float(mean[row, column]),
                "variability": float(spread[row, column]),
                "region": region,
                "words": texts[row][1],
            }
            for row, region in zip(known.tolist(), names, strict=True)
        ]
    return rows
