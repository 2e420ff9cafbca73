"""Cells: one plan on one fold, its groups found and its settings chosen, ready to be trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from mtlv.errors import MtlvError, PlanError
from mtlv.grouping.methods import needs_training
from mtlv.plans import Grouping, ModelPlan, Plan, explicit, gmhl, gmtl, mtl, stl
from mtlv.store import CellRecord, Store
from mtlv.store.record import GroupingRecord, TuningRecord
from mtlv.studies.config import StudyConfig
from mtlv.studies.config_weights import check_order, check_steps
from mtlv.studies.grouping import Instruments, RunJobs, grouping_record, validation_value
from mtlv.studies.jobs import Job, Lineage
from mtlv.studies.overrides import ModelSettings
from mtlv.studies.specs import PlanSpec
from mtlv.studies.sweeps import point_title
from mtlv.studies.tuning import Trial, TuneSettings
from mtlv.studies.worker import Worker
from mtlv.tasks import TaskSet

__all__ = ["Cell", "best_served", "plan_cell", "title_of", "waits_for_training"]


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


def plan_cell(
    spec: PlanSpec,
    config: StudyConfig,
    variant: Mapping[str, Any],
    fold: int,
    worker: Worker,
    run_jobs: RunJobs,
) -> Cell:
    """Build the plan that a spec means on one fold.

    Args:
        spec: of the plan.
        config: of the study, at a point of its sweep.
        variant: what the point sets.
        fold: from 0.
        worker: makes jobs.
        run_jobs: runs those that a grouping needs.

    Raises:
        ConfigError: its settings name a corpus that there is not.
        PlanError: its models or groups do not fit the tasks.
        GroupingError: its tasks cannot be grouped as it says.
    """
    tasks = worker.inputs.tasks
    title = title_of(spec, variant)
    settings, tune = config.settings_of(spec), config.tuning_of(spec)
    try:
        settings.train.mixing.check(worker.inputs.corpora)
        grouping = _grouping(spec, Instruments(worker, fold, settings, run_jobs))
        plan = _plan(spec, tasks, grouping, title)
        _check_sharing(spec, plan)
        check_order(spec, plan, settings, tune)
        check_steps(plan, tasks, settings, tune)
    except MtlvError as error:
        named = f"plan '{title}'"
        raise (error if error.where == named else error.inside(named)) from error
    return Cell(
        title,
        variant,
        fold,
        plan,
        settings,
        tune,
        grouping,
        keep_heads=spec.keep_heads,
        own_heads=_own_heads(spec, plan),
    )


def title_of(spec: PlanSpec, variant: Mapping[str, Any]) -> str:
    """Return the name of a plan at a point of the sweep: `mtl@biobert`."""
    if not variant:
        return spec.title
    return f"{spec.title}@{point_title(variant)}"


def waits_for_training(spec: PlanSpec) -> bool:
    """Tell whether something must be trained before the plan is known."""
    try:
        return spec.how is not None and needs_training(spec.how)
    except MtlvError as error:
        raise error.inside(f"plan '{spec.title}'") from error


def _plan(spec: PlanSpec, tasks: TaskSet, grouping: GroupingRecord | None, title: str) -> Plan:
    some = tasks if spec.tasks is None else tasks.only(spec.tasks)
    match spec.kind:
        case "stl":
            return stl(some, title)
        case "mtl":
            return mtl(some, title)
        case "plan":
            return explicit(tasks, spec.nested, title, serves=spec.serves)
    found = grouping or GroupingRecord(origin="", groups=[])
    checked = Grouping.of(found.groups, tasks, serves=found.serves)
    return (gmhl if spec.kind == "gmhl" else gmtl)(tasks, checked, title)


def _own_heads(spec: PlanSpec, plan: Plan) -> list[list[Mapping[str, Any]]]:
    """Return what each head of each model sets itself, in the plan's order; [] where none does."""
    written = [{frozenset(head.tasks): head.own for head in model} for model in spec.models or ()]
    if not any(own for model in written for own in model.values()):
        return []
    return [
        [own[frozenset(head.tasks)] for head in model.heads]
        for own, model in zip(written, plan.models, strict=True)
    ]


def _depths(layers: set[int]) -> str:
    return ", ".join(map(str, sorted(layers)))


def _check_sharing(spec: PlanSpec, plan: Plan) -> None:
    """Make sure that a plan which is to tie its heads' encoders has several heads in a model.

    Raises:
        PlanError: it has not.
    """
    tied = spec.train.get("soft_sharing") is not None
    if tied and all(len(model.heads) == 1 for model in plan.models):
        raise PlanError(
            "Soft sharing ties the encoders of a model's heads, and no model has two heads.",
            found=f"{len(plan.models)} models of one head",
            expected="a plan of several heads, such as {gmhl: {groups: [[a], [b]]}}",
        )


def _grouping(spec: PlanSpec, instruments: Instruments) -> GroupingRecord | None:
    if spec.given is not None:
        tasks = instruments.worker.inputs.tasks
        groups = Grouping.of(spec.given, tasks).groups
        return GroupingRecord(origin="given", groups=[list(group) for group in groups])
    return None if spec.how is None else grouping_record(spec.how, instruments)
