"""Heads: the layers, loss and decoding of one head of a plan.

A head kind joins `HEADS` and has three verbs: `forward` (features to outputs), `loss` (outputs and
targets to one number) and `decode` (outputs to the scores that are stored). A missing target is NaN
and takes no part in the loss.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from mtlv.model.settings import HeadSettings
from mtlv.registry import Registry
from mtlv.tasks import Task

__all__ = ["HEADS", "BinaryHead", "Features", "Head", "make_head"]

TINY = 1e-30


@dataclass(frozen=True)
class Features:
    """What an encoder gives to heads.

    Args:
        tokens: token states, (B, L, H).
        pooled: one vector per example, (B, H).
        mask: 1 where there is a token, (B, L).
    """

    tokens: Tensor
    pooled: Tensor
    mask: Tensor


class Head(nn.Module):
    """Base of all heads.

    Args:
        hidden_size: H of the encoder.
        tasks: the tasks that the head serves.
        settings: layers and loss.
    """

    def __init__(self, hidden_size: int, tasks: Sequence[Task], settings: HeadSettings) -> None:
        super().__init__()
        self.tasks, self.settings = tuple(tasks), settings
        self.layers = _layers(hidden_size, self.outputs, settings)

    @property
    @abstractmethod
    def outputs(self) -> int:
        """Width of the output layer."""

    @abstractmethod
    def forward(self, features: Features) -> Tensor:
        """Return outputs, (B, outputs) or (B, L, outputs)."""

    @abstractmethod
    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss over all present targets, ()."""

    def task_losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of each task, (T,); NaN for one without a present target.

        This is the loss itself where a head has one task; a head of several overrides it.
        """
        return self.loss(outputs, targets).unsqueeze(0)

    @abstractmethod
    def decode(self, outputs: Tensor) -> Tensor:
        """Return scores as `TaskPredictions` stores them, task by task along dimension 1."""


HEADS: Registry[type[Head]] = Registry("head")


def make_head(hidden_size: int, tasks: Sequence[Task], settings: HeadSettings) -> Head:
    """Return the head for tasks of one kind."""
    return HEADS[tasks[0].kind](hidden_size, tasks, settings)


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
        counts = present.sum(dim=0)  # (T,)
        # A division by 0 would spoil the gradients of the other tasks, though its NaN is not used.
        means = weighted.sum(dim=0) / counts.clamp(min=1)
        return torch.where(counts > 0, means, torch.nan)  # (T,)

    def decode(self, outputs: Tensor) -> Tensor:
        """Return probabilities of 1, (B, T)."""
        return outputs.float().sigmoid()

    def weigh_positives(self, targets: Tensor) -> None:
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


def _layers(inputs: int, outputs: int, settings: HeadSettings) -> nn.Sequential:
    width = settings.hidden_size or inputs
    modules: list[nn.Module] = []
    for index in range(settings.layers):
        linear = nn.Linear(inputs if index == 0 else width, width)
        modules += [nn.Dropout(settings.dropout), _initialised(linear, settings, last=False)]
        modules += [nn.Tanh()]
    last = nn.Linear(width if settings.layers else inputs, outputs)
    modules += [nn.Dropout(settings.dropout), _initialised(last, settings, last=True)]
    return nn.Sequential(*modules)


def _initialised(linear: nn.Linear, settings: HeadSettings, *, last: bool) -> nn.Linear:
    if settings.initialisation == "xavier":
        nn.init.xavier_uniform_(linear.weight)
    elif settings.initialisation == "zero" and last:
        nn.init.zeros_(linear.weight)
    else:
        nn.init.normal_(linear.weight, std=0.02)
    nn.init.zeros_(linear.bias)
    return linear
