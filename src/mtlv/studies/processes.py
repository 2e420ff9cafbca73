"""Several jobs at once, each in a process of its own.

Processes with few threads each do more per hour than one with all of them: a small model leaves
threads waiting for each other in every operation.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self

import torch

from mtlv.errors import TrainingError
from mtlv.evaluation.curves import CurvePoint
from mtlv.studies.executors import Executor, LocalExecutor, Recipe, Work
from mtlv.studies.jobs import AnyJob
from mtlv.studies.worker import Worker
from mtlv.training.observing import Step
from mtlv.training.processes import shares_jobs

__all__ = ["ProcessExecutor", "make_executor"]

SECONDS_BETWEEN_STEPS = 0.2
"""So often does a process tell of its steps; between, it adds them up."""


def make_executor(workers: int) -> Executor:
    """Return the executor for so many jobs at once; one at a time where processes share a job."""
    return LocalExecutor() if workers == 1 or shares_jobs() else ProcessExecutor(workers)


class ProcessExecutor:
    """Runs several jobs at once; they share the threads that this process would have used.

    Args:
        workers: how many processes; fewer where there are fewer threads or jobs.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(self, work: Work) -> None:
        """Run every job, started in the order given.

        Every job gets the same share of the threads, also the last one that is left: their number
        decides the order of sums, and so the last bits of a result.

        When one fails, those that run are let finish, no other is started, and its error is raised.

        Raises:
            TrainingError: a process died, as when the system ran out of memory.
        """
        threads = torch.get_num_threads()
        workers = min(self.workers, threads)
        count = min(workers, len(work.jobs))
        if count > 1:
            with _Crew(count, work.recipe, threads // workers) as crew:
                _Round(crew, work).run()
            return
        torch.set_num_threads(threads // workers)
        try:
            LocalExecutor().run(work)
        finally:
            torch.set_num_threads(threads)


class _Round:
    """Gives jobs to whoever is free, and passes on what they tell, until all is done."""

    def __init__(self, crew: _Crew, work: Work) -> None:
        self._crew, self._work = crew, work
        self._left = list(work.jobs)
        self._running: dict[Connection, AnyJob] = {}
        self._failure: Exception | None = None

    def run(self) -> None:
        """Run all jobs."""
        for hand in self._crew.hands:
            self._give(hand)
        while self._running:
            ready = wait(list(self._running))
            for hand in [own for own in self._crew.hands if own in ready]:
                self._hear(hand, *self._crew.listen(hand, self._running[hand]))
        if self._failure is not None:
            raise self._failure

    def _give(self, hand: Connection) -> None:
        job = self._running[hand] = self._left.pop(0)
        self._work.watcher.on_job(job)
        self._crew.give(hand, job)

    def _hear(self, hand: Connection, kind: str, *told: Any) -> None:
        watcher, job = self._work.watcher, self._running[hand]
        if kind == "step":
            watcher.on_step(job, *told)
        elif kind == "epoch":
            watcher.on_epoch(job, *told)
        else:
            del self._running[hand]
            if kind == "done":
                watcher.on_job_end(job, *told)
                self._work.after_job()
            else:
                self._failure = self._failure or told[0]
            if self._left and self._failure is None:
                self._give(hand)


class _Crew:
    """Processes that run jobs until they are left."""

    def __init__(self, count: int, recipe: Recipe, threads: int) -> None:
        self._processes = dict(_start(recipe, threads) for _ in range(count))
        self.hands = list(self._processes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for hand, process in self._processes.items():
            if error is not None:
                process.terminate()
            hand.close()  # who waits for a job hears of it and leaves
        for process in self._processes.values():
            process.join()

    def give(self, hand: Connection, job: AnyJob) -> None:
        """Give a job to a process.

        Raises:
            TrainingError: the process is gone.
        """
        try:
            hand.send(job)
        except OSError as error:
            raise self._death(hand, job) from error

    def listen(self, hand: Connection, job: AnyJob) -> tuple[Any, ...]:
        """Return the next thing that a process tells.

        Raises:
            TrainingError: the process is gone.
        """
        try:
            told: tuple[Any, ...] = hand.recv()
        except (EOFError, OSError) as error:
            raise self._death(hand, job) from error
        return told

    def _death(self, hand: Connection, job: AnyJob) -> TrainingError:
        process = self._processes[hand]
        process.join(timeout=5)
        return TrainingError(
            "The process that trained a model died.",
            where=job.title,
            found=f"exit code {process.exitcode}",
            hint="if memory ran out, lower executor.workers or train.batch_size",
        )


def _start(recipe: Recipe, threads: int) -> tuple[Connection, BaseProcess]:
    context = multiprocessing.get_context("spawn")  # a fork would copy locks that threads hold
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, recipe, threads), daemon=True)
    process.start()
    theirs.close()
    return ours, process


def _serve(caller: Connection, recipe: Recipe, threads: int) -> None:
    """Run the jobs that come, until nobody gives any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the caller decides
    torch.set_num_threads(threads)
    teller = _Teller(caller)
    worker: Worker | None = None
    try:
        while True:
            job = caller.recv()
            try:
                worker = worker or recipe.make()
                teller.tell("done", worker.run(job, teller))
            except _DesertedError:
                raise
            except Exception as error:
                teller.tell("failed", error)
    except (EOFError, _DesertedError):
        return


class _DesertedError(Exception):
    """The process that gave the jobs is gone."""


class _Teller:
    """Tells the caller of the current job; an observer of its training."""

    def __init__(self, caller: Connection) -> None:
        self._caller = caller
        self._told, self._examples = 0.0, 0

    def tell(self, kind: str, *what: Any) -> None:
        """Send a message.

        Raises:
            _DesertedError: nobody is there.
        """
        try:
            self._caller.send((kind, *what))
        except OSError as error:
            raise _DesertedError from error

    def on_step(self, step: Step) -> None:
        """Tell of a batch, with those that were not told of."""
        self._examples += step.examples
        now = time.monotonic()
        if now - self._told >= SECONDS_BETWEEN_STEPS or step.step == step.steps:
            self.tell("step", replace(step, examples=self._examples))
            self._told, self._examples = now, 0

    def on_epoch(self, epoch: int, points: list[CurvePoint]) -> None:
        """Tell of an epoch."""
        self.tell("epoch", epoch, points)
