"""Settings of a probe; importable without torch."""

from __future__ import annotations

from pydantic import Field

from mtlv.settings import Settings

__all__ = ["ProbeSettings"]


class ProbeSettings(Settings):
    """What a probe measures, and how often."""

    name: str
    """Registered name."""
    every: int = Field(20, ge=1)
    """Steps between two measurements."""
    layers: int = Field(1, ge=1)
    """How many of the last encoder layers that learn gradients are taken of."""
    texts: int = Field(16, ge=1)
    """Texts of each corpus that one measurement looks at; of `lookahead`, held-out ones."""
    seed: int = 0
    """Of the texts that are drawn and of random directions."""
