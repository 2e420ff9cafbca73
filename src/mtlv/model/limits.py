"""What an encoder can take, known before it is trained."""

from __future__ import annotations

from typing import Literal

from transformers import AutoConfig

from mtlv.errors import EncoderError
from mtlv.model.source import EncoderSource

__all__ = ["check_limits", "longest_input"]

LEARNED = ("bert", "distilbert", "electra", "roberta", "xlm-roberta", "camembert", "mpnet")
"""Families with a learned embedding for each position, and none beyond the last."""
OFFSET = ("roberta", "xlm-roberta", "camembert", "mpnet")
"""Families that count positions from behind the padding token's id."""


def longest_input(source: EncoderSource) -> int | None:
    """Return how many tokens an encoder takes, special tokens included; None where nothing says."""
    config = AutoConfig.from_pretrained(source.address)
    if config.model_type not in LEARNED:
        return None
    before = config.pad_token_id + 1 if config.model_type in OFFSET else 0
    return int(config.max_position_embeddings - before)


def check_limits(
    source: EncoderSource, max_length: int, freeze_layers: int | Literal["all"]
) -> None:
    """Make sure that texts may be so long, and that so many layers can be frozen.

    Raises:
        EncoderError: the encoder has fewer positions or layers.
    """
    longest = longest_input(source)
    if longest is not None and max_length > longest:
        raise EncoderError(
            "The encoder cannot take texts of that length.",
            where="train.max_length",
            found=max_length,
            expected=f"at most {longest} tokens",
        )
    layers = getattr(AutoConfig.from_pretrained(source.address), "num_hidden_layers", None)
    if layers is not None and freeze_layers != "all" and freeze_layers > layers:
        raise EncoderError(
            f"Cannot freeze {freeze_layers} layers.",
            where="train.freeze_layers",
            found=f"an encoder of {layers} layers",
        )
