"""Gradients of single tasks with respect to the encoder's last layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mtlv.data import Part
from mtlv.errors import TrainingError
from mtlv.model.batches import Batch
from mtlv.model.layers import encoder_layers
from mtlv.model.network import Network
from mtlv.training.batches import BatchRows, scoring_batches
from mtlv.training.data import TrainingData

__all__ = [
    "batches_of",
    "draw_batches",
    "evaluating",
    "last_layers",
    "loss_gradients",
    "mean_gradients",
    "task_losses",
]

TOKENS = 2_048
"""Padded tokens in a batch whose graph is kept."""


def last_layers(network: Network, count: int) -> list[list[nn.Parameter]]:
    """Return the parameters that learn of the last encoder layers, layer by layer, last one last.

    Raises:
        TrainingError: nothing in the encoder's layers learns.
    """
    layers = [
        [p for p in layer.parameters() if p.requires_grad]
        for layer in encoder_layers(network.encoder)
    ]
    learning = [parameters for parameters in layers if parameters]
    if not learning:
        raise TrainingError(
            "No layer of the encoder learns, so tasks cannot help or hinder each other in it.",
            where="train.freeze_layers",
            hint="freeze fewer layers to measure an affinity",
        )
    return learning[-count:]


def loss_gradients(
    losses: Mapping[str, Tensor], tasks: Sequence[str], parameters: Sequence[nn.Parameter]
) -> Tensor:
    """Return the gradient of each task's loss, flattened, (T, P) fp32; 0 for an absent loss."""
    width = sum(p.numel() for p in parameters)
    rows = torch.zeros(len(tasks), width, device=parameters[0].device)  # (T, P)
    for index, task in enumerate(tasks):
        if task in losses:
            parts = torch.autograd.grad(
                losses[task], parameters, retain_graph=True, materialize_grads=True
            )
            rows[index] = torch.cat([part.flatten().float() for part in parts])  # (P,)
    return rows


def mean_gradients(
    network: Network, batches: Iterable[Batch], parameters: Sequence[nn.Parameter]
) -> tuple[Tensor, Tensor]:
    """Return gradients and values of the tasks' mean losses over all targets of some batches.

    Batches count by their targets, so that how texts are cut into batches changes nothing.

    Returns:
        Gradients, (T, P) fp32, 0 for a task without a target; losses, (T,), NaN for such a task.
    """
    tasks, device = network.tasks, parameters[0].device
    rows = torch.zeros(len(tasks), sum(p.numel() for p in parameters), device=device)  # (T, P)
    sums, seen = torch.zeros(2, len(tasks), device=device)  # (T,) each
    for batch in batches:
        losses = task_losses(network, batch)
        counts = _target_counts(network, batch).to(device)  # (T,)
        rows += counts.unsqueeze(1) * loss_gradients(losses, tasks, parameters)
        for index, task in enumerate(tasks):
            if task in losses:
                sums[index] += counts[index] * losses[task].detach()
        seen += counts
    means = torch.where(seen > 0, sums / seen.clamp(min=1), torch.nan)  # (T,)
    return rows / seen.clamp(min=1).unsqueeze(1), means


def task_losses(network: Network, batch: Batch) -> dict[str, Tensor]:
    """Return the loss of every task of a batch, with its graph, () each."""
    return network.task_losses(network(batch), batch)


def draw_batches(
    network: Network,
    data: TrainingData,
    part: Part,
    texts: int,
    generator: np.random.Generator,
) -> Iterator[Batch]:
    """Give one batch of random rows of a part for every corpus."""
    device = next(network.parameters()).device
    for corpus in data:
        rows: np.ndarray[Any, Any] = corpus.rows[part]
        drawn = generator.choice(rows, size=min(texts, len(rows)), replace=False)
        yield data.batch(BatchRows(corpus.name, np.sort(drawn)), network).to(device)


def batches_of(
    network: Network, data: TrainingData, rows: Mapping[str, np.ndarray[Any, Any]]
) -> Iterator[Batch]:
    """Give given rows of every corpus, in batches whose graph fits into memory."""
    device = next(network.parameters()).device
    for name, own in rows.items():
        for chunk in scoring_batches(own, data.corpora[name].tokens.lengths, TOKENS):
            yield data.batch(BatchRows(name, chunk), network).to(device)


@contextmanager
def evaluating(network: Network) -> Iterator[None]:
    """Run a network without dropout, and then as before; no random stream is drawn from."""
    before = network.training
    network.eval()
    try:
        with torch.enable_grad():
            yield
    finally:
        network.train(before)


def _target_counts(network: Network, batch: Batch) -> Tensor:
    """Return how many targets of every task are present, words in tagging, (T,) fp32."""
    counts = torch.zeros(len(network.tasks))  # (T,)
    for index, targets in batch.targets.items():
        tasks, present = network.head(index).tasks, ~targets.isnan()  # (B, T) or (B, L)
        own = present.sum(dim=0) if len(tasks) > 1 else present.sum().unsqueeze(0)  # (T,)
        counts[[network.tasks.index(task.name) for task in tasks]] = own.float().cpu()
    return counts
