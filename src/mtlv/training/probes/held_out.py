"""Held-out texts that a probe judges by: drawn once for a run, rare targets among them.

A label that one text in a hundred has is in half of all plain draws of 64 texts not at all, and
then its loss there only says how sure the run is of its absence. So a few texts of each stratum are
drawn first: positives and negatives of every binary task, texts with a target of every other one.
Their shares among the texts are therefore not those of the part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mtlv.model.network import Network
from mtlv.tasks import Task
from mtlv.training.data import CorpusData, TrainingData

__all__ = ["FEWEST", "draw_held_out", "stratified"]

Array = np.ndarray[Any, Any]
FEWEST = 4
"""Texts of every stratum that are drawn before the others, where there are so many."""


def draw_held_out(
    network: Network, data: TrainingData, texts: int, generator: np.random.Generator
) -> dict[str, Array]:
    """Draw validation rows of every corpus, stratified by the targets of the network's tasks.

    Args:
        network: whose tasks are judged.
        data: of the run.
        texts: how many of each corpus; all, if it has fewer.
        generator: of the draw.
    """
    drawn = {}
    for corpus in data:
        rows = generator.permutation(corpus.rows["validation"])
        strata = list(_strata(network, corpus, rows))
        drawn[corpus.name] = np.sort(rows[stratified(strata, len(rows), texts)])
    return drawn


def stratified(strata: Sequence[Array], size: int, count: int) -> Array:
    """Return which of N texts in random order to take, so that no stratum is left out, (N,) bool.

    Every stratum gets one text, then every one a second, up to `FEWEST`, the smallest strata first
    and the first texts of each; whatever is left to take are the first of the others. A text counts
    for all strata that it is in.

    Args:
        strata: which texts are in each, (N,) bool; they may overlap.
        size: N.
        count: of texts to take; all, if there are fewer.

    >>> rare, common = np.array([0, 0, 0, 1], bool), np.array([1, 1, 1, 0], bool)
    >>> stratified([common, rare], 4, 2).tolist()
    [True, False, False, True]
    """
    taken = np.zeros(size, bool)
    for wanted in range(1, FEWEST + 1):
        for stratum in sorted(strata, key=np.count_nonzero):
            left = np.flatnonzero(stratum & ~taken)
            lacks = np.count_nonzero(stratum & taken) < wanted
            if lacks and len(left) and np.count_nonzero(taken) < count:
                taken[left[0]] = True
    others = np.flatnonzero(~taken)
    taken[others[: max(0, count - np.count_nonzero(taken))]] = True
    return taken


def _strata(network: Network, corpus: CorpusData, rows: Array) -> Iterator[Array]:
    """Give which rows are in each stratum, (N,) bool."""
    for index, owner in enumerate(network.corpora):
        for task in network.head(index).tasks if owner == corpus.name else ():
            yield from _strata_of(task, corpus.targets[task.name][rows])


def _strata_of(task: Task, values: Array) -> tuple[Array, ...]:
    if task.kind == "binary":
        return values == 1, values == 0
    if task.kind == "tagging":
        return (np.array([value is not None for value in values], bool),)
    return (~np.isnan(values),)
