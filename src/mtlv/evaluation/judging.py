"""By what a task is judged: its values under every metric of its kind, and the one that counts.

Every task has a primary metric: that of its corpus, or the usual one of its kind. Where a value is
needed that no threshold and no test example enters (epochs, tuning, groupings), a binary task goes
by average precision, every other one by its primary metric on the validation part.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from mtlv.data import Kind
from mtlv.errors import ProtocolError, nearest
from mtlv.evaluation.counts import defined_mean
from mtlv.evaluation.metrics import METRICS, TASK_METRICS, Metric, metrics_of
from mtlv.evaluation.metrics_multiclass import f1_of_classes
from mtlv.evaluation.metrics_tagging import decided_tags
from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.evaluation.sentences import joined
from mtlv.evaluation.thresholds import DEFAULT_THRESHOLD, ThresholdSettings, choose_thresholds
from mtlv.tasks import PRIMARY_METRIC

__all__ = [
    "SelectBy",
    "decided",
    "plan_value",
    "primary_metric",
    "selected_by",
    "task_value",
    "task_values",
    "validation_value",
]

Array = np.ndarray[Any, Any]
SelectBy = Literal["average_precision", "f1", "loss"]
LOSSES: dict[Kind, str] = {
    "binary": "log_loss",
    "multiclass": "log_loss",
    "regression": "mse",
    "tagging": "log_loss",
}


def primary_metric(task: TaskPredictions) -> Metric:
    """Return the metric that a task is judged by.

    Raises:
        ProtocolError: its corpus names one that its kind does not have.
    """
    name = task.about.metric or PRIMARY_METRIC[task.kind]
    known = {metric.name: metric for metric in metrics_of("task", task.kind)}
    if name not in known:
        raise ProtocolError(
            f"The task '{task.task}' cannot be judged by '{name}'.",
            expected=f"a metric of {task.kind} tasks",
            hint=nearest(name, known),
        )
    return known[name]


def selected_by(task: TaskPredictions, select_by: SelectBy) -> Metric:
    """Return the metric of a task by which epochs are chosen: a binary task's is the one named.

    Every other kind goes by its loss if `loss` is named, else by its primary metric.
    """
    if select_by == "loss":
        return TASK_METRICS[task.kind][LOSSES[task.kind]]
    return METRICS[select_by] if task.kind == "binary" else primary_metric(task)


def decided(task: TaskPredictions, threshold: float = DEFAULT_THRESHOLD) -> Array:
    """Return the decisions of a task; only those of a binary one depend on the threshold.

    Returns:
        binary: (N,) int8 of 0 and 1; multiclass: (N,) classes; tagging: N arrays (L,) of tags;
        regression: (N,) the predicted values themselves.
    """
    if task.kind == "binary":
        return np.asarray(task.scores >= threshold, np.int8)  # (N,)
    if task.kind == "multiclass":
        return np.asarray(task.scores.argmax(axis=1))  # (N,)
    return decided_tags(task.scores, task.about) if task.kind == "tagging" else task.scores


def task_value(
    task: TaskPredictions, metric: Metric, threshold: float = DEFAULT_THRESHOLD
) -> float:
    """Return the value of one metric for a task."""
    task = _whole(task)
    values = decided(task, threshold) if metric.needs == "decisions" else task.scores
    return float(metric(values, task.targets, task.about, task.ids))


def task_values(task: TaskPredictions, threshold: float = DEFAULT_THRESHOLD) -> dict[str, float]:
    """Return the value of every metric of its kind for a task, and of classes `f1[CLASS]`."""
    task = _whole(task)
    given = {"decisions": decided(task, threshold), "scores": task.scores}
    values = {
        metric.name: float(metric(given[metric.needs], task.targets, task.about, task.ids))
        for metric in metrics_of("task", task.kind)
    }
    if task.kind == "multiclass":
        of_classes = f1_of_classes(given["decisions"], task.targets, task.about)
        values |= {f"f1[{name}]": value for name, value in of_classes.items()}
    return values


def validation_value(task: TaskPredictions) -> float:
    """Return what a task is worth by its validation predictions, free of thresholds.

    Average precision of a binary task, the primary metric of another; larger is better.
    """
    metric = selected_by(task, "average_precision")
    return _turned(metric, task_value(task, metric))


def plan_value(validation: Predictions, name: str, settings: ThresholdSettings) -> float:
    """Return what a plan is worth by its validation predictions; larger is better.

    The mean over tasks. Binary tasks all count with the named metric of them together, every other
    task with its loss if that is `log_loss`, else with its primary metric.

    Args:
        validation: predictions of all tasks of the plan.
        name: of a metric of all binary tasks together.
        settings: how thresholds are chosen, if the metric needs decisions.
    """
    matrix, metric = validation.labels(), METRICS[name]
    others = [task for task in validation.tasks.values() if task.kind != "binary"]
    chosen = [selected_by(task, "loss" if name == "log_loss" else "f1") for task in others]
    values = [_turned(own, task_value(task, own)) for task, own in zip(others, chosen, strict=True)]
    if not matrix.tasks:
        return defined_mean(values)
    given = matrix.scores
    if metric.needs == "decisions":
        given = choose_thresholds(validation, matrix.tasks, settings).decide(matrix)  # (N, T)
    together = _turned(metric, metric(given, matrix.targets))
    return defined_mean([*values, *[together] * len(matrix.tasks)]) if others else together


def _turned(metric: Metric, value: float) -> float:
    return value if metric.higher_is_better else -value


def _whole(task: TaskPredictions) -> TaskPredictions:
    return joined(task) if task.kind == "tagging" else task
