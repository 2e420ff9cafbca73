"""Batches: some examples of one corpus, padded to their own longest and no further."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

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
        words: of token lists, index of the word that begins at a piece, -1 elsewhere, (B, L).
        targets: by index of a head, NaN where missing: (B, T of the head), or (B, L) for tagging.
        soft: a teacher's scores by index of a head, as heads decode theirs; NaN where missing.
    """

    corpus: str
    mask: Tensor
    ids: Tensor | None = None
    types: Tensor | None = None
    states: Tensor | None = None
    words: Tensor | None = None
    targets: dict[int, Tensor] = field(default_factory=dict)
    soft: dict[int, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.mask)

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device."""
        if device.type == "cpu":
            return self
        moved = {
            name: value.to(device, non_blocking=True)
            for name in ("ids", "types", "states", "words")
            if (value := getattr(self, name)) is not None
        }
        targets = {head: value.to(device) for head, value in self.targets.items()}
        soft = {head: value.to(device) for head, value in self.soft.items()}
        return Batch(self.corpus, self.mask.to(device), targets=targets, soft=soft, **moved)


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
    words = None if table.words is None else _padded(table.words, spans, longest, fill=-1)
    if states is not None:
        width = states.width
        padded = torch.zeros(len(spans), longest, width, dtype=states.dtype)  # (B, L, H)
        for i, (start, stop) in enumerate(spans):
            padded[i, : stop - start] = states.rows(start, stop)
        return Batch(corpus, mask, states=padded, words=words, targets=targets or {})
    ids = _padded(table.ids, spans, longest, fill=table.pad_id)
    types = None if table.types is None else _padded(table.types, spans, longest, fill=0)
    return Batch(corpus, mask, ids, types, words=words, targets=targets or {})


def _padded(
    flat: np.ndarray[Any, Any], spans: Sequence[tuple[int, int]], longest: int, fill: int
) -> Tensor:
    """Return runs of a flat array as rows of equal length, (B, L)."""
    rows = np.full((len(spans), longest), fill, np.int64)  # (B, L)
    for i, (start, stop) in enumerate(spans):
        rows[i, : stop - start] = flat[start:stop]
    return torch.from_numpy(rows)
