"""Grouping inside a study: hands grouping its instruments, on the training side of one fold.

An affinity that is measured by training is made of ordinary jobs: equal ones are run once, ever,
and their cost counts for the plan that asked for them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import numpy as np

from mtlv.errors import GroupingError
from mtlv.evaluation import judging
from mtlv.evaluation.predictions import Predictions
from mtlv.grouping.context import Array, Measured, Pooling, TaskContext, Trained
from mtlv.grouping.methods import Found, find_groups
from mtlv.grouping.settings import GroupingSettings
from mtlv.model.settings import EncoderSettings
from mtlv.plans import HeadPlan, ModelPlan, mtl
from mtlv.store.record import GroupingRecord
from mtlv.studies.grouping_records import record_of
from mtlv.studies.jobs import Job
from mtlv.studies.overrides import ModelSettings
from mtlv.studies.worker import Worker
from mtlv.training.probe_settings import ProbeSettings
from mtlv.training.probes import PROBES

__all__ = ["Instruments", "RunJobs", "find", "grouping_record", "validation_value"]

RunJobs = Callable[[str, Sequence[Job]], None]
"""Runs the jobs of a stage that are not finished."""
HELD_OUT = ("lookahead", "subset")
"""Probes that measure losses of validation texts."""


@dataclass
class Instruments:
    """What a grouping on one fold may use, and the jobs that it used.

    Args:
        worker: makes jobs and embeds texts.
        fold: from 0.
        settings: of the models that are trained.
        run_jobs: runs them.
        jobs: ids of those that were asked for.
        waited: seconds that passed while jobs ran, by the clock and of the processor, (2,).
    """

    worker: Worker
    fold: int
    settings: ModelSettings
    run_jobs: RunJobs
    jobs: list[str] = field(default_factory=list)
    waited: Array = field(default_factory=lambda: np.zeros(2))

    def context(self, grouping: GroupingSettings) -> TaskContext:
        """Return what a grouping with these settings may look at."""
        encoder = self.settings.encoder
        if grouping.encoder is not None:
            encoder = EncoderSettings(name=grouping.encoder)
        inputs, fold = self.worker.inputs, self.fold
        targets = {
            task.name: inputs.corpora[task.corpus].values(task.name)[self._rows(task.corpus)]
            for task in inputs.tasks
            if task.kind == "binary"
        }
        texts = sum(len(splits[fold].train) for splits in inputs.splits.values())
        return TaskContext(
            inputs.tasks,
            targets,
            embed=lambda words, pooling="mean": self._embed(words, encoder, pooling),
            text_vectors=cache(
                partial(self.worker.sources.text_vectors, settings=encoder, fold=fold)
            ),
            measure=partial(self._measure, seed=grouping.seeds[0]),
            train=self.train,
            mtl_texts=texts * self.settings.train.epochs,
            epochs=self.settings.train.epochs,
            base=inputs.base,
        )

    def _embed(self, words: Sequence[str], encoder: EncoderSettings, pooling: Pooling) -> Array:
        return self.worker.sources.embed(words, encoder, self.fold, pooling)

    def _measure(self, probe: str, settings: Mapping[str, Any], seed: int) -> Measured:
        tasks = self.worker.inputs.tasks
        model = mtl(tasks).models[0]
        named = ProbeSettings(name=probe, **dict(settings))
        if "every" in settings:
            self._check_length(named.every)
        if probe in HELD_OUT:
            self._check_judged(tasks.names)
        job = self.worker.job(model, self.fold, seed, self.settings, probe=named)
        self._run(f"measuring {probe}", [job])
        cost = self.worker.store.job(job.id).cost
        if not self.worker.store.measured(job.id):
            raise GroupingError(
                "The run is too short to be measured.",
                where="grouping, key 'every'",
                found=f"measured every {named.every} steps",
                hint="lower `every`",
            )
        arrays = _in_order(self.worker.store.measured(job.id), probe, model.tasks, tasks.names)
        run_seconds = cost.wall_seconds - cost.measuring_seconds
        return Measured(job.id, arrays, run_seconds, cost.measuring_seconds)

    def train(
        self, groups: Sequence[tuple[str, ...]], seed: int, epochs: int | None = None
    ) -> list[Trained]:
        """Train a model per group; see `Training`."""
        changes = {} if epochs is None else {"train.epochs": epochs}
        settings = self.settings.changed(changes, "grouping.epochs")
        self._check_judged({task for group in groups for task in group})
        jobs = [self._job(group, seed, settings) for group in groups]
        self._run(f"training {len(jobs)} groups", jobs)
        return [_trained(group, job, self.worker) for group, job in zip(groups, jobs, strict=True)]

    def _check_length(self, every: int) -> None:
        """Refuse to measure a run that is over before its first measurement.

        Raises:
            GroupingError: it is.
        """
        train = self.settings.train
        parts = [len(splits[self.fold].train) for splits in self.worker.inputs.splits.values()]
        steps = train.epochs * sum(-(-texts // train.batch_size) for texts in parts)
        if every > steps:
            raise GroupingError(
                "The run ends before it is measured.",
                where="grouping, key 'every'",
                found=f"a measurement every {every} steps, in a run of {steps} batches",
                expected=f"at most {steps}; the fewer, the surer is what is found",
            )

    def _check_judged(self, names: Collection[str]) -> None:
        """Refuse to train or to measure anything for tasks that validation cannot judge.

        Raises:
            GroupingError: a binary task has no positive or no negative there.
        """
        inputs = self.worker.inputs
        for task in inputs.tasks:
            if task.name not in names or task.kind != "binary":
                continue
            rows = inputs.splits[task.corpus][self.fold].validation
            values = inputs.corpora[task.corpus].values(task.name)[rows]
            for value, sign in ((1, "positive"), (0, "negative")):
                if not (values == value).any():
                    raise GroupingError(
                        f"The task '{task.name}' has no {sign} example in the validation part, "
                        "so what others do to it cannot be judged.",
                        where=f"fold {self.fold + 1}, {len(rows)} validation texts",
                        hint="leave the task out, or validate on more texts "
                        "(evaluation.validation)",
                    )

    def _job(self, group: Sequence[str], seed: int, settings: ModelSettings) -> Job:
        heads = self.worker.inputs.tasks.sharing_inputs(group)
        model = ModelPlan(tuple(HeadPlan(head) for head in heads))
        return self.worker.job(model, self.fold, seed, settings)

    def _run(self, stage: str, jobs: Sequence[Job]) -> None:
        started = _clocks()
        self.jobs += [job.id for job in jobs]
        self.run_jobs(stage, jobs)
        self.waited += _clocks() - started

    def _rows(self, corpus: str) -> Array:
        return self.worker.inputs.splits[corpus][self.fold].train


def grouping_record(settings: GroupingSettings, instruments: Instruments) -> GroupingRecord:
    """Group the tasks on one fold, and say what was seen on the way and what it took.

    Raises:
        GroupingError: the tasks cannot be grouped so.
    """
    found, took = find(settings, instruments)
    return record_of(found, instruments.jobs, took)


def find(settings: GroupingSettings, instruments: Instruments) -> tuple[Found, Array]:
    """Group the tasks on one fold.

    Returns:
        What was found, and the seconds without those of jobs, by the clock and of the processor,
        (2,).

    Raises:
        GroupingError: the tasks cannot be grouped so.
    """
    started = _clocks()
    found = find_groups(instruments.context(settings), settings)
    return found, _clocks() - started - instruments.waited


def _clocks() -> Array:
    return np.array([time.perf_counter(), time.process_time()])


def _trained(group: tuple[str, ...], job: Job, worker: Worker) -> Trained:
    validation = worker.store.predictions(job.id)["validation"]
    cost = worker.store.job(job.id).cost
    values = {task: validation_value(validation, task) for task in group}
    return Trained(group, values, job.id, cost.wall_seconds, cost.texts_seen)


def validation_value(validation: Predictions, task: str) -> float:
    """Return what a task is worth on validation, larger being better; see `judging`."""
    return judging.validation_value(validation.only([task]).tasks[task])


def _in_order(
    arrays: Mapping[str, Array], probe: str, measured: Sequence[str], wanted: Sequence[str]
) -> dict[str, Array]:
    """Bring the axes that count tasks from the order of a model's heads into that of the tasks."""
    order = np.asarray([list(measured).index(task) for task in wanted])
    result = dict(arrays)
    for name, axes in PROBES[probe].task_axes.items():
        for axis in axes if name in result else ():
            result[name] = np.take(result[name], order, axis=axis)
    return result
