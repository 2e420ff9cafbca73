"""States of texts behind every layer of an encoder, pooled as its heads see them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mtlv.data import Example
from mtlv.model.batches import pad_batch
from mtlv.model.layers import encoder_layers
from mtlv.model.network import Network
from mtlv.model.source import EncoderSource
from mtlv.model.tokens import tokenise_texts

__all__ = ["layer_states"]

TEXTS_PER_BATCH = 32


def layer_states(
    network: Network, source: EncoderSource, examples: Sequence[Example], task: str, max_length: int
) -> np.ndarray[Any, Any]:
    """Return the pooled states of texts behind every layer.

    Args:
        network: in evaluation mode.
        source: of its encoder.
        examples: N texts or pairs.
        task: whose encoder is meant, where each head has one.
        max_length: of an input, in tokens.

    Returns:
        (layers, N, H) float32.

    Raises:
        EncoderError: the encoder has no list of layers.
    """
    pairs = [own.text_b for own in examples if own.text_b is not None]
    table = tokenise_texts([own.text or "" for own in examples], source, max_length, pairs or None)
    head = _head(network, task)
    encoder = network.encoders[head if len(network.encoders) > 1 else 0]
    device = next(network.parameters()).device
    found = []
    with torch.inference_mode(), _caught(encoder) as states:
        for start in range(0, len(examples), TEXTS_PER_BATCH):
            states.clear()
            rows = range(start, min(start + TEXTS_PER_BATCH, len(examples)))
            batch = pad_batch("", table, rows).to(device)
            network.encode(batch, [head])
            own = torch.stack([_pooled(one, batch.mask, network.pooling) for one in states])
            found.append(own.float().cpu().numpy())  # (layers, B, H)
    return np.concatenate(found, axis=1)


@contextmanager
def _caught(encoder: nn.Module) -> Iterator[list[Tensor]]:
    """Give a list that every pass appends the output of each layer to."""
    caught: list[Tensor] = []

    def catch(_module: nn.Module, _inputs: Any, output: Any) -> None:
        caught.append(output[0] if isinstance(output, tuple) else output)

    hooks = [layer.register_forward_hook(catch) for layer in encoder_layers(encoder)]
    try:
        yield caught
    finally:
        for hook in hooks:
            hook.remove()


def _pooled(states: Tensor, mask: Tensor, pooling: str) -> Tensor:
    if pooling == "cls":
        return states[:, 0]  # (B, H)
    weights = mask.unsqueeze(-1).to(states.dtype)  # (B, L, 1)
    return (states * weights).sum(dim=1) / weights.sum(dim=1)  # (B, H)


def _head(network: Network, task: str) -> int:
    heads = range(len(network.heads))
    return next(i for i in heads if task in [own.name for own in network.head(i).tasks])
