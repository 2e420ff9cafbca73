"""Random predictions of every kind of task, for the tests of their metrics."""

from __future__ import annotations

from typing import Any

import numpy as np

from mtlv.data import Kind
from mtlv.evaluation.about import About
from mtlv.evaluation.predictions import TaskPredictions

Array = np.ndarray[Any, Any]

TAGS = ("O", "B-Drug", "I-Drug", "B-Gene", "I-Gene")
CLASSES = ("false", "CPR:3", "CPR:4", "CPR:9")
ABOUT: dict[Kind, About] = {
    "binary": About(),
    "multiclass": About(CLASSES, negative="false"),
    "regression": About(range=(0.0, 5.0)),
    "tagging": About(TAGS),
}


def boxed(rows: list[Any]) -> Array:
    """Return rows of different lengths as one array of objects."""
    result = np.empty(len(rows), object)
    for i, row in enumerate(rows):
        result[i] = np.asarray(row)
    return result


def certain(classes: Array, size: int) -> Array:
    """Return scores that are sure of some classes, (..., C)."""
    return np.asarray(np.eye(size)[np.asarray(classes, int)])


def random_task(kind: Kind, seed: int, count: int = 30) -> TaskPredictions:
    """Return noisy predictions of a task, whose targets are all there."""
    random = np.random.default_rng(seed)
    ids = np.array([f"e{i}" for i in range(count)], object)
    if kind == "binary":
        targets = (random.random(count) < 0.4).astype(float)
        scores = (targets + random.random(count)) / 2
    elif kind == "multiclass":
        targets = random.integers(0, 4, count).astype(float)
        scores = random.dirichlet([1.0] * 4, count) * 0.6 + 0.4 * certain(targets, 4)
    elif kind == "regression":
        targets = np.round(5 * random.random(count), 1)
        scores = np.round(targets + random.normal(size=count), 1)
    else:
        lengths = random.integers(1, 9, count)
        targets = boxed([random.integers(0, 5, n).astype(float) for n in lengths])
        scores = boxed([random.dirichlet([0.5] * 5, len(y)) + certain(y, 5) * 0.4 for y in targets])
        scores = boxed([row / row.sum(axis=1, keepdims=True) for row in scores])
    return TaskPredictions("task", kind, ids, targets, scores, "corpus", ABOUT[kind])
