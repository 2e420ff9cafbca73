"""What continuing from the multi-task weights on a subset of tasks would bring, without doing it.

Grad-TAG (Li et al. 2024) writes every logit as linear in the weights around the multi-task
solution, projects the gradients to a few random directions, and refits these per subset. Here the
gradient is that of the last linear map of the last encoder layer: for a text it is a sum over
tokens of outer products, input by output gradient, so that it is projected by a Kronecker product
of two small random matrices and never formed, and all texts of a batch are done at once. One Newton
step from the multi-task weights stands for the refit: it needs, per task, a slope and a curvature,
whatever the number of subsets.

Grad-TAG refits a logistic regression, whatever the model was trained with. Here everything is of
the loss that the heads are trained with (focal, asymmetric, with weights of positives): autograd
takes its derivatives by the logits from the heads themselves. Only logits are linearised. The loss
of moved held-out logits is looked up in a table of each task's loss by its logit, so that whoever
asks about groups needs no model.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.func import vmap

from mtlv.data import Part
from mtlv.errors import TrainingError
from mtlv.model.heads import BinaryHead
from mtlv.model.layers import encoder_layers
from mtlv.model.network import Network
from mtlv.randomness import derive_seed
from mtlv.training.batches import BatchRows, scoring_batches
from mtlv.training.data import CorpusData, TrainingData
from mtlv.training.probe_settings import ProbeSettings
from mtlv.training.probes.base import PROBES, Arrays, Probe
from mtlv.training.probes.task_gradients import evaluating

__all__ = ["SubsetProbe", "example_losses"]

SIDE = 12
"""Random directions of the input side and of the output side; d is its square."""
TOKENS = 2_048
LARGEST_LOGIT, POINTS_PER_UNIT = 32, 64
"""Of the table of losses; beyond it they are nearly straight lines."""


@PROBES.register("subset")
class SubsetProbe(Probe):
    """Slopes and curvatures of the tasks' losses at the multi-task weights, in d directions.

    Measures, for T binary tasks of one corpus and N validation texts:
        slope: (T, d), gradient of each task's mean training loss over its present targets.
        curvature: (T, d, d), its Gauss-Newton matrix; a loss that is not convex in a logit there,
            as focal loss of texts that are far off, counts as straight.
        loss_table: (T, 2, G), training loss of each task by logit, with target 0 and with 1.
        grid: (G,), these logits, at equal distances.
        logits: (N, T), of the validation texts.
        directions: (N, T, d), projected gradient of each of these logits.
        targets: (N, T), NaN where missing.
    """

    task_axes: ClassVar = {
        "slope": (0,),
        "curvature": (0,),
        "loss_table": (0,),
        "logits": (1,),
        "directions": (1,),
        "targets": (1,),
    }

    def __init__(self, settings: ProbeSettings) -> None:
        super().__init__(settings)
        self._arrays: dict[str, Tensor] = {}

    def on_end(self, network: Network, data: TrainingData) -> None:
        """Pass once over the training and the validation texts."""
        corpus = _only_corpus(network, data)
        with evaluating(network):
            source = _Directions(network, data, corpus, self.settings.seed)
            self._fit(source)
            self._tabulate(source)
            held_out = list(source.parts("validation"))
        names = ("logits", "directions", "targets")
        columns = zip(*held_out, strict=True)
        self._arrays |= {n: torch.cat(c) for n, c in zip(names, columns, strict=True)}

    def measured(self) -> Arrays:
        """Return slope, curvature, loss_table, grid, logits, directions, targets."""
        return {name: value.numpy() for name, value in self._arrays.items()}

    def _fit(self, source: _Directions) -> None:
        slope: Tensor | float = 0.0
        curvature: Tensor | float = 0.0
        count: Tensor | float = 0.0
        for logits, directions, targets in source.parts("train"):
            first, second = _derivatives(source.network, logits, targets)  # (B, T) each
            slope = slope + torch.einsum("bt,btd->td", first, directions)  # (T, d)
            weighted = directions * second.clamp(min=0).sqrt().unsqueeze(-1)
            curvature = curvature + torch.einsum("btd,bte->tde", weighted, weighted)  # (T, d, d)
            count = count + (~targets.isnan()).sum(dim=0)  # (T,)
        seen = torch.as_tensor(count).clamp(min=1)
        self._arrays["slope"] = slope / seen.unsqueeze(-1)
        self._arrays["curvature"] = curvature / seen[:, None, None]

    def _tabulate(self, source: _Directions) -> None:
        points = 2 * LARGEST_LOGIT * POINTS_PER_UNIT + 1
        grid = torch.linspace(-LARGEST_LOGIT, LARGEST_LOGIT, points)  # (G,)
        logits = grid.unsqueeze(1).expand(-1, len(source.network.tasks))  # (G, T)
        tables = [
            example_losses(source.network, logits, torch.full_like(logits, target)).detach().T
            for target in (0.0, 1.0)
        ]
        self._arrays["loss_table"] = torch.stack(tables, dim=1)  # (T, 2, G)
        self._arrays["grid"] = grid


def example_losses(network: Network, logits: Tensor, targets: Tensor) -> Tensor:
    """Return the loss that a network is trained with, of each text and task, with its graph.

    To its head, every text is a batch of its own.

    Args:
        network: of binary heads.
        logits: of all its heads, (B, T).
        targets: 0, 1 or NaN, (B, T).

    Returns:
        (B, T) fp32, NaN where a target is missing.
    """
    heads = [network.head(index) for index in range(len(network.heads))]
    widths = [len(head.tasks) for head in heads]
    device = next(network.parameters()).device
    columns = (
        torch.split(values.to(device).unsqueeze(1), widths, dim=2) for values in (logits, targets)
    )  # (B, 1, T of the head) each
    parts = zip(heads, *columns, strict=True)
    losses = [vmap(head.task_losses)(own, wanted) for head, own, wanted in parts]
    return torch.cat(losses, dim=1).cpu()  # (B, T)


def _derivatives(network: Network, logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return first and second derivatives of each text's loss by its own logit, (B, T) each.

    They are 0 where a target is missing. As a loss depends on its own logit only, the gradient of
    the sum of all losses holds all of them.
    """
    moved = logits.clone().requires_grad_()  # (B, T)
    total = example_losses(network, moved, targets).nansum()  # ()
    (first,) = torch.autograd.grad(total, moved, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), moved)
    return first.detach(), second


class _Directions:
    """Logits of all tasks and their projected gradients, batch by batch."""

    def __init__(self, network: Network, data: TrainingData, corpus: CorpusData, seed: int) -> None:
        self.network, self.data, self.corpus = network, data, corpus
        self.device = next(network.parameters()).device
        self.linear = self._last_linear()
        draws = torch.Generator().manual_seed(derive_seed(seed, "subset"))
        sizes = (self.linear.in_features, self.linear.out_features)
        self.sides = [
            torch.randn(size, SIDE, generator=draws).to(self.device) / SIDE**0.5 for size in sizes
        ]

    def parts(self, part: Part) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Give logits (B, T), directions (B, T, d) and targets (B, T) of a part's texts."""
        rows, lengths = self.corpus.rows[part], self.corpus.tokens.lengths
        for chunk in scoring_batches(rows, lengths, TOKENS):
            batch = self.data.batch(BatchRows(self.corpus.name, chunk), self.network)
            batch = batch.to(self.device)
            with _caught(self.linear) as caught:
                outputs = self.network(batch)
            logits = torch.cat(list(outputs.heads.values()), dim=1)  # (B, T)
            targets = torch.cat([batch.targets[i] for i in outputs.heads], dim=1)
            given, result = caught[-1]
            projected = given.detach().float() @ self.sides[0]  # (B, L, r)
            rows_of = [
                self._direction(projected, logits[:, k].sum(), result)
                for k in range(logits.shape[1])
            ]
            directions = torch.stack(rows_of, dim=1)  # (B, T, d)
            yield logits.detach().float().cpu(), directions.cpu(), targets.cpu()

    def _direction(self, projected: Tensor, logit_sum: Tensor, result: Tensor) -> Tensor:
        (delta,) = torch.autograd.grad(logit_sum, result, retain_graph=True)  # (B, L, H)
        outer = torch.einsum("bli,blj->bij", projected, delta.float() @ self.sides[1])
        return outer.flatten(1)  # (B, d)

    def _last_linear(self) -> nn.Linear:
        """Return the linear map that runs last in the last encoder layer."""
        ran: list[nn.Linear] = []
        layer = encoder_layers(self.network.encoder)[-1]
        linears = [m for m in layer.modules() if isinstance(m, nn.Linear)]
        hooks = [m.register_forward_hook(lambda own, *_: ran.append(own)) for m in linears]
        first = BatchRows(self.corpus.name, self.corpus.rows["train"][:1])
        try:
            self.network(self.data.batch(first, self.network).to(self.device))
        finally:
            for hook in hooks:
                hook.remove()
        if not ran or not any(p.requires_grad for p in layer.parameters()):
            raise TrainingError(
                "The last layer of the encoder has no linear map that learns.",
                where="train.freeze_layers",
                hint="freeze fewer layers to estimate what subsets of tasks do",
            )
        return ran[-1]


@contextmanager
def _caught(linear: nn.Linear) -> Iterator[list[tuple[Tensor, Tensor]]]:
    """Give a list that holds input and output of each pass through a linear map."""
    caught: list[tuple[Tensor, Tensor]] = []

    def catch(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        caught.append((inputs[0], output))

    hook = linear.register_forward_hook(catch)
    try:
        yield caught
    finally:
        hook.remove()


def _only_corpus(network: Network, data: TrainingData) -> CorpusData:
    corpora = list(data)
    heads = [network.head(i) for i in range(len(network.heads))]
    others = [head.tasks[0] for head in heads if not isinstance(head, BinaryHead)]
    apart = [] if len(corpora) == 1 else [head.tasks[0] for head in heads]
    if named := others or apart:
        raise TrainingError(
            "Subsets are estimated for binary tasks on the same texts.",
            where=", ".join(f"task '{task.name}'" for task in named),
            found=", ".join(f"{task.kind}, of '{task.corpus}'" for task in named),
            hint="leave such tasks out, or use another affinity, such as `lookahead`",
        )
    return corpora[0]
