"""The catalogue of metrics: importing it files the metrics of every kind of task.

All lie in 0 … 1 except losses, errors, correlations (-1 … 1) and `support` (a count). A target that
is missing (NaN) is left out. A metric that means nothing for a task (AP of one class, a correlation
with a constant, anything without a target) is NaN; means leave it out, and the signature of
`Scores` says how many tasks remained.

    METRICS["f1_macro"]                     all binary tasks together
    TASK_METRICS["tagging"]["entity_f1"]    one task
"""

from __future__ import annotations

from mtlv.evaluation import (
    metrics_binary,
    metrics_documents,
    metrics_matrix,
    metrics_multiclass,
    metrics_plan,
    metrics_regression,
    metrics_tagging,
)
from mtlv.evaluation.metric import METRICS, TASK_METRICS, Metric, metric, metrics_of
from mtlv.evaluation.metrics_plan import mean_model_subset_accuracy, primary_mean

__all__ = [
    "FAMILIES",
    "METRICS",
    "TASK_METRICS",
    "Metric",
    "mean_model_subset_accuracy",
    "metric",
    "metrics_of",
    "primary_mean",
]

FAMILIES = (
    metrics_binary,
    metrics_matrix,
    metrics_documents,
    metrics_plan,
    metrics_multiclass,
    metrics_regression,
    metrics_tagging,
)
"""The modules that register metrics when they are imported."""
