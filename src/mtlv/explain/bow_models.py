"""The weights of a stored bag-of-words model, as the measures of importance need them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from torch import nn

from mtlv.explain.importance import BowWeights, bags_of
from mtlv.model.bow import SPECIAL, BowModel
from mtlv.model.encoders import load_tokenizer
from mtlv.model.network import Network
from mtlv.model.source import EncoderSource
from mtlv.model.tokens import TokenTable

__all__ = ["bow_bags", "bow_weights", "is_plain_bow"]

Array = np.ndarray[Any, Any]


def is_plain_bow(network: Network, task: str) -> bool:
    """Tell whether a task's head is one output on a bag of words, with no layer between them."""
    head = network.head(_place(network, task)[0])
    plain = head.settings.layers == 0 and head.tasks[0].kind == "binary"
    return plain and isinstance(network.encoder, BowModel)


def bow_weights(network: Network, source: EncoderSource, task: str) -> BowWeights:
    """Return the weights of a model for one task.

    Args:
        network: a bag of words whose head for the task has one layer; see `is_plain_bow`.
        source: of its encoder.
        task: binary.
    """
    index, column = _place(network, task)
    encoder, linear = network.encoder, network.head(index).layers[-1]
    if not isinstance(encoder, BowModel) or not isinstance(linear, nn.Linear):
        raise ValueError("importance from weights needs a bag of words")
    vocabulary = load_tokenizer(source).get_vocab()
    words = sorted(vocabulary, key=lambda word: int(vocabulary[word]))[len(SPECIAL) :]
    return BowWeights(
        tuple(words),
        encoder.embeddings.weight.detach().double().numpy()[len(SPECIAL) :],
        encoder.bias.detach().double().numpy(),
        linear.weight.detach().double().numpy()[column],
        float(linear.bias.detach()[column]),
        encoder.config.activation,
    )


def bow_bags(network: Network, table: TokenTable, rows: Array) -> sparse.csr_matrix:
    """Return some texts of a token table as the model counts them, (N, V)."""
    encoder = network.encoder
    if not isinstance(encoder, BowModel):
        raise ValueError("bags need a bag of words")
    texts = [table.ids[table.offsets[row] : table.offsets[row + 1]] - len(SPECIAL) for row in rows]
    size = encoder.config.vocab_size - len(SPECIAL)
    return bags_of(texts, size, binary=encoder.config.counts == "binary")


def _place(network: Network, task: str) -> tuple[int, int]:
    """Return the index of a task's head, and of its output."""
    for index in range(len(network.heads)):
        names = [own.name for own in network.head(index).tasks]
        if task in names:
            return index, names.index(task)
    raise ValueError(f"the network has no head for '{task}'")
