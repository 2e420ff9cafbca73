"""Batches: some examples of one corpus, padded to their own longest and no further."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from mtlv.model.tokens import TokenTable

__all__ = ["Batch", "StateTable", "pad_batch"]


@dataclass(frozen=True)
class Batch:
    """Some examples of one corpus, padded to their longest.

    Args:
        corpus: its name.
        mask: 1 where there is a token, (B, L).
        ids: token ids, (B, L); None where `states` are given.
        types: segment numbers, (B, L).
        states: output of the frozen layers, (B, L, H).
        targets: by index of a head, (B, T of the head), NaN where missing.
    """

    corpus: str
    mask: Tensor
    ids: Tensor | None = None
    types: Tensor | None = None
    states: Tensor | None = None
    targets: dict[int, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.mask)

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device."""
        if device.type == "cpu":
            return self
        moved = {
            name: value.to(device, non_blocking=True)
            for name, value in (("ids", self.ids), ("types", self.types), ("states", self.states))
            if value is not None
        }
        targets = {head: value.to(device) for head, value in self.targets.items()}
        return Batch(self.corpus, self.mask.to(device), targets=targets, **moved)


class StateTable(Protocol):
    """Stored token states, laid out as the ids of a token table."""

    @property
    def dtype(self) -> torch.dtype:
        """Of the states."""

    @property
    def width(self) -> int:
        """H."""

    def rows(self, start: int, stop: int) -> Tensor:
        """Return the states of some tokens, (stop - start, H)."""


def pad_batch(
    corpus: str,
    table: TokenTable,
    rows: Iterable[int],
    states: StateTable | None = None,
    targets: dict[int, Tensor] | None = None,
) -> Batch:
    """Pad some texts of a token table to the longest of them."""
    spans = [(int(table.offsets[row]), int(table.offsets[row + 1])) for row in rows]
    longest = max(stop - start for start, stop in spans)
    mask = torch.zeros(len(spans), longest, dtype=torch.long)  # (B, L)
    for i, (start, stop) in enumerate(spans):
        mask[i, : stop - start] = 1
    if states is not None:
        width = states.width
        padded = torch.zeros(len(spans), longest, width, dtype=states.dtype)  # (B, L, H)
        for i, (start, stop) in enumerate(spans):
            padded[i, : stop - start] = states.rows(start, stop)
        return Batch(corpus, mask, states=padded, targets=targets or {})
    ids = np.full((len(spans), longest), table.pad_id, np.int64)  # (B, L)
    types = None if table.types is None else np.zeros((len(spans), longest), np.int64)
    for i, (start, stop) in enumerate(spans):
        ids[i, : stop - start] = table.ids[start:stop]
        if types is not None and table.types is not None:
            types[i, : stop - start] = table.types[start:stop]
    types_tensor = None if types is None else torch.from_numpy(types)
    return Batch(corpus, mask, torch.from_numpy(ids), types_tensor, targets=targets or {})
