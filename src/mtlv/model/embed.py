"""Embed short texts with an encoder as it comes, before any training: for task features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from mtlv.errors import EncoderError
from mtlv.model.batches import pad_batch
from mtlv.model.encoders import EncoderSource, load_encoder
from mtlv.model.settings import EncoderSettings
from mtlv.model.tokens import tokenise_texts

__all__ = ["embed_texts"]

MAX_LENGTH = 128


def embed_texts(
    texts: Sequence[str], source: EncoderSource, settings: EncoderSettings
) -> np.ndarray[Any, Any]:
    """Return the mean of all token states of each text, special tokens included, (N, H).

    Raises:
        EncoderError: the encoder has no trained weights.
    """
    if source.random:
        raise EncoderError(
            "The encoder `scratch` knows no words yet, so labels have no embeddings.",
            hint="name the groups in `groups`, or use `method: random`",
        )
    plain = settings.model_copy(update={"lora": None})
    encoder = load_encoder(source, plain).eval()
    table = tokenise_texts(list(texts), source, MAX_LENGTH)
    rows = []
    with torch.inference_mode():
        for row in range(len(table)):
            batch = pad_batch("", table, [row])
            states = encoder(input_ids=batch.ids, attention_mask=batch.mask).last_hidden_state
            rows.append(states[0].mean(dim=0).numpy())  # (H,)
    return np.stack(rows).astype(np.float64)  # (N, H)
