"""Task features: one vector per task, to cluster on.

Encoders and measuring runs come in as functions of a `TaskContext`, so nothing here needs torch,
and features see the training part of a fold at most.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mtlv.errors import GroupingError
from mtlv.grouping.context import Array, Pooling, TaskContext
from mtlv.grouping.cooccurrence import jaccard, phi, pmi, training_positives
from mtlv.registry import Registry
from mtlv.tasks import TaskSet

__all__ = ["FEATURES", "Feature", "Scaling", "feature", "task_features"]

Scaling = Literal["none", "minmax", "standard", "unit"]
"""As they are, each dimension to 0 … 1 or to mean 0 and sd 1, or each row to length 1."""

Function = Callable[[TaskContext, Pooling], Array]


@dataclass(frozen=True)
class Feature:
    """A kind of task features.

    Args:
        function: `(context, pooling) -> (T, D)`.
        uses_texts: whether they come from training texts or their targets.
        resamples: whether other texts, drawn by `stability.resample`, give other features; where
            they do not, a grouping on them is stable by construction.
        measures: whether they need a measuring run.
        description: one line.
    """

    function: Function
    uses_texts: bool
    resamples: bool
    measures: bool
    description: str


FEATURES: Registry[Feature] = Registry("task feature")


def feature(
    name: str, *, uses_texts: bool, resamples: bool | None = None, measures: bool = False
) -> Callable[[Function], Function]:
    """Return a decorator that files a function as task features under a name.

    The first line of its docstring describes it; the other arguments are those of `Feature`, and
    `resamples` is `uses_texts` unless told otherwise.
    """

    def decorate(function: Function) -> Function:
        line = (function.__doc__ or name).strip().splitlines()[0]
        drawn = uses_texts if resamples is None else resamples
        FEATURES.register(name)(Feature(function, uses_texts, drawn, measures, line))
        return function

    return decorate


def task_features(
    name: str, context: TaskContext, pooling: Pooling = "mean", scaling: Scaling = "none"
) -> Array:
    """Return the features of a name, (T, D) float64.

    Args:
        name: of a kind in `FEATURES`.
        context: what they may look at.
        pooling: of the token states of names and descriptions; others do not use it.
        scaling: of the features; a constant dimension becomes 0, a row of zeros stays.

    Raises:
        GroupingError: they are missing for some task, not finite, or the same for all tasks.
    """
    features = np.asarray(FEATURES[name].function(context, pooling), np.float64)  # (T, D)
    names = context.tasks.names
    if not np.isfinite(features).all():
        wrong = np.flatnonzero(~np.isfinite(features).all(axis=1))
        raise GroupingError(
            f"The task features '{name}' are not finite numbers.",
            where=", ".join(names[row] for row in wrong),
        )
    if len(features) > 1 and not np.ptp(features, axis=0).any():
        raise GroupingError(
            f"The task features '{name}' are the same for all tasks: they cannot be grouped by.",
            where=", ".join(names),
            hint="use other features, or tell the labels apart by their descriptions",
        )
    return _scaled(features, scaling)


def _scaled(features: Array, scaling: Scaling) -> Array:
    if scaling == "unit":
        return _divided(features, np.linalg.norm(features, axis=1, keepdims=True))
    spread = np.ptp(features, axis=0)  # (D,)
    if scaling == "minmax":
        return _divided(features - features.min(axis=0), spread)
    if scaling == "standard":
        ordered = np.sort(features, axis=0)  # so that sums do not depend on the order of tasks
        deviation = np.where(spread > 0, ordered.std(axis=0), 0)
        return _divided((features - ordered.mean(axis=0)) * (spread > 0), deviation)
    return features


def _divided(features: Array, by: Array) -> Array:
    return features / np.where(by > 0, by, 1)


# --- from names and descriptions -----------------------------------------------------------------


@feature("label", uses_texts=False)
def _label(context: TaskContext, pooling: Pooling) -> Array:
    """Embedding of the label's name (thesis, section 3.5.1)."""
    return context.embed([_words(name) for name in context.tasks.names], pooling)


@feature("label_description", uses_texts=False)
def _label_description(context: TaskContext, pooling: Pooling) -> Array:
    """Embedding of the label's description."""
    return context.embed(_descriptions(context.tasks), pooling)


@feature("label_and_description", uses_texts=False)
def _label_and_description(context: TaskContext, pooling: Pooling) -> Array:
    """Embedding of the label's name and its description, as one text."""
    told = zip(context.tasks.names, _descriptions(context.tasks), strict=True)
    return context.embed([f"{_words(name)}: {description}" for name, description in told], pooling)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _descriptions(tasks: TaskSet) -> list[str]:
    missing = [task.name for task in tasks if not (task.description or "").strip()]
    if missing:
        raise GroupingError(
            "Some labels have no description to be grouped by.",
            where=", ".join(missing),
            hint="add `descriptions:` to the data, or use `features: label`",
        )
    return [task.description or "" for task in tasks]


# --- from training texts and targets -------------------------------------------------------------


@feature("counts", uses_texts=True)
def _counts(context: TaskContext, pooling: Pooling) -> Array:
    """Logarithm of the number of positive training texts; one number per task."""
    return np.log([[rows.sum()] for rows in training_positives(context)])  # (T, 1)


@feature("phi", uses_texts=True)
def _phi(context: TaskContext, pooling: Pooling) -> Array:
    """Correlations of the task's targets with those of every task."""
    return phi(context)


@feature("pmi", uses_texts=True)
def _pmi(context: TaskContext, pooling: Pooling) -> Array:
    """Positive pointwise mutual information of the label with every label."""
    return pmi(context)


@feature("jaccard", uses_texts=True)
def _jaccard(context: TaskContext, pooling: Pooling) -> Array:
    """Overlap of the task's positive texts with those of every task."""
    return jaccard(context)


@feature("text_embedding", uses_texts=True)
def _text_embedding(context: TaskContext, pooling: Pooling) -> Array:
    """Mean embedding of the task's positive training texts, less that of its corpus.

    What all texts of a corpus have in common is by far the larger part of every mean. Left in, all
    tasks would be nearly equal; across corpora, only the corpora would be told apart.
    """
    rows = []
    for task, positive in zip(context.tasks, training_positives(context), strict=True):
        vectors = context.text_vectors(task.corpus)  # (N, H)
        rows.append(vectors[positive].mean(axis=0) - vectors.mean(axis=0))
    return np.stack(rows)  # (T, H)


# --- from a measuring run ------------------------------------------------------------------------


@feature("data_map", uses_texts=True, measures=True)
def _data_map(context: TaskContext, pooling: Pooling) -> Array:
    """True-class probability of every training text: mean and sd over epochs (STG-MTL).

    Data maps are of Swayamdipta et al. 2020, their use for grouping of Sherif et al. 2023. A text
    where some task has no target is left out, because tasks are compared text by text.
    """
    corpora = sorted({task.corpus for task in context.tasks})
    if len(corpora) > 1:
        raise GroupingError(
            "Data maps compare tasks on the same texts.",
            found=f"tasks of {len(corpora)} corpora: {', '.join(corpora)}",
            expected="one corpus",
            hint="use other features, as `fisher` or `label_description`",
        )
    arrays = context.measure("data_map", {}).arrays
    seen: Array = np.concatenate([arrays["mean"], arrays["spread"]])  # (2N, T)
    complete = seen[~np.isnan(seen).any(axis=1)]
    if not len(complete):
        raise GroupingError("No training text has a target of every task: there is no data map.")
    return complete.T  # (T, 2N)


@feature("fisher", uses_texts=True, resamples=False, measures=True)
def _fisher(context: TaskContext, pooling: Pooling) -> Array:
    """Fisher information of the shared weights (task2vec, Achille et al. 2019).

    Rows are brought to a sum of 1: which weights matter to a task is compared, not how much
    information there is, which follows from how rare and how hard it is. The run has averaged over
    texts already, so other texts do not change it.
    """
    information = np.asarray(context.measure("fisher", {}).arrays["information"], np.float64)
    totals = information.sum(axis=1, keepdims=True)  # (T, 1)
    if not (totals > 0).all():
        without = np.flatnonzero(~(totals[:, 0] > 0))
        raise GroupingError(
            "Some tasks have no Fisher information to be grouped by.",
            where=", ".join(context.tasks.names[row] for row in without),
        )
    return np.asarray(information / totals)  # (T, D)
