"""Fake predictions of all kinds of tasks. The name of a task says its kind; most are binary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mtlv.data import Kind
from mtlv.evaluation.about import About
from mtlv.evaluation.predictions import ScoredPart, TaskPredictions
from mtlv.fingerprint import fingerprint

Array = np.ndarray[Any, Any]

MIXED = ("edema", "nodule", "nli", "relation", "similarity", "disease")
"""Tasks of all kinds: two binary, two multiclass, one regression, one tagging."""


@dataclass(frozen=True)
class FakeKind:
    """What a fake task is; `metrics` are those that its curves show.

    One that is `official` is of a corpus of its own, whose test part is the same in all folds.
    """

    kind: Kind = "binary"
    about: About = About()  # noqa: RUF009  (it is frozen)
    metrics: tuple[str, ...] = ("f1", "average_precision")
    official: bool = False


NLI = About(("contradiction", "neutral", "entailment"), metric="accuracy")
RELATION = About(("false", "CPR:3", "CPR:4"), "false", metric="f1_micro_positive")
KINDS = {
    "nli": FakeKind("multiclass", NLI, ("accuracy", "log_loss")),
    "relation": FakeKind("multiclass", RELATION, ("f1_micro_positive", "log_loss")),
    "similarity": FakeKind(
        "regression", About(range=(0.0, 5.0), metric="pearson"), ("pearson", "mse")
    ),
    "disease": FakeKind(
        "tagging", About(("O", "B", "I"), metric="entity_f1"), ("entity_f1", "log_loss")
    ),
    "question": FakeKind("binary", About(metric="accuracy")),
    "official": FakeKind(official=True),
}
BINARY = FakeKind()


def kind_of(task: str) -> FakeKind:
    """Return what a task is."""
    return KINDS.get(task, BINARY)


def predicted(task: str, part: ScoredPart, fold: int, job: str, examples: int) -> TaskPredictions:
    """Return targets that only depend on task, fold and part, and scores that follow them."""
    own = kind_of(task)
    fold, corpus = (0, "official") if own.official else (fold, "fake")
    ids = np.array([f"{fold}-{part}-{i}" for i in range(examples)], object)  # (N,)
    truth, noise = _generator(task, fold, part), _generator(job, task, part)
    make = {"binary": _binary, "multiclass": _classes, "regression": _values, "tagging": _tags}
    targets, scores = make[own.kind](truth, noise, examples)
    return TaskPredictions(task, own.kind, ids, targets, scores, corpus, own.about)


def _binary(truth: np.random.Generator, noise: np.random.Generator, n: int) -> tuple[Array, Array]:
    targets = (truth.random(n) < 0.3).astype(float)  # (N,)
    targets[:2] = 0.0, 1.0
    return targets, 0.45 * targets + 0.55 * noise.random(n)


def _classes(truth: np.random.Generator, noise: np.random.Generator, n: int) -> tuple[Array, Array]:
    targets = truth.integers(0, 3, n)  # (N,)
    scores = 0.6 * np.eye(3)[targets] + noise.random((n, 3))  # (N, C)
    return targets.astype(float), scores / scores.sum(axis=1, keepdims=True)


def _values(truth: np.random.Generator, noise: np.random.Generator, n: int) -> tuple[Array, Array]:
    targets = 5 * truth.random(n)  # (N,)
    return targets, targets + noise.standard_normal(n)


def _tags(truth: np.random.Generator, noise: np.random.Generator, n: int) -> tuple[Array, Array]:
    targets, scores = np.empty(n, object), np.empty(n, object)
    for i, length in enumerate(truth.integers(2, 7, n)):
        targets[i], scores[i] = _classes(truth, noise, int(length))  # (L,), (L, C)
    return targets, scores


def _generator(*words: object) -> np.random.Generator:
    return np.random.default_rng(int(fingerprint([str(word) for word in words]), 16))
