"""One of several classes, of a text or of a pair: softmax and cross entropy."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from mtlv.model.heads.base import HEADS, Features, Head, soft_cross_entropy

__all__ = ["MulticlassHead"]


@HEADS.register("multiclass")
class MulticlassHead(Head):
    """One multiclass task: a linear output per class, softmax, cross entropy."""

    @property
    def outputs(self) -> int:
        """One logit per class."""
        return len(self.tasks[0].labels)

    def forward(self, features: Features) -> Tensor:
        """Return logits, (B, C)."""
        logits: Tensor = self.layers(features.pooled)
        return logits  # (B, C)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross entropy of the present targets, (); 0 if there is none.

        Args:
            outputs: logits, (B, C).
            targets: index of the class or NaN, (B, 1).
        """
        classes, present = _classes(targets[:, 0])
        losses = functional.cross_entropy(outputs.float(), classes, reduction="none")  # (B,)
        return (losses * present).sum() / present.sum().clamp(min=1)

    def soft_loss(self, outputs: Tensor, scores: Tensor) -> Tensor:
        """Return the mean cross entropy against probabilities (B, 1, C), ()."""
        return soft_cross_entropy(outputs, scores[:, 0])

    def decode(self, outputs: Tensor) -> Tensor:
        """Return probabilities of the classes, (B, 1, C)."""
        return outputs.float().softmax(dim=-1).unsqueeze(1)


def _classes(targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return class indices, 0 where they are missing, and where they are present."""
    present = ~targets.isnan()
    return torch.where(present, targets, 0.0).long(), present
