"""What one epoch looks like on the validation part: curve points, and the value epochs go by.

Binary tasks are shown together, as labels of one text; a task of another kind has a head of its
own, and is shown by its primary metric and its loss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from mtlv.evaluation.curves import CurvePoint
from mtlv.evaluation.judging import SelectBy, primary_metric, selected_by, task_value
from mtlv.evaluation.metrics import METRICS, TASK_METRICS
from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.model.network import Network

__all__ = ["chosen_for", "curve_points", "selection_value"]

DECISION = 0.5
"""Threshold of the curves' F1; the thresholds of a plan are fitted later, on stored predictions."""
Scope = tuple[Literal["model", "head", "label"], str]


def curve_points(
    epoch: int, losses: Mapping[int | None, float], validation: Predictions, network: Network
) -> list[CurvePoint]:
    """Return one epoch's numbers for the model, every head and every label.

    Args:
        epoch: from 1.
        losses: mean training loss by head index, None being the total.
        validation: predictions after the epoch.
        network: says which tasks a head has.
    """
    points = [
        CurvePoint(epoch, "train", *_scope(head), "loss", value) for head, value in losses.items()
    ]
    of_tasks = {name: _task_values(task) for name, task in validation.tasks.items()}
    heads = [[task.name for task in network.head(i).tasks] for i in range(len(network.heads))]
    together = _model_values(chosen_for(validation, network), of_tasks)
    points += _points(epoch, _scope(None), together)
    for index, names in enumerate(heads):
        values = _binary_values(validation, names) or of_tasks[names[0]]
        points += _points(epoch, _scope(index), values)
    for name, values in of_tasks.items():
        points += _points(epoch, ("label", name), values)
    return points


def selection_value(validation: Predictions, select_by: SelectBy) -> float:
    """Return the mean over tasks of a validation metric; larger is better, undefined is lowest.

    Other kinds than binary go by their loss if that is named, else by their primary metric.
    """
    values = []
    for task in validation.tasks.values():
        metric = selected_by(task, select_by)
        value = task_value(task, metric, DECISION)
        values.append(value if metric.higher_is_better else -value)
    defined = [value for value in values if np.isfinite(value)]
    return float(np.mean(defined)) if defined else float("-inf")


def chosen_for(validation: Predictions, network: Network) -> Predictions:
    """Return the predictions that epochs are chosen by: auxiliary tasks count only if alone."""
    tasks = [task for i in range(len(network.heads)) for task in network.head(i).tasks]
    targets = [task.name for task in tasks if task.role == "target"]
    return validation.only(targets) if targets else validation


def _scope(head: int | None) -> Scope:
    return ("model", "model") if head is None else ("head", f"head {head + 1}")


def _points(epoch: int, scope: Scope, values: Mapping[str, float]) -> list[CurvePoint]:
    return [CurvePoint(epoch, "validation", *scope, name, value) for name, value in values.items()]


def _model_values(
    validation: Predictions, of_tasks: Mapping[str, Mapping[str, float]]
) -> dict[str, float]:
    """Return the numbers of some binary tasks, and the mean over all tasks if there are others."""
    values = _binary_values(validation, list(validation.tasks))
    if any(task.kind != "binary" for task in validation.tasks.values()):
        judged = {name: primary_metric(task) for name, task in validation.tasks.items()}
        own = [
            of_tasks[name][metric.name]
            for name, metric in judged.items()
            if metric.higher_is_better
        ]
        values["primary_mean"] = METRICS["primary_mean"].function(own)
    return values


def _binary_values(validation: Predictions, tasks: Sequence[str]) -> dict[str, float]:
    """Return the numbers of the binary ones of some tasks together; none if there is none."""
    names = [name for name in tasks if validation.tasks[name].kind == "binary"]
    if not names:
        return {}
    matrix = validation.labels(names)
    decisions = (matrix.scores >= DECISION).astype(float)
    values = {name: METRICS[name](decisions, matrix.targets) for name in ("f1_macro", "f1_micro")}
    for name in ("average_precision_macro", "log_loss"):
        values[name] = METRICS[name](matrix.scores, matrix.targets)
    return values


def _task_values(task: TaskPredictions) -> dict[str, float]:
    """Return the numbers of one task: F1 and average precision, or primary metric and loss."""
    if task.kind == "binary":
        family = TASK_METRICS["binary"]
        shown = [family["f1"], family["average_precision"], primary_metric(task)]
    else:
        shown = [primary_metric(task), selected_by(task, "loss")]
    return {metric.name: task_value(task, metric, DECISION) for metric in shown}
