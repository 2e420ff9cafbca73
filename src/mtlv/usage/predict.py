"""Predict: which of a study's plans answers for new examples."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mtlv.errors import DataError, StoreError, nearest
from mtlv.store import Store
from mtlv.store.outcome import PlanOutcome, StudyOutcome, load_outcome
from mtlv.usage.predictor import Predictor

__all__ = ["Predictor", "load_predictor"]


def load_predictor(
    store: Store, study: str, plan: str | None = None, tasks: Sequence[str] | None = None
) -> Predictor:
    """Load what is needed to predict with a plan of a study.

    Args:
        store: the run store.
        study: its name.
        plan: its name; if absent, of those that serve the tasks, the one with the best mean
            validation metric.
        tasks: names of those to predict; all that the plan serves if absent.

    Raises:
        StoreError: there is no such study or finished plan, or it does not serve a task.
        DataError: there is no such task.
    """
    outcome = load_outcome(store, study)
    if not outcome.plans:
        raise StoreError(f"The study '{study}' has no finished plan yet.", hint="run it first")
    names = [own.name for own in outcome.plans]
    if plan is not None and plan not in names:
        raise StoreError(f"The study has no finished plan '{plan}'.", hint=nearest(plan, names))
    _check_known(outcome, tasks or ())
    chosen = _best(_serving(outcome, [outcome[plan]] if plan else outcome.plans, tasks or ()))
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


def _served(plan: PlanOutcome) -> set[str]:
    return set(plan.cells[0].cell.as_plan().serves)


def _best(plans: Sequence[PlanOutcome]) -> PlanOutcome:
    """Return the plan that is best on validation; test has no say."""

    def value(plan: PlanOutcome) -> float:
        return -math.inf if math.isnan(plan.validation_value) else plan.validation_value

    return max(plans, key=value)
