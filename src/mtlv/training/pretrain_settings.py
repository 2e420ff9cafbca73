"""Settings of masked language modelling; importable without torch."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from mtlv.settings import Settings

__all__ = ["PretrainSettings"]


class PretrainSettings(Settings):
    """Go on with the encoder's own training on texts without labels (Devlin et al. 2019).

    Every seed of the study pretrains an encoder of its own, so that what pretraining gives by luck
    is not taken for what it gives.
    """

    texts: dict[str, dict[str, Any]] | None = None
    """Datasets whose texts are learned, as under `data`; None means the training texts of the
    study's corpora."""
    parts: tuple[Literal["train", "validation", "test"], ...] | None = Field(
        None, min_length=1, exclude_if=lambda own: own is None
    )
    """Official parts of `texts` that are learned; None means all. Texts that the study validates or
    tests on are left out of either."""
    epochs: int = Field(1, ge=1)
    """Passes over the texts."""
    batch_size: int = Field(16, ge=1)
    """Texts per step."""
    learning_rate: float = Field(5e-5, gt=0)
    """Peak learning rate."""
    max_length: int = Field(128, ge=8)
    """Longest text in tokens; the rest is cut."""
    probability: float = Field(0.15, gt=0, lt=1)
    """Share of the tokens (or words) that are asked for."""
    whole_words: bool = False
    """Mask all pieces of a word together."""
    validation: float = Field(0.05, gt=0, lt=0.5)
    """Share of the texts that perplexity is taken on and that are not learned."""
    warmup: float = Field(0.1, ge=0, lt=1)
    """Share of all steps in which the learning rate rises."""
    weight_decay: float = Field(0.01, ge=0)
    """Decoupled weight decay."""
    clip: float | None = Field(1.0, gt=0)
    """Largest gradient norm."""
    precision: Literal["auto", "bf16", "fp16", "fp32"] = "auto"
    """Of matrix products."""
    save_every: float | None = Field(10.0, gt=0)
    """Minutes between saves of a running job, which goes on from the last one when it was killed.
    A save takes three or four times the space of what learns, until the job is finished. None
    saves nothing: the job then starts over."""

    @model_validator(mode="after")
    def _parts_of_texts(self) -> PretrainSettings:
        if self.parts is not None and self.texts is None:
            raise ValueError("`parts` are those of `texts`, and there are none")
        return self
