"""Weightings that remember losses: of the epochs before, or of the step before.

They too compare only losses that are present in a step; see `loss_weighting`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mtlv.training.loss_weighting import TINY
from mtlv.training.weighting_base import WEIGHTINGS, Units, Weighting
from mtlv.training.weighting_settings import WeightingSettings

__all__ = ["EpochMeans"]


class EpochMeans(nn.Module):
    """Mean losses of the running epoch.

    Args:
        units: how many.
    """

    def __init__(self, units: int) -> None:
        super().__init__()
        self.register_buffer("sums", torch.zeros(units))
        self.register_buffer("counts", torch.zeros(units))
        self.sums: Tensor
        self.counts: Tensor

    def add(self, losses: Tensor, present: Sequence[int]) -> None:
        """Count the losses of a step, (K,)."""
        self.sums[list(present)] += losses.detach()
        self.counts[list(present)] += 1

    def take(self) -> Tensor:
        """Return the means, (U,), NaN for a unit that was never present; and start anew."""
        means = self.sums / self.counts  # (U,)
        self.sums.zero_()
        self.counts.zero_()
        return means


@WEIGHTINGS.register("dwa")
class DynamicWeightAverage(Weighting):
    """Losses that fall slowly weigh more (DWA: Liu et al. 2019).

    In epoch t the weights are U softmax(r / temperature) with r_i = L_i(t-1) / L_i(t-2), of mean
    losses of epochs. They are 1 in the first two epochs.
    """

    def __init__(self, settings: WeightingSettings, units: Units) -> None:
        super().__init__()
        self.temperature = settings.temperature
        self.means = EpochMeans(len(units))
        self.register_buffer("weights", torch.ones(len(units)))
        self.register_buffer("before", torch.full((len(units),), torch.nan))
        self.weights: Tensor
        self.before: Tensor

    def forward(
        self, losses: Tensor, present: Sequence[int], shared: Tensor | None = None
    ) -> Tensor:
        """Return the weighted sum of the present losses, ()."""
        self.means.add(losses, present)
        return (losses * self.weights[list(present)]).sum()

    def on_epoch(self) -> None:
        """Set the weights of the next epoch; a unit without a rate counts as standing still."""
        now = self.means.take()  # (U,)
        rates = (now / self.before.clamp(min=TINY)).nan_to_num(nan=1.0)  # (U,)
        self.weights.copy_(len(rates) * (rates / self.temperature).softmax(dim=0))
        self.before.copy_(now)


@WEIGHTINGS.register("stch")
class SmoothTchebycheff(Weighting):
    """A smooth maximum of losses, each on its own scale (STCH: Lin et al. 2024).

    K mu log sum_i exp(y_i / mu), y_i = log(L_i / n_i), where

    - n_i is the mean loss in the last epoch of the warm-up (the nadir point),
    - mu is the smoothness; the largest y alone counts as mu goes to 0,
    - K is the number of present losses.

    This is how the authors train networks (their code, and LibMTL's): in the warm-up the loss is
    the sum of log losses, and the logarithm of scaled losses stands in the place of the paper's
    lambda_i (L_i - z_i), which torchjd has.
    """

    def __init__(self, settings: WeightingSettings, units: Units) -> None:
        super().__init__()
        self.mu, self.warmup = settings.mu, settings.warmup
        self.means = EpochMeans(len(units))
        self.register_buffer("nadir", torch.ones(len(units)))
        self.nadir: Tensor

    def forward(
        self, losses: Tensor, present: Sequence[int], shared: Tensor | None = None
    ) -> Tensor:
        """Return the sum of log losses, or later their smooth maximum, ()."""
        logs = losses.clamp(min=TINY).log()  # (K,)
        if self.warmup > 0:
            self.means.add(losses, present)
            return logs.sum()
        scaled = (logs - self.nadir[list(present)].log()) / self.mu  # (K,)
        return len(losses) * self.mu * scaled.logsumexp(dim=0)

    def get_extra_state(self) -> int:
        """Return how many epochs the warm-up has left."""
        return self.warmup

    def set_extra_state(self, state: int) -> None:
        """Take over what `get_extra_state` gave."""
        self.warmup = state

    def on_epoch(self) -> None:
        """Count the warm-up; its last epoch gives the scale of each loss."""
        if self.warmup > 0:
            self.warmup -= 1
            self.nadir.copy_(self.means.take().nan_to_num(nan=1.0).clamp(min=TINY))


@WEIGHTINGS.register("famo")
class Famo(Weighting):
    """All log losses shall fall alike (FAMO: Liu et al. 2023).

    The update is that of c sum_i z_i log L_i, where

    - z = softmax(w) over the present losses,
    - c = 1 / sum_i (z_i / L_i) makes it a convex combination of gradients; a constant.

    After it, w takes a step of Adam against (Jacobian of z)^T d, with d_i = log L_i before - log
    L_i after, on the same batch: one more forward pass. When batches are accumulated, the last
    one stands for all. `gamma` decays w.
    """

    looks_back = True

    def __init__(self, settings: WeightingSettings, units: Units) -> None:
        super().__init__()
        self.rate, self.gamma = settings.learning_rate or 0.025, settings.gamma
        self.register_buffer("logits", torch.zeros(len(units)))
        self.logits: Tensor
        self._before = torch.zeros(0)
        self._optimizer: torch.optim.Adam | None = None

    def forward(
        self, losses: Tensor, present: Sequence[int], shared: Tensor | None = None
    ) -> Tensor:
        """Return the weighted sum of log losses, ()."""
        logs = (losses + TINY).log()  # (K,)
        self._before = logs.detach()
        weights = self.logits[list(present)].softmax(dim=0)  # (K,)
        convex = weights / (weights / (losses.detach() + TINY)).sum()  # (K,)
        return (convex * logs).sum()

    def look_back(self, losses: Tensor, present: Sequence[int]) -> None:
        """Let losses that fell less weigh more."""
        fallen = self._before - (losses.detach() + TINY).log()  # (K,)
        weights = self.logits[list(present)].softmax(dim=0)  # (K,)
        gradient = torch.zeros_like(self.logits)  # (U,)
        gradient[list(present)] = weights * (fallen - (weights * fallen).sum())
        self.logits.grad = gradient
        self._adam().step()
        self.logits.grad = None

    def get_extra_state(self) -> dict[str, Any]:
        """Return Adam's state."""
        return self._adam().state_dict()

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Take over what `get_extra_state` gave."""
        self._adam().load_state_dict(state)

    def _adam(self) -> torch.optim.Adam:
        """Return the optimizer; made late, when the logits are on their device."""
        if self._optimizer is None:
            self._optimizer = torch.optim.Adam([self.logits], lr=self.rate, weight_decay=self.gamma)
        return self._optimizer
