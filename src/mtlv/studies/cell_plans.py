"""Plans of a study as cells: what a spec means on one fold, with its groups found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mtlv.errors import MtlvError, PlanError
from mtlv.grouping.methods import needs_training
from mtlv.groups import Grouping
from mtlv.plans import Plan, explicit, gmhl, gmtl, mtl, stl
from mtlv.store.record import GroupingRecord
from mtlv.studies.cells import Cell
from mtlv.studies.config import StudyConfig
from mtlv.studies.config_weights import check_order, check_steps
from mtlv.studies.grouping import Instruments, RunJobs, grouping_record
from mtlv.studies.specs import PlanSpec
from mtlv.studies.sweeps import point_title
from mtlv.studies.worker import Worker
from mtlv.tasks import TaskSet

__all__ = ["plan_cell", "title_of", "waits_for_training"]


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
