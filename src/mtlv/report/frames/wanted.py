"""What is drawn of which study, and what a maker of frames gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from mtlv.data import Kind
from mtlv.errors import FigureError, nearest
from mtlv.evaluation.metrics import METRICS, TASK_METRICS
from mtlv.registry import Registry
from mtlv.report.baseline import usual_baseline
from mtlv.store.comparison import Comparison
from mtlv.store.outcome import PlanOutcome, StudyOutcome
from mtlv.store.store import Store

__all__ = ["FRAMES", "Data", "Wanted", "no_data", "unit_of"]


@dataclass(frozen=True)
class Data:
    """The frame of a figure, and what must stand beside it.

    Args:
        frame: with the columns that the figure's docstring names.
        signature: of the data: study, part, metric, thresholds, n; fields parted by `|`.
    """

    frame: pd.DataFrame
    signature: str


@dataclass(frozen=True)
class Wanted:
    """What to draw of a study.

    Args:
        store: has its jobs.
        outcome: of the study.
        baseline: plan that others are compared with; `mtl` if None, or else the first.
        plans: only these, in this order; empty means all.
        tasks: only these, in this order; empty means all, or a choice where all are too many.
        comparison: of all plans with the baseline, where it is known already.
        explanation: id of the one to draw; the latest that has what a figure needs if None.
    """

    store: Store
    outcome: StudyOutcome
    baseline: str | None = None
    plans: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    comparison: Comparison | None = None
    explanation: str | None = None

    @property
    def chosen_plans(self) -> list[PlanOutcome]:
        """The finished plans to draw.

        Raises:
            FigureError: none is finished.
            StoreError: the study has no plan of a wanted name.
        """
        plans = [self.outcome[name] for name in self.plans] or list(self.outcome.plans)
        if not plans:
            raise FigureError(
                f"No plan of the study '{self.outcome.study.name}' is finished yet.",
                hint="run it to the end with `mtlv run CONFIG`; finished jobs are kept",
            )
        return plans

    @property
    def chosen_tasks(self) -> list[str]:
        """The tasks to draw.

        Raises:
            FigureError: the study has no task of a wanted name.
        """
        known = [task.name for task in self.outcome.study.targets]
        for task in self.tasks:
            if task not in known:
                raise FigureError(
                    f"The study has no task '{task}'.",
                    where=f"study '{self.outcome.study.name}'",
                    hint=nearest(task, known),
                )
        return list(self.tasks) or known

    @property
    def base(self) -> PlanOutcome:
        """The plan that others are compared with."""
        if self.baseline is not None:
            return self.outcome[self.baseline]
        plans = list(self.outcome.plans) or self.chosen_plans
        return self.outcome[usual_baseline([plan.name for plan in plans])]

    def signed(self, *fields: str) -> str:
        """Return a signature: the study, and more fields."""
        return "|".join([f"study {self.outcome.study.name}", *fields])


FRAMES: Registry[Callable[[Wanted], Data]] = Registry("frame of a figure")
"""By name of the figure: a function that makes its frame of a study."""


def no_data(wanted: Wanted, figure: str, found: str, hint: str) -> FigureError:
    """Return the error of a study that has nothing for a figure."""
    return FigureError(
        f"There is nothing to draw in the figure '{figure}'.",
        where=f"study '{wanted.outcome.study.name}'",
        found=found,
        hint=hint,
    )


def unit_of(metric: str, kind: Kind | None = None) -> str:
    """Return the unit in which a metric is shown: `percent` for shares, else its own."""
    if metric == "loss":
        return "nats"
    families = [TASK_METRICS[kind]] if kind else [METRICS, *TASK_METRICS.values()]
    unit = next((family[metric].unit for family in families if metric in family), "share")
    named = {"share": "percent", "target": "units of the target", "count": "count"}
    return named.get(unit, unit)
