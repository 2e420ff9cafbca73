"""What a training run sees: token tables, targets and the split of each of its corpora."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mtlv.data import Part
from mtlv.model.batches import Batch, StateTable, pad_batch
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
        targets: values by task, (N,) each, NaN where missing.
        rows: row numbers by part; `test` is only ever scored.
        key: names the token table, for what is derived from it.
        states: output of the frozen layers, where they were cut off.
    """

    name: str
    ids: Array
    tokens: TokenTable
    targets: Mapping[str, Array]
    rows: Mapping[Part, Array]
    key: str
    states: StateTable | None = None


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
        targets = {
            index: head_targets(corpus, network, index, rows.rows)
            for index, owner in enumerate(network.corpora)
            if owner == rows.corpus
        }
        return pad_batch(rows.corpus, corpus.tokens, rows.rows, corpus.states, targets)

    def with_states(self, states: Mapping[str, StateTable]) -> TrainingData:
        """Return the data with the frozen layers' output in place of token ids."""
        corpora = {
            name: replace(corpus, states=states[name]) for name, corpus in self.corpora.items()
        }
        return TrainingData(corpora)

    def __iter__(self) -> Iterator[CorpusData]:
        return iter(self.corpora.values())


def head_targets(corpus: CorpusData, network: Network, head: int, rows: Array) -> Tensor:
    """Return the targets of a head's tasks for some rows, (B, T of the head)."""
    columns = [corpus.targets[task.name][rows] for task in network.head(head).tasks]
    return torch.from_numpy(np.stack(columns, axis=1).astype(np.float32))  # (B, T)
