"""Predictions of all kinds for tests of resampling, whose units are known."""

from __future__ import annotations

from typing import Any

import numpy as np

from evaluation.kinds import random_task
from mtlv.data import Kind
from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.evaluation.significance import Pair, Run, Units, sheet
from mtlv.evaluation.thresholds import Thresholds

Array = np.ndarray[Any, Any]
LABELS = ("a", "b", "c")
THRESHOLDS = Thresholds(dict.fromkeys(LABELS, 0.5), "fixed", "fixed")


def task_of(kind: Kind, seed: int, count: int = 30, missing: bool = True) -> TaskPredictions:
    """Return noisy predictions of a task, some of whose targets are missing."""
    task = random_task(kind, seed, count)
    if missing:
        for row in (3, 7):
            task.targets[row] = np.full_like(task.targets[row], np.nan)
    return task


def labels(truth: int, noise: int, count: int = 40, skill: float = 0.3, ids=None) -> Predictions:
    """Return predictions of three labels; equal `truth` gives equal targets."""
    random, noisy = np.random.default_rng([truth, 1]), np.random.default_rng([noise, 2])
    ids = np.array([f"e{i}" for i in range(count)] if ids is None else ids, object)
    tasks = {}
    for name in LABELS:
        targets = (random.random(count) < 0.4).astype(float)
        scores = skill * targets + (1 - skill) * noisy.random(count)
        tasks[name] = TaskPredictions(name, "binary", ids, targets, scores, "corpus")
    return Predictions("test", tasks)


def pair_of(
    ours: Predictions, theirs: Predictions, metric: str, units: Units | None = None, replicate=0
) -> Pair:
    """Return two runs of the three labels, compared in F1 label by label too."""
    units = units or Units.of(theirs)
    names = dict.fromkeys(ours.tasks, "f1")
    own, other = (sheet(Run(test, THRESHOLDS), units, metric, names) for test in (ours, theirs))
    return Pair(own, other, units, replicate)
