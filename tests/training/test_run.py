"""From a fresh network to predictions: every part of every plan learns, is kept and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from mtlv.evaluation.predictions import Predictions
from mtlv.groups import Grouping
from mtlv.model.layers import encoder_layers
from mtlv.model.network import Network, build_network
from mtlv.model.scratch import scratch_source
from mtlv.model.settings import EncoderSettings, HeadSettings, LoraSettings, ScratchSettings
from mtlv.plans import ModelPlan, Plan, explicit, gmhl, gmtl, mtl, stl
from mtlv.training import checkpoint
from mtlv.training import run as running
from mtlv.training.run import Outcome, run
from mtlv.training.scoring import predict_part
from toys import (
    FAMILIES,
    LABELS,
    LAYERS,
    tiny_source,
    toy_corpus,
    toy_data,
    toy_network,
    toy_settings,
    toy_tasks,
)

pytestmark = pytest.mark.slow

LORA = EncoderSettings(lora=LoraSettings(rank=2))


def _plans() -> Iterator[Plan]:
    tasks = toy_tasks()
    grouping = Grouping.of([["heart", "skin"], ["lung", "bone"]], tasks)
    nested = [[["heart"], ["lung", "bone"]], [["lung"], ["skin"], ["bone"]]]
    yield stl(tasks)
    yield mtl(tasks)
    yield gmhl(tasks, grouping)
    yield gmtl(tasks, grouping)
    yield explicit(tasks, nested, "nested", serves={"lung": 1, "bone": 0})


every_model = pytest.mark.parametrize(
    "model",
    [
        pytest.param(model, id=f"{plan.name}, model {index + 1}")
        for plan in _plans()
        for index, model in enumerate(plan.models)
    ],
)


def _build(model: ModelPlan, seed: int = 0, freeze_layers: int = 0) -> Network:
    return build_network(
        model,
        toy_tasks(),
        tiny_source(),
        EncoderSettings(),
        HeadSettings(positive_weight="balanced"),
        seed=seed,
        freeze_layers=freeze_layers,
    )


def _run(network: Network, **settings: Any) -> Outcome:
    data = toy_data([toy_corpus()], tiny_source())
    return run(network, data, tiny_source(), toy_settings(**settings), seed=0)


def _state(network: Network) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def _changed(network: Network, start: dict[str, Tensor]) -> set[str]:
    after = network.state_dict()
    return {name for name in start if not torch.equal(start[name], after[name])}


def _watched_gradients(network: Network) -> set[str]:
    """Return a set to which every parameter adds its name when it gets a gradient."""
    reached: set[str] = set()

    def watch(name: str, parameter: torch.nn.Parameter) -> None:
        def note(updated: Tensor) -> None:
            if updated.grad is not None and bool(updated.grad.any()):
                reached.add(name)

        parameter.register_post_accumulate_grad_hook(note)

    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            watch(name, parameter)
    return reached


def _same_scores(one: Predictions, two: Predictions, tolerance: float = 0.0) -> None:
    assert list(one.tasks) == list(two.tasks)
    for name, task in one.tasks.items():
        np.testing.assert_allclose(task.scores, two.tasks[name].scores, rtol=0, atol=tolerance)


# --- every plan ----------------------------------------------------------------------------------


@every_model
@pytest.mark.parametrize("freeze_layers", [0, 1])
def test_every_head_of_every_plan_learns_and_is_kept(
    model: ModelPlan, freeze_layers: int, tmp_path: Path
) -> None:
    network = _build(model, freeze_layers=freeze_layers)
    start, reached = _state(network), _watched_gradients(network)
    outcome = _run(network, freeze_layers=freeze_layers)
    changed = _changed(network, start)
    heads = [n for n, _ in network.named_parameters() if n.startswith("heads.")]
    assert len(heads) == 2 * len(model.heads)
    assert set(heads) <= reached
    assert set(heads) <= changed

    checkpoint.save(network, tmp_path)
    fresh = _build(model, seed=7, freeze_layers=freeze_layers)
    assert not _changed(fresh, start) & {n for n in start if n.startswith("encoder.")}
    checkpoint.restore(fresh, tmp_path)
    assert not _changed(fresh, network.state_dict())
    data = toy_data([toy_corpus()], tiny_source())
    tolerance = 1e-5 if freeze_layers else 0.0
    _same_scores(predict_part(fresh, data, "test"), outcome.test, tolerance)
    _same_scores(predict_part(fresh, data, "validation"), outcome.validation, tolerance)
    assert set(outcome.test.tasks) == set(model.tasks)


@every_model
def test_frozen_parts_of_every_plan_stay_and_all_else_changes(model: ModelPlan) -> None:
    network = _build(model, freeze_layers=1)
    start = _state(network)
    learning = {name for name, p in network.named_parameters() if p.requires_grad}
    _run(network, freeze_layers=1)
    weights = {f"heads.{i}.positive_weights" for i in range(len(model.heads))}
    assert _changed(network, start) - weights == learning
    assert not [name for name in learning if "embeddings" in name or ".layer.0." in name]


def test_nothing_frozen_everything_changes() -> None:
    network = toy_network(tiny_source())
    start = _state(network)
    _run(network)

    assert set(start) - _changed(network, start) == {"heads.0.positive_weights"}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_runs_with_and_without_frozen_layers(family: str) -> None:
    source = tiny_source(family, "mean")
    data = toy_data([toy_corpus()], source)
    for freeze_layers in range(LAYERS + 1):
        network = toy_network(source, freeze_layers=freeze_layers)
        names, start = list(network.state_dict()), _state(network)
        learning = {name for name, p in network.named_parameters() if p.requires_grad}
        settings = toy_settings(epochs=1, freeze_layers=freeze_layers, checkpoint="best")
        outcome = run(network, data, source, settings, seed=0)
        assert list(network.state_dict()) == names
        assert _changed(network, start) <= learning
        assert "heads.0.layers.1.weight" in _changed(network, start)
        _same_scores(predict_part(network, data, "test"), outcome.test, 1e-4)


# --- frozen layers -------------------------------------------------------------------------------


def test_cut_and_whole_networks_learn_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """With dropout: frozen parts draw no masks, so both runs draw the same ones."""
    cut = _run(toy_network(tiny_source(), freeze_layers=1), freeze_layers=1)
    monkeypatch.setattr(running, "cut_frozen", lambda *_: None)
    whole = _run(toy_network(tiny_source(), freeze_layers=1), freeze_layers=1)
    _same_scores(cut.test, whole.test, 1e-4)
    losses = [[p.value for p in o.trained.curves if p.metric == "loss"] for o in (cut, whole)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)
    assert sum(cut.preparations.values()) > 0
    assert whole.preparations == {}


def test_the_network_is_whole_again_after_a_run() -> None:
    network = toy_network(tiny_source(), freeze_layers=1)
    names = list(network.state_dict())
    _run(network, freeze_layers=1, precision="bf16")
    assert list(network.state_dict()) == names
    assert len(encoder_layers(network.encoder)) == LAYERS


def test_a_scratch_encoder_shares_no_frozen_states() -> None:
    """Its weights differ from seed to seed, so no two jobs have the same ones."""
    settings = EncoderSettings(
        name="scratch", scratch=ScratchSettings(hidden_size=16, attention_heads=2)
    )
    source = scratch_source(settings, toy_corpus().texts())
    network = toy_network(source, encoder=settings, freeze_layers=1)
    data = toy_data([toy_corpus()], source)
    outcome = run(network, data, source, toy_settings(freeze_layers=1), seed=0)
    assert outcome.preparations == {}
    _same_scores(predict_part(network, data, "test"), outcome.test)


# --- adapters ------------------------------------------------------------------------------------


@pytest.mark.parametrize("freeze_layers", [0, 1])
def test_with_adapters_only_they_and_the_heads_change(freeze_layers: int, tmp_path: Path) -> None:
    network = toy_network(tiny_source(), encoder=LORA, freeze_layers=freeze_layers)
    start = _state(network)
    outcome = _run(network, freeze_layers=freeze_layers)
    changed = _changed(network, start)
    assert changed
    assert all("lora_" in name or name.startswith("heads.") for name in changed)
    assert any("lora_A" in name for name in changed)

    checkpoint.save(network, tmp_path)
    whole = sum(value.nbytes for value in start.values())
    assert sum(v.nbytes for v in load_file(tmp_path / checkpoint.FILE).values()) < 0.5 * whole
    fresh = toy_network(tiny_source(), encoder=LORA, freeze_layers=freeze_layers, seed=9)
    checkpoint.restore(fresh, tmp_path)
    data = toy_data([toy_corpus()], tiny_source())
    _same_scores(predict_part(fresh, data, "test"), outcome.test, 1e-5)


# --- honesty -------------------------------------------------------------------------------------


def test_test_targets_are_only_ever_scored() -> None:
    """The same run with all test targets turned round gives the same weights and scores."""
    states, outcomes = [], []
    for turned in (False, True):
        data = toy_data([toy_corpus()], tiny_source())
        if turned:
            rows = data.corpora["toy"].rows["test"]
            for name in LABELS:
                values = data.corpora["toy"].targets[name].copy()
                values[rows] = 1 - values[rows]
                data.corpora["toy"].targets[name] = values  # type: ignore[index]
        network = toy_network(tiny_source(), head=HeadSettings(positive_weight="balanced"))
        settings = toy_settings(checkpoint="best", patience=1)
        outcomes.append(run(network, data, tiny_source(), settings, seed=0))
        states.append(_state(network))
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    _same_scores(outcomes[0].test, outcomes[1].test)
    assert outcomes[0].trained.curves == outcomes[1].trained.curves
    one, two = (outcome.test.labels().targets for outcome in outcomes)
    np.testing.assert_array_equal(one, 1 - two)


def test_positives_are_weighed_by_the_training_part_alone() -> None:
    network = toy_network(tiny_source(), head=HeadSettings(positive_weight="balanced"))
    _run(network, epochs=1)
    corpus = toy_corpus()
    for name, weight in zip(LABELS, network.head(0).positive_weights, strict=True):  # type: ignore[arg-type]
        training = corpus.values(name)[:16]
        assert weight.item() == pytest.approx((training == 0).sum() / (training == 1).sum())


# --- cost ----------------------------------------------------------------------------------------


def test_a_run_says_what_it_took() -> None:
    outcome = _run(toy_network(tiny_source()))
    assert outcome.cost.wall_seconds > 0
    assert outcome.cost.cpu_seconds > 0
    assert outcome.cost.peak_memory_mb > 50
    assert outcome.trained.examples == 32
    assert outcome.preparations == {}


def test_shared_preparation_is_named_by_every_run_that_uses_it() -> None:
    first, second = (
        _run(toy_network(tiny_source(), freeze_layers=1), freeze_layers=1) for _ in range(2)
    )
    assert first.preparations == second.preparations
    assert first.cpu_preparations == second.cpu_preparations
    assert first.preparations.keys() == first.cpu_preparations.keys()
    assert min(*first.preparations.values(), *first.cpu_preparations.values()) > 0


@pytest.mark.parametrize("freeze_layers", [0, 1])
def test_scores_in_bf16_are_not_rounded_to_it(freeze_layers: int) -> None:
    network = toy_network(tiny_source(), freeze_layers=freeze_layers)
    outcome = _run(network, freeze_layers=freeze_layers, precision="bf16")
    scores = torch.from_numpy(outcome.test.labels().scores)
    assert not torch.equal(torch.logit(scores).bfloat16().double(), torch.logit(scores))
    rounded = torch.logit(scores).bfloat16().float().sigmoid().double()
    assert (rounded - scores).abs().max() > 1e-5
