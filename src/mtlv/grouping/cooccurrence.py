"""How often labels stand on the same training texts, as similarities of binary tasks.

Every pair of tasks is counted on the texts where both have a target. Tasks of different corpora
share no text; their similarity is 0, as is one that has no value (0/0): nothing is known of them.
Co-occurrence says that heads are redundant, not that the encoder learns better from both.

A table of two tasks a, b over n texts counts n_ab texts with both, n_a and n_b with each.

- phi = (n·n_ab - n_a·n_b) / √(n_a (n-n_a) n_b (n-n_b)), the correlation of the targets; -1 … 1.
- pmi = max(0, log(n·n_ab / (n_a·n_b))), positive pointwise mutual information in nats, as it is
  used on words (Church and Hanks 1990; Levy and Goldberg 2014): being together more than by chance.
- jaccard = n_ab / (n_a + n_b - n_ab); 0 … 1.

The diagonal is what the formula gives for a task with itself: 1, -log(n_a/n), 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mtlv.errors import GroupingError
from mtlv.grouping.context import Array, TaskContext
from mtlv.registry import Registry

__all__ = ["COOCCURRENCES", "binary_targets", "jaccard", "phi", "pmi", "training_positives"]

COOCCURRENCES: Registry[Callable[[TaskContext], Array]] = Registry("co-occurrence")


def binary_targets(context: TaskContext) -> list[Array]:
    """Return the training targets of each task, (N,) each.

    Raises:
        GroupingError: a task is not binary.
    """
    others = [task for task in context.tasks if task.kind != "binary"]
    if others:
        raise GroupingError(
            "Only binary tasks have positive texts to be grouped by.",
            where=", ".join(f"task '{task.name}' ({task.kind})" for task in others),
            hint="use features that do not need them, as `label_description`",
        )
    return [np.asarray(context.targets[name], np.float64) for name in context.tasks.names]


def training_positives(context: TaskContext) -> list[Array]:
    """Return which training texts of its corpus are positive for each task, (N,) bool each.

    Raises:
        GroupingError: a task is not binary, or has no positive training text.
    """
    positives = [targets == 1 for targets in binary_targets(context)]
    missing = [
        name for name, rows in zip(context.tasks.names, positives, strict=True) if not rows.any()
    ]
    if missing:
        raise GroupingError(
            "Some tasks have no positive text in the training part to be grouped by.",
            where=", ".join(missing),
            hint="leave them out, or use features that need none, as `label_description`",
        )
    return positives


@COOCCURRENCES.register("phi")
def phi(context: TaskContext) -> Array:
    """Return the correlation of targets, (T, T)."""
    c = _counts(context)
    spread = np.sqrt(c.first * (c.texts - c.first)) * np.sqrt(c.second * (c.texts - c.second))
    return _ratio(c.texts * c.both - c.first * c.second, spread)


@COOCCURRENCES.register("pmi")
def pmi(context: TaskContext) -> Array:
    """Return positive pointwise mutual information in nats, (T, T)."""
    c = _counts(context)
    lift = _ratio(c.texts * c.both, c.first * c.second)
    return np.log(np.maximum(lift, 1.0))


@COOCCURRENCES.register("jaccard")
def jaccard(context: TaskContext) -> Array:
    """Return texts with both labels by texts with either, (T, T)."""
    c = _counts(context)
    return _ratio(c.both, c.first + c.second - c.both)


@dataclass(frozen=True)
class _Counts:
    """Texts by pair of tasks, (T, T) each.

    Args:
        texts: where both have a target.
        both: with both labels.
        first: with the label of the row's task, where both have a target.
    """

    texts: Array
    both: Array
    first: Array

    @property
    def second(self) -> Array:
        """Texts with the label of the column's task, (T, T)."""
        return self.first.T


def _counts(context: TaskContext) -> _Counts:
    training_positives(context)
    targets = binary_targets(context)
    corpora: dict[str, list[int]] = {}
    for index, task in enumerate(context.tasks):
        corpora.setdefault(task.corpus, []).append(index)
    counts = _Counts(*np.zeros((3, len(targets), len(targets))))
    for rows in corpora.values():
        _count(counts, rows, [targets[row] for row in rows])
    return counts


def _count(counts: _Counts, rows: Sequence[int], targets: Sequence[Array]) -> None:
    table = np.stack(targets, axis=1)  # (N, T)
    known = (~np.isnan(table)).astype(np.float64)
    positive = (table == 1).astype(np.float64)
    square = np.ix_(rows, rows)
    counts.texts[square] = known.T @ known  # (T, T)
    counts.both[square] = positive.T @ positive
    counts.first[square] = positive.T @ known


def _ratio(above: Array, below: Array) -> Array:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
