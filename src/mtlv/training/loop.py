"""The training loop: batches, encoder, heads, losses, weighting, update. One loop for all plans.

It knows a network, its data and its settings; it does not know what a plan is called. Validation
data choose the epoch where that is asked for; test data are only scored, by the caller, at the end.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from mtlv.errors import TrainingError
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
from mtlv.training.progress import Progress, Trained
from mtlv.training.resuming import Saves, TrainableWeights
from mtlv.training.schedule import make_optimizer, make_schedule
from mtlv.training.scoring import predict_part
from mtlv.training.settings import TrainSettings
from mtlv.training.validation import chosen_for, curve_points, selection_value
from mtlv.training.weighting import (
    add_to_optimizer,
    distilled,
    make_weighting,
    partly_taught,
    taught_losses,
    total_loss,
    unit_losses,
    units_of,
)

__all__ = ["Observer", "Step", "Trained", "train"]


def train(
    network: Network,
    data: TrainingData,
    settings: TrainSettings,
    *,
    seed: int,
    observer: Observer | None = None,
    probe: Probe | None = None,
    saves: Saves | None = None,
) -> Trained:
    """Train a network in place.

    Args:
        network: as `build_network` made it; its frozen layers may be cut off.
        data: of all its corpora.
        settings: of the run.
        seed: decides batches and dropout.
        observer: is told of steps and epochs.
        probe: measures what the run shows of its tasks; from its start, so not with `saves`.
        saves: keeps the state of the run, which goes on from the one that was saved last.

    Raises:
        TrainingError: the loss is not finite, or a saved state does not fit.
    """
    run = _Run(network, data, settings, seed, observer)
    run.probe = probe
    if saves is not None:
        run.resume(saves)
    progress = run.progress
    for epoch in range(progress.epoch, settings.epochs + 1):
        losses = run.epoch(epoch)
        run.record(epoch, losses, predict_part(run.model, data, "validation"))
        if settings.patience and epoch - progress.best_epoch >= settings.patience:
            break
    return run.finish()


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
        self.saves: Saves | None = None
        self.progress = Progress()
        self.precision = choose_precision(settings.precision)
        self.accelerator = make_accelerator(self.precision, len(set(network.corpora)))
        self.curriculum = Curriculum(settings.curriculum, settings.epochs, network, data, seed)
        self.mixer = Mixer(
            settings.mixing, settings.batch_size, settings.epochs, seed, settings.bucketing
        )
        counts = [self._batch_count(epoch) for epoch in range(1, settings.epochs + 1)]
        self.steps = sum(counts)
        updates = sum(math.ceil(count / settings.accumulation) for count in counts)
        self.over = settings.weighting.units(len(network.heads))
        units = units_of(network, data, self.over)
        self.weighting = make_weighting(settings.weighting, units).to(self.accelerator.device)
        heads = [network.head(index) for index in range(len(network.heads))]
        factors = [head.settings.learning_rate_factor for head in heads]
        optimizer = make_optimizer(network, settings, factors)
        add_to_optimizer(optimizer, self.weighting)
        self.schedule = make_schedule(optimizer, settings, updates)
        self.model, self.optimizer = self.accelerator.prepare(network, optimizer)
        torch.manual_seed(derive_seed(seed, "training"))
        seed_dropout(derive_seed(seed, "dropout"))

    def resume(self, saves: Saves) -> None:
        """Go on from the state that was saved last, if there is one; save it from now on."""
        saves.keep(
            weights=TrainableWeights(self.network),
            optimizer=self.optimizer,
            schedule=self.schedule,
            weighting=self.weighting,
            curriculum=self.curriculum,
            progress=self.progress,
        )
        if self.accelerator.scaler is not None:
            saves.keep(scaler=self.accelerator.scaler)
        saves.restore()
        self.saves = saves

    def epoch(self, epoch: int) -> dict[int | None, float]:
        """Learn from what is left of an epoch; return its mean losses by head index."""
        self.model.train()
        done, size = self.progress.updates, self.settings.accumulation
        for batches in _updates(self._batches(epoch), size, done):
            for rows in batches:
                losses = self._learn(rows, epoch, share=1 / len(batches))
                self.progress.add_losses(losses, len(rows.rows))
            self._update()
            if self.weighting.looks_back:
                self._look_back(batches[-1], epoch)
            self.progress.updates += 1
            if self.saves is not None:
                self.saves.save_if_due()
        self.weighting.on_epoch()
        self.curriculum.on_epoch(self.model, epoch)
        if self.probe is not None:
            self.probe.on_epoch(epoch)
        return self.progress.end_epoch()

    def record(self, epoch: int, losses: dict[int | None, float], validation: Predictions) -> None:
        """Keep an epoch's curves, and its weights if it is the best."""
        progress, settings = self.progress, self.settings
        points = curve_points(epoch, losses, validation, self.network)
        progress.curves += points
        if self.observer is not None:
            self.observer.on_epoch(epoch, points)
        value = selection_value(chosen_for(validation, self.network), settings.select_by)
        better = progress.is_better(value, epoch)
        if better and settings.checkpoint == "best":
            progress.keep_weights(self.network.trainable_state())

    def finish(self) -> Trained:
        """Give the network the chosen weights; return what came of the run."""
        progress = self.progress
        chosen = epochs = progress.epoch - 1
        if self.settings.checkpoint == "best":
            self.network.load_state_dict(progress.best_weights, strict=False)
            chosen = progress.best_epoch
        return Trained(
            self.model, self.precision, progress.curves, chosen, epochs, progress.examples
        )

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
        self.progress.step += 1
        if self.probe is not None:
            self.probe.on_outputs(self._moment(epoch, rows, batch, outputs))
        by_head = self.network.losses(outputs, batch)
        units = self._unit_losses(outputs, batch, by_head)
        total = total_loss(self.weighting, units, by_head, outputs.features.tokens)  # ()
        if outputs.penalty is not None:
            total = total + outputs.penalty
        self.accelerator.backward(total * share)
        self.progress.examples += len(batch)
        loss = float(total.detach())
        if not math.isfinite(loss):
            raise TrainingError(
                "The loss is no longer a number.",
                where=f"epoch {epoch}, step {self.progress.step} of {self.steps}",
                found=loss,
                hint="lower train.learning_rate, or set train.precision: fp32",
            )
        if self.observer is not None:
            self.observer.on_step(Step(epoch, self.progress.step, self.steps, len(batch), loss))
        return {None: total.detach().cpu()} | {i: x.detach().cpu() for i, x in by_head.items()}

    def _unit_losses(
        self, outputs: Outputs, batch: Batch, by_head: Mapping[int, Tensor]
    ) -> dict[int, Tensor]:
        """Return what is weighted: losses against targets and, if there are any, teachers' scores.

        They are mixed before they are weighted, so that a unit weighs the same with a teacher.
        """
        over, settings = self.over, self.settings.distill
        units = unit_losses(self.network, outputs, batch, by_head, over)
        if not batch.soft:
            return units
        share = self.progress.step / self.steps if settings.annealed else settings.weight
        mixed = distilled(units, taught_losses(self.network, outputs, batch, over), share)
        if over == "heads":
            mixed |= partly_taught(self.network, outputs, batch, share)
        return mixed

    def _moment(self, epoch: int, rows: BatchRows, batch: Batch, outputs: Outputs) -> Moment:
        optimizer = self.optimizer
        return Moment(
            self.network, self.data, optimizer, epoch, self.progress.step, rows, batch, outputs
        )

    def _look_back(self, rows: BatchRows, epoch: int) -> None:
        """Show the weighting what the update did to a batch that it has weighed."""
        batch = self._batch(rows, epoch)
        with torch.no_grad():
            outputs = self.model(batch)
            units = self._unit_losses(outputs, batch, self.network.losses(outputs, batch))
            if units:
                self.weighting.look_back(torch.stack(list(units.values())), list(units))

    def _update(self) -> None:
        if self.settings.clip is not None:
            self.accelerator.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()


def _updates(batches: list[BatchRows], size: int, done: int) -> Iterator[list[BatchRows]]:
    """Give the batches of each update that is not done yet; the last update may have fewer."""
    for start in range(done * size, len(batches), size):
        yield batches[start : start + size]
