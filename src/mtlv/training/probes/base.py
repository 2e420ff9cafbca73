"""What every probe hears, and the registry of probes.

A probe sees training data and, where it says so, validation data; never test data. Its seconds are
counted apart, so that the cost of a measurement is known. An accelerator works on after it was
asked, so it is waited for before the clock is read: what training had asked of it counts for
training, what the probe asked of it for the probe.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch

from mtlv.model.batches import Batch
from mtlv.model.network import Network, Outputs
from mtlv.registry import Registry
from mtlv.training.batches import BatchRows
from mtlv.training.data import TrainingData
from mtlv.training.probe_settings import ProbeSettings

__all__ = ["PROBES", "Arrays", "Moment", "Probe", "TimedProbe", "make_probe"]

Arrays = Mapping[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Moment:
    """Where a run stands.

    Args:
        network: that is trained; a probe must leave its parameters and gradients as they are.
        data: of the run.
        optimizer: with its state.
        epoch: from 1.
        step: of all epochs, from 1.
        rows: of the current batch.
        batch: the current batch.
        outputs: of the network for it, with their graph.
    """

    network: Network
    data: TrainingData
    optimizer: torch.optim.Optimizer
    epoch: int
    step: int
    rows: BatchRows
    batch: Batch
    outputs: Outputs


class Probe:
    """Base of all probes; hears of everything and measures nothing.

    `task_axes` says which axes of each measured array count tasks, in the order of the heads.
    `periodic` says whether outputs are looked at every so many steps only.

    Args:
        settings: what to measure, and how often.
    """

    task_axes: ClassVar[Mapping[str, tuple[int, ...]]] = {}
    periodic: ClassVar[bool] = False

    def __init__(self, settings: ProbeSettings) -> None:
        self.settings = settings

    def due(self, step: int) -> bool:
        """Return whether the outputs of a step, from 1, are looked at."""
        return not self.periodic or step % self.settings.every == 0

    def on_outputs(self, moment: Moment) -> None:
        """Look at a batch's outputs, before the gradient of its loss is taken."""

    def on_epoch(self, epoch: int) -> None:
        """Hear that an epoch has ended."""

    def on_end(self, network: Network, data: TrainingData) -> None:
        """Look at the trained network."""

    def measured(self) -> Arrays:
        """Return what was measured, by name."""
        return {}


PROBES: Registry[type[Probe]] = Registry("probe")


def make_probe(settings: ProbeSettings) -> TimedProbe:
    """Return the probe that the settings name, with a clock around it."""
    return TimedProbe(PROBES[settings.name](settings))


class TimedProbe(Probe):
    """Another probe, and the seconds that it took.

    Args:
        inner: the probe.
    """

    def __init__(self, inner: Probe) -> None:
        super().__init__(inner.settings)
        self.inner, self.seconds = inner, 0.0
        self._device = torch.device("cpu")

    def on_outputs(self, moment: Moment) -> None:
        """Pass on what is looked at; other steps are not waited for."""
        if self.inner.due(moment.step):
            with self._timed(moment.network):
                self.inner.on_outputs(moment)

    def on_epoch(self, epoch: int) -> None:
        """Pass on."""
        with self._timed():
            self.inner.on_epoch(epoch)

    def on_end(self, network: Network, data: TrainingData) -> None:
        """Pass on."""
        with self._timed(network):
            self.inner.on_end(network, data)

    def measured(self) -> Arrays:
        """Pass on."""
        with self._timed():
            return self.inner.measured()

    @contextmanager
    def _timed(self, network: Network | None = None) -> Iterator[None]:
        """Count seconds, on the device of a network or, without one, of the last that was seen."""
        if network is not None:
            self._device = next(network.parameters()).device
        started = _now(self._device)
        try:
            yield
        finally:
            self.seconds += _now(self._device) - started


def _now(device: torch.device) -> float:
    """Return the clock's seconds, once a device has done all that it was asked."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
