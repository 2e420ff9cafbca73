"""One run from a fresh network to its predictions: share frozen layers, train, score, measure."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from mtlv.evaluation.predictions import Predictions
from mtlv.model.encoders import EncoderSource
from mtlv.model.frozen import Cut, FrozenStates, cut_frozen, frozen_states
from mtlv.model.heads import TaggingHead
from mtlv.model.layers import layers_to_freeze
from mtlv.model.network import Network
from mtlv.training.cost import Cost, Meter
from mtlv.training.data import TrainingData, head_targets
from mtlv.training.loop import Trained, train
from mtlv.training.observing import Observer
from mtlv.training.precision import choose_precision
from mtlv.training.probes import Arrays, TimedProbe
from mtlv.training.processes import own_device
from mtlv.training.resuming import Saves
from mtlv.training.scoring import predict_part
from mtlv.training.settings import TrainSettings

__all__ = ["Hooks", "Outcome", "run"]


@dataclass(frozen=True)
class Hooks:
    """What is hooked onto a run and does not change what it gives.

    Args:
        observer: hears of steps and epochs.
        probe: measures what the run shows of its tasks; from its start, so not with `saves`.
        saves: keeps the state of the run, which goes on from the one that was saved last.
    """

    observer: Observer | None = None
    probe: TimedProbe | None = None
    saves: Saves | None = None


NO_HOOKS = Hooks()


@dataclass(frozen=True)
class Outcome:
    """What a run gave; the network holds the chosen weights.

    Args:
        trained: curves, epochs, precision.
        validation: predictions to choose on.
        test: predictions to score.
        cost: of training and scoring, without shared preparation; of all attempts up to their last
            saved state.
        preparations: seconds that each of the frozen layers' outputs took, when it was made, by its
            name in the cache.
        cpu_preparations: the same in processor seconds.
        measured: by the run's probe.
        measuring_seconds: the part of the cost that the probe took.
    """

    trained: Trained
    validation: Predictions
    test: Predictions
    cost: Cost
    preparations: dict[str, float] = field(default_factory=dict)
    cpu_preparations: dict[str, float] = field(default_factory=dict)
    measured: Arrays = field(default_factory=dict)
    measuring_seconds: float = 0.0


def run(
    network: Network,
    data: TrainingData,
    source: EncoderSource,
    settings: TrainSettings,
    *,
    seed: int,
    hooks: Hooks = NO_HOOKS,
) -> Outcome:
    """Train a network in place and score the validation and test parts.

    Args:
        network: as `build_network` made it.
        data: of its corpora.
        source: of its encoder.
        settings: of the training.
        seed: of batches and dropout.
        hooks: of the run.
    """
    network.to(own_device())
    _prepare_heads(network, data)
    states = _share_frozen(network, data, source, settings)
    meter = Meter()
    cut = _cut(network, data, states, settings)
    if cut is not None:
        data = data.with_states(states)
    probe, saves = hooks.probe, hooks.saves
    if saves is not None:
        saves.keep(cost=meter)
    trained = train(
        network, data, settings, seed=seed, observer=hooks.observer, probe=probe, saves=saves
    )
    if probe is not None:
        probe.on_end(network, data)
    validation = predict_part(trained.model, data, "validation")
    test = predict_part(trained.model, data, "test")
    cost = meter.stop()
    if cut is not None:
        cut.undo()
    used = list(states.values()) if cut is not None else []
    return Outcome(
        trained,
        validation,
        test,
        cost,
        {own.name: own.seconds for own in used},
        {own.name: own.cpu_seconds for own in used},
        {} if probe is None else probe.measured(),
        0.0 if probe is None else probe.seconds,
    )


def _prepare_heads(network: Network, data: TrainingData) -> None:
    for index, owner in enumerate(network.corpora):
        head, corpus = network.head(index), data.corpora[owner]
        if not isinstance(head, TaggingHead):
            head.prepare(head_targets(corpus, network, index, corpus.rows["train"]))


def _share_frozen(
    network: Network, data: TrainingData, source: EncoderSource, settings: TrainSettings
) -> dict[str, FrozenStates]:
    layers = layers_to_freeze(network.encoder, settings.freeze_layers)
    if layers == 0 or source.random:
        return {}
    half = choose_precision(settings.precision) == "bf16"
    dtype = torch.bfloat16 if half else torch.float32
    return {
        corpus.name: frozen_states(
            network,
            corpus.tokens,
            source,
            layers,
            key=corpus.key,
            dtype=dtype,
            rows=np.concatenate(list(corpus.rows.values())),
        )
        for corpus in data
    }


def _cut(
    network: Network,
    data: TrainingData,
    states: dict[str, FrozenStates],
    settings: TrainSettings,
) -> Cut | None:
    if not states:
        return None
    first = next(iter(data))
    layers = layers_to_freeze(network.encoder, settings.freeze_layers)
    return cut_frozen(network, layers, first.tokens, states[first.name])
