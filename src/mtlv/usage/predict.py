"""Predict: which of a study's plans answers for new examples."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence

import numpy as np

from mtlv.errors import DataError, StoreError, nearest
from mtlv.evaluation.counts import defined_mean
from mtlv.evaluation.judging import validation_value
from mtlv.store import CellRecord, Store
from mtlv.store.outcome import PlanOutcome, StudyOutcome, cell_predictions, load_readable
from mtlv.usage.predictor import Predictor

__all__ = ["Predictor", "load_predictor"]

log = logging.getLogger(__name__)


def load_predictor(
    store: Store, study: str, plan: str | None = None, tasks: Sequence[str] | None = None
) -> Predictor:
    """Load what is needed to predict with a plan of a study.

    Args:
        store: the run store.
        study: its name.
        plan: its name; if absent, of those that serve the tasks, the one with the best mean
            validation metric on them.
        tasks: names of those to predict; if absent, all, or as many as one plan serves.

    Raises:
        StoreError: there is no such study or finished plan, or it does not serve a task.
        DataError: there is no such task.
    """
    outcome = load_readable(store, study)
    if not outcome.plans:
        raise StoreError(f"The study '{study}' has no finished plan yet.", hint="run it first")
    names = [own.name for own in outcome.plans]
    if plan is not None and plan not in names:
        raise StoreError(f"The study has no finished plan '{plan}'.", hint=nearest(plan, names))
    _check_known(outcome, tasks or ())
    plans = [outcome[plan]] if plan else outcome.plans
    able = _serving(outcome, plans, tasks) if tasks else _serving_most(plans)
    chosen = _best(store, able, tasks or _shared(able))
    if not tasks:
        _warn_of_missing(outcome, chosen)
    return Predictor(store, outcome.study, chosen.cells[0], tasks)


def _check_known(outcome: StudyOutcome, tasks: Sequence[str]) -> None:
    known = [task.name for task in outcome.study.tasks]
    for name in tasks:
        if name not in known:
            raise DataError(f"The study has no task '{name}'.", hint=nearest(name, known))


def _serving(
    outcome: StudyOutcome, plans: Sequence[PlanOutcome], tasks: Sequence[str]
) -> list[PlanOutcome]:
    """Return the plans that serve some tasks."""
    serving = [plan for plan in plans if set(tasks) <= _served(plan)]
    if serving:
        return serving
    others = [plan.name for plan in outcome.plans if set(tasks) <= _served(plan)]
    lacking = [name for name in tasks if name not in _served(plans[0])]
    raise StoreError(
        f"The plan '{plans[0].name}' does not serve the task '{lacking[0]}'."
        if len(plans) == 1
        else "No plan serves all these tasks.",
        found=f"tasks {', '.join(sorted(_served(plans[0])))}" if len(plans) == 1 else None,
        hint=f"name another plan: {', '.join(others)}" if others else "name fewer tasks",
    )


def _serving_most(plans: Sequence[PlanOutcome]) -> list[PlanOutcome]:
    """Return the plans that serve as many tasks as any."""
    most = max(len(_served(plan)) for plan in plans)
    return [plan for plan in plans if len(_served(plan)) == most]


def _shared(plans: Sequence[PlanOutcome]) -> list[str]:
    """Return the tasks that all of some plans serve."""
    return sorted(set.intersection(*map(_served, plans)))


def _served(plan: PlanOutcome) -> set[str]:
    return set(plan.cells[0].cell.as_plan().serves)


def _best(store: Store, plans: Sequence[PlanOutcome], tasks: Sequence[str]) -> PlanOutcome:
    """Return the plan that is best on validation of some tasks; test has no say."""

    def value(plan: PlanOutcome) -> float:
        mean = float(np.mean([_value(store, own.cell, tasks) for own in plan.cells]))
        return -math.inf if math.isnan(mean) else mean

    return max(plans, key=value)


def _value(store: Store, cell: CellRecord, tasks: Sequence[str]) -> float:
    predicted = cell_predictions(store, cell)["validation"].tasks
    return defined_mean(validation_value(predicted[task]) for task in tasks)


def _warn_of_missing(outcome: StudyOutcome, plan: PlanOutcome) -> None:
    missing = [task.name for task in outcome.study.targets if task.name not in _served(plan)]
    if missing:
        log.warning("The plan '%s' does not serve %s.", plan.name, ", ".join(missing))
