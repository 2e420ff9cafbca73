"""Where an encoder comes from, and which special tokens it knows beside its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from mtlv.errors import EncoderError
from mtlv.fingerprint import fingerprint
from mtlv.model.settings import EncoderSettings

__all__ = ["EncoderSource", "pooling_of_random", "with_special_tokens"]


@dataclass(frozen=True)
class EncoderSource:
    """Where an encoder comes from.

    Args:
        address: a local folder or a hub id.
        pooling: how token states become one vector.
        fingerprint: of its weights and tokenizer where it is a folder, of its name and revision
            where it is of the hub; and of the special tokens.
        random: whether there are no weights, only a configuration (`scratch` and `bow`).
        special_tokens: that its tokenizer keeps whole, beside its own.
    """

    address: str
    pooling: Literal["cls", "mean"]
    fingerprint: str
    random: bool = False
    special_tokens: tuple[str, ...] = ()


def pooling_of_random(settings: EncoderSettings) -> Literal["cls", "mean"]:
    """Return the pooling of an encoder without weights; a bag of words has one state alone."""
    if settings.name == "bow":
        return "cls"
    return "mean" if settings.pooling == "auto" else settings.pooling


def with_special_tokens(source: EncoderSource, settings: EncoderSettings) -> EncoderSource:
    """Return a source whose tokenizer and encoder know the settings' special tokens.

    Raises:
        EncoderError: the settings leave them to the notes of corpora, which only a study has.
    """
    tokens = settings.special_tokens
    if tokens == "noted":
        raise EncoderError(
            "Outside a study no corpus can note its special tokens.",
            where="encoder.special_tokens",
            found="noted",
            expected="a list such as ['@GENE$', '@DRUG$']",
        )
    if not tokens:
        return source
    known = fingerprint([source.fingerprint, list(tokens)])
    return replace(source, fingerprint=known, special_tokens=tokens)
