"""The two plans that the article compares, and what cannot be seen where one of them is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mtlv.errors import DataError
from mtlv.store.outcome import PlanOutcome
from mtlv.store.record import MissingView

__all__ = ["Roles", "left_out", "roles_of"]

COMPARED = (
    "view 1: quality on held-out texts, single against multi",
    "view 2: ranks of words, single against multi",
    "view 3: what sharing does for another task's layer",
)
"""What one plan alone does not show."""


@dataclass(frozen=True)
class Roles:
    """Names of the two plans that the article compares.

    Args:
        single: every model of it has one task; None if there is no such plan.
        multi: one model with all of its tasks, two or more; None if there is no such plan.
    """

    single: str | None
    multi: str | None


def roles_of(plans: Sequence[PlanOutcome]) -> Roles:
    """Return which plans have the two parts; of several, the first that serves most tasks."""
    return Roles(
        _first([plan for plan in plans if all(size == 1 for size in _sizes(plan))]),
        _first([plan for plan in plans if len(_sizes(plan)) == 1 and _sizes(plan)[0] > 1]),
    )


def left_out(asked: Sequence[PlanOutcome], known: Sequence[PlanOutcome]) -> list[MissingView]:
    """Return what of the article cannot be shown; nothing where both plans are there.

    Args:
        asked: plans that are looked at.
        known: all finished plans of the study.

    Raises:
        DataError: neither of the two plans is there.
    """
    own, there = roles_of(asked), roles_of(known)
    if own.single is not None and own.multi is not None:
        return []
    if own.single is None and own.multi is None:
        raise DataError(
            "It needs a plan with a model for every task, or one with one model for all.",
            found=", ".join(plan.name for plan in asked),
            hint=_next(there.single or there.multi, "stl` or `mtl"),
        )
    setting = _next(there.single, "stl") if own.single is None else _next(there.multi, "mtl")
    reason = (
        "It compares a plan with a model for every task and one with one model for all; of the two "
        f"only `{own.single or own.multi}` was looked at."
    )
    return [MissingView(view=view, reason=reason, setting=setting) for view in COMPARED]


def _first(plans: Sequence[PlanOutcome]) -> str | None:
    found = max(plans, key=lambda plan: sum(_sizes(plan)), default=None)
    return None if found is None else found.name


def _sizes(plan: PlanOutcome) -> list[int]:
    """Return how many tasks each model has."""
    return [len(model.tasks) for model in plan.cells[0].cell.as_plan().models]


def _next(known: str | None, usual: str) -> str:
    return f"add `{usual}` to the plans" if known is None else f"name `{known}` too, with --plan"
