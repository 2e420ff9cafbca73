"""Weightings that look at the gradient of every loss; most of them through torchjd.

The gradients are taken with respect to the shared features (the token states that all heads read),
not to the encoder's weights: one backward pass through the heads for each loss, and a single one
through the encoder (MGDA-UB: Sener and Koltun 2018; `rep_grad` in LibMTL). By the
chain rule such a gradient times the encoder's Jacobian is that of the weights; so two losses that
agree here may still conflict in the weights, and the other way round. Papers that report gradients
of all shared weights are approximated, at a fraction of their cost.

Methods weigh what is shared. Each head learns from its own losses as they are, as in the papers'
algorithms (Sener and Koltun 2018): a weight may be 0 or negative, and a head that
followed it would stand still or unlearn. GradDrop and ConFIG, which give a direction and no
weights, are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mtlv.errors import ConfigError
from mtlv.training.weighting_base import WEIGHTINGS, Weighting
from mtlv.training.weighting_settings import WeightingSettings

__all__ = ["GradientWeighting", "cagrad_weights", "nash_weights"]

Solve = Callable[[Tensor], Tensor]
"""From the gradients' Gramian, (K, K), of mean diagonal 1, to their weights, (K,)."""

NOTHING = 1e-12
"""A gradient whose square is this share of the largest, or less, conflicts with none."""


class GradientWeighting(Weighting):
    """The encoder follows a weighted sum of the losses' gradients.

    Args:
        make: gives a solver. Solvers may have a state, so each set of units that are present
            together has its own.
    """

    def __init__(self, make: Callable[[], Solve]) -> None:
        super().__init__()
        self._make = make
        self._solvers: dict[tuple[int, ...], Solve] = {}
        make()  # a package that is missing is told before the training

    def forward(
        self, losses: Tensor, present: Sequence[int], shared: Tensor | None = None
    ) -> Tensor:
        """Return the sum of losses, with a term of value 0 that turns the encoder's gradient, ().

        An encoder that does not learn has nothing to weigh, nor has a single loss.
        """
        total = losses.sum()
        if len(losses) < 2 or shared is None or not shared.requires_grad:
            return total
        rows = _jacobian(losses, shared)  # (K, B * L * H)
        weights = self.weights(rows @ rows.T, present).to(rows)  # (K,)
        turn = ((weights - 1) @ rows).view_as(shared).to(shared.dtype)  # (B, L, H)
        turned = (turn * shared).sum()
        return total + (turned - turned.detach())

    def weights(self, gramian: Tensor, present: Sequence[int]) -> Tensor:
        """Return the weights of the present losses, (K,), in float64 on the CPU.

        Args:
            gramian: inner products of the gradients, (K, K).
            present: indices of their units.
        """
        exact = gramian.detach().double().cpu()  # (K, K)
        weights = torch.ones(len(exact), dtype=torch.float64)
        squares = exact.diagonal()
        alive = (squares > NOTHING * squares.max()).nonzero()[:, 0]
        if len(alive) < 2 or not exact.isfinite().all():
            return weights
        exact = exact[alive][:, alive]
        units = tuple(present[int(i)] for i in alive)
        if units not in self._solvers:
            self._solvers[units] = self._make()
        weights[alive] = self._solvers[units](exact / exact.diagonal().mean())
        return weights

    def get_extra_state(self) -> dict[tuple[int, ...], dict[str, Tensor]]:
        """Return the states of those solvers that have one."""
        modules = {units: s for units, s in self._solvers.items() if isinstance(s, nn.Module)}
        return {units: state for units, s in modules.items() if (state := s.state_dict())}

    def set_extra_state(self, state: dict[tuple[int, ...], dict[str, Tensor]]) -> None:
        """Take over what `get_extra_state` gave.

        A solver has no buffers before its first use, so each is used once; that draws random
        numbers.
        """
        for units, own in state.items():
            solver: Any = self._make()
            solver(torch.eye(len(units), dtype=torch.float64))
            solver.load_state_dict(own)
            self._solvers[units] = solver


def _jacobian(losses: Tensor, shared: Tensor) -> Tensor:
    """Return the gradient of every loss with respect to the shared features, (K, B * L * H)."""
    rows = [
        torch.autograd.grad(loss, shared, retain_graph=True, materialize_grads=True)[0]
        for loss in losses
    ]
    return torch.stack(rows).flatten(start_dim=1).float()  # (K, B * L * H)


def cagrad_weights(gramian: Tensor, radius: float) -> Tensor:
    """Return CAGrad's weights, (K,) (B. Liu et al. 2021).

    g = g_0 + radius |g_0| g_w / |g_w|, with the convex combination g_w that minimises

        g_w . g_0 + radius |g_0| |g_w|,

    - g_0 the mean gradient.

    The authors' code solves it so too and then divides g by 1 + radius^2; torchjd solves it with
    cvxpy, which is large.
    """
    from scipy.optimize import minimize

    products = gramian.numpy()
    count = len(products)
    to_mean = products.mean(axis=1)  # (K,), g_i . g_0
    length = radius * np.sqrt(max(to_mean.mean(), 0.0))

    def norm(w: np.ndarray[Any, Any]) -> float:
        return float(np.sqrt(max(w @ products @ w, 0.0) + 1e-12))

    found = minimize(
        lambda w: w @ to_mean + length * norm(w),
        np.full(count, 1.0 / count),
        jac=lambda w: to_mean + length * (products @ w) / norm(w),
        method="SLSQP",
        bounds=[(0.0, 1.0)] * count,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        options={"ftol": 1e-10, "maxiter": 200},
    )
    return torch.from_numpy(1.0 / count + length / norm(found.x) * found.x)


def nash_weights(gramian: Tensor) -> Tensor:
    """Return Nash-MTL's weights, (K,): G a = 1 / a, a > 0 (Navon et al. 2022, claim 3.1).

    They are where the convex function a . G a / 2 - sum log a is least, so Newton's method finds
    them; steps are shortened by 1 / (1 + decrement), with which it always converges (the function
    is self-concordant). The authors' code, and torchjd's, solves a row of approximations with
    cvxpy and ECOS. The update a . g has length sqrt(K) whatever the gradients are.
    """
    count = len(gramian)
    products = gramian + 1e-6 * torch.eye(count, dtype=gramian.dtype)  # (K, K)
    weights = torch.ones_like(products[0])  # (K,)
    for _ in range(200):
        slope = products @ weights - 1 / weights
        step = torch.linalg.solve(products + torch.diag(weights**-2), slope)
        decrement = float((slope @ step).clamp(min=0).sqrt())
        weights = weights - step / (1 + decrement if decrement > 0.25 else 1.0)
        if decrement < 1e-9:
            break
    return weights


def _torchjd(name: str, **options: Any) -> Solve:
    """Return a weighting of torchjd.

    Raises:
        ConfigError: torchjd or what it needs is not installed.
    """
    try:
        made: Solve = getattr(import_module("torchjd.aggregation"), name)(**options)
    except ImportError as error:
        raise ConfigError(
            "The weighting needs a package that is not installed.",
            where="train.weighting",
            found=str(error).splitlines()[0],
            hint="pip install 'mtlv[weighting]'",
        ) from error
    return made


SOLVERS: dict[str, Callable[[WeightingSettings], Solve]] = {
    # Yu et al. 2020: conflicts are projected out, in random order.
    "pcgrad": lambda _: _torchjd("PCGradWeighting"),
    # Wang et al. 2021: cosines are raised to a moving target.
    "gradvac": lambda settings: _torchjd("GradVacWeighting", beta=settings.beta),
    # Désidéri 2012, with the solver of Sener and Koltun 2018: the shortest vector.
    "mgda": lambda _: _torchjd("MGDAWeighting"),
    "cagrad": lambda settings: partial(cagrad_weights, radius=settings.radius),
    "nash_mtl": lambda _: nash_weights,
    # Senushkin et al. 2023: all singular values are made equal.
    "aligned_mtl": lambda _: _torchjd("AlignedMTLWeighting"),
    # L. Liu et al. 2021: equal projections on all gradients.
    "imtl_g": lambda _: _torchjd("IMTLGWeighting"),
    # Quinton and Rey 2024: the mean of the gradients' projections onto their dual cone.
    "upgrad": lambda _: _torchjd("UPGradWeighting"),
    # Lopez-Paz and Ranzato 2017: the projection of the gradients' mean.
    "dualproj": lambda _: _torchjd("DualProjWeighting"),
}


def _register(name: str, make: Callable[[WeightingSettings], Solve]) -> None:
    WEIGHTINGS.register(name)(lambda settings, units: GradientWeighting(partial(make, settings)))


for _name, _make in SOLVERS.items():
    _register(_name, _make)
