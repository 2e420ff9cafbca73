"""Binary tasks: cross entropy, focal and asymmetric loss, and weights of positives."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from mtlv.model.heads.base import HEADS, Features, Head
from mtlv.model.settings import HeadSettings
from mtlv.tasks import Task

__all__ = ["BinaryHead"]

TINY = 1e-30


@HEADS.register("binary")
class BinaryHead(Head):
    """Binary tasks on shared inputs: one linear output each, sigmoid, a loss per output.

    `positive_weights` (T,) is a buffer: it is set from the training part and saved with the head.
    """

    def __init__(self, hidden_size: int, tasks: Sequence[Task], settings: HeadSettings) -> None:
        super().__init__(hidden_size, tasks, settings)
        self.register_buffer("positive_weights", torch.ones(len(tasks)))
        self.positive_weights: Tensor

    @property
    def outputs(self) -> int:
        """One logit per task."""
        return len(self.tasks)

    def forward(self, features: Features) -> Tensor:
        """Return logits, (B, T)."""
        logits: Tensor = self.layers(features.pooled)
        return logits  # (B, T)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean over present targets of the chosen loss.

        Args:
            outputs: logits, (B, T).
            targets: 0, 1 or NaN, (B, T).
        """
        weighted, present = self._weighted(outputs, targets)  # (B, T)
        return weighted.sum() / present.sum().clamp(min=1)

    def task_losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of each task over its present targets, (T,); NaN if it has none."""
        weighted, present = self._weighted(outputs, targets)  # (B, T)
        return _means(weighted, present)

    def soft_loss(self, outputs: Tensor, scores: Tensor) -> Tensor:
        """Return the mean cross entropy against probabilities (B, T), ()."""
        losses, present = _against(outputs, scores)  # (B, T)
        return losses.sum() / present.sum().clamp(min=1)

    def soft_task_losses(self, outputs: Tensor, scores: Tensor) -> Tensor:
        """Return the mean cross entropy of each task against probabilities, (T,); NaN without."""
        losses, present = _against(outputs, scores)  # (B, T)
        return _means(losses, present)

    def decode(self, outputs: Tensor) -> Tensor:
        """Return probabilities of 1, (B, T)."""
        return outputs.float().sigmoid()

    def prepare(self, targets: Tensor) -> None:
        """Set the positives' weights from the training targets, (N, T); NaN is missing."""
        if self.settings.positive_weight == "none":
            return
        positives = (targets == 1).sum(dim=0).clamp(min=1)
        ratio = (targets == 0).sum(dim=0) / positives  # (T,)
        square_root = self.settings.positive_weight == "sqrt"
        self.positive_weights.copy_(ratio.sqrt() if square_root else ratio)

    def _weighted(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return weighted losses, 0 where a target is missing, and where one is present, (B, T)."""
        present = ~targets.isnan()  # (B, T)
        truth = torch.where(present, targets, 0.0)
        losses = self._elementwise(outputs.float(), truth)  # (B, T)
        weighted = losses * torch.where(truth == 1, self.positive_weights, 1.0)
        return weighted * present, present  # (B, T)

    def _elementwise(self, logits: Tensor, truth: Tensor) -> Tensor:
        settings = self.settings
        if settings.loss == "asymmetric":
            return _asymmetric(logits, truth, settings.asymmetric_gamma, settings.asymmetric_margin)
        losses = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
        if settings.loss == "focal":
            # Lin et al. 2017, equation 4, without the class weight alpha: (1 - p_t)^gamma BCE.
            # A base that rounded to 0 would have an infinite gradient where gamma is below 1.
            base = -torch.expm1(-losses).clamp(max=-TINY)
            losses = losses * base**settings.focal_gamma
        return losses


def _against(outputs: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """Return cross entropies against probabilities, 0 where they are missing, and where not."""
    present = ~scores.isnan()  # (B, T)
    wanted = torch.where(present, scores, 0.0)
    losses = functional.binary_cross_entropy_with_logits(outputs.float(), wanted, reduction="none")
    return losses * present, present  # (B, T)


def _means(losses: Tensor, present: Tensor) -> Tensor:
    """Return the mean of each column (B, T) over what is present, (T,); NaN without any."""
    counts = present.sum(dim=0)  # (T,)
    # A division by 0 would spoil the gradients of the other tasks, though its NaN is not used.
    means = losses.sum(dim=0) / counts.clamp(min=1)
    return torch.where(counts > 0, means, torch.nan)  # (T,)


def _asymmetric(logits: Tensor, truth: Tensor, gamma: tuple[float, float], margin: float) -> Tensor:
    """Asymmetric loss of Ridnik et al. 2021, equations 4 to 7, (B, T).

    No base and no logarithm's argument reaches 0, where gradients would not be finite.
    """
    complement = (-logits).sigmoid().clamp(min=TINY)  # 1 - p
    shifted = (logits.sigmoid() - margin).clamp(min=TINY)
    log_positive = functional.logsigmoid(logits)
    log_negative = (complement + margin).clamp(max=1).log()
    positive = complement ** gamma[0] * log_positive
    negative = shifted ** gamma[1] * log_negative
    return -(truth * positive + (1 - truth) * negative)
