"""Masked language modelling: an encoder, and a head that names the tokens that were hidden from it.

The head is that of BERT (Devlin et al. 2019): a linear map, GELU and a norm, and then the product
with the token embeddings. It is always fresh, as encoders are published with and without theirs.
Logits are computed at hidden tokens only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mtlv.model.batches import pad_batch
from mtlv.model.layers import config_of
from mtlv.model.tokens import TokenTable

__all__ = ["HiddenBatch", "MaskedLanguageModel", "hide"]

Array = np.ndarray[Any, Any]
NOTHING = -100
KEPT, REPLACED = 0.1, 0.1
"""Shares of the hidden tokens that stay as they are, and that become random ones."""


@dataclass(frozen=True)
class HiddenBatch:
    """Texts with hidden tokens.

    Args:
        ids: with masks, (B, L).
        mask: 1 where there is a token, (B, L).
        hidden: the tokens that were hidden, -100 elsewhere, (B, L).
    """

    ids: Tensor
    mask: Tensor
    hidden: Tensor

    def to(self, device: torch.device) -> HiddenBatch:
        """Return the batch on a device."""
        return HiddenBatch(self.ids.to(device), self.mask.to(device), self.hidden.to(device))


class MaskedLanguageModel(nn.Module):
    """An encoder with the head of masked language modelling.

    Args:
        encoder: that learns.
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        embeddings = self._embeddings()
        width = embeddings.shape[1]
        layers = nn.Linear(config_of(encoder).hidden_size, width), nn.GELU(), nn.LayerNorm(width)
        self.heads = nn.Sequential(*layers)
        self.bias = nn.Parameter(torch.zeros(len(embeddings)))

    def forward(self, batch: HiddenBatch) -> Tensor:
        """Return the mean cross entropy of the hidden tokens in nats, ()."""
        return self.loss(*self.states(batch))

    def states(self, batch: HiddenBatch) -> tuple[Tensor, Tensor]:
        """Return the encoder's states at the hidden tokens, (M, H), and these tokens, (M,)."""
        states: Tensor = self.encoder(
            input_ids=batch.ids, attention_mask=batch.mask
        ).last_hidden_state  # (B, L, H)
        asked = batch.hidden != NOTHING
        return states[asked], batch.hidden[asked]

    def loss(self, states: Tensor, tokens: Tensor) -> Tensor:
        """Return the mean cross entropy of tokens, (M,), given their states, (M, H), in nats."""
        logits = self.heads(states) @ self._embeddings().T + self.bias  # (M, V)
        return nn.functional.cross_entropy(logits.float(), tokens)

    def _embeddings(self) -> Tensor:
        weight: Tensor = self.encoder.get_input_embeddings().weight  # type: ignore[operator]
        return weight  # (V, E)


def hide(
    table: TokenTable,
    rows: Array,
    probability: float,
    generator: np.random.Generator,
    *,
    mask_id: int,
    vocabulary: int,
    special: frozenset[int],
) -> HiddenBatch:
    """Hide random tokens of some texts, at least one in all: 80 % masked, 10 % random, 10 % kept.

    Args:
        table: of the texts; with `words`, all pieces of a word are hidden together.
        rows: the texts.
        probability: share of the tokens, or of the words.
        generator: source of the choices.
        mask_id: of the mask token.
        vocabulary: number of tokens; random ones are below it.
        special: ids that are never hidden.
    """
    batch = pad_batch("", table, rows)
    ids = np.zeros(tuple(batch.mask.shape), np.int64) if batch.ids is None else batch.ids.numpy()
    plain = (batch.mask.numpy() == 1) & ~np.isin(ids, list(special))  # (B, L)
    units = plain if batch.words is None else plain & (batch.words.numpy() >= 0)
    chosen = units & (generator.random(ids.shape) < probability)
    if not chosen.any():
        places = np.argwhere(units)
        if len(places):
            chosen[tuple(places[generator.integers(len(places))])] = True
    if batch.words is not None:
        chosen = _whole_words(chosen, units, plain)
    hidden = np.where(chosen, ids, NOTHING)
    kind = generator.random(ids.shape)
    random = generator.integers(vocabulary, size=ids.shape)
    shown = np.where(
        chosen & (kind >= KEPT), np.where(kind < KEPT + REPLACED, random, mask_id), ids
    )
    return HiddenBatch(torch.from_numpy(shown), batch.mask, torch.from_numpy(hidden))


def _whole_words(chosen: Array, starts: Array, plain: Array) -> Array:
    """Spread the choice of a word's first piece over its other pieces, (B, L)."""
    owner = np.cumsum(starts, axis=1)  # (B, L), number of the word that a piece belongs to
    rows = np.arange(len(owner))[:, None]
    picked = np.zeros((len(owner), int(owner.max()) + 1), bool)  # (B, words + 1)
    np.logical_or.at(picked, (np.broadcast_to(rows, owner.shape), owner), chosen)
    picked[:, 0] = False
    return np.asarray(picked[rows, owner] & plain)
