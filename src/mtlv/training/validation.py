"""What one epoch looks like on the validation part: curve points, and the value epochs go by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from mtlv.evaluation.curves import CurvePoint
from mtlv.evaluation.metrics import METRICS, TASK_METRICS
from mtlv.evaluation.predictions import LabelMatrix, Predictions
from mtlv.model.network import Network

__all__ = ["curve_points", "selection_value"]

DECISION = 0.5
"""Threshold of the curves' F1; the thresholds of a plan are fitted later, on stored predictions."""


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
    matrix = validation.labels()
    points += _points(epoch, ("model", "model"), matrix, matrix.tasks)
    for index in range(len(network.heads)):
        names = [task.name for task in network.head(index).tasks]
        points += _points(epoch, _scope(index), matrix, names)
    for name in matrix.tasks:
        points += _label_points(epoch, matrix, name)
    return points


def selection_value(
    validation: Predictions, select_by: Literal["average_precision", "f1", "loss"]
) -> float:
    """Return the mean over tasks of a validation metric; larger is better, undefined is lowest."""
    matrix = validation.labels()
    metric = TASK_METRICS["binary"]["log_loss" if select_by == "loss" else select_by]
    given = (matrix.scores >= DECISION).astype(float) if select_by == "f1" else matrix.scores
    values = [metric.function(given[:, k], matrix.targets[:, k]) for k in range(len(matrix.tasks))]
    defined = [value for value in values if np.isfinite(value)]
    if not defined:
        return float("-inf")
    mean = float(np.mean(defined))
    return mean if metric.higher_is_better else -mean


def _scope(head: int | None) -> tuple[Literal["model", "head"], str]:
    return ("model", "model") if head is None else ("head", f"head {head + 1}")


def _points(
    epoch: int,
    scope: tuple[Literal["model", "head"], str],
    matrix: LabelMatrix,
    tasks: Sequence[str],
) -> list[CurvePoint]:
    columns = [matrix.tasks.index(task) for task in tasks]
    scores, targets = matrix.scores[:, columns], matrix.targets[:, columns]
    decisions = (scores >= DECISION).astype(float)
    values = {name: METRICS[name].function(decisions, targets) for name in ("f1_macro", "f1_micro")}
    for name in ("average_precision_macro", "log_loss"):
        values[name] = METRICS[name].function(scores, targets)
    return [CurvePoint(epoch, "validation", *scope, name, v) for name, v in values.items()]


def _label_points(epoch: int, matrix: LabelMatrix, name: str) -> list[CurvePoint]:
    column = matrix.tasks.index(name)
    scores, targets = matrix.scores[:, column], matrix.targets[:, column]
    values = {
        "f1": TASK_METRICS["binary"]["f1"].function((scores >= DECISION).astype(float), targets),
        "average_precision": TASK_METRICS["binary"]["average_precision"].function(scores, targets),
    }
    return [CurvePoint(epoch, "validation", "label", name, k, v) for k, v in values.items()]
