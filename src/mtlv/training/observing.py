"""Observing: what whoever watches a run is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mtlv.evaluation.curves import CurvePoint

__all__ = ["Observer", "Step"]


@dataclass(frozen=True)
class Step:
    """One batch has been learned from.

    Args:
        epoch: from 1.
        step: of all epochs, from 1.
        steps: how many there will be.
        examples: in the batch.
        loss: of the batch.
    """

    epoch: int
    step: int
    steps: int
    examples: int
    loss: float


class Observer(Protocol):
    """Whoever watches a run: a progress bar, a tracker."""

    def on_step(self, step: Step) -> None:
        """Hear of a batch."""

    def on_epoch(self, epoch: int, points: list[CurvePoint]) -> None:
        """Hear of an epoch's curves."""
