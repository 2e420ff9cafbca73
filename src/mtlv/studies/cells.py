"""Cells: one plan on one fold, its groups found and its settings chosen, ready to be trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from mtlv.errors import PlanError
from mtlv.plans import ModelPlan, Plan
from mtlv.store import CellRecord, Store
from mtlv.store.record import GroupingRecord, TuningRecord
from mtlv.studies.grouping import validation_value
from mtlv.studies.jobs import Job, Lineage
from mtlv.studies.overrides import ModelSettings
from mtlv.studies.tuning import Trial, TuneSettings
from mtlv.studies.worker import Worker

__all__ = ["Cell", "best_served"]


@dataclass
class Cell:
    """One plan on one fold, for all its seeds.

    Args:
        title: of the plan; with a sweep, its point stands behind an `@`.
        variant: settings of the point of the sweep.
        fold: from 0.
        plan: the architecture.
        settings: of its models; the chosen trial changes them.
        tune: how to tune it; None for a plan that is not tuned.
        grouping: how its groups were found.
        start: what its models start from: a cell of the same fold, or the ids of pretraining
            jobs by seed.
        keep_heads: whether they go on with that cell's heads.
        own_heads: what each head of each model sets itself; empty where none does.
        teacher: a cell of the same fold whose models' scores they learn too.
        trials: that tuning made.
        chosen: index of the best trial.
    """

    title: str
    variant: Mapping[str, Any]
    fold: int
    plan: Plan
    settings: ModelSettings
    tune: TuneSettings | None
    grouping: GroupingRecord | None = None
    start: Cell | Mapping[int, str] | None = None
    keep_heads: bool = False
    own_heads: Sequence[Sequence[Mapping[str, Any]]] = ()
    teacher: Cell | None = None
    trials: list[Trial] = field(default_factory=list)
    chosen: int | None = None

    def jobs(
        self,
        worker: Worker,
        seed: int,
        changes: Mapping[str, Any] | None = None,
        models: Sequence[int] | None = None,
    ) -> list[Job]:
        """Return the jobs that train the plan's models (or some of them) with one seed."""
        if changes is None:
            changes = {} if self.chosen is None else self.trials[self.chosen].changes
        settings = self.settings.changed(changes, "tune.space")
        wanted = range(len(self.plan.models)) if models is None else models
        return [
            worker.job(
                self.plan.models[i],
                self.fold,
                seed,
                settings.with_heads(self.own_heads[i]) if self.own_heads else settings,
                lineage=self._lineage(self.plan.models[i], worker, seed),
            )
            for i in wanted
        ]

    @property
    def is_chosen(self) -> bool:
        """Whether its settings are known, and those of what it starts from."""
        own = self.tune is None or self.chosen is not None
        before = [cell for cell in (self.start, self.teacher) if isinstance(cell, Cell)]
        return own and all(cell.is_chosen for cell in before)

    def check_teacher(self) -> None:
        """Make sure that the teaching plan, as far as it is known, teaches one task at least.

        Raises:
            PlanError: it has none of the plan's tasks.
        """
        if self.teacher is None:
            return
        own = [task for model in self.plan.models for task in model.tasks]
        taught = self.teacher.plan.serves
        if not set(own) & set(taught):
            raise PlanError(
                f"The plan '{self.teacher.title}' serves none of the tasks that it should teach.",
                where=f"plan '{self.title}', key 'teachers'",
                found=", ".join(taught),
                expected=f"one or more of {', '.join(dict.fromkeys(own))}",
                hint="name a plan that learns them, such as stl",
            )

    def check_kept_heads(self) -> None:
        """Make sure that some head to go on with can fit, as far as the layers are known.

        Raises:
            PlanError: heads with hidden layers should go on with heads without, or the reverse.
        """
        before = self.start
        if not self.keep_heads or not isinstance(before, Cell) or self.tune or before.tune:
            return
        own, earlier = self._depths, before._depths
        if {depth == 0 for depth in own}.isdisjoint(depth == 0 for depth in earlier):
            raise PlanError(
                f"No head of '{before.title}' fits, and `keep_heads` is set.",
                where=f"plan '{self.title}'",
                found=f"hidden layers of its heads: {_depths(own)}",
                expected=f"as many as in the heads of '{before.title}': {_depths(earlier)}",
                hint="give both plans the same `head: {layers: …}`, or leave `keep_heads` out",
            )

    @property
    def _depths(self) -> set[int]:
        """How many hidden layers its heads have, as far as they are not tuned."""
        common = self.settings.head.layers
        return {own.get("layers", common) for model in self.own_heads for own in model} or {common}

    def _lineage(self, model: ModelPlan, worker: Worker, seed: int) -> Lineage:
        start = self._start(model, worker, seed)
        return Lineage(start, self.keep_heads, self._taught_by(model, worker, seed))

    def _taught_by(self, model: ModelPlan, worker: Worker, seed: int) -> tuple[str, ...]:
        """Return the ids of the jobs that serve a model's tasks under the teaching plan."""
        if self.teacher is None:
            return ()
        serves = self.teacher.plan.serves
        models = sorted({serves[task] for task in model.tasks if task in serves})
        return tuple(job.id for job in self.teacher.jobs(worker, seed, models=models))

    def _start(self, model: ModelPlan, worker: Worker, seed: int) -> str | None:
        """Return the id of the job that a model starts from: one that learned all of its tasks."""
        if self.start is None:
            return None
        if not isinstance(self.start, Cell):
            return self.start[seed]
        before = self.start.plan
        able = [i for i, m in enumerate(before.models) if set(model.tasks) <= set(m.tasks)]
        if not able:
            raise PlanError(
                f"No model of the plan '{before.name}' learned all tasks of a model of "
                f"'{self.plan.name}', which should start from it.",
                found=", ".join(model.tasks),
                hint="start from a plan whose models have more tasks, such as mtl",
            )
        serving = before.serves.get(model.tasks[0])
        chosen = serving if serving in able else able[0]
        return self.start.jobs(worker, seed, models=[chosen])[0].id

    def record(self, worker: Worker, seed: int) -> CellRecord:
        """Return the record of the cell for one seed."""
        tuning = None
        if self.tune is not None and self.chosen is not None:
            trials = [asdict(trial) for trial in self.trials]
            tuning = TuningRecord(metric=self.tune.metric, trials=trials, chosen=self.chosen)
        jobs = [job.id for job in self.jobs(worker, seed)]
        plan = self.plan
        if self.grouping is not None and self.grouping.serves is not None:
            plan = best_served(plan, jobs, worker.store)
        return CellRecord(
            plan=self.title,
            variant=dict(self.variant),
            fold=self.fold,
            seed=seed,
            architecture=plan.to_json(),
            jobs=jobs,
            grouping=self.grouping,
            tuning=tuning,
        )


def best_served(plan: Plan, jobs: Sequence[str], store: Store) -> Plan:
    """Return a plan in which every task is served by the model that does best on validation.

    Where not all models are trained yet, the plan is returned as it is.

    Args:
        plan: in which tasks may be learned by several models.
        jobs: ids of its models' jobs.
        store: has their predictions.
    """
    if not all(store.has_job(job) for job in jobs):
        return plan
    parts = [store.predictions(job)["validation"] for job in jobs]
    serves = dict(plan.serves)
    for task, predicted in plan.serves.items():
        values = {
            index: validation_value(parts[index], task)
            for index, model in enumerate(plan.models)
            if task in model.tasks
        }
        best = max(values, key=lambda i: (np.nan_to_num(values[i], nan=-1.0), i == predicted))
        serves[task] = best
    return replace(plan, serves=serves)


def _depths(layers: set[int]) -> str:
    return ", ".join(map(str, sorted(layers)))
