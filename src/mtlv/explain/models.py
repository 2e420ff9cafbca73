"""Which plans, tasks and fold are looked at, which model answers for a task, and its network."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from mtlv.data import Kind
from mtlv.errors import DataError, StoreError, nearest
from mtlv.evaluation.thresholds import DEFAULT_THRESHOLD
from mtlv.explain.attribution import Explained
from mtlv.model.network import Network
from mtlv.model.source import EncoderSource
from mtlv.store import JobRecord, Store, StudyRecord
from mtlv.store.null import is_random
from mtlv.store.outcome import PlanOutcome, StudyOutcome
from mtlv.store.record import MissingView, TaskRecord
from mtlv.tasks import PRIMARY_METRIC, Task, TaskSet
from mtlv.training.restoring import load_network
from mtlv.words import listed

__all__ = ["Chosen", "Models", "Served", "chosen"]

log = logging.getLogger(__name__)

NETWORKS_KEPT = 2


@dataclass(frozen=True)
class Chosen:
    """What of a study is looked at.

    Args:
        plans: finished ones.
        tasks: names, each served by one of the plans.
        fold: the first one that all of the plans have, for views of single models; from 0.
        missing: what plans that were asked for by name have no model for, one for each such plan.
    """

    plans: tuple[PlanOutcome, ...]
    tasks: tuple[str, ...]
    fold: int
    missing: tuple[MissingView, ...] = ()

    @property
    def names(self) -> list[str]:
        """Names of the plans."""
        return [plan.name for plan in self.plans]

    def served(self, plan: PlanOutcome, task: str) -> list[Served]:
        """Return the models that answer for a task under a plan, by seed; none if it has none."""
        found = []
        for outcome in (own for own in plan.cells if own.cell.fold == self.fold):
            serves = outcome.cell.as_plan().serves
            if task in serves:
                limit = outcome.scores.thresholds.values.get(task, DEFAULT_THRESHOLD)
                job = outcome.cell.jobs[serves[task]]
                found.append(Served(plan.name, task, self.fold, outcome.cell.seed, job, limit))
        return sorted(found, key=lambda own: own.seed)


@dataclass(frozen=True)
class Served:
    """A model that answers for a task in a plan.

    Args:
        plan: its name.
        task: its name.
        fold: from 0.
        seed: of the model.
        job: its id.
        threshold: from which a binary task is decided 1.
    """

    plan: str
    task: str
    fold: int
    seed: int
    job: str
    threshold: float


class Models:
    """Networks of a study's jobs; the last few stay in memory.

    Args:
        store: has their weights.
        study: whose tasks they serve.
    """

    def __init__(self, store: Store, study: StudyRecord) -> None:
        self._store = store
        self.tasks = TaskSet(tuple(_task(record) for record in study.tasks))
        self._loaded = lru_cache(NETWORKS_KEPT)(self._load)

    def record(self, job: str) -> JobRecord:
        """Return a job's record."""
        return self._store.job(job)

    def max_length(self, job: str) -> int:
        """Return the longest input of a job, in tokens."""
        return int(self.record(job).spec["train"]["max_length"])

    def network(self, job: str) -> tuple[Network, EncoderSource]:
        """Return a job's network in evaluation mode, and the source of its encoder.

        Raises:
            StoreError: its weights were not kept.
            EncoderError: its encoder is not there, or is another one now.
        """
        return self._loaded(job)

    def explained(self, job: str, task: str, label: str | None = None) -> Explained:
        """Return a job's model with one of its scores; of a class where a label is given.

        Raises:
            StoreError: its weights were not kept.
            EncoderError: its encoder is not there, or is another one now.
        """
        network, source = self.network(job)
        return Explained(network, source, self.max_length(job), task, label)

    def _load(self, job: str) -> tuple[Network, EncoderSource]:
        return load_network(self._store, self.record(job), self.tasks)


def chosen(outcome: StudyOutcome, plans: Sequence[str], tasks: Sequence[str]) -> Chosen:
    """Return what of a study is looked at, with a warning of each named plan that lacks a task.

    Args:
        outcome: of the study.
        plans: names; all finished ones but random groupings if empty.
        tasks: names; all that the plans serve if empty.

    Raises:
        StoreError: there is no such finished plan, or none at all; they have no fold in common;
            none of them has a model for a task; or a named one has a model for none of the tasks.
        DataError: there is no such task.
    """
    found = _plans(outcome, plans)
    served = _tasks(outcome, found, tasks)
    missing = _missing(found, served) if plans else ()
    for gap in missing:
        log.warning("%s", gap.reason)
    folds = set.intersection(*({own.cell.fold for own in plan.cells} for plan in found))
    if not folds:
        raise StoreError(
            "The plans have no finished fold in common.",
            found=", ".join(plan.name for plan in found),
            hint="run the study to its end, or name fewer plans with --plan",
        )
    return Chosen(tuple(found), tuple(served), min(folds), missing)


def _plans(outcome: StudyOutcome, names: Sequence[str]) -> list[PlanOutcome]:
    known = [plan.name for plan in outcome.plans]
    if not known:
        raise StoreError(
            f"The study '{outcome.study.name}' has no finished plan yet.", hint="run it first"
        )
    for name in names:
        if name not in known:
            raise StoreError(f"The study has no finished plan '{name}'.", hint=nearest(name, known))
    if names:
        return [outcome[name] for name in dict.fromkeys(names)]
    return [plan for plan in outcome.plans if not is_random(plan)] or list(outcome.plans)


def _tasks(outcome: StudyOutcome, plans: Sequence[PlanOutcome], names: Sequence[str]) -> list[str]:
    known = [task.name for task in outcome.study.targets]
    served = dict.fromkeys(task for own in plans for task in _tasks_of(own))
    for name in names:
        if name not in known:
            raise DataError(f"The study has no task '{name}'.", hint=nearest(name, known))
        if name not in served:
            raise StoreError(
                f"No model for the task '{name}'.",
                where="plan " + ", ".join(f"'{plan.name}'" for plan in plans),
                found=f"models for {', '.join(served)}",
                hint="name another plan with --plan, or another task",
            )
    return [name for name in known if name in (names or served)]


def _missing(plans: Sequence[PlanOutcome], tasks: Sequence[str]) -> tuple[MissingView, ...]:
    """Return what plans have no model for; one that has none at all is an error."""
    missing = []
    for plan in plans:
        own = _tasks_of(plan)
        lacking = [task for task in tasks if task not in own]
        if len(lacking) == len(tasks):
            raise StoreError(
                f"The plan '{plan.name}' has no model for {listed(tasks)}.",
                found=f"models for {', '.join(own)}",
                hint="name another plan with --plan, or another task with --task",
            )
        if lacking:
            reason = f"The plan '{plan.name}' has no model for {listed(lacking)}."
            setting = "leave the plan out, or name only tasks that it has with --task"
            missing.append(MissingView(view=f"plan {plan.name}", reason=reason, setting=setting))
    return tuple(missing)


def _tasks_of(plan: PlanOutcome) -> list[str]:
    """Return the tasks that a plan has a model for."""
    return list(plan.cells[0].cell.as_plan().serves)


def _task(record: TaskRecord) -> Task:
    kind = cast(Kind, record.kind)
    return Task(
        record.name,
        kind,
        record.corpus,
        tuple(record.labels),
        record.metric or PRIMARY_METRIC[kind],
        record.description,
        record.negative,
        record.range,
    )
