"""Fisher information of the encoder's last layers, task by task (task2vec, Achille et al. 2019).

The diagonal of the Fisher information says which weights a task's predictions hang on. It is taken
at the end of one multi-task run, so that all tasks are seen in the same weights, and is averaged
over the inputs of each unit, as task2vec averages over a filter.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from mtlv.errors import TrainingError
from mtlv.model.heads import BinaryHead
from mtlv.model.network import Network
from mtlv.randomness import derive_seed, generator
from mtlv.training.data import TrainingData
from mtlv.training.probe_settings import ProbeSettings
from mtlv.training.probes.base import PROBES, Arrays, Probe
from mtlv.training.probes.task_gradients import draw_batches, evaluating, last_layers

__all__ = ["FisherProbe"]

BATCHES = 32


@PROBES.register("fisher")
class FisherProbe(Probe):
    """Diagonal Fisher information of binary tasks.

    Measures, for T tasks:
        information: (T, D), D being the units of the last layers; mean squared gradient of the log
            likelihood of a label that is drawn from the model's own probability.
    """

    task_axes: ClassVar = {"information": (0,)}

    def __init__(self, settings: ProbeSettings) -> None:
        super().__init__(settings)
        self._information: Tensor | None = None

    def on_end(self, network: Network, data: TrainingData) -> None:
        """Take squared gradients on random training batches.

        Labels are drawn independently, so the expected square of a batch's summed gradient is the
        sum of its texts' squares: no text needs a gradient of its own.
        """
        random = generator(self.settings.seed, "fisher")
        draws = torch.Generator().manual_seed(derive_seed(self.settings.seed, "fisher labels"))
        parameters = [p for layer in last_layers(network, self.settings.layers) for p in layer]
        total = torch.zeros(len(network.tasks), _units(parameters))  # (T, D)
        seen = 0
        with evaluating(network):
            for _ in range(BATCHES):
                for batch in draw_batches(network, data, "train", self.settings.texts, random):
                    outputs = network(batch)
                    for index, logits in outputs.heads.items():
                        _add_squares(total, network, index, logits, parameters, draws)
                    seen += len(batch)
        self._information = total * len(list(data)) / seen

    def measured(self) -> Arrays:
        """Return information."""
        return {} if self._information is None else {"information": self._information.numpy()}


def _add_squares(
    total: Tensor,
    network: Network,
    head: int,
    logits: Tensor,
    parameters: list[nn.Parameter],
    draws: torch.Generator,
) -> None:
    if not isinstance(network.head(head), BinaryHead):
        raise TrainingError("Fisher features are known for binary tasks only.")
    likelihood = nn.functional.binary_cross_entropy_with_logits
    probability = logits.detach().float().sigmoid().cpu()  # (B, T)
    drawn = torch.bernoulli(probability, generator=draws).to(logits.device)
    for column, task in enumerate(network.head(head).tasks):
        loss = likelihood(logits[:, column].float(), drawn[:, column], reduction="sum")
        parts = torch.autograd.grad(loss, parameters, retain_graph=True, materialize_grads=True)
        row = torch.cat([_by_unit(part.float() ** 2) for part in parts])  # (D,)
        total[network.tasks.index(task.name)] += row.cpu()


def _by_unit(squares: Tensor) -> Tensor:
    """Return the mean over each unit's inputs, (units,)."""
    return squares if squares.ndim == 1 else squares.flatten(1).mean(dim=1)


def _units(parameters: list[nn.Parameter]) -> int:
    return int(np.sum([p.shape[0] for p in parameters]))
