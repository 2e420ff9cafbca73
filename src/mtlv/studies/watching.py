"""Watching a study: what progress bars and trackers are told. Several jobs may run at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mtlv.evaluation.curves import CurvePoint
from mtlv.store import JobRecord, StudyRecord
from mtlv.studies.jobs import AnyJob
from mtlv.training.observing import Step

__all__ = ["JobObserver", "StudyWatcher", "Watchers"]


class StudyWatcher:
    """Hears of everything and does nothing; override what you need."""

    def on_study(self, study: StudyRecord) -> None:
        """Hear of the study's record: at its start, after each job, at its end."""

    def on_stage(self, stage: str, jobs: int) -> None:
        """Hear of a stage (`tuning`, `training`) and how many jobs are left to run."""

    def on_job(self, job: AnyJob) -> None:
        """Hear of a job that starts."""

    def on_step(self, job: AnyJob, step: Step) -> None:
        """Hear of a batch, or of several: then `examples` counts those of all."""

    def on_epoch(self, job: AnyJob, epoch: int, points: list[CurvePoint]) -> None:
        """Hear of an epoch."""

    def on_job_end(self, job: AnyJob, record: JobRecord) -> None:
        """Hear of a finished job."""


@dataclass(frozen=True)
class JobObserver:
    """Observes the training of one job and tells the watcher of the study.

    Args:
        watcher: of the study.
        job: that is trained.
    """

    watcher: StudyWatcher
    job: AnyJob

    def on_step(self, step: Step) -> None:
        """Pass on a batch."""
        self.watcher.on_step(self.job, step)

    def on_epoch(self, epoch: int, points: list[CurvePoint]) -> None:
        """Pass on an epoch."""
        self.watcher.on_epoch(self.job, epoch, points)


class Watchers(StudyWatcher):
    """Several watchers as one."""

    def __init__(self, watchers: Sequence[StudyWatcher]) -> None:
        self._watchers = tuple(watchers)

    def on_study(self, study: StudyRecord) -> None:
        """Tell all."""
        for watcher in self._watchers:
            watcher.on_study(study)

    def on_stage(self, stage: str, jobs: int) -> None:
        """Tell all."""
        for watcher in self._watchers:
            watcher.on_stage(stage, jobs)

    def on_job(self, job: AnyJob) -> None:
        """Tell all."""
        for watcher in self._watchers:
            watcher.on_job(job)

    def on_step(self, job: AnyJob, step: Step) -> None:
        """Tell all."""
        for watcher in self._watchers:
            watcher.on_step(job, step)

    def on_epoch(self, job: AnyJob, epoch: int, points: list[CurvePoint]) -> None:
        """Tell all."""
        for watcher in self._watchers:
            watcher.on_epoch(job, epoch, points)

    def on_job_end(self, job: AnyJob, record: JobRecord) -> None:
        """Tell all."""
        for watcher in self._watchers:
            watcher.on_job_end(job, record)
