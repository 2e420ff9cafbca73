"""What is asked of a study."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mtlv.explain.attribution_settings import AttributionSettings

__all__ = ["Asked"]


@dataclass(frozen=True)
class Asked:
    """What is asked of a study.

    Args:
        plans: names; all finished ones if empty.
        tasks: names; all if empty.
        texts: of each task, so many test texts are looked at.
        attribution: how attributions are taken.
        base: folder that relative paths of the study's data start from.
    """

    plans: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    texts: int = 50
    attribution: AttributionSettings = field(default_factory=AttributionSettings)
    base: Path = Path()

    def settings(self) -> dict[str, Any]:
        """Return what decides the answers besides plans and tasks."""
        return {"texts": self.texts, **self.attribution.model_dump()}
