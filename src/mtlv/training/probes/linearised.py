"""What continuing from the multi-task weights on a subset of tasks would bring, without doing it.

Grad-TAG (Li et al. 2024) writes every logit as linear in the weights around the multi-task
solution, projects the gradients to a few random directions, and refits these per subset. Here the
gradient is that of the last linear map of the last encoder layer: for a text it is a sum over
tokens of outer products, input by output gradient, so that it is projected by a Kronecker product
of two small random matrices and never formed, and all texts of a batch are done at once. One Newton
step from the multi-task weights stands for the refit: it needs, per task, a slope and a curvature,
whatever the number of subsets.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import torch
from torch import Tensor, nn

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

__all__ = ["SubsetProbe"]

SIDE = 12
"""Random directions of the input side and of the output side; d is its square."""
TOKENS = 2_048


@PROBES.register("subset")
class SubsetProbe(Probe):
    """Slopes and curvatures of the tasks' losses at the multi-task weights, in d directions.

    Measures, for T binary tasks of one corpus and N validation texts:
        slope: (T, d), gradient of each task's mean training loss.
        curvature: (T, d, d), its Gauss-Newton matrix.
        logits: (N, T), of the validation texts.
        directions: (N, T, d), projected gradient of each of these logits.
        targets: (N, T), NaN where missing.
    """

    task_axes: ClassVar = {
        "slope": (0,),
        "curvature": (0,),
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
            held_out = list(source.parts("validation"))
        names = ("logits", "directions", "targets")
        columns = zip(*held_out, strict=True)
        self._arrays |= {n: torch.cat(c) for n, c in zip(names, columns, strict=True)}

    def measured(self) -> Arrays:
        """Return slope, curvature, logits, directions, targets."""
        return {name: value.numpy() for name, value in self._arrays.items()}

    def _fit(self, source: _Directions) -> None:
        slope: Tensor | float = 0.0
        curvature: Tensor | float = 0.0
        count: Tensor | float = 0.0
        for logits, directions, targets in source.parts("train"):
            present = ~targets.isnan()  # (B, T)
            probability = logits.sigmoid()
            error = torch.where(present, probability - targets.nan_to_num(), 0.0)
            weight = torch.where(present, probability * (1 - probability), 0.0)
            slope = slope + torch.einsum("bt,btd->td", error, directions)  # (T, d)
            weighted = directions * weight.sqrt().unsqueeze(-1)
            curvature = curvature + torch.einsum("btd,bte->tde", weighted, weighted)  # (T, d, d)
            count = count + present.sum(dim=0)  # (T,)
        seen = torch.as_tensor(count).clamp(min=1)
        self._arrays["slope"] = slope / seen.unsqueeze(-1)
        self._arrays["curvature"] = curvature / seen[:, None, None]


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
    if len(corpora) > 1 or not all(isinstance(head, BinaryHead) for head in heads):
        raise TrainingError(
            "Subsets are estimated for binary tasks on the same texts.",
            found=f"tasks on {len(corpora)} corpora, or of other kinds",
            hint="use another affinity, such as `lookahead`",
        )
    return corpora[0]
