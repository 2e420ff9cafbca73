"""Scoring: the whole protocol in one place.

Thresholds are fitted on validation predictions, decisions are made on test predictions, and all
registered metrics are computed from those: of every task by itself, of the binary tasks together,
of documents where the ids name them, and the mean of what the tasks are judged by.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mtlv.evaluation.counts import defined_mean
from mtlv.evaluation.judging import primary_metric, task_values
from mtlv.evaluation.metrics import mean_model_subset_accuracy, metrics_of
from mtlv.evaluation.metrics_documents import has_documents
from mtlv.evaluation.predictions import LabelMatrix, Predictions, TaskPredictions
from mtlv.evaluation.protocol import check_parts, check_scored, check_task_scored
from mtlv.evaluation.scores import Judged, Scores
from mtlv.evaluation.sentences import joined
from mtlv.evaluation.thresholds import (
    DEFAULT_THRESHOLD,
    ThresholdMethod,
    ThresholdSettings,
    choose_thresholds,
)
from mtlv.registry import load_plugins

__all__ = ["ScoringSettings", "score"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class ScoringSettings:
    """Settings of `score`, for use without a study; see `fit_thresholds`."""

    thresholds: ThresholdMethod = "per_label"
    shrinkage: float = 20.0


def score(
    validation: Predictions,
    test: Predictions,
    settings: ThresholdSettings | None = None,
    models: Sequence[Sequence[str]] | None = None,
) -> Scores:
    """Choose thresholds on validation predictions and compute every metric on test predictions.

    Args:
        validation: predictions of at least the binary tasks of `test`.
        test: what is scored.
        settings: how thresholds are chosen; per label with shrinkage 20 by default.
        models: the tasks of each model of the plan; with them, `mean_model_subset_accuracy`.

    Raises:
        ProtocolError: the parts are not validation and test or share examples, a task has no
            validation predictions, a score is missing, or a task's metric is none of its kind.
    """
    load_plugins()
    check_parts(validation, test)
    matrix = test.labels()
    _check_scored(matrix, test)
    thresholds = choose_thresholds(validation, matrix.tasks, settings or ScoringSettings())
    decisions = thresholds.decide(matrix)  # (N, T)
    limits = thresholds.values
    per_task = {
        name: task_values(task, limits.get(name, DEFAULT_THRESHOLD))
        for name, task in test.tasks.items()
    }
    metrics, averaged = _scores_together(matrix, decisions, per_task)
    if models is not None and matrix.tasks:
        columns = [[matrix.tasks.index(t) for t in model if t in matrix.tasks] for model in models]
        metrics["mean_model_subset_accuracy"] = mean_model_subset_accuracy(
            decisions, matrix.targets, [model for model in columns if model]
        )
    examples = int(np.count_nonzero((~np.isnan(matrix.targets)).any(axis=1)))
    judged = {name: _judged(task) for name, task in test.tasks.items()}
    scores = Scores(metrics, per_task, thresholds, examples, len(matrix.tasks), averaged, judged)
    return _with_primary_mean(scores) if scores.own_metrics else scores


def _check_scored(matrix: LabelMatrix, test: Predictions) -> None:
    check_scored(matrix)
    for task in test.tasks.values():
        if task.kind != "binary":
            check_task_scored(task, test.part)


def _scores_together(
    matrix: LabelMatrix, decisions: Array, per_task: Mapping[str, Mapping[str, float]]
) -> tuple[dict[str, float], dict[str, int]]:
    metrics: dict[str, float] = {}
    averaged: dict[str, int] = {}
    for metric in metrics_of("matrix") if matrix.tasks else []:
        if metric.averages is not None:
            values = [per_task[task][metric.averages] for task in matrix.tasks]
            metrics[metric.name] = defined_mean(values)
            averaged[metric.name] = sum(not math.isnan(value) for value in values)
        else:
            chosen = decisions if metric.needs == "decisions" else matrix.scores
            metrics[metric.name] = float(metric(chosen, matrix.targets))
    if matrix.tasks and has_documents(matrix.ids):
        for metric in metrics_of("documents"):
            metrics[metric.name] = float(metric(decisions, matrix.targets, ids=matrix.ids))
    return metrics, averaged


def _judged(task: TaskPredictions) -> Judged:
    if task.kind == "tagging":
        count = sum(not np.isnan(tags).all() for tags in joined(task).targets if len(tags))
    else:
        count = int(np.count_nonzero(~np.isnan(task.targets)))
    return Judged(task.kind, primary_metric(task).name, count, task.about)


def _with_primary_mean(scores: Scores) -> Scores:
    values = [scores.primary(task) for task, own in scores.judged.items() if own.higher_is_better]
    averaged = {"primary_mean": sum(not math.isnan(value) for value in values)}
    return replace(
        scores,
        metrics={**scores.metrics, "primary_mean": scores.primary_mean},
        averaged={**scores.averaged, **averaged},
    )
