"""Embed texts with an encoder as it comes, before any training: for task features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from mtlv.errors import EncoderError
from mtlv.model.batches import pad_batch
from mtlv.model.encoders import EncoderSource, load_encoder, load_tokenizer
from mtlv.model.settings import EncoderSettings
from mtlv.model.tokens import TokenTable, tokenise_texts

__all__ = ["embed_rows", "embed_texts"]

Array = np.ndarray[Any, Any]
MAX_LENGTH = 128
TEXTS_PER_BATCH = 32


def embed_texts(
    texts: Sequence[str],
    source: EncoderSource,
    settings: EncoderSettings,
    pooling: Literal["mean", "content", "cls"] = "mean",
) -> Array:
    """Return one vector per short text, (N, H) float64.

    Args:
        texts: names or descriptions.
        source: of the encoder.
        settings: of the encoder; adapters are left out.
        pooling: mean of all token states, mean without special tokens, or the first token's state.

    Raises:
        EncoderError: the encoder has no trained weights.
    """
    table = tokenise_texts(list(texts), source, MAX_LENGTH)
    special = set(load_tokenizer(source).all_special_ids) if pooling == "content" else set()
    rows = []
    for row, states in _states(table, range(len(table)), source, settings, batch_size=1):
        if pooling == "cls":
            rows.append((row, states[0]))  # (H,)
            continue
        ids = table.ids[table.offsets[row] : table.offsets[row + 1]]
        keep = [i for i, token in enumerate(ids) if int(token) not in special]
        rows.append((row, states[keep or slice(None)].mean(dim=0)))  # (H,)
    return _in_order(rows)  # (N, H)


def embed_rows(
    table: TokenTable, rows: Sequence[int] | Array, source: EncoderSource, settings: EncoderSettings
) -> Array:
    """Return the mean token state of some texts of a token table, (number of rows, H) float64.

    Raises:
        EncoderError: the encoder has no trained weights.
    """
    states = _states(table, rows, source, settings, batch_size=TEXTS_PER_BATCH)
    return _in_order([(place, each.mean(dim=0)) for place, each in states])


def _states(
    table: TokenTable,
    rows: Sequence[int] | Array,
    source: EncoderSource,
    settings: EncoderSettings,
    batch_size: int,
) -> Iterator[tuple[int, Tensor]]:
    """Give the place of each text among the rows, and its token states (L, H); like lengths first.

    Short texts are embedded one by one, so that what a word means does not depend on its batch.
    """
    if source.random:
        raise EncoderError(
            "An encoder that is trained from nothing knows no words yet, so nothing has "
            "embeddings.",
            found="`scratch` or `bow`",
            hint="name the groups in `groups`, or use `method: random`",
        )
    plain = settings.model_copy(update={"lora": None})
    encoder = load_encoder(source, plain).eval()
    given = np.asarray(rows, np.int64)
    order = np.argsort(table.lengths[given], kind="stable")
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            places = order[start : start + batch_size]
            batch = pad_batch("", table, given[places])
            states = encoder(input_ids=batch.ids, attention_mask=batch.mask).last_hidden_state
            for i, place in enumerate(places):
                yield int(place), states[i, : int(table.lengths[given[place]])]


def _in_order(rows: list[tuple[int, Tensor]]) -> Array:
    ordered = sorted(rows, key=lambda pair: pair[0])
    return np.stack([vector.numpy() for _, vector in ordered]).astype(np.float64)
