"""Which stored model answers for a task in a plan, and the network of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from mtlv.data import Kind
from mtlv.errors import DataError, StoreError, nearest
from mtlv.evaluation.thresholds import DEFAULT_THRESHOLD
from mtlv.model.network import Network
from mtlv.model.source import EncoderSource
from mtlv.store import JobRecord, Store, StudyRecord
from mtlv.store.outcome import PlanOutcome, StudyOutcome
from mtlv.store.record import TaskRecord
from mtlv.tasks import PRIMARY_METRIC, Task, TaskSet
from mtlv.training.restoring import load_network

__all__ = ["Models", "Served", "asked_plans", "asked_tasks", "served"]

NETWORKS_KEPT = 2


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

    def _load(self, job: str) -> tuple[Network, EncoderSource]:
        return load_network(self._store, self.record(job), self.tasks)


def asked_plans(outcome: StudyOutcome, names: Sequence[str]) -> list[PlanOutcome]:
    """Return the plans of some names; all finished ones where none is named.

    Raises:
        StoreError: there is no such finished plan, or none at all.
    """
    known = [plan.name for plan in outcome.plans]
    if not known:
        raise StoreError(
            f"The study '{outcome.study.name}' has no finished plan yet.", hint="run it first"
        )
    for name in names:
        if name not in known:
            raise StoreError(f"The study has no finished plan '{name}'.", hint=nearest(name, known))
    return [outcome[name] for name in names or known]


def asked_tasks(
    outcome: StudyOutcome, plans: Sequence[PlanOutcome], names: Sequence[str]
) -> list[str]:
    """Return the tasks of some names; all where none is named.

    Raises:
        DataError: there is no such task.
        StoreError: none of the plans has a model for a task.
    """
    known = [task.name for task in outcome.study.targets]
    for name in names:
        if name not in known:
            raise DataError(f"The study has no task '{name}'.", hint=nearest(name, known))
        if not any(name in plan.cells[0].cell.as_plan().serves for plan in plans):
            tasks = dict.fromkeys(t for p in plans for t in p.cells[0].cell.as_plan().serves)
            raise StoreError(
                f"No model for the task '{name}'.",
                where="plan " + ", ".join(f"'{plan.name}'" for plan in plans),
                found=f"models for {', '.join(tasks)}",
                hint="name another plan with --plan, or another task",
            )
    return [name for name in known if not names or name in names]


def served(plan: PlanOutcome, task: str) -> list[Served]:
    """Return the models that answer for a task on the plan's first fold, by seed; none if so."""
    fold = min(own.cell.fold for own in plan.cells)
    found = []
    for outcome in (own for own in plan.cells if own.cell.fold == fold):
        serves = outcome.cell.as_plan().serves
        if task in serves:
            limit = outcome.scores.thresholds.values.get(task, DEFAULT_THRESHOLD)
            job = outcome.cell.jobs[serves[task]]
            found.append(Served(plan.name, task, fold, outcome.cell.seed, job, limit))
    return sorted(found, key=lambda own: own.seed)


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
