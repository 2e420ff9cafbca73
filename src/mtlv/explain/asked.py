"""What is asked of a study."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mtlv.explain.attribution_settings import AttributionSettings

__all__ = ["Asked"]

MOST, FEWEST, TOGETHER = 50, 8, 400
"""Texts of each task where none are asked for, and attributions of all models together."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a study.

    Args:
        plans: names; all finished ones if empty.
        tasks: names; all if empty.
        texts: of each task, so many test texts are attributed; None means 50, or fewer where many
            models are looked at, as every text takes each of them a second or so.
        attribution: how attributions are taken.
        base: folder that relative paths of the study's data start from.
    """

    plans: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    texts: int | None = None
    attribution: AttributionSettings = field(default_factory=AttributionSettings)
    base: Path = Path()

    def texts_each(self, models: int) -> int:
        """Return how many texts of each task are attributed under each of so many models."""
        if self.texts is not None:
            return self.texts
        return min(MOST, max(FEWEST, TOGETHER // max(1, models)))

    def settings(self, models: int) -> dict[str, Any]:
        """Return what decides the answers besides plans and tasks, where so many models answer."""
        return {"texts": self.texts_each(models), **self.attribution.model_dump()}
