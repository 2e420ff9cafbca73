"""Masked language modelling: go on with an encoder's own training, on texts without labels.

The head is fresh, so it is fitted alone first, and perplexity "before" is taken then. All of it
learns then.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from typing import Any

import numpy as np
import torch

from mtlv.evaluation.curves import CurvePoint
from mtlv.model.fast_cpu import seed_dropout, use_fast_dropout
from mtlv.model.mlm import HiddenBatch, MaskedLanguageModel, hide
from mtlv.model.tokens import TokenTable
from mtlv.randomness import derive_seed, generator
from mtlv.training.accelerating import make_accelerator
from mtlv.training.batches import corpus_batches, scoring_batches
from mtlv.training.observing import Observer, Step
from mtlv.training.precision import choose_precision
from mtlv.training.pretrain_settings import PretrainSettings
from mtlv.training.pretraining_head import fit_head
from mtlv.training.resuming import Saves
from mtlv.training.schedule import make_optimizer, make_schedule
from mtlv.training.settings import TrainSettings

__all__ = ["Pretrained", "Vocabulary", "pretrain"]

Array = np.ndarray[Any, Any]
HEAD_TEXTS = 8_192
"""As many texts, at most, does the head learn alone."""
TOKENS_PER_BATCH = 4_096
PROGRESS = ("current", "done", "step", "total", "masks")
"""Of a run between two steps: epoch, batches of it, batches of all, sum of its losses, and where
the stream of hidden places stands."""


@dataclass(frozen=True)
class Vocabulary:
    """What hiding must know of the tokenizer."""

    mask_id: int
    size: int
    special: frozenset[int]


@dataclass
class Pretrained:
    """What came of it; the model holds the weights.

    Args:
        curves: perplexity on held-out texts before (epoch 0) and after each epoch; training loss.
        texts_seen: repeated ones counted, those that the head was fitted on included.
        precision: that was computed in.
    """

    precision: str
    curves: list[CurvePoint] = field(default_factory=list)
    texts_seen: int = 0

    @property
    def perplexities(self) -> list[float]:
        """Before, and after each epoch."""
        return [point.value for point in self.curves if point.metric == "perplexity"]


def pretrain(
    model: MaskedLanguageModel,
    table: TokenTable,
    vocabulary: Vocabulary,
    settings: PretrainSettings,
    *,
    seed: int,
    observer: Observer | None = None,
    saves: Saves | None = None,
) -> Pretrained:
    """Train a masked language model in place.

    Args:
        model: an encoder with a fresh head.
        table: of the texts, with `words` where whole words are to be hidden.
        vocabulary: of the tokenizer.
        settings: of the stage.
        seed: decides masks, batches, dropout and which texts are held out.
        observer: is told of steps.
        saves: keeps the state of the run, which goes on from the one that was saved last.

    Raises:
        TrainingError: a saved state does not fit.
    """
    run = _Run(model, table, vocabulary, settings, seed, observer)
    if saves is None or not run.resume(saves):
        run.fit_head()
        run.note(0, None)
    for epoch in range(run.current, settings.epochs + 1):
        run.note(epoch, run.epoch(epoch))
    return run.result


class _Run:
    def __init__(
        self,
        model: MaskedLanguageModel,
        table: TokenTable,
        vocabulary: Vocabulary,
        settings: PretrainSettings,
        seed: int,
        observer: Observer | None,
    ) -> None:
        self.network, self.table, self.vocabulary = model, table, vocabulary
        self.settings, self.seed, self.observer = settings, seed, observer
        precision = choose_precision(settings.precision)
        self.accelerator = make_accelerator(precision, corpora=1)
        if self.accelerator.device.type == "cpu":
            use_fast_dropout(model)
        order = generator(seed, "pretraining split").permutation(len(table))
        held = max(1, round(settings.validation * len(table)))
        self.held_out, self.rows = np.sort(order[:held]), np.sort(order[held:])
        self.steps = -(-len(self.rows) // settings.batch_size) * settings.epochs
        self.saves: Saves | None = None
        self.current, self.done, self.step, self.total = 1, 0, 0, 0.0  # epoch, and how far it is
        self.masks: Any = None
        as_train = _as_train_settings(settings)
        optimizer = make_optimizer(model, as_train)
        self.schedule = make_schedule(optimizer, as_train, self.steps)
        self.model, self.optimizer = self.accelerator.prepare(model, optimizer)
        self.result = Pretrained(precision)
        torch.manual_seed(derive_seed(seed, "pretraining"))
        seed_dropout(derive_seed(seed, "pretraining dropout"))

    def resume(self, saves: Saves) -> bool:
        """Go on from the state that was saved last; tell whether there is one."""
        saves.keep(
            weights=self.network, optimizer=self.optimizer, schedule=self.schedule, progress=self
        )
        if self.accelerator.scaler is not None:
            saves.keep(scaler=self.accelerator.scaler)
        self.saves = saves
        return saves.restore()

    def state_dict(self) -> dict[str, Any]:
        """Return how far the run has come."""
        own = {name: getattr(self, name) for name in PROGRESS}
        curves = [astuple(point) for point in self.result.curves]
        return own | {"curves": curves, "texts_seen": self.result.texts_seen}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        vars(self).update({name: state_dict[name] for name in PROGRESS})
        self.result.curves = [CurvePoint(*point) for point in state_dict["curves"]]
        self.result.texts_seen = state_dict["texts_seen"]

    def fit_head(self) -> None:
        """Let the head learn what the encoder as it came can tell, until it learns no more."""
        random = generator(self.seed, "pretraining", 0)
        texts = self._shuffled(random)[: max(1, HEAD_TEXTS // self.settings.batch_size)]
        held_out = generator(self.seed, "pretraining validation")
        fit_head(
            self.network,
            self.accelerator,
            (self._hide(rows, random) for rows in texts),
            (self._hide(rows, held_out) for rows in self._held_out_batches()),
            torch.Generator().manual_seed(derive_seed(self.seed, "pretraining head order")),
        )
        self.result.texts_seen += sum(map(len, texts))

    def epoch(self, epoch: int) -> float:
        """Learn from what is left of an epoch; return its mean loss."""
        random = generator(self.seed, "pretraining", epoch)
        batches = self._shuffled(random)
        if self.done > 0:
            random.bit_generator.state = self.masks
        for rows in batches[self.done :]:
            loss = self._learn(self._hide(rows, random), self.optimizer, self.settings.clip)
            self.schedule.step()
            self.step, self.done, self.total = self.step + 1, self.done + 1, self.total + loss
            self.masks = random.bit_generator.state
            if self.observer is not None:
                self.observer.on_step(Step(epoch, self.step, self.steps, len(rows), loss))
            if self.saves is not None:
                self.saves.save_if_due()
        mean = self.total / max(1, len(batches))
        self.current, self.done, self.total = epoch + 1, 0, 0.0
        return mean

    def note(self, epoch: int, loss: float | None) -> None:
        """Keep perplexity on the held-out texts, and the training loss."""
        points = [
            CurvePoint(epoch, "validation", "model", "model", "perplexity", self._perplexity())
        ]
        if loss is not None:
            points.append(CurvePoint(epoch, "train", "model", "model", "loss", loss))
        self.result.curves += points
        if self.observer is not None:
            self.observer.on_epoch(epoch, points)

    def _learn(self, batch: HiddenBatch, optimizer: Any, clip: float | None) -> float:
        self.model.train()
        loss = self.model(batch.to(self.accelerator.device))
        self.accelerator.backward(loss)
        if clip is not None:
            self.accelerator.clip_grad_norm_(self.model.parameters(), clip)
        optimizer.step()
        optimizer.zero_grad()
        self.result.texts_seen += len(batch.ids)
        return float(loss.detach())

    def _shuffled(self, random: np.random.Generator) -> list[Array]:
        """Return the rows of an epoch's batches in random order."""
        batches = corpus_batches(
            "", self.rows, self.table.lengths, self.settings.batch_size, random
        )
        return [batches[number].rows for number in random.permutation(len(batches))]

    def _perplexity(self) -> float:
        """Return exp of the mean loss of hidden tokens, the same ones every time."""
        random = generator(self.seed, "pretraining validation")
        self.model.eval()
        total = 0.0
        count = 0
        with torch.inference_mode():
            for rows in self._held_out_batches():
                batch = self._hide(rows, random).to(self.accelerator.device)
                hidden = int((batch.hidden >= 0).sum())
                total += float(self.model(batch)) * hidden
                count += hidden
        return math.exp(total / max(1, count))

    def _held_out_batches(self) -> Iterable[Array]:
        return scoring_batches(self.held_out, self.table.lengths, TOKENS_PER_BATCH)

    def _hide(self, rows: Array, random: np.random.Generator) -> HiddenBatch:
        return hide(
            self.table,
            rows,
            self.settings.probability,
            random,
            mask_id=self.vocabulary.mask_id,
            vocabulary=self.vocabulary.size,
            special=self.vocabulary.special,
        )


def _as_train_settings(settings: PretrainSettings) -> TrainSettings:
    names = ("epochs", "batch_size", "learning_rate", "weight_decay", "warmup", "clip")
    return TrainSettings(**{name: getattr(settings, name) for name in names})
