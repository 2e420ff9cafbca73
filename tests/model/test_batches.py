"""Padding: no further than the longest text of the batch, with ids, segments or states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mtlv.model.batches import pad_batch
from mtlv.model.tokens import TokenTable

TABLE = TokenTable(
    np.array([5, 6, 7, 5, 7, 5, 8, 9, 7], np.int32), None, np.array([0, 3, 5, 9]), pad_id=1
)


@dataclass(frozen=True)
class Counting:
    """States that say which token they belong to."""

    dtype: torch.dtype = torch.bfloat16
    width: int = 2

    def rows(self, start: int, stop: int) -> Tensor:
        numbers = torch.arange(start, stop, dtype=self.dtype)
        return torch.stack([numbers, -numbers], dim=1)


def test_a_batch_is_as_long_as_its_longest_text() -> None:
    batch = pad_batch("toy", TABLE, [1, 0])
    assert batch.ids is not None
    assert batch.ids.tolist() == [[5, 7, 1], [5, 6, 7]]
    assert batch.mask.tolist() == [[1, 1, 0], [1, 1, 1]]
    assert batch.types is None
    assert len(batch) == 2


def test_segment_numbers_are_padded_with_zero() -> None:
    types = np.array([0, 0, 1, 0, 1, 0, 0, 1, 1], np.int8)
    table = TokenTable(TABLE.ids, types, TABLE.offsets, 1)
    batch = pad_batch("toy", table, [1, 2])
    assert batch.types is not None
    assert batch.types.tolist() == [[0, 1, 0, 0], [0, 0, 1, 1]]
    assert batch.types.dtype == torch.int64


def test_states_stand_in_for_ids() -> None:
    batch = pad_batch("toy", TABLE, [1, 0], Counting())
    assert batch.ids is None
    assert batch.states is not None
    assert batch.states.dtype == torch.bfloat16
    assert batch.states[:, :, 0].tolist() == [[3, 4, 0], [0, 1, 2]]
    assert batch.states[:, :, 1].tolist() == [[-3, -4, 0], [0, -1, -2]]
    assert batch.mask.tolist() == [[1, 1, 0], [1, 1, 1]]


def test_targets_and_the_corpus_travel_with_the_batch() -> None:
    targets = {1: torch.ones(2, 3)}
    batch = pad_batch("toy", TABLE, [0, 2], targets=targets)
    assert batch.corpus == "toy"
    assert batch.targets == targets
    assert pad_batch("toy", TABLE, [0]).targets == {}


def test_moving_to_the_processor_keeps_the_batch() -> None:
    batch = pad_batch("toy", TABLE, [0, 2])
    assert batch.to(torch.device("cpu")) is batch


def test_moving_to_another_device_takes_everything_along() -> None:
    types = np.zeros(9, np.int8)
    table = TokenTable(TABLE.ids, types, TABLE.offsets, 1)
    meta = torch.device("meta")
    moved = pad_batch("toy", table, [0, 2], targets={0: torch.ones(2, 1)}).to(meta)
    tensors = [moved.mask, moved.ids, moved.types, moved.targets[0]]
    assert all(tensor is not None and tensor.device == meta for tensor in tensors)
    states = pad_batch("toy", table, [0, 2], Counting()).to(meta).states
    assert states is not None
    assert states.device == meta
