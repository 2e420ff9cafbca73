"""Curriculum: easy texts or labels first, all of them from some epoch on.

In each epoch a share c of the training texts of every corpus is drawn from, the easiest ones
(competence: Platanios et al. 2019); or a share of the labels of every corpus has targets, the
others' being missing. Shares change between epochs, not between steps, so that an epoch stays a
pass over a known set and the number of updates is known beforehand.

Where losses decide, the first epoch has all texts and labels, since nothing is known of them yet;
one scoring pass over the training texts follows it, whose time counts as the run's.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mtlv.errors import ConfigError
from mtlv.model.batches import Batch
from mtlv.model.heads import Head
from mtlv.model.network import Network
from mtlv.randomness import generator
from mtlv.training.batches import BatchRows, scoring_batches
from mtlv.training.curriculum_settings import CurriculumSettings
from mtlv.training.data import CorpusData, TrainingData

__all__ = ["Curriculum", "competence", "text_losses"]

Array = np.ndarray[Any, Any]
TOKENS_PER_BATCH = 8_192


class Curriculum:
    """What a run learns from in each of its epochs.

    Args:
        settings: None holds nothing back.
        epochs: of the run.
        network: its tasks are the labels.
        data: of the run; only the training part is looked at.
        seed: orders what is equally hard.
    """

    def __init__(
        self,
        settings: CurriculumSettings | None,
        epochs: int,
        network: Network,
        data: TrainingData,
        seed: int,
    ) -> None:
        self.settings, self.epochs = settings, epochs
        self.network, self.data, self.seed = network, data, seed
        self._texts: dict[str, Array] = {}  # training rows by corpus, easy first
        self._labels: dict[str, list[str]] = {}  # tasks by corpus, easy first
        if settings is not None and settings.by != "loss":
            for corpus in data:
                self._order(corpus, self._difficulty(corpus))

    def share(self, epoch: int) -> float:
        """Return the share of texts or labels that an epoch (from 1) has."""
        settings = self.settings
        if settings is None or (settings.by == "loss" and epoch == 1):
            return 1.0
        return competence((epoch - 1) / self.epochs, settings)

    def sizes(self, epoch: int) -> dict[str, int]:
        """Return how many training texts of each corpus an epoch has."""
        share = self.share(epoch) if self._of("texts") else 1.0
        return {name: _part(share, len(rows)) for name, rows in self.data.rows("train").items()}

    def rows(self, epoch: int) -> dict[str, Array]:
        """Return the training rows of an epoch, by corpus."""
        given, sizes = self.data.rows("train"), self.sizes(epoch)
        return {
            name: rows if sizes[name] == len(rows) else self._texts[name][: sizes[name]]
            for name, rows in given.items()
        }

    def masked(self, batch: Batch, epoch: int) -> Batch:
        """Return a batch without the targets of labels that have not joined."""
        if not self._of("labels") or self.share(epoch) == 1.0:
            return batch
        order = self._labels[batch.corpus]
        waiting = set(order[_part(self.share(epoch), len(order)) :])
        targets = {}
        for head, given in batch.targets.items():
            late = [task.name in waiting for task in self.network.head(head).tasks]
            targets[head] = given.masked_fill(torch.tensor(late, device=given.device), torch.nan)
        return replace(batch, targets=targets)

    def on_epoch(self, model: Any, epoch: int) -> None:
        """After the first epoch: order by loss, where losses decide.

        Args:
            model: the network, or what accelerate made of it.
            epoch: that has ended, from 1.
        """
        if self.settings is not None and self.settings.by == "loss" and epoch == 1:
            for corpus in self.data:
                losses = text_losses(model, self.network, self.data, corpus)  # (N, T)
                axis = 0 if self.settings.of == "labels" else 1
                self._order(corpus, _mean(losses, axis))

    def state_dict(self) -> dict[str, Any]:
        """Return the orders, which losses may have decided."""
        texts = {name: torch.from_numpy(rows) for name, rows in self._texts.items()}
        return {"texts": texts, "labels": self._labels}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self._texts = {name: rows.numpy() for name, rows in state_dict["texts"].items()}
        self._labels = state_dict["labels"]

    def _of(self, what: str) -> bool:
        return self.settings is not None and self.settings.of == what

    def _difficulty(self, corpus: CorpusData) -> Array:
        """Return how hard each training text (N,), or each label (T,), of a corpus is."""
        rows = corpus.rows["train"]
        if self.settings is not None and self.settings.by == "length":
            return np.asarray(corpus.tokens.lengths[rows], np.float64)
        _only_binary(self.network, corpus.name)
        positive = _targets(corpus, self.network)[rows] == 1  # (N, T)
        rarity = np.asarray(-positive.sum(axis=0), np.float64)  # (T,)
        if self._of("labels"):
            return rarity
        hardest: Array = np.where(positive, rarity, -np.inf).max(axis=1)  # (N,)
        return hardest

    def _order(self, corpus: CorpusData, difficulty: Array) -> None:
        """Keep the order from easy to hard; what is equally hard is put in random order."""
        draw = generator(self.seed, "curriculum", corpus.name).permutation(len(difficulty))
        order = draw[np.argsort(difficulty[draw], kind="stable")]
        if self._of("labels"):
            names = _task_names(self.network, corpus.name)
            self._labels[corpus.name] = [names[i] for i in order]
        else:
            self._texts[corpus.name] = corpus.rows["train"][order]


def competence(progress: float, settings: CurriculumSettings) -> float:
    """Return the share that is learned from, start … 1 (Platanios et al. 2019).

    Args:
        progress: share of the epochs that have passed.
        settings: start, end and pacing.

    >>> competence(0.25, CurriculumSettings(by="length", start=0.5, until=0.5))
    0.75
    """
    start, way = settings.start, progress / settings.until
    if way >= 1:
        return 1.0
    match settings.pacing:
        case "linear":
            return start + (1 - start) * way
        case "root":
            return math.sqrt(start**2 + (1 - start**2) * way)
        case "step":
            return start


def text_losses(model: Any, network: Network, data: TrainingData, corpus: CorpusData) -> Array:
    """Return the loss of each training text of a corpus in each of its tasks, (N, T).

    It is the loss that training goes by, without dropout; NaN where a target is missing.
    """
    rows = corpus.rows["train"]
    losses = np.empty((len(rows), len(_task_names(network, corpus.name))))  # (N, T)
    lengths = corpus.tokens.lengths[rows]
    device = next(network.parameters()).device
    model.eval()
    with torch.inference_mode():
        for places in scoring_batches(np.arange(len(rows)), lengths, TOKENS_PER_BATCH):
            batch = data.batch(BatchRows(corpus.name, rows[places]), network).to(device)
            of_heads = [
                _losses_by_text(network.head(head), own, batch.targets[head])
                for head, own in model(batch).heads.items()
            ]
            losses[places] = torch.cat(of_heads, dim=1).cpu()  # (B, T)
    return losses


def _losses_by_text(head: Head, outputs: Tensor, targets: Tensor) -> Tensor:
    rows = [slice(i, i + 1) for i in range(len(outputs))]
    return torch.stack([head.task_losses(outputs[i], targets[i]) for i in rows])  # (B, T of it)


def _mean(losses: Array, axis: int) -> Array:
    """Return means over present losses; what has none is easiest."""
    present = ~np.isnan(losses)
    sums = np.where(present, losses, 0.0).sum(axis=axis)
    return np.where(present.any(axis=axis), sums / np.maximum(present.sum(axis=axis), 1), -np.inf)


def _part(share: float, count: int) -> int:
    return min(count, max(1, math.ceil(share * count - 1e-9)))


def _task_names(network: Network, corpus: str) -> list[str]:
    heads = [i for i, owner in enumerate(network.corpora) if owner == corpus]
    return [task.name for i in heads for task in network.head(i).tasks]


def _only_binary(network: Network, corpus: str) -> None:
    heads = [network.head(i) for i, owner in enumerate(network.corpora) if owner == corpus]
    others = [task.name for head in heads for task in head.tasks if task.kind != "binary"]
    if others:
        raise ConfigError(
            "Only binary tasks have a frequency that texts can be ordered by.",
            where="train.curriculum",
            found=", ".join(others),
            hint="order them by `length` or `loss`",
        )


def _targets(corpus: CorpusData, network: Network) -> Array:
    columns = [corpus.targets[name] for name in _task_names(network, corpus.name)]
    return np.stack(columns, axis=1)  # (N, T)
