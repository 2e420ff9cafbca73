"""The progress bar of a running study."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from mtlv.evaluation.curves import CurvePoint
from mtlv.store import JobRecord
from mtlv.studies.jobs import AnyJob
from mtlv.studies.watching import StudyWatcher
from mtlv.training.observing import Step

__all__ = ["ProgressBar"]


SHOWN = {
    "perplexity": ("perplexity", 1),
    "f1_macro": ("macro-F1", 100),
    "primary_mean": ("mean of metrics", 100),
}
"""Validation metrics that a line shows: the last of those that there are."""


@dataclass
class _Line:
    """What is shown of a running job."""

    task: TaskID
    started: float = field(default_factory=time.perf_counter)
    texts: int = 0
    metric: str = ""

    @property
    def speed(self) -> float:
        """Texts per second."""
        return self.texts / max(time.perf_counter() - self.started, 1e-9)


class ProgressBar(StudyWatcher):
    """Lines on stderr: the jobs of the stage, and each running job with loss, metric and speed."""

    def __init__(self) -> None:
        console = Console(stderr=True, emoji=False)
        self._plain = not console.is_terminal
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[state]}", markup=False),
            TimeRemainingColumn(),
            console=console,
            disable=self._plain,
        )
        self._console = console
        self._jobs = self._progress.add_task("jobs", total=None, state="", visible=False)
        self._running: dict[str, _Line] = {}
        self._stage, self._done, self._left = "", 0, 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def on_stage(self, stage: str, jobs: int) -> None:
        """Start counting the jobs of a stage."""
        self._stage, self._left, self._done = stage, jobs, 0
        if jobs:
            self._progress.reset(self._jobs, total=jobs, description=stage, visible=True)

    def on_job(self, job: AnyJob) -> None:
        """Start a job's line."""
        task = self._progress.add_task(job.title, total=None, state="")
        self._running[job.id] = _Line(task)

    def on_step(self, job: AnyJob, step: Step) -> None:
        """Move a job's line."""
        line = self._running[job.id]
        line.texts += step.examples
        state = f"loss {step.loss:.3f} {line.metric} {line.speed:,.0f} texts/s"
        self._progress.update(line.task, total=step.steps, completed=step.step, state=state)

    def on_epoch(self, job: AnyJob, epoch: int, points: list[CurvePoint]) -> None:
        """Show the validation metric of the epoch."""
        shown = {point.metric: point.value for point in points if point.scope == "model"}
        for metric, (name, scale) in SHOWN.items():
            if metric in shown:
                self._running[job.id].metric = f"{name} {scale * shown[metric]:.1f}"

    def on_job_end(self, job: AnyJob, record: JobRecord) -> None:
        """Count a job; without a terminal, write a line about it."""
        line = self._running.pop(job.id)
        self._progress.remove_task(line.task)
        self._done += 1
        self._progress.update(self._jobs, advance=1)
        if self._plain:
            seconds = record.cost.wall_seconds
            self._console.print(
                f"{self._stage} {self._done}/{self._left}: {job.title}: {seconds:.1f} s, "
                f"{record.cost.texts_seen / max(seconds, 1e-9):,.0f} texts/s {line.metric}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
