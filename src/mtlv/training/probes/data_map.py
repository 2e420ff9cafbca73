"""Data maps: how sure a run is of the truth, text by text (Swayamdipta et al. 2020).

The probability of the true class of every training text is taken from the forward passes of
training itself, so a data map costs next to nothing. Its mean over the epochs says how easy a text
is for a task, its standard deviation how much the run changes its mind.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from mtlv.errors import TrainingError
from mtlv.model.heads import BinaryHead
from mtlv.training.probe_settings import ProbeSettings
from mtlv.training.probes.base import PROBES, Arrays, Moment, Probe

__all__ = ["DataMapProbe"]


@PROBES.register("data_map")
class DataMapProbe(Probe):
    """True-class probability of every training text over the epochs.

    Measures, for N training texts of one corpus, in the order of the split, and T binary tasks:
        mean: (N, T), over the epochs that learned from the target; NaN where it is missing.
        spread: (N, T), standard deviation over the same epochs; NaN likewise.
    """

    task_axes: ClassVar = {"mean": (1,), "spread": (1,)}

    def __init__(self, settings: ProbeSettings) -> None:
        super().__init__(settings)
        self._sums: Tensor | None = None  # (3, N, T): count, sum, sum of squares
        self._place: dict[int, int] = {}

    def on_outputs(self, moment: Moment) -> None:
        """Note the probabilities of the batch."""
        network = moment.network
        if self._sums is None:
            rows = _only_corpus(moment)
            self._place = {int(row): index for index, row in enumerate(rows)}
            self._sums = torch.zeros(3, len(rows), len(network.tasks), dtype=torch.float64)
        true = torch.cat([_true_probability(moment, i) for i in moment.outputs.heads], dim=1)
        where = torch.tensor([self._place[int(row)] for row in moment.rows.rows])
        true = true.detach().double().cpu()  # (B, T)
        known = ~true.isnan()  # a curriculum hides the targets of labels that are yet to come
        true = true.nan_to_num()
        self._sums[:, where] += torch.stack([known.double(), true, true**2])

    def measured(self) -> Arrays:
        """Return mean, spread."""
        if self._sums is None:
            return {}
        count, total, squares = self._sums.numpy()
        seen = np.maximum(count, 1)
        mean = np.where(count > 0, total / seen, np.nan)  # (N, T)
        variance = np.maximum(squares / seen - mean**2, 0)
        return {"mean": mean, "spread": np.sqrt(variance)}


def _only_corpus(moment: Moment) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    rows = moment.data.rows("train")
    heads = [moment.network.head(i) for i in range(len(moment.network.heads))]
    if len(rows) > 1 or not all(isinstance(head, BinaryHead) for head in heads):
        raise TrainingError(
            "A data map compares binary tasks on the same texts.",
            found=f"tasks on {len(rows)} corpora, or of other kinds",
            hint="group by other features, such as `label_description` or `fisher`",
        )
    return np.asarray(next(iter(rows.values())), np.int64)


def _true_probability(moment: Moment, head: int) -> Tensor:
    """Return the probability of the true class for each text and task of a head, (B, T)."""
    probability = moment.network.head(head).decode(moment.outputs.heads[head])  # (B, T)
    targets = moment.batch.targets[head]
    true = torch.where(targets == 1, probability, 1 - probability)
    return torch.where(targets.isnan(), torch.nan, true)
