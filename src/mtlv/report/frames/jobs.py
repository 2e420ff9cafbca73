"""Frames of jobs: what each took."""

from __future__ import annotations

import pandas as pd

from mtlv.report.frames.wanted import FRAMES, Data, Wanted

__all__ = ["job_times"]


@FRAMES.register("job-times")
def job_times(wanted: Wanted) -> Data:
    """Training time of every job of the plans; trials of tuning and of grouping are left out."""
    rows = []
    for plan in wanted.chosen_plans:
        jobs = dict.fromkeys(job for cell in plan.cells for job in cell.cell.jobs)
        for record in map(wanted.store.job, jobs):
            tasks = ", ".join(task for head in record.model for task in head)
            rows.append(
                {"plan": plan.name, "job": record.id, "tasks": tasks, "fold": record.fold}
                | {"seed": record.seed, "seconds": record.cost.wall_seconds}
                | {"epochs": record.epochs}
            )
    frame = pd.DataFrame(rows)
    words = "wall time without shared preparation; trials of searches left out"
    return Data(frame, wanted.signed(f"jobs:{frame.job.nunique()}", words))
