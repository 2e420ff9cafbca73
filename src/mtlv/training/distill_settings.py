"""Settings of distillation; importable without torch."""

from __future__ import annotations

from pydantic import Field

from mtlv.settings import Settings

__all__ = ["DistillSettings"]


class DistillSettings(Settings):
    """Learning from teachers' scores beside the targets (BAM, Clark et al. 2019)."""

    annealed: bool = True
    """Go from the teachers' scores alone to the targets alone, along a line over all steps."""
    weight: float = Field(0.5, ge=0, le=1)
    """Without annealing: share of the loss that the targets have."""
