"""Executors: where a list of jobs is run. All run equal jobs once, and finished jobs never."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from mtlv.store import JobRecord
from mtlv.studies.jobs import AnyJob

__all__ = ["Executor", "LocalExecutor"]

RunJob = Callable[[AnyJob], JobRecord]


class Executor(Protocol):
    """Runs jobs that do not depend on each other."""

    def run(self, jobs: Sequence[AnyJob], run_job: RunJob) -> None:
        """Run every job once, in any order; return when all are finished."""


class LocalExecutor:
    """Runs jobs one after another in this process."""

    def run(self, jobs: Sequence[AnyJob], run_job: RunJob) -> None:
        """Run every job once, in the order given."""
        for job in {job.id: job for job in jobs}.values():
            run_job(job)
