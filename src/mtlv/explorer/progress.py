"""How far a study is, told from what lies in the store; quick, as a running page asks often."""

from __future__ import annotations

from dataclasses import dataclass

from mtlv.explorer.library import Library
from mtlv.store.record import StudyRecord

__all__ = ["Progress", "progress_of"]


@dataclass(frozen=True)
class Progress:
    """How far a study is.

    Args:
        study: its name.
        status: `running`, `finished` or `failed`.
        cells: runs of a plan (on one fold, with one seed) whose jobs are all finished.
        planned: how many there will be.
        jobs: finished jobs of the cells that are known by now.
        known: all jobs of those cells.
        begun: jobs that are not finished and have a saved state.
        updated: when the record was written last, in UTC.
        failure: why the last run stopped.
    """

    study: str
    status: str
    cells: int
    planned: int
    jobs: int
    known: int
    begun: int
    updated: str
    failure: str | None

    @property
    def percent(self) -> int:
        """Share of the planned runs that are finished, in whole percent, rounded down."""
        return 100 * self.cells // self.planned if self.planned else 0


def progress_of(library: Library, study: StudyRecord) -> Progress:
    """Return how far a study is."""
    known = dict.fromkeys(job for cell in study.cells for job in cell.jobs)
    done = {job for job in known if library.store.has_job(job)}
    return Progress(
        study.name,
        study.status,
        sum(all(job in done for job in cell.jobs) for cell in study.cells),
        max(study.planned, len(study.cells)),
        len(done),
        len(known),
        sum(library.store.partial_folder(job).exists() for job in known if job not in done),
        study.updated,
        study.failure,
    )
