"""The training loop: batches, encoder, heads, losses, weighting, update. One loop for all plans.

It knows a network, its data and its settings; it does not know what a plan is called. Validation
data choose the epoch where that is asked for; test data are only scored, by the caller, at the end.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from mtlv.errors import TrainingError
from mtlv.evaluation.curves import CurvePoint
from mtlv.evaluation.predictions import Predictions
from mtlv.model.batches import Batch
from mtlv.model.fast_cpu import seed_dropout
from mtlv.model.network import Network, Outputs
from mtlv.randomness import derive_seed
from mtlv.training.accelerating import make_accelerator
from mtlv.training.batches import BatchRows
from mtlv.training.curriculum import Curriculum
from mtlv.training.data import TrainingData
from mtlv.training.mixing import Mixer
from mtlv.training.observing import Observer, Step
from mtlv.training.precision import choose_precision
from mtlv.training.probes import Moment, Probe
from mtlv.training.schedule import make_optimizer, make_schedule
from mtlv.training.scoring import predict_part
from mtlv.training.settings import TrainSettings
from mtlv.training.validation import curve_points, selection_value
from mtlv.training.weighting import (
    add_to_optimizer,
    make_weighting,
    total_loss,
    unit_losses,
    units_of,
)

__all__ = ["Observer", "Step", "Trained", "train"]


@dataclass
class Trained:
    """What came of a run; the network itself holds the chosen weights.

    Args:
        curves: of all epochs.
        epoch: whose weights were kept, from 1.
        epochs: that were run.
        examples: texts seen, repeated ones counted.
        precision: that was computed in.
        model: the network as accelerate prepared it, for scoring.
    """

    model: Any
    precision: str
    curves: list[CurvePoint] = field(default_factory=list)
    epoch: int = 0
    epochs: int = 0
    examples: int = 0


def train(
    network: Network,
    data: TrainingData,
    settings: TrainSettings,
    *,
    seed: int,
    observer: Observer | None = None,
    probe: Probe | None = None,
) -> Trained:
    """Train a network in place.

    Args:
        network: as `build_network` made it; its frozen layers may be cut off.
        data: of all its corpora.
        settings: of the run.
        seed: decides batches and dropout.
        observer: is told of steps and epochs.
        probe: measures what the run shows of its tasks.

    Raises:
        TrainingError: the loss is not finite.
    """
    run = _Run(network, data, settings, seed, observer)
    run.probe = probe
    best: tuple[float, dict[str, Tensor]] | None = None
    for epoch in range(1, settings.epochs + 1):
        losses = run.epoch(epoch)
        validation = predict_part(run.model, data, "validation")
        value = run.record(epoch, losses, validation)
        if best is None or value > best[0]:
            best = value, run.snapshot() if settings.checkpoint == "best" else {}
            run.trained.epoch = epoch
        if settings.patience and epoch - run.trained.epoch >= settings.patience:
            break
    if settings.checkpoint == "best" and best is not None:
        network.load_state_dict(best[1], strict=False)
    else:
        run.trained.epoch = run.trained.epochs
    return run.trained


class _Run:
    """The state of one run: everything that changes while it goes on."""

    def __init__(
        self,
        network: Network,
        data: TrainingData,
        settings: TrainSettings,
        seed: int,
        observer: Observer | None,
    ) -> None:
        self.network, self.data, self.settings = network, data, settings
        self.seed, self.observer = seed, observer
        self.probe: Probe | None = None
        precision = choose_precision(settings.precision)
        self.accelerator = make_accelerator(precision, len(set(network.corpora)))
        self.curriculum = Curriculum(settings.curriculum, settings.epochs, network, data, seed)
        self.mixer = Mixer(
            settings.mixing, settings.batch_size, settings.epochs, seed, settings.bucketing
        )
        self.mixer.check(data.corpora)
        counts = [self._batch_count(epoch) for epoch in range(1, settings.epochs + 1)]
        self.steps = sum(counts)
        updates = sum(math.ceil(count / settings.accumulation) for count in counts)
        units = units_of(network, data, settings.weighting.over)
        self.weighting = make_weighting(settings.weighting, units).to(self.accelerator.device)
        head_factor = network.head(0).settings.learning_rate_factor
        optimizer = make_optimizer(network, settings, head_factor)
        add_to_optimizer(optimizer, self.weighting)
        self.schedule = make_schedule(optimizer, settings, updates)
        self.model, self.optimizer = self.accelerator.prepare(network, optimizer)
        self.trained = Trained(self.model, precision)
        self.step = 0
        torch.manual_seed(derive_seed(seed, "training"))
        seed_dropout(derive_seed(seed, "dropout"))

    def epoch(self, epoch: int) -> dict[int | None, float]:
        """Learn from every batch once; return mean losses by head index, None being the total."""
        self.model.train()
        sums: dict[int | None, Tensor] = {}
        counts: dict[int | None, int] = {}
        for batches in _updates(self._batches(epoch), self.settings.accumulation):
            for rows in batches:
                losses = self._learn(rows, epoch, share=1 / len(batches))
                for head, loss in losses.items():
                    sums[head] = sums.get(head, torch.zeros(())) + loss * len(rows.rows)
                    counts[head] = counts.get(head, 0) + len(rows.rows)
            self._update()
            if self.weighting.looks_back:
                self._look_back(batches[-1], epoch)
        self.trained.epochs = epoch
        self.weighting.on_epoch()
        self.curriculum.on_epoch(self.model, epoch)
        if self.probe is not None:
            self.probe.on_epoch(epoch)
        return {head: float(total) / counts[head] for head, total in sums.items()}

    def record(self, epoch: int, losses: dict[int | None, float], validation: Predictions) -> float:
        """Keep the epoch's curves; return the validation value by which epochs are chosen."""
        points = curve_points(epoch, losses, validation, self.network)
        self.trained.curves += points
        if self.observer is not None:
            self.observer.on_epoch(epoch, points)
        return selection_value(validation, self.settings.select_by)

    def snapshot(self) -> dict[str, Tensor]:
        """Return a copy of all that training changes."""
        return {k: v.detach().clone() for k, v in self.network.trainable_state().items()}

    def _batches(self, epoch: int) -> list[BatchRows]:
        batches = self.mixer.batches(self.curriculum.rows(epoch), self.data.lengths, epoch)
        return [batches[i] for i in self._own(len(batches))]

    def _batch_count(self, epoch: int) -> int:
        counts = self.mixer.counts(self.curriculum.sizes(epoch), epoch)
        return len(self._own(sum(counts.values())))

    def _own(self, batches: int) -> range:
        """Return which of an epoch's batches this process learns from."""
        world = self.accelerator.num_processes
        return range(self.accelerator.process_index, batches - batches % world or batches, world)

    def _batch(self, rows: BatchRows, epoch: int) -> Batch:
        batch = self.curriculum.masked(self.data.batch(rows, self.network), epoch)
        return batch.to(self.accelerator.device)

    def _learn(self, rows: BatchRows, epoch: int, *, share: float) -> dict[int | None, Tensor]:
        batch = self._batch(rows, epoch)
        outputs = self.model(batch)
        self.step += 1
        if self.probe is not None:
            self.probe.on_outputs(self._moment(epoch, rows, batch, outputs))
        by_head = self.network.losses(outputs, batch)
        units = unit_losses(self.network, outputs, batch, by_head, self.settings.weighting.over)
        total = total_loss(self.weighting, units, by_head, outputs.features.tokens)  # ()
        if batch.soft:
            total = self._distilled(total, outputs, batch)
        self.accelerator.backward(total * share)
        self.trained.examples += len(batch)
        loss = float(total.detach())
        if not math.isfinite(loss):
            raise TrainingError(
                "The loss is no longer a number.",
                where=f"epoch {epoch}, step {self.step} of {self.steps}",
                found=loss,
                hint="lower train.learning_rate, or set train.precision: fp32",
            )
        if self.observer is not None:
            self.observer.on_step(Step(epoch, self.step, self.steps, len(batch), loss))
        return {None: total.detach().cpu()} | {i: x.detach().cpu() for i, x in by_head.items()}

    def _distilled(self, loss: Tensor, outputs: Outputs, batch: Batch) -> Tensor:
        """Mix a loss with that against the teachers' scores (Clark et al. 2019, section 3)."""
        settings = self.settings.distill
        share = self.step / self.steps if settings.annealed else settings.weight
        taught = [
            self.network.head(i).soft_loss(outputs.heads[i], own) for i, own in batch.soft.items()
        ]
        return share * loss + (1 - share) * torch.stack(taught).sum()

    def _moment(self, epoch: int, rows: BatchRows, batch: Batch, outputs: Outputs) -> Moment:
        optimizer = self.optimizer
        return Moment(self.network, self.data, optimizer, epoch, self.step, rows, batch, outputs)

    def _look_back(self, rows: BatchRows, epoch: int) -> None:
        """Show the weighting what the update did to a batch that it has weighed."""
        batch = self._batch(rows, epoch)
        with torch.no_grad():
            outputs = self.model(batch)
            by_head = self.network.losses(outputs, batch)
            units = unit_losses(self.network, outputs, batch, by_head, self.settings.weighting.over)
            if units:
                self.weighting.look_back(torch.stack(list(units.values())), list(units))

    def _update(self) -> None:
        if self.settings.clip is not None:
            self.accelerator.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()


def _updates(batches: list[BatchRows], accumulation: int) -> Iterator[list[BatchRows]]:
    """Give the batches that make one update each; the last update may have fewer."""
    for start in range(0, len(batches), accumulation):
        yield batches[start : start + accumulation]
