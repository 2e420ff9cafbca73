"""Mixing: how many batches of each corpus an epoch has, and in which order they come.

An epoch has as many batches as all corpora together have, whatever the mixing (`main` apart, whose
epoch is one pass over the main corpus), so that methods differ in what they learn from and not in
how much. A corpus that gets more batches than it has is passed over again in another order; one
that gets fewer gives a random part, another in each epoch, but a batch at least. The batches of an
epoch follow from seed and epoch alone.

| name         | share of corpus c, with N_c texts                                             |
|--------------|-------------------------------------------------------------------------------|
| proportional | N_c: every batch once (Liu et al. 2019, MT-DNN; Peng et al. 2020, algorithm 1) |
| uniform      | 1                                                                             |
| temperature  | N_c^(1/T)                                                                     |
| capped       | min(N_c, K)^(1/T) (Raffel et al. 2020, T5)                                    |
| annealed     | N_c^a, a falling from 1 to 0.2 over the epochs (Stickland and Murray 2019)    |
| round_robin  | 1, in turn                                                                    |
| main         | all batches of the main corpus, `ratio` others for each, shared by their size |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count, islice

import numpy as np

from mtlv.randomness import generator
from mtlv.training.batches import Array, BatchRows, corpus_batches, epoch_batches
from mtlv.training.mixing_settings import MixingSettings

__all__ = ["Mixer"]

LAST_POWER = 0.2
"""Exponent of `annealed` in the last epoch: 1 - 0.8."""


@dataclass(frozen=True)
class Mixer:
    """Makes the batches of every epoch of a run.

    Args:
        settings: of the mixing.
        batch_size: texts per batch, where the settings say nothing else.
        epochs: of the run.
        seed: of the run.
        bucketing: whether texts of like length stand together.
    """

    settings: MixingSettings
    batch_size: int
    epochs: int
    seed: int
    bucketing: bool = True

    def size(self, corpus: str) -> int:
        """Return how many texts a batch of a corpus has."""
        return self.settings.batch_size.get(corpus, self.batch_size)

    def counts(self, sizes: Mapping[str, int], epoch: int) -> dict[str, int]:
        """Return how many batches of each corpus an epoch has.

        Args:
            sizes: number of training texts by corpus.
            epoch: from 1.
        """
        whole = {name: -(-own // self.size(name)) for name, own in sizes.items()}
        match self.settings.name:
            case "proportional":
                return whole
            case "main":
                return self._around_main(whole)
        shares = {name: self._share(name, own, epoch) for name, own in sizes.items()}
        return _apportioned(shares, sum(whole.values()))

    def batches(
        self, rows: Mapping[str, Array], lengths: Mapping[str, Array], epoch: int
    ) -> list[BatchRows]:
        """Return the batches of an epoch in their order.

        Args:
            rows: training rows by corpus.
            lengths: of all texts, by corpus.
            epoch: from 1.
        """
        random = generator(self.seed, "batches", epoch)
        if self.settings.name == "proportional":
            sizes = {name: self.size(name) for name in rows}
            return epoch_batches(rows, lengths, sizes, random, bucketing=self.bucketing)
        counts = self.counts({name: len(own) for name, own in rows.items()}, epoch)
        drawn = {
            name: list(islice(self._endless(name, rows[name], lengths[name], epoch), counts[name]))
            for name in rows
        }
        if self.settings.name == "round_robin":
            turns = range(max(counts.values()))
            return [own[turn] for turn in turns for own in drawn.values() if turn < len(own)]
        batches = [batch for own in drawn.values() for batch in own]
        return [batches[i] for i in random.permutation(len(batches))]

    def _endless(self, corpus: str, rows: Array, lengths: Array, epoch: int) -> Iterator[BatchRows]:
        """Give batches of a corpus, pass after pass."""
        for number in count():
            random = generator(self.seed, "pass", epoch, corpus, number)
            batches = corpus_batches(
                corpus, rows, lengths, self.size(corpus), random, bucketing=self.bucketing
            )
            yield from (batches[i] for i in random.permutation(len(batches)))

    def _share(self, corpus: str, size: int, epoch: int) -> float:
        """Return the share of an epoch's batches; those of texts are divided by texts per batch."""
        settings = self.settings
        match settings.name:
            case "temperature":
                texts = size ** (1 / settings.temperature)
            case "capped":
                texts = min(size, settings.cap or size) ** (1 / settings.temperature)
            case "annealed":
                progress = (epoch - 1) / max(1, self.epochs - 1)
                texts = size ** (1 - (1 - LAST_POWER) * progress)
            case _:
                return 1.0
        return float(texts / self.size(corpus))

    def _around_main(self, whole: Mapping[str, int]) -> dict[str, int]:
        main = self.settings.main or ""
        others = {name: float(own) for name, own in whole.items() if name != main}
        if main not in whole or not others:
            return dict(whole)
        shared = _apportioned(others, round(self.settings.ratio * whole[main]))
        return {name: whole[name] if name == main else shared[name] for name in whole}


def _apportioned(shares: Mapping[str, float], total: int) -> dict[str, int]:
    """Part a number by shares, the largest remainders rounded up.

    Everyone gets one at least, if there are as many: a corpus that is never seen is never learned.

    >>> _apportioned({"a": 1, "b": 1, "c": 4}, 10)
    {'a': 2, 'b': 1, 'c': 7}
    >>> _apportioned({"a": 1000, "b": 1}, 20)
    {'a': 19, 'b': 1}
    """
    exact = {name: total * share / sum(shares.values()) for name, share in shares.items()}
    parts = {name: int(np.floor(value)) for name, value in exact.items()}
    by_rest = sorted(exact, key=lambda name: parts[name] - exact[name])
    for name in by_rest[: total - sum(parts.values())]:
        parts[name] += 1
    for name in [name for name in parts if parts[name] == 0 and total >= len(parts)]:
        most = max(parts, key=lambda own: parts[own])
        parts[most], parts[name] = parts[most] - 1, 1
    return parts
