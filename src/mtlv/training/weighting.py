"""Weighting: how the losses of one step become one update.

What is weighted are units: the heads of a network, or its tasks. A weighting joins `WEIGHTINGS`
and turns the losses of the units that had targets in a step into one loss.

>>> from mtlv.training.weighting import WEIGHTINGS
>>> "uncertainty" in WEIGHTINGS and "pcgrad" in WEIGHTINGS
True
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from mtlv.errors import ConfigError
from mtlv.model.batches import Batch
from mtlv.model.network import Network, Outputs
from mtlv.tasks import Task
from mtlv.training.adaptive_weighting import DynamicWeightAverage, Famo, SmoothTchebycheff
from mtlv.training.data import TrainingData
from mtlv.training.gradient_weighting import GradientWeighting
from mtlv.training.loss_weighting import FixedWeights, LearnedScales
from mtlv.training.weighting_base import WEIGHTINGS, Units, Weighting
from mtlv.training.weighting_settings import WeightingSettings

__all__ = [
    "WEIGHTINGS",
    "DynamicWeightAverage",
    "Famo",
    "FixedWeights",
    "GradientWeighting",
    "LearnedScales",
    "SmoothTchebycheff",
    "Units",
    "Weighting",
    "add_to_optimizer",
    "distilled",
    "make_weighting",
    "partly_taught",
    "taught_losses",
    "total_loss",
    "unit_losses",
    "units_of",
]

Over = Literal["heads", "tasks"]


def make_weighting(settings: WeightingSettings, units: Units) -> Weighting:
    """Return the weighting of a network.

    One unit alone has nothing to be weighed against: its loss is taken as it is.

    Raises:
        ConfigError: there is no such weighting, it does not fit the units, or its package is not
            installed.
    """
    try:
        make = WEIGHTINGS[settings.name]
    except ConfigError as error:
        raise error.inside("train.weighting") from error
    weighting = make(settings, units)  # for a single unit too: it may not fit, or miss a package
    if len(units) == 1 and settings.name != "fixed":
        return FixedWeights(torch.ones(1))
    return weighting


def units_of(network: Network, data: TrainingData, over: Over) -> Units:
    """Return what is weighted, with counts of the training part."""
    heads = [network.head(index).tasks for index in range(len(network.heads))]
    if over == "heads":
        units = {f"head {i}": tasks for i, tasks in enumerate(heads, start=1)}
    else:
        units = {task.name: (task,) for tasks in heads for task in tasks}
    own_encoders = len(network.encoders) > 1
    learned_with = {
        task.name: (task.corpus, head if own_encoders else 0)
        for head, tasks in enumerate(heads)
        for task in tasks
    }
    counts = Counter(learned_with.values())
    positives = [np.mean([_positives(data, task) for task in tasks]) for tasks in units.values()]
    shares = [len(tasks) / counts[learned_with[tasks[0].name]] for tasks in units.values()]
    return Units(
        tuple(units),
        torch.tensor(positives, dtype=torch.float32),
        torch.tensor(shares, dtype=torch.float32),
    )


def unit_losses(
    network: Network, outputs: Outputs, batch: Batch, by_head: Mapping[int, Tensor], over: Over
) -> dict[int, Tensor]:
    """Return the loss of every unit that has a target in the batch, () each, by its index.

    Args:
        network: that made the outputs.
        outputs: of the batch, with their graph.
        batch: with targets.
        by_head: losses of the heads, by index.
        over: what the units are.
    """
    if over == "tasks":
        places = {name: index for index, name in enumerate(network.tasks)}
        losses = network.task_losses(outputs, batch)
        return {places[name]: loss for name, loss in losses.items()}
    if len(by_head) == 1:
        return dict(by_head)
    return {i: loss for i, loss in by_head.items() if not batch.targets[i].isnan().all()}


def taught_losses(
    network: Network, outputs: Outputs, batch: Batch, over: Over
) -> dict[int, Tensor]:
    """Return the loss of every unit against its teachers' scores, () each, by its index.

    Args:
        network: that made the outputs.
        outputs: of the batch, with their graph.
        batch: with teachers' scores.
        over: what the units are.
    """
    heads = {i: (network.head(i), outputs.heads[i], own) for i, own in batch.soft.items()}
    if over == "heads":
        return {i: head.soft_loss(output, own) for i, (head, output, own) in heads.items()}
    places = {name: index for index, name in enumerate(network.tasks)}
    return {
        places[task.name]: loss
        for head, output, own in heads.values()
        for task, loss in zip(head.tasks, head.soft_task_losses(output, own), strict=True)
        if not loss.isnan()
    }


def partly_taught(
    network: Network, outputs: Outputs, batch: Batch, share: float
) -> dict[int, Tensor]:
    """Return the mixed losses of those heads of which only some tasks have a teacher, () each.

    Such a head's loss is a mean over its targets, of which the share of the targets may scale only
    those of taught tasks; each part counts by how many targets, or scores, it has.

    Args:
        network: that made the outputs.
        outputs: of the batch, with their graph.
        batch: with teachers' scores.
        share: of the targets of taught tasks, 0 to 1.
    """
    mixed: dict[int, Tensor] = {}
    for index, scores in batch.soft.items():
        head, output, targets = network.head(index), outputs.heads[index], batch.targets[index]
        if len(head.tasks) == 1:
            continue
        taught = ~scores.isnan().all(dim=0)  # (T,)
        if taught.all():
            continue
        own, others = (
            targets.masked_fill(~taught, torch.nan),
            targets.masked_fill(taught, torch.nan),
        )
        present, soft, rest = ((~part.isnan()).sum() for part in (own, scores, others))
        mixed[index] = (
            (present * share * head.loss(output, own) + rest * head.loss(output, others))
            / (present + rest).clamp(min=1)
        ) + (1 - share) * soft / (soft + rest).clamp(min=1) * head.soft_loss(output, scores)
    return mixed


def distilled(
    units: Mapping[int, Tensor], taught: Mapping[int, Tensor], share: float
) -> dict[int, Tensor]:
    """Mix losses against targets with those against teachers (Clark et al. 2019, section 3).

    Args:
        units: losses against targets, by unit; one without a teacher stays as it is.
        taught: losses against teachers' scores, by unit; one without a target counts by its share.
        share: of the targets, 0 to 1.
    """
    mixed = dict(units)
    for unit, soft in taught.items():
        own = share * units[unit] if unit in units else 0.0
        mixed[unit] = own + (1 - share) * soft
    return mixed


def total_loss(
    weighting: Weighting,
    units: Mapping[int, Tensor],
    by_head: Mapping[int, Tensor],
    shared: Tensor,
) -> Tensor:
    """Return the loss whose gradient is the update, ().

    Heads that are not among the units have a gradient of 0 and not none, so that the optimizer and
    data parallel treat all steps alike; and a loss that is no number is never lost.

    Args:
        weighting: of the run.
        units: losses of the units, by index; at least one of a step's heads may be missing.
        by_head: losses of all heads.
        shared: what all heads saw, (B, L, H).
    """
    nothing = 0.0 * torch.stack(list(by_head.values())).sum()
    if not units:
        return nothing
    losses = torch.stack(list(units.values())).float()  # (K,)
    total: Tensor = weighting(losses, list(units), shared)
    return total + nothing


def add_to_optimizer(optimizer: torch.optim.Optimizer, weighting: Weighting) -> None:
    """Let an optimizer train the parameters of a weighting, if it has any, as its own group."""
    parameters = list(weighting.parameters())
    if parameters:
        rate = weighting.learning_rate
        optimizer.add_param_group({"params": parameters, "lr": rate, "weight_decay": 0.0})


def _positives(data: TrainingData, task: Task) -> float:
    """Return how many training texts are positive, or have a target, for a task of another kind."""
    own = data.corpora[task.corpus]
    values = own.targets[task.name][own.rows["train"]]
    if task.kind == "binary":
        return float((values == 1).sum())
    if task.kind == "tagging":
        return float(sum(value is not None for value in values))
    return float((~np.isnan(values)).sum())
