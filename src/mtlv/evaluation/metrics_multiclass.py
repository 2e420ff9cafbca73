"""Metrics of one multiclass task: (N,) decided or (N, C) scored classes against (N,) classes.

Relation extraction is scored by the micro F1 over the classes other than the negative one ("no
relation"), which is most frequent and easy: ChemProt, DDI 2013 and i2b2 2010 are published so. With
all classes counted, micro F1 is accuracy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mtlv.errors import ProtocolError, nearest
from mtlv.evaluation.about import About
from mtlv.evaluation.counts import Rates, defined_mean, mean, rates
from mtlv.evaluation.metric import metric
from mtlv.evaluation.ranking import EPSILON, present

__all__ = [
    "accuracy",
    "class_confusion",
    "f1_macro",
    "f1_micro_positive",
    "f1_of_classes",
    "log_loss",
    "precision_micro_positive",
    "recall_micro_positive",
]

Array = np.ndarray[Any, Any]


def class_confusion(decisions: Array, targets: Array) -> Array:
    """Count decisions by their outcome, each class against the others.

    Args:
        decisions: (N,) indices of classes.
        targets: (N,) indices of classes, NaN where missing.

    Returns:
        (C, 4) int64: true negatives, false positives, false negatives, true positives, up to the
        last class that occurs.

    >>> class_confusion(np.array([0, 1, 1]), np.array([0.0, 0.0, 1.0])).tolist()
    [[1, 0, 1, 1], [1, 1, 0, 1]]
    """
    mask = present(decisions, targets)
    truth, called = targets[mask].astype(np.int64), decisions[mask].astype(np.int64)  # (M,)
    size = 1 + max(truth.max(initial=-1), called.max(initial=-1))
    table = np.bincount(truth * size + called, minlength=size**2).reshape(size, size)  # (C, C)
    tp = np.diagonal(table)
    fp, fn = table.sum(axis=0) - tp, table.sum(axis=1) - tp
    return np.stack([len(truth) - tp - fp - fn, fp, fn, tp], axis=1)  # (C, 4)


@metric(scope="task", kind="multiclass")
def accuracy(decisions: Array, targets: Array) -> float:
    """Share of examples whose most probable class is the true one."""
    mask = present(decisions, targets)
    return defined_mean(decisions[mask] == targets[mask])


@metric(scope="task", kind="multiclass")
def f1_macro(decisions: Array, targets: Array) -> float:
    """Mean of the classes' F1, over the classes that occur among targets or decisions."""
    counts = class_confusion(decisions, targets)
    return defined_mean(rates(counts[counts[:, 1:].any(axis=1)]).f1)


@metric(scope="task", kind="multiclass")
def f1_micro_positive(decisions: Array, targets: Array, about: About) -> float:
    """F1 of the pooled counts of all classes but the negative one; accuracy if there is none."""
    return float(_positive(decisions, targets, about).f1)


@metric(scope="task", kind="multiclass")
def precision_micro_positive(decisions: Array, targets: Array, about: About) -> float:
    """Share of decisions for a class other than the negative one that are right."""
    return float(_positive(decisions, targets, about).precision)


@metric(scope="task", kind="multiclass")
def recall_micro_positive(decisions: Array, targets: Array, about: About) -> float:
    """Share of examples of a class other than the negative one that are found, in their class."""
    return float(_positive(decisions, targets, about).recall)


@metric(scope="task", kind="multiclass", needs="scores", higher_is_better=False, unit="nats")
def log_loss(scores: Array, targets: Array) -> float:
    """Mean of -ln of the probability of the true class, which is kept above that of float32."""
    rows = np.flatnonzero(~np.isnan(targets))
    chances = scores[rows, targets[rows].astype(np.int64)]  # (M,)
    return mean(-np.log(np.clip(chances, EPSILON, 1 - EPSILON)))


def f1_of_classes(decisions: Array, targets: Array, about: About) -> dict[str, float]:
    """Return the F1 of every class that has a name; NaN where no target is present."""
    counts = class_confusion(decisions, targets)
    total = int(np.count_nonzero(~np.isnan(targets)))
    absent = np.tile([total, 0, 0, 0], (max(0, len(about.labels) - len(counts)), 1))
    found = rates(np.concatenate([counts, absent])).f1  # (C,)
    return dict(zip(about.labels, map(float, found), strict=False))


def _positive(decisions: Array, targets: Array, about: About) -> Rates:
    counts = class_confusion(decisions, targets)
    negative = -1 if about.negative is None else _index(about)
    pooled = counts[np.arange(len(counts)) != negative].sum(axis=0)  # (4,)
    pooled[0] = np.count_nonzero(~np.isnan(targets))  # says that there are targets, no more
    return rates(pooled)


def _index(about: About) -> int:
    if about.negative not in about.labels:
        raise ProtocolError(
            f"The negative class '{about.negative}' is none of the task's classes.",
            found=", ".join(about.labels) or "no names of classes",
            hint=nearest(str(about.negative), about.labels),
        )
    return about.labels.index(about.negative)
