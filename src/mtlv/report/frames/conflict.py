"""Frames of gradient conflict: cosines of the task gradients that a probe measured."""

from __future__ import annotations

import pandas as pd

from mtlv.explain.conflict import job_rows
from mtlv.report.frames.groups import groupings
from mtlv.report.frames.wanted import FRAMES, Data, Wanted, no_data
from mtlv.store.record import JobRecord

__all__ = ["conflict"]

MEASURE = "group by an affinity that measures gradients, such as `gradient_cosine` or `lookahead`"
COLUMNS = ["first", "second", "layer", "time", "clock", "cosine"]


@FRAMES.register("gradient-conflict")
def conflict(wanted: Wanted) -> Data:
    """Cosines of the gradients of all pairs of tasks, of the first job that a probe measured."""
    jobs = dict.fromkeys(job for found in groupings(wanted) for job in found.grouping.jobs)
    shown = set(wanted.chosen_tasks)
    for record in (wanted.store.job(job) for job in jobs if wanted.store.has_job(job)):
        rows = [
            {column: row[column] for column in COLUMNS}
            for row in job_rows(wanted.store, record)
            if {row["first"], row["second"]} <= shown
        ]
        if rows:
            return Data(pd.DataFrame(rows), wanted.signed(*_told(record)))
    raise no_data(wanted, "gradient-conflict", "no job whose gradients were measured", MEASURE)


def _told(record: JobRecord) -> list[str]:
    tasks = sum(len(head) for head in record.model)
    return [
        f"job {record.id}",
        f"probe {record.spec['probe']['name']}",
        f"fold {record.fold + 1}, seed {record.seed}",
        f"tasks:{tasks}",
        "a conflict is no negative transfer",
    ]
