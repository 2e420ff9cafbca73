"""Which examples make the next batch: texts of like length together, drawn anew every epoch.

Each epoch shuffles the examples, cuts the order into windows of `WINDOW` batches, sorts each window
by length, cuts it into batches and shuffles the batches of all windows. So batches waste little on
padding, batch membership changes from epoch to epoch, and no order by length is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Array", "BatchRows", "corpus_batches", "epoch_batches", "scoring_batches"]

Array = np.ndarray[Any, Any]
WINDOW = 50


@dataclass(frozen=True)
class BatchRows:
    """The rows of one corpus that make a batch."""

    corpus: str
    rows: Array


def epoch_batches(
    rows: Mapping[str, Array],
    lengths: Mapping[str, Array],
    batch_sizes: Mapping[str, int],
    generator: np.random.Generator,
    *,
    bucketing: bool = True,
) -> list[BatchRows]:
    """Return the batches of one epoch: every row of every corpus once.

    With several corpora all their batches are shuffled together (proportional mixing, algorithm 1
    of Peng et al. 2020).

    Args:
        rows: training rows by corpus.
        lengths: of all texts, by corpus.
        batch_sizes: rows per batch by corpus; each corpus' last batch may be smaller.
        generator: source of the shuffles.
        bucketing: whether to sort by length within windows.
    """
    batches: list[BatchRows] = []
    for corpus, own in rows.items():
        batches += corpus_batches(
            corpus, own, lengths[corpus], batch_sizes[corpus], generator, bucketing=bucketing
        )
    return [batches[i] for i in generator.permutation(len(batches))]


def corpus_batches(
    corpus: str,
    rows: Array,
    lengths: Array,
    batch_size: int,
    generator: np.random.Generator,
    *,
    bucketing: bool = True,
) -> list[BatchRows]:
    """Return the batches of one pass over a corpus; their order still goes by length in windows."""
    order = generator.permutation(rows)
    if bucketing:
        order = _sorted_in_windows(order, lengths, WINDOW * batch_size)
    return [BatchRows(corpus, part) for part in _cut(order, batch_size)]


def scoring_batches(rows: Sequence[int] | Array, lengths: Array, tokens: int) -> list[Array]:
    """Return all rows in batches of like length that hold at most `tokens` padded tokens each.

    A text that is longer than that makes a batch of its own.
    """
    given = np.asarray(rows, np.int64)
    order = given[np.argsort(lengths[given], kind="stable")]
    batches: list[Array] = []
    start = 0
    for stop in range(1, len(order) + 1):
        next_length = lengths[order[stop]] if stop < len(order) else np.inf
        if next_length * (stop + 1 - start) > tokens:
            batches.append(order[start:stop])
            start = stop
    return batches


def _sorted_in_windows(order: Array, lengths: Array, window: int) -> Array:
    parts = [order[i : i + window] for i in range(0, len(order), window)]
    return np.concatenate([part[np.argsort(-lengths[part], kind="stable")] for part in parts])


def _cut(order: Array, size: int) -> list[Array]:
    return [order[i : i + size] for i in range(0, len(order), size)]
