"""Outcomes: what a study's stored predictions say. Recomputed from the records every time.

A cell (one plan, fold and seed) is scored when all of its jobs are there: the models' predictions
are put together, thresholds are fitted on validation, and test is decided and scored. Nothing is
stored, so no number exists that the predictions do not give.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, get_args

import numpy as np

from mtlv.errors import MtlvError, StoreError
from mtlv.evaluation.counts import defined_mean
from mtlv.evaluation.judging import validation_value
from mtlv.evaluation.predictions import Predictions, ScoredPart
from mtlv.evaluation.scores import Scores
from mtlv.evaluation.scoring import ScoringSettings, score
from mtlv.evaluation.summary import SummaryTable, summarise
from mtlv.store.lineage import Parents, PlanLineage, lineage_of, parents_of
from mtlv.store.plan_cost import PlanCost, cell_cost, mean_cost, places
from mtlv.store.record import CellRecord, StudyRecord
from mtlv.store.store import TRAIN_ANEW, Store
from mtlv.words import counted

__all__ = [
    "CellOutcome",
    "PlanCost",
    "PlanOutcome",
    "StudyOutcome",
    "cell_predictions",
    "load_outcome",
    "load_readable",
    "load_whole",
    "score_cell",
    "study_outcome",
]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CellOutcome:
    """One scored cell.

    Args:
        cell: its record.
        scores: of its test predictions.
        cost: of its jobs.
        validation_value: what plans may be chosen by: the mean over tasks, on validation, of
            average precision (binary tasks) and of what each other task is judged by.
        places: devices on which its models were trained.
        parents: jobs that its jobs have something from.
    """

    cell: CellRecord
    scores: Scores
    cost: PlanCost
    validation_value: float
    places: tuple[str, ...] = ()
    parents: Parents = field(default_factory=Parents)


@dataclass(frozen=True)
class PlanOutcome:
    """One plan over its folds and seeds.

    Args:
        name: of the plan.
        cells: the scored ones.
        planned: how many cells there will be.
        summary: mean, sd and n of every metric over the cells.
        cost: mean over the cells.
    """

    name: str
    cells: tuple[CellOutcome, ...]
    planned: int
    summary: SummaryTable
    cost: PlanCost

    @property
    def validation_value(self) -> float:
        """Mean over the cells of their validation value."""
        return float(np.mean([cell.validation_value for cell in self.cells]))

    def to_json(self) -> dict[str, Any]:
        """Return the plan's part of `mtlv show --json`."""
        return {
            "plan": self.name,
            "cells": len(self.cells),
            "planned_cells": self.planned,
            **self.summary.to_json(),
            "cost": self.cost.to_json(),
            "tuned": [c.cell.tuning.best for c in self.cells if c.cell.tuning],
            "groups": [c.cell.grouping.groups for c in self.cells if c.cell.grouping],
        }


@dataclass(frozen=True)
class StudyOutcome:
    """A study, scored from its stored predictions."""

    study: StudyRecord
    plans: tuple[PlanOutcome, ...]

    @property
    def lineage(self) -> dict[str, PlanLineage]:
        """What each plan starts from, and what teaches it."""
        parents = {plan.name: [cell.parents for cell in plan.cells] for plan in self.plans}
        return lineage_of(self.study, parents)

    def to_json(self) -> dict[str, Any]:
        """Return what `mtlv show --json` prints."""
        lineage = {name: asdict(own) for name, own in self.lineage.items()}
        return {
            "study": self.study.name,
            "status": self.study.status,
            "tasks": [task.name for task in self.study.targets],
            "warnings": self.study.cautions,
            "plans": [plan.to_json() | lineage[plan.name] for plan in self.plans],
        }

    def __getitem__(self, plan: str) -> PlanOutcome:
        for outcome in self.plans:
            if outcome.name == plan:
                return outcome
        known = ", ".join(outcome.name for outcome in self.plans)
        raise StoreError(f"The study has no finished plan '{plan}'.", expected=known)


def load_outcome(store: Store, name: str) -> StudyOutcome:
    """Score all finished cells of a study.

    Raises:
        StoreError: there is no such study, or a record is damaged.
    """
    study = store.study(name)
    return study_outcome(study, lambda cell: score_cell(store, study, cell))


def load_readable(store: Store, name: str) -> StudyOutcome:
    """Score all finished cells that can be scored; the log names the others: see `load_whole`."""
    outcome, left_out = load_whole(store, name)
    for text in left_out:
        log.warning("%s", text)
    return outcome


def load_whole(store: Store, name: str) -> tuple[StudyOutcome, tuple[str, ...]]:
    """Score all finished cells of a study that can be scored.

    Returns:
        Their outcome, and in words what was left out because a file is damaged or newer.

    Raises:
        StoreError: there is no such study, or its own record is damaged.
    """
    study = store.study(name)
    failed: dict[str, list[str]] = {}

    def scored(cell: CellRecord) -> CellOutcome | None:
        try:
            return score_cell(store, study, cell)
        except MtlvError as error:
            why = f"{error.what} {error.where or ''} ({error.hint})".replace(" (None)", "")
            failed.setdefault(why, []).append(cell.plan)
            return None

    outcome = study_outcome(study, scored)
    return outcome, tuple(
        f"{counted(len(plans), 'cell')} of {', '.join(dict.fromkeys(plans))} left out: {why}"
        for why, plans in failed.items()
    )


def study_outcome(
    study: StudyRecord, scored: Callable[[CellRecord], CellOutcome | None]
) -> StudyOutcome:
    """Put the scored cells of a study together.

    Args:
        study: its record.
        scored: gives the outcome of a cell, None where it is not finished.
    """
    by_plan: dict[str, list[CellRecord]] = {}
    for cell in study.cells:
        by_plan.setdefault(cell.plan, []).append(cell)
    plans = [_plan(name, cells, scored) for name, cells in by_plan.items()]
    return StudyOutcome(study, tuple(plan for plan in plans if plan is not None))


def score_cell(
    store: Store, study: StudyRecord, cell: CellRecord, tasks: Collection[str] | None = None
) -> CellOutcome | None:
    """Score one cell of a study; None while a job of it is missing.

    Args:
        store: has its jobs.
        study: its record.
        cell: to score.
        tasks: score it on these tasks alone; None means on all that it serves.

    Raises:
        StoreError: a file of one of its jobs is damaged.
        ProtocolError: its predictions cannot be scored.
    """
    if not all(store.has_job(job) for job in cell.jobs):
        return None
    predictions = cell_predictions(store, cell)
    serves = cell.as_plan().serves
    if tasks is not None:
        serves = {task: index for task, index in serves.items() if task in tasks}
        predictions = {part: own.only(serves) for part, own in predictions.items()}
    models = [
        [task for task, index in serves.items() if index == model]
        for model in sorted(set(serves.values()))
    ]
    settings = _scoring_settings(study, cell)
    scores = score(predictions["validation"], predictions["test"], settings, models)
    value = defined_mean(
        validation_value(task) for task in predictions["validation"].tasks.values()
    )
    cost, parents = cell_cost(store, cell), parents_of(store, cell)
    return CellOutcome(cell, scores, cost, value, places(store, cell), parents)


def cell_predictions(store: Store, cell: CellRecord) -> Mapping[ScoredPart, Predictions]:
    """Return the predictions of a cell: of each task, those of the model that serves it.

    Raises:
        StoreError: the predictions of a job are damaged, or lack a part.
        ProtocolError: a task was not predicted.
    """
    plan = cell.as_plan()
    served: dict[int, list[str]] = {}
    for task, index in plan.serves.items():
        served.setdefault(index, []).append(task)
    parts: dict[ScoredPart, Predictions] = {}
    by_model = {index: _both_parts(store, cell.jobs[index]) for index in served}
    for part in get_args(ScoredPart):
        own = [by_model[index][part].only(tasks) for index, tasks in served.items()]
        parts[part] = own[0].merged(own[1:]).only(plan.serves)
    return parts


def _both_parts(store: Store, job: str) -> Mapping[ScoredPart, Predictions]:
    """Return the predictions of a job, which are of both parts."""
    found = store.predictions(job)
    for part in get_args(ScoredPart):
        if part not in found:
            raise StoreError(
                f"The job '{job}' has no predictions of the {part} part.",
                where=str(store.job_folder(job)),
                found=f"predictions of {' and '.join(found) or 'no part'}",
                hint=TRAIN_ANEW,
            )
    return found


def _plan(
    name: str, cells: Sequence[CellRecord], scored: Callable[[CellRecord], CellOutcome | None]
) -> PlanOutcome | None:
    outcomes = tuple(outcome for cell in cells if (outcome := scored(cell)) is not None)
    if not outcomes:
        return None
    summary = summarise([outcome.scores for outcome in outcomes])
    return PlanOutcome(
        name, outcomes, len(cells), summary, mean_cost([outcome.cost for outcome in outcomes])
    )


def _scoring_settings(study: StudyRecord, cell: CellRecord) -> ScoringSettings:
    """Return how thresholds are chosen at the cell's point of the sweep."""
    evaluation = dict(study.config["evaluation"]) | cell.variant.get("evaluation", {})
    for name in ("thresholds", "shrinkage"):
        evaluation[name] = cell.variant.get(f"evaluation.{name}", evaluation[name])
    return ScoringSettings(evaluation["thresholds"], evaluation["shrinkage"])
