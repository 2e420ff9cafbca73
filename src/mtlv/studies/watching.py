"""Watching a study: what progress bars and trackers are told."""

from __future__ import annotations

from collections.abc import Sequence

from mtlv.evaluation.curves import CurvePoint
from mtlv.store import JobRecord, StudyRecord
from mtlv.studies.jobs import AnyJob
from mtlv.training.observing import Step

__all__ = ["StudyWatcher", "Watchers"]


class StudyWatcher:
    """Hears of everything and does nothing; override what you need."""

    def on_study(self, study: StudyRecord) -> None:
        """Hear of the study's record: at its start, after each job, at its end."""

    def on_stage(self, stage: str, jobs: int) -> None:
        """Hear of a stage (`tuning, trial 1`, `training`) and how many jobs are left to run."""

    def on_job(self, job: AnyJob) -> None:
        """Hear of a job that starts."""

    def on_step(self, step: Step) -> None:
        """Hear of a batch of the current job."""

    def on_epoch(self, epoch: int, points: list[CurvePoint]) -> None:
        """Hear of an epoch of the current job."""

    def on_job_end(self, job: AnyJob, record: JobRecord) -> None:
        """Hear of a finished job."""


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

    def on_step(self, step: Step) -> None:
        """Tell all."""
        for watcher in self._watchers:
            watcher.on_step(step)

    def on_epoch(self, epoch: int, points: list[CurvePoint]) -> None:
        """Tell all."""
        for watcher in self._watchers:
            watcher.on_epoch(epoch, points)

    def on_job_end(self, job: AnyJob, record: JobRecord) -> None:
        """Tell all."""
        for watcher in self._watchers:
            watcher.on_job_end(job, record)
