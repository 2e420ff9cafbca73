"""How far a run has come, and what came of it.

Progress is all that changes in a run beside weights, optimizer and random streams.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

import torch
from torch import Tensor

from mtlv.evaluation.curves import CurvePoint

__all__ = ["Progress", "Trained"]


@dataclass(frozen=True)
class Trained:
    """What came of a run; the network itself holds the chosen weights.

    Args:
        model: the network as accelerate prepared it, for scoring.
        precision: that was computed in.
        curves: of all epochs.
        epoch: whose weights were kept, from 1.
        epochs: that were run.
        examples: texts seen, repeated ones counted.
    """

    model: Any
    precision: str
    curves: list[CurvePoint]
    epoch: int
    epochs: int
    examples: int


@dataclass
class Progress:
    """Where a run stands between two updates.

    Args:
        epoch: that is running, from 1.
        updates: that it has had.
        step: batches learned from in all epochs.
        examples: texts seen, repeated ones counted.
        sums: of the epoch's losses by head index, None being the total; one text counts once, ().
        counts: texts that these are of.
        curves: of the epochs that are over.
        best_epoch: with the highest validation value, from 1; 0 before the first has ended.
        best_value: of it.
        best_weights: of it, where they are asked for.
    """

    epoch: int = 1
    updates: int = 0
    step: int = 0
    examples: int = 0
    sums: dict[int | None, Tensor] = field(default_factory=dict)
    counts: dict[int | None, int] = field(default_factory=dict)
    curves: list[CurvePoint] = field(default_factory=list)
    best_epoch: int = 0
    best_value: float = -math.inf
    best_weights: dict[str, Tensor] = field(default_factory=dict)

    def add_losses(self, losses: dict[int | None, Tensor], texts: int) -> None:
        """Count the mean losses of a batch, () each."""
        for head, loss in losses.items():
            self.sums[head] = self.sums.get(head, torch.zeros(())) + loss * texts
            self.counts[head] = self.counts.get(head, 0) + texts

    def end_epoch(self) -> dict[int | None, float]:
        """Return the mean losses of the epoch by head index, and begin the next one."""
        means = {head: float(total) / self.counts[head] for head, total in self.sums.items()}
        self.epoch, self.updates, self.sums, self.counts = self.epoch + 1, 0, {}, {}
        return means

    def is_better(self, value: float, epoch: int) -> bool:
        """Tell whether an epoch is the best so far, by its validation value; if so, note it."""
        if self.best_epoch > 0 and value <= self.best_value:
            return False
        self.best_epoch, self.best_value = epoch, value
        return True

    def keep_weights(self, state: Mapping[str, Tensor]) -> None:
        """Keep a copy of the best epoch's weights."""
        self.best_weights = {name: value.detach().clone() for name, value in state.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return all of it, curves as plain tuples."""
        points = [(*astuple(point)[:-1], float(point.value)) for point in self.curves]
        return vars(self) | {"curves": points}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        vars(self).update(state_dict)
        self.curves = [CurvePoint(*point) for point in state_dict["curves"]]
