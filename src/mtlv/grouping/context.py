"""What grouping may look at: tasks, their training targets, and instruments that are handed in.

Encoders, measuring runs and training come in as functions, so nothing in this package needs torch,
and none of it can reach a test text: the functions see the training part of one fold, and, where a
measurement says so, its validation part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from mtlv.errors import GroupingError
from mtlv.tasks import TaskSet

__all__ = ["Array", "Embed", "Measured", "Pooling", "TaskContext", "Trained", "Training"]

Array = np.ndarray[Any, Any]
Pooling = Literal["mean", "content", "cls"]
"""Mean of all token states, mean without special tokens, or the first token's state."""


class Embed(Protocol):
    """Turns short texts into vectors."""

    def __call__(self, texts: Sequence[str], pooling: Pooling = "mean") -> Array:
        """Return (number of texts, H) float64."""


@dataclass(frozen=True)
class Measured:
    """What an instrumented multi-task run showed.

    Args:
        job: its id in the run store.
        arrays: what its probe measured, by name; tasks are in the order of the task set.
        run_seconds: what the run took without the probe.
        probe_seconds: what the probe took.
    """

    job: str
    arrays: Mapping[str, Array]
    run_seconds: float
    probe_seconds: float


@dataclass(frozen=True)
class Trained:
    """What training one model on some tasks gave.

    Args:
        tasks: that it learned together.
        values: validation value of each of them, larger being better; NaN if undefined.
        job: its id in the run store.
        seconds: that it took.
        texts: that it saw, repeated ones counted.
    """

    tasks: tuple[str, ...]
    values: Mapping[str, float]
    job: str
    seconds: float
    texts: int


class Training(Protocol):
    """Trains models on groups of tasks; equal ones are trained once, ever."""

    def __call__(
        self, groups: Sequence[tuple[str, ...]], seed: int, epochs: int | None = None
    ) -> list[Trained]:
        """Train a model per group.

        Args:
            groups: tasks of each model.
            seed: of the runs.
            epochs: to train for; None means as long as the study trains.
        """


def _no_embedding(texts: Sequence[str], pooling: Pooling = "mean") -> Array:
    raise GroupingError("There is no encoder to embed words with.")


def _no_texts(corpus: str) -> Array:
    raise GroupingError("There is no encoder to embed texts with.")


def _no_measurement(probe: str, settings: Mapping[str, Any]) -> Measured:
    raise GroupingError("There is nothing to measure tasks with.")


def _no_training(
    groups: Sequence[tuple[str, ...]], seed: int, epochs: int | None = None
) -> list[Trained]:
    raise GroupingError("There is nothing to train groups with.")


@dataclass(frozen=True)
class TaskContext:
    """What a task feature, an affinity or a grouping method may look at.

    Args:
        tasks: the T tasks.
        targets: of each binary task on the training texts of its corpus, (N,): 0, 1, or NaN.
        embed: turns short texts into vectors, with the encoder before any training.
        text_vectors: mean token states of the training texts of a corpus, (N, H), in the order of
            `targets`; computed once.
        measure: runs (once) an instrumented multi-task run with a probe and its settings.
        train: trains groups of tasks.
        mtl_texts: how many texts one multi-task run sees, repeated ones counted: the unit of cost.
        epochs: that the study trains for.
        base: folder that files are relative to.
    """

    tasks: TaskSet
    targets: Mapping[str, Array]
    embed: Embed = _no_embedding
    text_vectors: Callable[[str], Array] = _no_texts
    measure: Callable[[str, Mapping[str, Any]], Measured] = _no_measurement
    train: Training = _no_training
    mtl_texts: int = 0
    epochs: int = 1
    base: Path = Path()
