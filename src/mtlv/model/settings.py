"""Settings of encoders and heads; importable without torch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from mtlv.errors import EncoderError
from mtlv.settings import Settings

__all__ = ["BowSettings", "EncoderSettings", "HeadSettings", "LoraSettings", "ScratchSettings"]


class LoraSettings(Settings):
    """Low-rank adapters (Hu et al. 2021) on all linear layers of the encoder, through peft."""

    rank: int = Field(8, ge=1)
    """Rank r of the update."""
    alpha: float = Field(16.0, gt=0)
    """Scale: the update is multiplied by alpha / rank."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Dropout on the adapters' inputs."""


class ScratchSettings(Settings):
    """A small BERT trained from nothing, with a WordPiece vocabulary made of the training texts."""

    layers: int = Field(2, ge=1)
    """Transformer layers."""
    hidden_size: int = Field(128, ge=4)
    """Width H of the token states."""
    attention_heads: int = Field(4, ge=1)
    """Attention heads per layer; must divide the hidden size."""
    vocabulary: int = Field(4000, ge=100)
    """At most this many word pieces."""

    @model_validator(mode="after")
    def _divisible(self) -> ScratchSettings:
        if self.hidden_size % self.attention_heads:
            raise ValueError("hidden_size must be a multiple of attention_heads")
        return self


class BowSettings(Settings):
    """A bag of words with one hidden layer, trained from nothing.

    "isn't" is one word, "x-ray" two; capitals do not count.
    """

    hidden_size: int = Field(100, ge=1)
    """Width H of the hidden layer."""
    activation: Literal["sigmoid", "tanh", "relu"] = "sigmoid"
    """Of the hidden layer."""
    counts: Literal["binary", "counts"] = "binary"
    """Whether a word is there, or how often."""
    shared: bool = True
    """Keep only words that occur in the training texts of every corpus."""
    min_count: int = Field(1, ge=1)
    """Leave out words that occur less often in all training texts together."""
    vocabulary: int | None = Field(None, ge=10)
    """At most so many words, the most frequent ones; None keeps them all."""


class EncoderSettings(Settings):
    """The shared text model. In a config, `encoder: minilm` is short for `{name: minilm}`."""

    name: str = "minilm"
    """A known name (`minilm`, `bert-base`, `biobert`, …), a hub id, a folder; or `scratch` or
    `bow`, which are trained from nothing."""
    pooling: Literal["auto", "cls", "mean"] = "auto"
    """How token states become one vector; `auto` is mean for sentence encoders, else CLS."""
    dropout: float | None = Field(None, ge=0, lt=1)
    """Dropout inside the encoder; None keeps what its checkpoint says."""
    lora: LoraSettings | None = None
    """Train low-rank adapters in place of the encoder's own weights."""
    scratch: ScratchSettings = ScratchSettings()
    """Size of the encoder named `scratch`."""
    bow: BowSettings = Field(BowSettings(), exclude_if=lambda own: own == BowSettings())
    """Size and vocabulary of the encoder named `bow`."""
    special_tokens: Literal["noted"] | tuple[str, ...] = Field((), exclude_if=lambda own: not own)
    """Tokens that are never cut into pieces, such as `@GENE$`; `noted` means all that the corpora's
    notes list. Their rows learn as other embeddings do: not with frozen layers or adapters."""

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @field_validator("special_tokens")
    @classmethod
    def _whole_tokens(cls, value: Any) -> Any:
        if value == "noted":
            return value
        if any(not token or token != token.strip() for token in value):
            raise ValueError("tokens with no blank around them, such as '@GENE$'")
        return tuple(sorted(set(value)))

    def naming(self, noted: Iterable[str]) -> EncoderSettings:
        """Return the settings with the tokens that corpora note in place of `noted`.

        Raises:
            EncoderError: they are asked for, and there are none.
        """
        if self.special_tokens != "noted":
            return self
        tokens = tuple(sorted(set(noted)))
        if not tokens:
            raise EncoderError(
                "No corpus notes special tokens.",
                where="encoder.special_tokens",
                found="noted",
                expected="a dataset of relations, or a list such as ['@GENE$', '@DRUG$']",
            )
        return self.model_copy(update={"special_tokens": tokens})


class HeadSettings(Settings):
    """Layers and loss of a head."""

    layers: int = Field(0, ge=0)
    """Hidden layers before the output layer."""
    hidden_size: int | None = Field(None, ge=1)
    """Width of the hidden layers; None means that of the encoder."""
    dropout: float = Field(0.1, ge=0, lt=1)
    """Dropout before each linear layer."""
    initialisation: Literal["normal", "xavier", "zero"] = "normal"
    """Start of the weights: normal (sd 0.02, as in BERT), Xavier uniform, or zero outputs."""
    learning_rate_factor: float = Field(1.0, gt=0)
    """The heads' learning rate as a multiple of the encoder's."""
    loss: Literal["bce", "focal", "asymmetric"] = "bce"
    """Of binary tasks: cross entropy, focal (Lin 2017) or asymmetric (Ridnik 2021)."""
    focal_gamma: float = Field(2.0, ge=0)
    """Focusing exponent of the focal loss."""
    asymmetric_gamma: tuple[float, float] = (0.0, 4.0)
    """Focusing exponents of the asymmetric loss for positives and negatives."""
    asymmetric_margin: float = Field(0.05, ge=0, lt=1)
    """Probability below which the asymmetric loss ignores a negative."""
    positive_weight: Literal["none", "balanced", "sqrt"] = "none"
    """Weight of a binary task's positives: 1, negatives / positives, or its square root."""
