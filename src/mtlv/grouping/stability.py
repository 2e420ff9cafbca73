"""Whether a grouping would be found again on other texts.

The training texts of every corpus are drawn with replacement, as many as there are, and the tasks
are grouped again. How far the groups agree is told by the adjusted Rand index (Hubert and Arabie
1985): 1 for the same groups, 0 on average for groups at random. Features that see no text do not
change; `Feature.resamples` says which do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_rand_score

from mtlv.errors import GroupingError
from mtlv.grouping.context import Array, Measured, TaskContext
from mtlv.randomness import generator

__all__ = ["Stability", "resample", "stability"]

DRAWS = 20


@dataclass(frozen=True)
class Stability:
    """Agreement of a grouping with those found on resampled texts.

    Args:
        mean: of the adjusted Rand index over the draws that could be grouped.
        sd: of it, between draws; NaN if there is one.
        draws: how many were grouped.
        failed: how many could not be, for instance because a task had no positive text left.
    """

    mean: float
    sd: float
    draws: int
    failed: int


def stability(
    regroup: Callable[[TaskContext], Array],
    context: TaskContext,
    labels: Array,
    draws: int = DRAWS,
    seed: int = 0,
) -> Stability:
    """Group again on bootstrap resamples of the training texts.

    Args:
        regroup: from a context to the group of each task, (T,).
        context: that the grouping was found in.
        labels: group of each task as it was found there, (T,).
        draws: how many resamples.
        seed: of the draws.

    Raises:
        GroupingError: there is no draw, or none can be grouped.
    """
    if draws < 1:
        raise GroupingError(
            "Stability needs a draw.", where="draws", found=draws, expected="1 or more"
        )
    scores, problem = [], None
    for draw in range(draws):
        try:
            again = regroup(resample(context, draw, seed))
        except GroupingError as error:
            problem = error
            continue
        scores.append(float(adjusted_rand_score(labels, again)))
    if not scores:
        raise GroupingError(
            "The tasks cannot be grouped on any resample of the texts.", found=problem
        ) from problem
    sd = float(np.std(scores, ddof=1)) if len(scores) > 1 else float("nan")
    return Stability(float(np.mean(scores)), sd, len(scores), draws - len(scores))


def resample(context: TaskContext, draw: int, seed: int = 0) -> TaskContext:
    """Return the context with the training texts of every corpus drawn with replacement.

    Targets, text vectors and data maps follow the same rows. Nothing is measured or trained again:
    other measurements, and trainings, stay those of all texts.
    """

    def rows(corpus: str, texts: int) -> Array:
        return generator(seed, "bootstrap", draw, corpus).integers(texts, size=texts)

    def text_vectors(corpus: str) -> Array:
        vectors = context.text_vectors(corpus)  # (N, H)
        return np.asarray(vectors[rows(corpus, len(vectors))])

    def measure(probe: str, settings: Mapping[str, Any]) -> Measured:
        measured = context.measure(probe, settings)
        if probe != "data_map":
            return measured
        corpus = context.tasks.tasks[0].corpus  # a data map has one corpus
        arrays = {k: a[rows(corpus, len(a))] for k, a in measured.arrays.items()}  # (N, T) each
        return replace(measured, arrays=arrays)

    targets = {
        name: values[rows(context.tasks[name].corpus, len(values))]
        for name, values in context.targets.items()
    }
    return replace(context, targets=targets, text_vectors=text_vectors, measure=measure)
