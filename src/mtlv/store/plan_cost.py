"""Costs: what a plan took, as if nothing had been shared with other plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mtlv.store.record import CellRecord, JobRecord
from mtlv.store.store import Store

__all__ = ["PlanCost", "cell_cost", "mean_cost", "places"]

COUNTS = ("models", "forward_passes", "parameters", "texts_seen", "missing_jobs")


@dataclass(frozen=True)
class PlanCost:
    """What one cell of a plan took, as if nothing had been shared with other plans.

    Args:
        train_seconds: wall time of all its jobs, the tuning's and the grouping's included.
        cpu_seconds: processor time of the same; records made before it was kept say less of
            preparation and grouping.
        tuning_seconds: the part of `train_seconds` that went into choosing settings.
        grouping_seconds: the part that went into finding the groups.
        earlier_seconds: the part that went into the jobs that its own started or learned from.
        peak_memory_mb: largest of its jobs, in MiB.
        models: number of models.
        forward_passes: encoder passes per text at inference: encoders of the models that serve a
            task.
        parameters: of all its models.
        texts_seen: in training, repeated ones counted, tuning included.
        missing_jobs: of tuning and grouping that the store no longer has; their cost is left out.
    """

    train_seconds: float
    cpu_seconds: float
    tuning_seconds: float
    grouping_seconds: float
    earlier_seconds: float
    peak_memory_mb: float
    models: float
    forward_passes: float
    parameters: float
    texts_seen: float
    missing_jobs: float = 0.0

    def to_json(self) -> dict[str, float]:
        """Return all costs; counts that are whole are whole numbers."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            name: int(value) if name in COUNTS and float(value).is_integer() else value
            for name, value in values.items()
        }


def cell_cost(store: Store, cell: CellRecord) -> PlanCost:
    """Return what a cell took; its own jobs must be finished."""
    trials = cell.tuning.trials if cell.tuning else []
    tried = {job for trial in trials for job in trial["jobs"]} - set(cell.jobs)
    asked = set(cell.grouping.jobs if cell.grouping else ()) - tried - set(cell.jobs)
    own = [store.job(job) for job in dict.fromkeys(cell.jobs)]
    earlier = _earlier(store, [*cell.jobs, *tried, *asked])
    tuning = [store.job(job) for job in sorted(tried) if store.has_job(job)]
    measuring = [store.job(job) for job in sorted(asked) if store.has_job(job)]
    every = [*own, *tuning, *measuring, *earlier]
    earlier_seconds = sum(job.cost.wall_seconds for job in earlier)
    tuning_seconds = sum(job.cost.wall_seconds for job in tuning)
    grouping_seconds = sum(job.cost.wall_seconds for job in measuring)
    grouping_seconds += cell.grouping.seconds if cell.grouping else 0.0
    training = sum(job.cost.wall_seconds for job in own) + _preparation(every)
    cpu_seconds = sum(job.cost.cpu_seconds for job in every) + _cpu_preparation(every)
    cpu_seconds += cell.grouping.cpu_seconds if cell.grouping else 0.0
    plan = cell.as_plan()
    return PlanCost(
        train_seconds=training + tuning_seconds + grouping_seconds + earlier_seconds,
        cpu_seconds=cpu_seconds,
        tuning_seconds=tuning_seconds,
        grouping_seconds=grouping_seconds,
        earlier_seconds=earlier_seconds,
        peak_memory_mb=max(job.cost.peak_memory_mb for job in every),
        models=len(plan.models),
        forward_passes=sum(
            store.job(cell.jobs[model]).cost.encoders for model in set(plan.serves.values())
        ),
        parameters=sum(store.job(job).cost.parameters for job in cell.jobs),
        texts_seen=sum(job.cost.texts_seen for job in every),
        missing_jobs=sum(not store.has_job(job) for job in tried | asked),
    )


def _earlier(store: Store, jobs: Sequence[str]) -> list[JobRecord]:
    """Return the jobs that some started from or learned from, and those before them."""
    found: dict[str, JobRecord] = {}
    left = [job for job in jobs if store.has_job(job)]
    while left:
        spec = store.job(left.pop()).spec
        for name in (spec.get("starts_from"), *spec.get("teachers", ())):
            if name is not None and name not in found and name not in jobs:
                found[name] = store.job(name)
                left.append(name)
    return list(found.values())


def _preparation(jobs: Sequence[JobRecord]) -> float:
    """Return what shared preparation took: each different one once."""
    named = {name: s for job in jobs for name, s in job.cost.preparations.items()}
    others = {job.cost.preparation_seconds for job in jobs if not job.cost.preparations}
    return sum(named.values()) + sum(others)


def _cpu_preparation(jobs: Sequence[JobRecord]) -> float:
    """Return the same in processor seconds."""
    return sum({name: s for job in jobs for name, s in job.cost.cpu_preparations.items()}.values())


def mean_cost(costs: Sequence[PlanCost]) -> PlanCost:
    """Return the mean of each cost over some cells."""
    names = PlanCost.__dataclass_fields__
    means = {n: float(np.mean([getattr(cost, n) for cost in costs])) for n in names}
    return PlanCost(**means)


def places(store: Store, cell: CellRecord) -> tuple[str, ...]:
    """Return the devices on which a cell's models were trained, with their threads, each once."""
    told = [store.job(job).environment for job in dict.fromkeys(cell.jobs)]
    return tuple(sorted({_place(environment) for environment in told}))


def _place(environment: dict[str, str]) -> str:
    device = environment.get("device", "unknown")
    if device != "cpu":
        return device
    threads = environment.get("threads", "?")
    processor = environment.get("processor", "a processor")
    return f"{processor}, {threads} thread{'' if threads == '1' else 's'}"
