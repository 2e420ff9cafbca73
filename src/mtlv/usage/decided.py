"""What a predictor says of new texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Decided"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Decided:
    """Predictions for N texts and T tasks.

    Args:
        tasks: names.
        probabilities: (N, T), of 1.
        decisions: (N, T) of 0 and 1.
    """

    tasks: tuple[str, ...]
    probabilities: Array
    decisions: Array

    def to_json(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return one object per text."""
        return [
            {
                "id": example,
                "labels": [t for t, d in zip(self.tasks, decided, strict=True) if d],
                "probabilities": dict(zip(self.tasks, map(float, scores), strict=True)),
            }
            for example, scores, decided in zip(
                ids, self.probabilities, self.decisions, strict=True
            )
        ]
