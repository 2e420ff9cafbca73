"""Executors: where jobs are run, here one after another, or several at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mtlv.store import Store
from mtlv.studies.config import StudyConfig
from mtlv.studies.inputs import read_inputs
from mtlv.studies.jobs import AnyJob
from mtlv.studies.watching import JobObserver, StudyWatcher
from mtlv.studies.worker import Worker

__all__ = ["Executor", "LocalExecutor", "Recipe", "Work"]


@dataclass(frozen=True)
class Recipe:
    """What another process needs to make the same worker.

    Args:
        config: of a point of the sweep.
        base: folder that its paths are relative to.
        store: folder of the run store.
        keep_checkpoints: whether weights are stored.
    """

    config: StudyConfig
    base: Path
    store: Path
    keep_checkpoints: bool

    def make(self) -> Worker:
        """Read the inputs and return the worker."""
        inputs = read_inputs(self.config, self.base)
        return Worker(inputs, Store(self.store), keep_checkpoints=self.keep_checkpoints)


@dataclass(frozen=True)
class Work:
    """Jobs that do not depend on each other, and who runs them.

    Args:
        jobs: all different, none finished.
        worker: runs them in this process.
        recipe: how others make the same worker.
        watcher: is told of progress.
        after_job: is called when a job is finished.
    """

    jobs: Sequence[AnyJob]
    worker: Worker
    recipe: Recipe
    watcher: StudyWatcher = field(default_factory=StudyWatcher)
    after_job: Callable[[], None] = lambda: None


class Executor(Protocol):
    """Runs jobs that do not depend on each other."""

    def run(self, work: Work) -> None:
        """Run every job, in any order; return when all are finished."""


class LocalExecutor:
    """Runs jobs one after another in this process, each with all threads."""

    def run(self, work: Work) -> None:
        """Run every job, in the order given."""
        for job in work.jobs:
            work.watcher.on_job(job)
            record = work.worker.run(job, JobObserver(work.watcher, job))
            work.watcher.on_job_end(job, record)
            work.after_job()
