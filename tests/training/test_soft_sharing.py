"""Soft sharing in the loop: its two limits, and its checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from mtlv.errors import StoreError
from mtlv.model.network import Network, with_own_encoders
from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.tasks import TaskSet
from mtlv.training import checkpoint
from mtlv.training.loop import train
from mtlv.training.run import run
from mtlv.training.weighting_settings import WeightingSettings
from toys import LABELS, tiny_source, toy_corpus, toy_data, toy_network, toy_settings

pytestmark = pytest.mark.slow

CALM = {"encoder": EncoderSettings(dropout=0.0), "head": HeadSettings(dropout=0.0)}
EACH = tuple((label,) for label in LABELS)
OTHER = ("liver", "brain")


def _trained(
    *heads: tuple[str, ...],
    strength: float | None = None,
    corpora: tuple[Any, ...] = (),
    **settings: Any,
) -> Network:
    read = corpora or (toy_corpus(),)
    network = toy_network(tiny_source(), *heads, tasks=TaskSet.of(read), **CALM)  # type: ignore
    if strength is not None:
        network = with_own_encoders(network, strength)
    chosen = toy_settings(**({"clip": None} | settings))
    train(network, toy_data(read, tiny_source()), chosen, seed=0)
    return network


def _states(network: Network) -> list[dict[str, Tensor]]:
    return [encoder.state_dict() for encoder in network.encoders]


def _spread_of(network: Network) -> float:
    """Return the distance of the encoders from their mean."""
    total = 0.0
    for name in _states(network)[0]:
        values = torch.stack([state[name].float() for state in _states(network)])
        total += float((values - values.mean(dim=0)).square().sum())
    return total**0.5


# --- the limits ----------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_with_a_strength_of_0_each_encoder_learns_as_in_a_run_of_its_own(optimizer: str) -> None:
    together = _trained(*EACH, strength=0.0, optimizer=optimizer)
    for index, head in enumerate(EACH):
        alone = _trained(head, optimizer=optimizer)
        for name, value in alone.encoder.state_dict().items():
            found = together.encoders[index].state_dict()[name]
            torch.testing.assert_close(found, value, atol=1e-6, rtol=1e-4)
        for name, value in alone.heads[0].state_dict().items():
            found = together.heads[index].state_dict()[name]
            torch.testing.assert_close(found, value, atol=1e-6, rtol=1e-4)


def test_the_stronger_the_nearer() -> None:
    """With SGD without momentum a step multiplies differences by 1 - 2 * rate * strength."""
    options: dict[str, Any] = {
        "optimizer": "sgd",
        "momentum": 0.0,
        "learning_rate": 0.05,
        "schedule": "constant",
        "warmup": 0.0,
        "epochs": 3,
    }
    distances = [_spread_of(_trained(*EACH, strength=s, **options)) for s in (0.0, 1.0, 4.0)]
    assert distances == sorted(distances, reverse=True)
    assert distances[0] > 0
    assert distances[-1] < 0.3 * distances[0]


def test_a_huge_strength_keeps_encoders_nearly_equal_with_adam() -> None:
    loose, tight = (_trained(*EACH, strength=s, epochs=3) for s in (0.0, 1e4))
    start = toy_network(tiny_source(), **CALM).encoder.state_dict()  # type: ignore[arg-type]
    moved = sum(float((_states(tight)[0][k] - v).square().sum()) for k, v in start.items()) ** 0.5
    assert _spread_of(tight) < 0.2 * _spread_of(loose)
    assert moved > 0


@pytest.mark.parametrize("name", ["pcgrad", "uncertainty", "dwa"])
def test_weightings_weigh_heads_with_encoders_of_their_own(name: str) -> None:
    if name == "pcgrad":
        pytest.importorskip("torchjd")
    network = _trained(*EACH, strength=0.1, weighting=WeightingSettings(name=name), epochs=1)
    assert _spread_of(network) > 0


def test_gradients_at_encoders_of_their_own_never_conflict() -> None:
    """So projecting conflicts away, which heads of one encoder have, changes nothing."""
    pytest.importorskip("torchjd")
    plain, projected = (
        _trained(*EACH[:2], strength=0.0, weighting=WeightingSettings(name=name))
        for name in ("sum", "pcgrad")
    )
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(projected.state_dict()[name], value, atol=1e-5, rtol=1e-3)


def test_accumulated_batches_and_several_corpora_train() -> None:
    corpora = (toy_corpus(), toy_corpus("other", OTHER))
    heads = (("heart",), OTHER, ("lung",))
    network = _trained(*heads, strength=0.1, corpora=corpora, accumulation=2)
    assert len(network.encoders) == 3
    assert _spread_of(network) > 0


def test_frozen_layers_are_shared_in_a_run() -> None:
    source = tiny_source()
    network = toy_network(source, *EACH, freeze_layers=1)
    network = with_own_encoders(network, 0.1)
    before = network.encoders[0].embeddings.word_embeddings.weight.clone()  # type: ignore
    settings = toy_settings(freeze_layers=1, epochs=1)
    outcome = run(network, toy_data([toy_corpus()], source), source, settings, seed=0)
    assert outcome.preparations
    assert _spread_of(network) > 0
    weights = [e.embeddings.word_embeddings.weight for e in network.encoders]  # type: ignore
    assert all(weight is weights[0] for weight in weights)
    assert torch.equal(weights[0], before)


# --- checkpoints ---------------------------------------------------------------------------------


def _shaken(network: Network, seed: int = 1) -> Network:
    torch.manual_seed(seed)
    with torch.no_grad():
        for value in network.trainable_state().values():
            value += torch.rand_like(value)
    return network


def _soft(*heads: tuple[str, ...], **options: Any) -> Network:
    return with_own_encoders(toy_network(tiny_source(), *(heads or EACH), **options), 0.1)


@pytest.mark.parametrize("layers", [0, 1])
def test_a_restored_network_is_the_saved_one(layers: int, tmp_path: Path) -> None:
    trained = _shaken(_soft(freeze_layers=layers))
    checkpoint.save(trained, tmp_path)
    fresh = _soft(freeze_layers=layers, seed=7)
    checkpoint.restore(fresh, tmp_path)
    after = fresh.state_dict()
    assert all(torch.equal(after[k], v) for k, v in trained.state_dict().items())


def test_a_checkpoint_of_shared_encoders_does_not_pass_for_one_of_own_ones(tmp_path: Path) -> None:
    checkpoint.save(toy_network(tiny_source(), *EACH), tmp_path)
    with pytest.raises(StoreError, match="does not fit"):
        checkpoint.restore(_soft(), tmp_path)


def test_a_single_task_starts_from_the_encoder_that_learned_it(tmp_path: Path) -> None:
    trained = _shaken(_soft())
    checkpoint.save(trained, tmp_path)
    model = [list(head) for head in EACH]
    alone = toy_network(tiny_source(), ("lung",))
    checkpoint.restore_encoder(alone, tmp_path, model)
    expected = trained.encoders[LABELS.index("lung")].state_dict()
    assert all(torch.equal(expected[k], v) for k, v in alone.encoder.state_dict().items())


def test_own_encoders_start_from_a_shared_one(tmp_path: Path) -> None:
    trained = _shaken(toy_network(tiny_source()))
    checkpoint.save(trained, tmp_path)
    soft = _soft()
    checkpoint.restore_encoder(soft, tmp_path, [list(LABELS)])
    expected = trained.encoder.state_dict()
    for state in _states(soft):
        assert all(torch.equal(expected[k], v) for k, v in state.items())


def test_frozen_layers_of_own_encoders_start_from_the_mean(tmp_path: Path) -> None:
    trained = _shaken(_soft())
    checkpoint.save(trained, tmp_path)
    soft = _soft(freeze_layers=1)
    checkpoint.restore_encoder(soft, tmp_path, [list(head) for head in EACH])
    name = "embeddings.word_embeddings.weight"
    expected = torch.stack([state[name] for state in _states(trained)]).mean(dim=0)
    upper = next(k for k in _states(soft)[0] if ".layer.1." in k)
    for before, after in zip(_states(trained), _states(soft), strict=True):
        assert torch.equal(after[name], expected)
        assert torch.equal(after[upper], before[upper])
