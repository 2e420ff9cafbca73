"""Settings of a curriculum; importable without torch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mtlv.settings import Settings

__all__ = ["CurriculumSettings"]


class CurriculumSettings(Settings):
    """What is easy comes first."""

    by: Literal["length", "loss", "frequency"]
    """What makes a text hard: its tokens, its loss after the first epoch, or how rare its rarest
    positive label is. What makes a label hard: its mean loss after the first epoch, or its
    rarity."""
    of: Literal["texts", "labels"] = "texts"
    """What is held back: hard texts, or the targets of hard labels."""
    start: float = Field(0.3, gt=0, le=1)
    """Share of the texts or labels in the first epoch."""
    until: float = Field(0.5, gt=0, le=1)
    """Share of the epochs after which nothing is held back."""
    pacing: Literal["linear", "root", "step"] = "linear"
    """How the share grows: along a line, fast at first, or all at once."""

    @model_validator(mode="after")
    def _labels_have_no_length(self) -> CurriculumSettings:
        if self.of == "labels" and self.by == "length":
            raise ValueError("labels are ordered by `frequency` or `loss`, not by `length`")
        return self
