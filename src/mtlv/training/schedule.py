"""Optimizer and learning-rate schedule of one run.

torch's Adamax and SGD add weight decay to the gradient, where momentum and scaling bend it; here
all three optimizers decay weights beside the gradient, as AdamW does (Loshchilov and Hutter 2019).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from mtlv.training.settings import TrainSettings

__all__ = ["learning_rate_scale", "make_optimizer", "make_schedule"]

HEADS = "heads."
"""What names of parameters of a network's heads begin with; the head's number follows."""


def make_optimizer(
    network: nn.Module, settings: TrainSettings, head_factors: Sequence[float] = ()
) -> torch.optim.Optimizer:
    """Return the optimizer over all trainable parameters.

    One-dimensional parameters (biases and norms) have no weight decay.

    Args:
        network: whose heads, if it has any, are called `heads.0`, `heads.1`, ...
        settings: of the training.
        head_factors: how many times as fast as the encoder each head learns; empty means once.
    """
    groups: dict[tuple[float | None, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            factor = None
            if name.startswith(HEADS):
                factor = head_factors[int(name.split(".")[1])] if head_factors else 1.0
            groups.setdefault((factor, parameter.ndim > 1), []).append(parameter)
    options = [
        {
            "params": parameters,
            "lr": settings.learning_rate * (1.0 if factor is None else factor),
            "weight_decay": settings.weight_decay if decays else 0.0,
        }
        for (factor, decays), parameters in groups.items()
    ]
    match settings.optimizer:
        case "adamw":
            return torch.optim.AdamW(options, fused=True)
        case "adamax":
            return _decoupled(torch.optim.Adamax(options))
        case "sgd":
            return _decoupled(torch.optim.SGD(options, momentum=settings.momentum, fused=True))


def make_schedule(
    optimizer: torch.optim.Optimizer, settings: TrainSettings, updates: int
) -> LambdaLR:
    """Return the schedule over a number of updates."""
    return LambdaLR(optimizer, lambda update: learning_rate_scale(update, updates, settings))


def learning_rate_scale(update: int, updates: int, settings: TrainSettings) -> float:
    """Return the learning rate of an update (from 0) as a share of its peak.

    It rises linearly over the first `warmup * updates` updates and then falls to 0 along a line or
    half a cosine, or stays.
    """
    warmup = round(settings.warmup * updates)
    if update < warmup:
        return (update + 1) / (warmup + 1)
    progress = (update - warmup) / max(1, updates - warmup)
    match settings.schedule:
        case "linear":
            return max(0.0, 1.0 - progress)
        case "cosine":
            return 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))
        case "constant":
            return 1.0


def _decoupled(optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
    """Take the weight decay of every group out of the gradient, and scale the weights instead.

    It stands in the groups as `decay`, so that saved states keep it.
    """
    for group in optimizer.param_groups:
        group["decay"], group["weight_decay"] = group["weight_decay"], 0.0
    optimizer.register_step_pre_hook(_decay)
    return optimizer


@torch.no_grad()
def _decay(optimizer: torch.optim.Optimizer, *_: Any) -> None:
    """Scale weights by 1 - learning rate * decay, before a step that is made.

    Under fp16 a fused optimizer is called for every step, and skips one of infinite gradients.
    """
    infinite = getattr(optimizer, "found_inf", None)
    if infinite is not None and bool(infinite):
        return
    for group in optimizer.param_groups:
        learning = [p for p in group["params"] if p.grad is not None]
        if group.get("decay", 0.0) and learning:
            torch._foreach_mul_(learning, 1 - group["lr"] * group["decay"])
