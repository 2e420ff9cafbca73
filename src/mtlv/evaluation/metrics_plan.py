"""Metrics of a plan as a whole: over its models, or over tasks of different kinds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from mtlv.evaluation.counts import defined_mean
from mtlv.evaluation.metric import metric
from mtlv.evaluation.metrics_matrix import subset_accuracy

__all__ = ["mean_model_subset_accuracy", "primary_mean"]

Array = np.ndarray[Any, Any]


@metric(scope="plan", needs="scores")
def primary_mean(values: Iterable[float]) -> float:
    """Mean over tasks of the metric that each is judged by; see the signature for which.

    The mean of an accuracy and a correlation has no meaning of its own, but it ranks plans on the
    same tasks. A task judged by an error (lower is better) takes no part.

    Args:
        values: of the tasks, NaN where one is undefined or takes no part.
    """
    return defined_mean(values)


@metric(scope="plan")
def mean_model_subset_accuracy(
    decisions: Array, targets: Array, models: Sequence[Sequence[int]]
) -> float:
    """Mean over a plan's models of each model's own subset accuracy.

    What the published GMTL rows appear to show. It grows with the number of models (STL: mean
    accuracy of the labels), so it compares nothing between plans; see `subset_accuracy`.

    Args:
        decisions: (N, T) of 0 and 1.
        targets: (N, T) of 0, 1 or NaN.
        models: for each model, its columns.
    """
    columns = [list(model) for model in models]
    return defined_mean(subset_accuracy(decisions[:, c], targets[:, c]) for c in columns)
