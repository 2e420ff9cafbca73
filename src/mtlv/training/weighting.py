"""Weighting: how the losses of one step become one update."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mtlv.errors import ConfigError
from mtlv.training.settings import TrainSettings

__all__ = ["FixedWeights", "make_weighting"]


class FixedWeights(nn.Module):
    """Weighted sum of losses.

    Args:
        weights: one per loss.
    """

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.register_buffer("weights", weights)
        self.weights: Tensor

    def forward(self, losses: Tensor, present: list[int]) -> Tensor:
        """Return the weighted sum of the present losses, ().

        Args:
            losses: of the heads that had targets in this step, (K,).
            present: indices of these heads.
        """
        return (losses * self.weights[present]).sum()


def make_weighting(settings: TrainSettings, heads: int) -> FixedWeights:
    """Return the weighting of a model with some heads.

    Raises:
        ConfigError: weights are given for another number of heads.
    """
    if settings.head_loss == "sum":
        return FixedWeights(torch.ones(heads))
    if settings.head_loss == "mean":
        return FixedWeights(torch.full((heads,), 1.0 / heads))
    if len(settings.head_loss) != heads:
        raise ConfigError(
            "The head weights do not fit the model.",
            where="train.head_loss",
            found=f"{len(settings.head_loss)} weights for {heads} heads",
        )
    return FixedWeights(torch.tensor(settings.head_loss))
