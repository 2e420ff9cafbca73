"""What a report speaks of: a study scored anew from its stored predictions, and its comparison.

A damaged file is named, the cells that need it are passed over, and the rest is reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mtlv.evaluation.predictions import TaskPredictions
from mtlv.report.baseline import usual_baseline
from mtlv.report.gaps import check_finished
from mtlv.store.comparison import CompareSettings, Comparison, Row, compare
from mtlv.store.outcome import (
    PlanOutcome,
    StudyOutcome,
    cell_predictions,
    load_whole,
)
from mtlv.store.record import StudyRecord
from mtlv.store.store import Store

__all__ = ["Evidence", "Support", "gather"]


@dataclass(frozen=True)
class Support:
    """How much of a task one test part has.

    Args:
        n: examples with a target.
        positives: among them; None where the task is not binary.
    """

    n: int
    positives: int | None


@dataclass(frozen=True)
class Evidence:
    """A study as a report sees it.

    Args:
        store: has its jobs.
        outcome: of all cells that are finished and whole.
        comparison: of its plans.
        damaged: what could not be read or scored, in words.
    """

    store: Store
    outcome: StudyOutcome
    comparison: Comparison
    damaged: tuple[str, ...] = ()

    @property
    def study(self) -> StudyRecord:
        """The record of the study."""
        return self.outcome.study

    @property
    def base(self) -> PlanOutcome:
        """The plan that others are compared with."""
        return self.outcome[self.comparison.baseline]

    @property
    def plans(self) -> list[PlanOutcome]:
        """The finished plans without random groupings, which are a null together."""
        drawn = self.comparison.drawn
        return [plan for plan in self.outcome.plans if plan.name not in drawn]

    @property
    def tested(self) -> list[Row]:
        """The rows of the plans that were tested against the baseline."""
        return [row for row in self.comparison.rows if row.findings is not None]

    @cached_property
    def test_parts(self) -> list[Mapping[str, Support]]:
        """What each different test part of the baseline has of each task."""
        parts: dict[frozenset[tuple[str, str]], Mapping[str, Support]] = {}
        for cell in {cell.cell.fold: cell.cell for cell in self.base.cells}.values():
            tasks = cell_predictions(self.store, cell)["test"].tasks
            examples = {(own.corpus, str(name)) for own in tasks.values() for name in own.ids}
            parts[frozenset(examples)] = {task: _support(own) for task, own in tasks.items()}
        return list(parts.values())


def gather(
    store: Store,
    study: str,
    baseline: str | None = None,
    metric: str | None = None,
    settings: CompareSettings | None = None,
) -> Evidence:
    """Score a study from its stored predictions and compare its plans.

    Args:
        store: the run store.
        study: name of the study.
        baseline: plan to compare with; `mtl` if None, or else the first.
        metric: to compare; see `compare`.
        settings: of the comparison.

    Raises:
        StoreError: there is no such study, its record is damaged, or no cell is finished.
        ProtocolError: there is no such plan, metric or test, or test targets differ.
    """
    outcome, damaged = load_whole(store, study)
    check_finished(outcome, damaged)
    base = baseline or usual_baseline([plan.name for plan in outcome.plans])
    return Evidence(store, outcome, compare(store, outcome, base, metric, settings), damaged)


def _support(task: TaskPredictions) -> Support:
    if task.kind != "binary":
        return Support(len(task.ids), None)
    known = ~np.isnan(task.targets)
    return Support(int(known.sum()), int((task.targets == 1).sum()))
