"""A number, of a text or of a pair, such as a similarity: a linear output and squared error.

Targets of different tasks have different units. The head learns them with mean 0 and standard
deviation 1 over the training part (MT-DNN and MT-BERT learn them as they are), so that one task's
loss does not drown the others' for its unit alone. Scores are in the task's own unit, within its
range.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mtlv.model.heads.base import HEADS, Features, Head
from mtlv.model.settings import HeadSettings
from mtlv.tasks import Task

__all__ = ["RegressionHead"]


@HEADS.register("regression")
class RegressionHead(Head):
    """One regression task: one linear output, mean squared error in units of the training sd.

    `center` and `scale`, () each, are buffers: they are set from the training part.
    """

    def __init__(self, hidden_size: int, tasks: Sequence[Task], settings: HeadSettings) -> None:
        super().__init__(hidden_size, tasks, settings)
        self.register_buffer("center", torch.zeros(()))
        self.register_buffer("scale", torch.ones(()))
        self.center: Tensor
        self.scale: Tensor

    @property
    def outputs(self) -> int:
        """One number."""
        return 1

    def forward(self, features: Features) -> Tensor:
        """Return standardised predictions, (B, 1)."""
        values: Tensor = self.layers(features.pooled)
        return values  # (B, 1)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean squared error of the present targets, (); 0 if there is none.

        Args:
            outputs: standardised predictions, (B, 1).
            targets: in the task's unit, or NaN, (B, 1).
        """
        present = ~targets.isnan()
        wanted = (torch.where(present, targets, self.center) - self.center) / self.scale
        squares = (outputs.float() - wanted) ** 2 * present  # (B, 1)
        return squares.sum() / present.sum().clamp(min=1)

    def soft_loss(self, outputs: Tensor, scores: Tensor) -> Tensor:
        """Return the mean squared error against predictions (B, 1), ()."""
        return self.loss(outputs, scores)

    def decode(self, outputs: Tensor) -> Tensor:
        """Return predictions in the task's unit, within its range, (B, 1)."""
        values = outputs.float() * self.scale + self.center
        low, high = self.tasks[0].range or (None, None)
        return values if low is None else values.clamp(low, high)

    def prepare(self, targets: Tensor) -> None:
        """Take mean and standard deviation of the training targets, (N, 1); NaN is missing."""
        given = targets[~targets.isnan()].double()
        if len(given) > 1 and given.std(unbiased=False) > 0:
            self.center.copy_(given.mean())
            self.scale.copy_(given.std(unbiased=False))
