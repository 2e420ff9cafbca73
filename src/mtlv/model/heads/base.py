"""What every head is: layers on the shared features, a loss, and a way to read its outputs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mtlv.model.settings import HeadSettings
from mtlv.registry import Registry
from mtlv.tasks import Task

__all__ = ["HEADS", "Features", "Head", "make_head", "soft_cross_entropy"]


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

    def split(self, examples: int) -> list[Features]:
        """Return the features of every so many examples."""
        parts = (torch.split(own, examples) for own in (self.tokens, self.pooled, self.mask))
        return [Features(*part) for part in zip(*parts, strict=True)]


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
        if targets.isnan().all():
            return torch.full((1,), torch.nan, device=outputs.device)
        return self.loss(outputs, targets).unsqueeze(0)

    @abstractmethod
    def soft_loss(self, outputs: Tensor, scores: Tensor) -> Tensor:
        """Return the mean loss against a teacher's scores, ().

        Args:
            outputs: as `forward` gives them.
            scores: as `decode` gives them; NaN where the teacher says nothing.
        """

    def soft_task_losses(self, outputs: Tensor, scores: Tensor) -> Tensor:
        """Return the mean loss of each task against a teacher's scores, (T,); NaN without any.

        This is the loss itself where a head has one task; a head of several overrides it.
        """
        if scores.isnan().all():
            return torch.full((1,), torch.nan, device=outputs.device)
        return self.soft_loss(outputs, scores).unsqueeze(0)

    @abstractmethod
    def decode(self, outputs: Tensor) -> Tensor:
        """Return scores as `TaskPredictions` stores them, task by task along dimension 1.

        Binary and regression: (B, T); multiclass: (B, 1, C); tagging: (B, 1, L, C).
        """

    def prepare(self, targets: Tensor) -> None:
        """Look at the training targets, (N, T) with NaN for missing ones, before training.

        What a head keeps of them is a buffer, and is saved with it. Tagging heads are not asked.
        """


HEADS: Registry[type[Head]] = Registry("head")


def make_head(hidden_size: int, tasks: Sequence[Task], settings: HeadSettings) -> Head:
    """Return the head for tasks of one kind."""
    return HEADS[tasks[0].kind](hidden_size, tasks, settings)


def soft_cross_entropy(logits: Tensor, probabilities: Tensor) -> Tensor:
    """Return the mean cross entropy against distributions, (); rows of NaN do not count.

    Args:
        logits: (N, C).
        probabilities: (N, C).
    """
    present = ~probabilities.isnan().any(dim=-1)  # (N,)
    wanted = torch.where(present.unsqueeze(-1), probabilities, 0.0)
    losses = -(wanted * logits.float().log_softmax(dim=-1)).sum(dim=-1)  # (N,)
    return (losses * present).sum() / present.sum().clamp(min=1)


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
