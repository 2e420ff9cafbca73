"""Weightings that look at losses alone; they cost next to nothing.

With several corpora a step has the losses of one of them. Weights are then those of its units;
where a rule compares losses within a step (`random`, `geometric`, `stch`, `famo`), it compares
those that are present.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mtlv.errors import ConfigError
from mtlv.training.weighting_base import WEIGHTINGS, Units, Weighting
from mtlv.training.weighting_settings import WeightingSettings

__all__ = ["FixedWeights"]

TINY = 1e-8
"""Added to a loss, or its least value, before a logarithm."""


class FixedWeights(Weighting):
    """Weighted sum of losses with weights that do not change.

    Args:
        weights: one per unit, (U,).
    """

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.register_buffer("weights", weights)
        self.weights: Tensor

    def forward(
        self, losses: Tensor, present: Sequence[int], shared: Tensor | None = None
    ) -> Tensor:
        """Return the weighted sum of the present losses, ()."""
        return (losses * self.weights[list(present)]).sum()


@WEIGHTINGS.register("equal")
def _equal(settings: WeightingSettings, units: Units) -> Weighting:
    """Every task of a corpus alike. Kurin et al. 2022: with tuned regularisation, hard to beat."""
    return FixedWeights(units.shares)


@WEIGHTINGS.register("sum")
def _sum(settings: WeightingSettings, units: Units) -> Weighting:
    """Every loss alike."""
    return FixedWeights(torch.ones(len(units)))


@WEIGHTINGS.register("mean")
def _mean(settings: WeightingSettings, units: Units) -> Weighting:
    """The sum divided by the number of all units, present or not."""
    return FixedWeights(torch.full((len(units),), 1.0 / len(units)))


@WEIGHTINGS.register("fixed")
def _fixed(settings: WeightingSettings, units: Units) -> Weighting:
    """Given weights."""
    if len(settings.weights) != len(units):
        raise ConfigError(
            "The weights do not fit the model.",
            where="train.weighting",
            found=f"{len(settings.weights)} weights for {len(units)} {settings.units(len(units))}",
            expected=f"{len(units)}, for {', '.join(units.names)}",
        )
    return FixedWeights(torch.tensor(settings.weights))


@WEIGHTINGS.register("rarity")
def _rarity(settings: WeightingSettings, units: Units) -> Weighting:
    """Rare tasks weigh more: positives^-power, scaled to a mean of 1 (thesis, future work).

    Unlike a weight of positives (`head.positive_weight`) this lifts a task's negatives too.
    """
    weights = units.positives.clamp(min=1.0) ** -settings.power  # (U,)
    return FixedWeights(weights / weights.mean())


class LearnedScales(Weighting):
    """Losses scaled by learned factors, with a term that keeps the factors from collapsing.

    The sum of exp(t_i) L_i - t_i with learned t that start at 0; the best t_i is -log L_i, so each
    scaled loss tends to 1. Uncertainty weighting (Kendall et al. 2018) is this with
    t = -s, s being the log variance; the paper halves one term for regression, torchjd both.
    IMTL-L (Liu et al. 2021) is this with t = s.

    The papers train the scales at the rate of the network. At a rate for fine-tuning (2e-5) they
    would stay where they start, so they have their own.

    Args:
        units: how many.
        learning_rate: of the scales.
    """

    def __init__(self, units: int, learning_rate: float, *, sign: float) -> None:
        super().__init__()
        self.scales = nn.Parameter(torch.zeros(units))
        self.learning_rate, self.sign = learning_rate, sign

    def forward(
        self, losses: Tensor, present: Sequence[int], shared: Tensor | None = None
    ) -> Tensor:
        """Return the sum of scaled losses and their regularisers, ()."""
        logs = self.sign * self.scales[list(present)]  # (K,)
        return (logs.exp() * losses - logs).sum()


@WEIGHTINGS.register("uncertainty")
def _uncertainty(settings: WeightingSettings, units: Units) -> Weighting:
    """Kendall et al. 2018: exp(-s) L + s, s learned."""
    return LearnedScales(len(units), settings.learning_rate or 0.01, sign=-1.0)


@WEIGHTINGS.register("imtl_l")
def _imtl_l(settings: WeightingSettings, units: Units) -> Weighting:
    """Liu et al. 2021: exp(s) L - s, s learned; the same function as `uncertainty`."""
    return LearnedScales(len(units), settings.learning_rate or 0.01, sign=1.0)


@WEIGHTINGS.register("random")
class RandomWeights(Weighting):
    """Softmax of normal draws, anew in each step (RLW: Lin et al. 2022).

    The null against which other moving weights are judged. Weights sum to 1.
    """

    def __init__(self, settings: WeightingSettings, units: Units) -> None:
        super().__init__()

    def forward(
        self, losses: Tensor, present: Sequence[int], shared: Tensor | None = None
    ) -> Tensor:
        """Return the randomly weighted mean of the present losses, ()."""
        return (torch.randn_like(losses).softmax(dim=0) * losses).sum()


@WEIGHTINGS.register("geometric")
class GeometricMean(Weighting):
    """The geometric mean of the present losses (GLS: Chennupati et al. 2019)."""

    def __init__(self, settings: WeightingSettings, units: Units) -> None:
        super().__init__()

    def forward(
        self, losses: Tensor, present: Sequence[int], shared: Tensor | None = None
    ) -> Tensor:
        """Return the geometric mean, ()."""
        return losses.clamp(min=TINY).log().mean().exp()
