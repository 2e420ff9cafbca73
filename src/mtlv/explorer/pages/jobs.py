"""Jobs: what each training was, what it took, and whether it is finished."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mtlv.errors import StoreError
from mtlv.explorer.asking import Asked, study_address
from mtlv.explorer.grids import Cell, Column, Grid, number, word
from mtlv.explorer.library import Damage, Library
from mtlv.explorer.pages.page import Drawing, Page, drawings
from mtlv.explorer.progress import progress_of
from mtlv.store.record import JobRecord, StudyRecord
from mtlv.words import counted

__all__ = ["job_of", "jobs", "uses_of"]

COLUMNS = (
    Column("job", "word"),
    Column("status", "word"),
    Column("plans", "word"),
    Column("tasks", "word"),
    Column("role", "word"),
    Column("fold"),
    Column("seed"),
    Column("time (s)", help="wall time of the training"),
    Column("CPU (s)"),
    Column("best epoch"),
    Column("epochs"),
    Column("precision", "word"),
    Column("peak (MiB)"),
    Column("weights (M)"),
    Column("texts seen"),
)
NOTE = "each job once, however many plans use it; a job of a tuning or a grouping is named so"
LONGEST = 28
Use = dict[str, Any]


def jobs(library: Library, asked: Asked) -> Page:
    """All jobs of a study, and one of them in detail."""
    study = library.study(asked.study)
    uses = uses_of(study)
    damaged: list[Damage] = []
    rows = [_row(library, study.name, job, use, damaged) for job, use in uses.items()]
    chosen = job_of(uses, asked) if asked.one("job") else ""
    data = {
        "progress": progress_of(library, study),
        "damaged": damaged,
        "grid": Grid("jobs", "Jobs", COLUMNS, tuple(rows), NOTE),
        "job": _detail(library, study.name, chosen) if chosen else None,
        "drawings": drawings(asked.study, ["job-times"]),
    }
    return Page(f"Job {chosen}" if chosen else "Jobs", "jobs.html", data, asked.study)


def uses_of(study: StudyRecord) -> dict[str, Use]:
    """Return the jobs of a study: which plans use each, in what role, of which fold and seed."""
    uses: dict[str, Use] = {}
    for cell in study.cells:
        tasks = [model.tasks for model in cell.as_plan().models]
        named = [(job, "plan", own) for job, own in zip(cell.jobs, tasks, strict=True)]
        for trial in cell.tuning.trials if cell.tuning else ():
            named += [(job, "tuning", own) for job, own in zip(trial["jobs"], tasks, strict=False)]
        named += [(job, "grouping", ()) for job in (cell.grouping.jobs if cell.grouping else ())]
        for job, role, own in named:
            place = {"fold": cell.fold, "seed": cell.seed, "tasks": own, "role": role}
            use = uses.setdefault(job, place | {"plans": []})
            if cell.plan not in use["plans"]:
                use["plans"].append(cell.plan)
    return uses


def job_of(uses: Mapping[str, Use], asked: Asked) -> str:
    """Return the job that is asked for, one of a study's own.

    Raises:
        StoreError: the study has no such job.
    """
    job = asked.one("job")
    if job not in uses:
        raise StoreError(
            f"The study has no job '{job[:60]}'.", hint="choose one in the table of jobs"
        )
    return job


def _row(
    library: Library, study: str, job: str, use: Use, damaged: list[Damage]
) -> tuple[Cell, ...]:
    record = None
    status = "finished" if library.store.has_job(job) else "waiting"
    if status == "waiting" and library.store.partial_folder(job).exists():
        status = "begun"
    if status == "finished":
        try:
            record = library.store.job(job)
        except StoreError as error:
            status = "damaged"
            damaged.append(Damage(f"job {job}", error))
    tones = {"damaged": "bad", "waiting": "quiet", "begun": ""}
    tasks = [t for head in record.model for t in head] if record else use["tasks"]
    return (
        word(job[:10], study_address(study, "jobs", job=job)),
        word(status, tone=tones.get(status, "good")),
        word(", ".join(use["plans"])),
        word(_short(tasks)),
        word(use["role"]),
        number(use["fold"] + 1),
        number(use["seed"]),
        *_figures(record),
    )


def _short(tasks: Sequence[str]) -> str:
    told = (f"{counted(len(tasks), 'task')}: " if len(tasks) > 3 else "") + ", ".join(tasks)
    return told if len(told) <= LONGEST else f"{told[: LONGEST - 1]}…"


def _figures(record: JobRecord | None) -> tuple[Cell, ...]:
    if record is None:
        return (number(None),) * 8
    cost = record.cost
    return (
        number(cost.wall_seconds, ",.1f"),
        number(cost.cpu_seconds, ",.1f"),
        number(record.epoch),
        number(record.epochs),
        word(record.precision),
        number(max(cost.peak_memory_mb, cost.peak_device_mb)),
        number(cost.parameters / 1e6, ",.2f"),
        number(cost.texts_seen),
    )


def _detail(library: Library, study: str, job: str) -> dict[str, Any]:
    """Return one job in detail; a job that is not finished has no record.

    Raises:
        StoreError: its record is damaged.
    """
    if not library.store.has_job(job):
        return {"id": job, "record": None, "spec": "", "drawings": []}
    record = library.store.job(job)
    curves = Drawing(
        "curves-job",
        "Learning curves of this job",
        study_address(study, "figures", "curves-job", job=job),
    )
    spec = json.dumps(record.spec, indent=1, ensure_ascii=False)
    return {
        "id": job,
        "record": record.model_dump(mode="json"),
        "spec": spec,
        "drawings": [curves],
    }
