"""Probes of task gradients: what a step on one task does to the loss of another.

`lookahead` follows TAG (Fifty et al. 2021, equation 1) and ETAP (Ayman et al. 2026) with three
departures: the effect of the optimizer's own, preconditioned step on a held-out loss is taken to
first order, as the difference of two losses would drown in the rounding of half precision; it is
relative to the mean of that loss so far, as the loss of the moment can be next to nothing; and the
inner products of the steps are kept, so that the effect of a group's joint step can be predicted.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from mtlv.randomness import generator
from mtlv.training.probe_settings import ProbeSettings
from mtlv.training.probes.base import PROBES, Arrays, Moment, Probe
from mtlv.training.probes.held_out import draw_held_out
from mtlv.training.probes.task_gradients import (
    batches_of,
    draw_batches,
    evaluating,
    last_layers,
    loss_gradients,
    mean_gradients,
    task_losses,
)

__all__ = ["GradientProbe", "LookaheadProbe", "PooledProbe", "relative_effects"]

Array = np.ndarray[Any, Any]
EPSILON = 1e-8
STEP_TEXTS = 16
"""Training texts of each corpus that a step of `lookahead` is made of: a batch, by default."""


@PROBES.register("lookahead")
class LookaheadProbe(Probe):
    """Effect of each task's own step on every task's validation loss, every so many steps.

    effects[m, s, t] = η · (p ⊙ g_s) · h_t / L̄_t

    * g_s: gradient of s's loss on `STEP_TEXTS` training texts, drawn anew at every moment.
    * η, p: the optimizer's learning rate at the moment, and what it multiplies each entry of a
      gradient by: one over the root of Adam's second moment, say (see `_preconditioner`). That
      moment is of the run's joint gradients, as s alone has no run of its own. Momentum, weight
      decay and clipping are left out: they are no part of what s adds to a step.
    * h_t: gradient of t's loss on `texts` validation texts of each corpus, the same ones at every
      moment, with positives of every task that has any (see `held_out`).
    * L̄_t: mean of t's loss on these texts over all moments so far. TAG divides by the loss of the
      moment, Z = 1 - L_after / L_before. A task that is learned well, or a focal loss, makes that
      tiny at some moments, and these then outweigh all others in the mean over moments. Divided by
      the running mean, tasks of large losses still do not dominate those of small ones.

    Measures, for M moments and T tasks in the order of the network's heads:
        effects: (M, T, T), at [m, s, t] the decrease of t's validation loss, relative to its mean
            so far, under the step that s alone would make; NaN for a task t without a target in
            the texts drawn.
        products: (M, T, T), inner products of the preconditioned gradients of s and s'.
        losses: (M, T), validation losses of the moment; NaN likewise.
        steps: (M,), when it was measured.
    """

    task_axes: ClassVar = {"effects": (1, 2), "products": (1, 2), "losses": (1,)}
    periodic: ClassVar = True

    def __init__(self, settings: ProbeSettings) -> None:
        super().__init__(settings)
        self._rows: list[tuple[Tensor, Tensor, Tensor]] = []
        self._steps: list[int] = []
        self._held_out: dict[str, Array] | None = None

    def on_outputs(self, moment: Moment) -> None:
        """Measure at every so many steps."""
        if not self.due(moment.step):
            return
        network, data, settings = moment.network, moment.data, self.settings
        random = generator(settings.seed, "lookahead", moment.step)
        parameters = [p for layer in last_layers(network, settings.layers) for p in layer]
        drawn = draw_batches(network, data, "train", STEP_TEXTS, random)
        with evaluating(network):
            learned, before = mean_gradients(network, drawn, parameters)  # (T, P), (T,)
            texts = batches_of(network, data, self._drawn_once(moment))
            held_out, losses = mean_gradients(network, texts, parameters)  # (T, P), (T,)
        steps = learned * _preconditioner(moment.optimizer, parameters)  # (T, P)
        rate = _learning_rate(moment.optimizer, parameters)
        losses = torch.where(before.isnan(), before, losses)  # NaN: no target on one of the sides
        self._rows.append((rate * steps @ held_out.T, steps @ steps.T, losses))
        self._steps.append(moment.step)

    def measured(self) -> Arrays:
        """Return effects, products, losses, steps; nothing if the run was too short."""
        if not self._steps:
            return {}
        columns = zip(*self._rows, strict=True)
        decreases, products, losses = (torch.stack(column).cpu().numpy() for column in columns)
        return {
            "effects": relative_effects(decreases, losses),
            "products": products,
            "losses": losses,
            "steps": np.asarray(self._steps),
        }

    def _drawn_once(self, moment: Moment) -> dict[str, Array]:
        if self._held_out is None:
            random = generator(self.settings.seed, "lookahead", "held out")
            self._held_out = draw_held_out(moment.network, moment.data, self.settings.texts, random)
        return self._held_out


def relative_effects(decreases: Array, losses: Array) -> Array:
    """Return decreases of losses relative to the mean loss of each task so far, (M, T, T).

    Args:
        decreases: of t's loss by a step for s, at M moments one after another, (M, T, T).
        losses: of t, (M, T); NaN where t was not seen, which makes its effects NaN.
    """
    seen = np.isfinite(losses)  # (M, T)
    means = np.cumsum(np.where(seen, losses, 0), axis=0) / np.maximum(np.cumsum(seen, axis=0), 1)
    usable = seen & (means > 0)
    relative: Array = decreases / np.where(usable, means, np.nan)[:, None, :]
    return relative  # (M, T, T)


@PROBES.register("pooled")
class PooledProbe(Probe):
    """Inner products of task gradients at the heads' input, which a step computes anyway.

    Measures, for M moments and T tasks:
        products: (M, T, T), of the gradients of the training losses at the pooled features.
        losses: (M, T), training losses; NaN for a task without a target in the batch.
    """

    task_axes: ClassVar = {"products": (1, 2), "losses": (1,)}
    periodic: ClassVar = True

    def __init__(self, settings: ProbeSettings) -> None:
        super().__init__(settings)
        self._products: list[Tensor] = []
        self._losses: list[Tensor] = []

    def on_outputs(self, moment: Moment) -> None:
        """Measure at every so many steps."""
        if not self.due(moment.step):
            return
        tasks, pooled = moment.network.tasks, moment.outputs.features.pooled
        losses = moment.network.task_losses(moment.outputs, moment.batch)
        rows = torch.zeros(len(tasks), pooled.numel(), device=pooled.device)  # (T, B * H)
        values = torch.full((len(tasks),), torch.nan, device=pooled.device)  # (T,)
        for index, task in enumerate(tasks):
            if task in losses:
                (gradient,) = torch.autograd.grad(
                    losses[task], pooled, retain_graph=True, materialize_grads=True
                )
                rows[index] = gradient.flatten().float()
                values[index] = losses[task].detach().float()
        self._products.append(rows @ rows.T)
        self._losses.append(values)

    def measured(self) -> Arrays:
        """Return products, losses; nothing if the run was too short."""
        if not self._products:
            return {}
        return {
            "products": torch.stack(self._products).cpu().numpy(),
            "losses": torch.stack(self._losses).cpu().numpy(),
        }


@PROBES.register("gradient")
class GradientProbe(Probe):
    """Inner products of task gradients, layer by layer, averaged over each epoch.

    Measures, for E epochs, L layers and T tasks:
        products: (E, L, T, T), of the gradients of the training losses, last layer last.
    """

    task_axes: ClassVar = {"products": (2, 3)}
    periodic: ClassVar = True

    def __init__(self, settings: ProbeSettings) -> None:
        super().__init__(settings)
        self._epochs: list[Tensor] = []
        self._current: list[Tensor] = []

    def on_outputs(self, moment: Moment) -> None:
        """Measure at every so many steps."""
        if not self.due(moment.step):
            return
        random = generator(self.settings.seed, "gradient", moment.step)
        layers = last_layers(moment.network, self.settings.layers)
        parameters = [p for layer in layers for p in layer]
        widths = [sum(p.numel() for p in layer) for layer in layers]
        tasks = moment.network.tasks
        rows = torch.zeros(len(tasks), sum(widths), device=parameters[0].device)  # (T, P)
        with evaluating(moment.network):
            for batch in draw_batches(
                moment.network, moment.data, "train", self.settings.texts, random
            ):
                losses = task_losses(moment.network, batch)
                rows += loss_gradients(losses, tasks, parameters)
        parts = torch.split(rows, widths, dim=1)
        self._current.append(torch.stack([part @ part.T for part in parts]))  # (L, T, T)

    def on_epoch(self, epoch: int) -> None:
        """Average what the epoch measured."""
        if self._current:
            self._epochs.append(torch.stack(self._current).mean(dim=0))
            self._current = []

    def measured(self) -> Arrays:
        """Return products; nothing if the run was too short."""
        if not self._epochs:
            return {}
        return {"products": torch.stack(self._epochs).cpu().numpy()}


def _preconditioner(optimizer: torch.optim.Optimizer, parameters: list[nn.Parameter]) -> Tensor:
    """Return what the optimizer multiplies each entry of a gradient by, apart from its rate, (P,).

    Adam divides by the root of its bias-corrected second moment, Adamax by its largest recent
    gradient; where there is no such state (SGD, the first step) the factor is 1.
    """
    factors = []
    for parameter in parameters:
        state = optimizer.state.get(parameter, {})
        if "exp_avg_sq" in state:
            beta = _group(optimizer, parameter)["betas"][1]
            moment = state["exp_avg_sq"] / (1 - beta ** float(state["step"]))
            factor = 1 / (moment.sqrt() + EPSILON)
        elif "exp_inf" in state:
            factor = 1 / (state["exp_inf"] + EPSILON)
        else:
            factor = torch.ones_like(parameter)
        factors.append(factor.flatten().float())
    return torch.cat(factors)


def _learning_rate(optimizer: torch.optim.Optimizer, parameters: list[nn.Parameter]) -> float:
    return float(_group(optimizer, parameters[0])["lr"])


def _group(optimizer: torch.optim.Optimizer, parameter: nn.Parameter) -> dict[str, Any]:
    for group in optimizer.param_groups:
        if any(p is parameter for p in group["params"]):
            return dict(group)
    raise KeyError("the optimizer does not have the parameter")
