"""What a training run sees: token tables, targets and the split of each of its corpora."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mtlv.data import Part
from mtlv.model.batches import Batch, StateTable, pad_batch
from mtlv.model.heads import TaggingHead
from mtlv.model.network import Network
from mtlv.model.tokens import TokenTable
from mtlv.training.batches import BatchRows

__all__ = ["CorpusData", "TrainingData"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class CorpusData:
    """One corpus as a model sees it.

    Args:
        name: of the corpus.
        ids: example ids, (N,).
        tokens: its texts.
        targets: values by task, (N,) each, NaN where missing; of tagging, an array of tag indices
            per text, or None.
        rows: row numbers by part; `test` is only ever scored.
        key: names the token table, for what is derived from it.
        states: output of the frozen layers, where they were cut off.
        soft: scores of a teacher by task, of all texts, as `TaskPredictions` holds scores; NaN (or
            None) for texts that it was not asked.
    """

    name: str
    ids: Array
    tokens: TokenTable
    targets: Mapping[str, Array]
    rows: Mapping[Part, Array]
    key: str
    states: StateTable | None = None
    soft: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingData:
    """All corpora of a run."""

    corpora: Mapping[str, CorpusData]

    def rows(self, part: Part) -> dict[str, Array]:
        """Return row numbers of a part by corpus."""
        return {name: corpus.rows[part] for name, corpus in self.corpora.items()}

    @property
    def lengths(self) -> dict[str, Array]:
        """Lengths in tokens of all texts, by corpus."""
        return {name: corpus.tokens.lengths for name, corpus in self.corpora.items()}

    def batch(self, rows: BatchRows, network: Network) -> Batch:
        """Return the padded batch of some rows, with the targets of each head of that corpus."""
        corpus = self.corpora[rows.corpus]
        batch = pad_batch(rows.corpus, corpus.tokens, rows.rows, corpus.states)
        targets = {
            index: _targets(corpus, network, index, rows.rows, batch)
            for index, owner in enumerate(network.corpora)
            if owner == rows.corpus
        }
        soft = {
            index: scores
            for index in targets
            if (scores := _soft(corpus, network, index, rows.rows, batch)) is not None
        }
        return replace(batch, targets=targets, soft=soft)

    def with_states(self, states: Mapping[str, StateTable]) -> TrainingData:
        """Return the data with the frozen layers' output in place of token ids."""
        corpora = {
            name: replace(corpus, states=states[name]) for name, corpus in self.corpora.items()
        }
        return TrainingData(corpora)

    def __iter__(self) -> Iterator[CorpusData]:
        return iter(self.corpora.values())


def _targets(corpus: CorpusData, network: Network, head: int, rows: Array, batch: Batch) -> Tensor:
    if not isinstance(network.head(head), TaggingHead) or batch.words is None:
        return head_targets(corpus, network, head, rows)
    (task,) = network.head(head).tasks
    return tag_targets(batch.words, [corpus.targets[task.name][row] for row in rows])


def _soft(
    corpus: CorpusData, network: Network, head: int, rows: Array, batch: Batch
) -> Tensor | None:
    """Return a teacher's scores for a head, as the head decodes its own; NaN for other tasks."""
    tasks = network.head(head).tasks
    if not any(task.name in corpus.soft for task in tasks):
        return None
    if not isinstance(network.head(head), TaggingHead):
        unknown = np.full(len(rows), np.nan)  # only binary heads have several tasks
        taught = [corpus.soft.get(task.name) for task in tasks]
        columns = [unknown if scores is None else scores[rows] for scores in taught]
        return torch.from_numpy(np.stack(columns, axis=1).astype(np.float32))  # (B, T, …)
    words = np.zeros((0, 0)) if batch.words is None else batch.words.numpy()  # (B, L)
    scores = np.full((*words.shape, len(tasks[0].labels)), np.nan, np.float32)  # (B, L, C)
    for i, row in enumerate(rows):
        own = corpus.soft[tasks[0].name][row]
        if own is not None:
            scores[i, words[i] >= 0] = own[words[i][words[i] >= 0]]
    return torch.from_numpy(scores).unsqueeze(1)  # (B, 1, L, C)


def tag_targets(words: Tensor, tags: Sequence[Array | None]) -> Tensor:
    """Return tags where words begin, NaN elsewhere and where there are none, (B, L).

    Args:
        words: index of the word that begins at a piece, -1 elsewhere, (B, L).
        tags: of each text, one index per word; None where missing.
    """
    targets = np.full(tuple(words.shape), np.nan, np.float32)  # (B, L)
    for i, own in enumerate(tags):
        if own is not None:
            begins = words[i].numpy()
            targets[i, begins >= 0] = np.asarray(own)[begins[begins >= 0]]
    return torch.from_numpy(targets)


def head_targets(corpus: CorpusData, network: Network, head: int, rows: Array) -> Tensor:
    """Return the targets of a head's tasks for some rows, (B, T of the head)."""
    columns = [corpus.targets[task.name][rows] for task in network.head(head).tasks]
    return torch.from_numpy(np.stack(columns, axis=1).astype(np.float32))  # (B, T)
