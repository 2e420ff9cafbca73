"""Metrics of one binary task: (N,) decisions of 0 and 1, or scores, against (N,) targets.

A ratio with nothing in it (0/0) is 0, as in scikit-learn with `zero_division=0`. Average precision
and AUC mean nothing where one class is absent, and are NaN there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mtlv.evaluation import ranking
from mtlv.evaluation.counts import confusion, defined_mean, rates
from mtlv.evaluation.metric import metric
from mtlv.evaluation.ranking import present

__all__ = ["accuracy", "f1", "precision", "recall", "support"]

Array = np.ndarray[Any, Any]


@metric(scope="task")
def f1(decisions: Array, targets: Array) -> float:
    """F1 of the positive class, 2TP/(2TP+FP+FN)."""
    return float(rates(confusion(decisions, targets)).f1[0])


@metric(scope="task")
def precision(decisions: Array, targets: Array) -> float:
    """Share of positive decisions that are right."""
    return float(rates(confusion(decisions, targets)).precision[0])


@metric(scope="task")
def recall(decisions: Array, targets: Array) -> float:
    """Share of positives that are found."""
    return float(rates(confusion(decisions, targets)).recall[0])


@metric(scope="task")
def accuracy(decisions: Array, targets: Array) -> float:
    """Share of decisions that are right; high for a rare label that is never found."""
    mask = present(decisions, targets)
    return defined_mean(decisions[mask] == targets[mask])


@metric(scope="task", unit="count")
def support(decisions: Array, targets: Array) -> float:
    """Number of positives, whatever was decided."""
    return float(np.count_nonzero(targets == 1))


metric(scope="task", needs="scores")(ranking.average_precision)
metric(scope="task", needs="scores")(ranking.roc_auc)
metric(scope="both", needs="scores", higher_is_better=False, unit="nats")(ranking.log_loss)
metric(scope="both", needs="scores", higher_is_better=False)(ranking.expected_calibration_error)
