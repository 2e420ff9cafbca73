"""The network: one encoder pass for all heads, and a start that depends on names alone."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mtlv.model.batches import Batch
from mtlv.model.fast_cpu import FastDropout
from mtlv.model.network import Network, with_own_encoders
from mtlv.model.settings import EncoderSettings, HeadSettings, LoraSettings
from mtlv.tasks import TaskSet
from mtlv.training.batches import BatchRows
from mtlv.training.data import TrainingData
from toys import (
    FAMILIES,
    LABELS,
    LAYERS,
    tiny_source,
    toy_corpus,
    toy_data,
    toy_network,
)

HEART, REST = ("heart",), ("lung", "bone", "skin")


def _data() -> TrainingData:
    return toy_data([toy_corpus()], tiny_source())


def _batch(network: Network, data: TrainingData | None = None, corpus: str = "toy") -> Batch:
    data = data or _data()
    return data.batch(BatchRows(corpus, data.corpora[corpus].rows["test"]), network)


def _weight(network: Network, head: int) -> torch.Tensor:
    return next(m for m in network.head(head).layers if isinstance(m, nn.Linear)).weight


def test_every_head_has_outputs_for_its_tasks() -> None:
    network = toy_network(tiny_source(), HEART, REST)
    outputs = network(_batch(network))
    assert {index: tuple(output.shape) for index, output in outputs.heads.items()} == {
        0: (4, 1),
        1: (4, 3),
    }


def test_the_encoder_runs_once_for_all_heads() -> None:
    network = toy_network(tiny_source(), *[(label,) for label in LABELS])
    passes = []
    network.encoder.register_forward_hook(lambda *_: passes.append(1))
    network(_batch(network))
    assert passes == [1]


def test_heads_of_other_corpora_are_silent() -> None:
    corpora = [toy_corpus(), toy_corpus("other", ("liver", "brain"))]
    data, tasks = toy_data(corpora, tiny_source()), TaskSet.of(corpora)
    network = toy_network(tiny_source(), HEART, ("liver", "brain"), REST, tasks=tasks)
    assert set(network(_batch(network, data)).heads) == {0, 2}
    assert set(network(_batch(network, data, "other")).heads) == {1}
    assert set(_batch(network, data, "other").targets) == {1}


def test_losses_are_given_by_head() -> None:
    network = toy_network(tiny_source(), HEART, REST).eval()
    batch = _batch(network)
    outputs = network(batch)
    losses = network.losses(outputs, batch)
    assert set(losses) == {0, 1}
    for index, loss in losses.items():
        expected = network.head(index).loss(outputs.heads[index], batch.targets[index])
        torch.testing.assert_close(loss, expected)


def test_a_heads_targets_stand_in_the_order_of_its_tasks() -> None:
    network = toy_network(tiny_source(), ("skin", "heart"))
    data = _data()
    targets = _batch(network, data).targets[0]
    rows = data.corpora["toy"].rows["test"]
    for column, name in enumerate(("skin", "heart")):
        assert targets[:, column].tolist() == data.corpora["toy"].targets[name][rows].tolist()


@pytest.mark.parametrize("strength", [None, 0.1], ids=["one encoder", "one for each head"])
def test_heads_run_in_fp32_whatever_the_encoder_runs_in(strength: float | None) -> None:
    network = toy_network(tiny_source(), HEART, REST, head=HeadSettings(layers=1)).eval()
    if strength is not None:
        network = with_own_encoders(network, strength).eval()
    batch = _batch(network)
    whole = network(batch)
    with torch.autocast("cpu", torch.bfloat16):
        outputs = network(batch)
    parts = outputs.features.split(len(batch)) * (2 if strength is None else 1)
    assert not torch.equal(outputs.features.tokens, whole.features.tokens), "it was in bf16"
    assert {own.dtype for own in (outputs.features.tokens, outputs.features.pooled)} == {
        torch.float32
    }
    for index, output in outputs.heads.items():
        assert output.dtype == torch.float32
        assert torch.equal(output, network.head(index)(parts[index]))


# --- start ---------------------------------------------------------------------------------------


def test_a_heads_start_does_not_depend_on_the_other_heads() -> None:
    together = toy_network(tiny_source(), HEART, REST)
    alone = toy_network(tiny_source(), REST)
    other_order = toy_network(tiny_source(), REST, HEART)
    assert torch.equal(_weight(together, 1), _weight(alone, 0))
    assert torch.equal(_weight(together, 1), _weight(other_order, 0))


def test_an_encoders_start_does_not_depend_on_the_heads() -> None:
    settings = EncoderSettings(lora=LoraSettings(rank=2))
    one, two = (
        toy_network(tiny_source(), *heads, encoder=settings).encoder.state_dict()
        for heads in ((LABELS,), (HEART, REST))
    )
    assert any("lora_A" in name for name in one)
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_heads_of_other_tasks_or_seeds_start_elsewhere() -> None:
    network = toy_network(tiny_source(), ("heart",), ("lung",))
    assert not torch.equal(_weight(network, 0), _weight(network, 1))
    assert not torch.equal(
        _weight(network, 0), _weight(toy_network(tiny_source(), HEART, seed=1), 0)
    )


def test_the_start_does_not_depend_on_what_was_drawn_before() -> None:
    first = toy_network(tiny_source(), HEART).state_dict()
    torch.manual_seed(123)
    torch.rand(7)
    second = toy_network(tiny_source(), HEART).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


# --- frozen parts --------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_frozen_parts_never_drop_anything(family: str) -> None:
    network = toy_network(tiny_source(family), freeze_layers=1)
    caught = []
    network.train()
    for module in network._frozen:
        assert not any(part.training for part in module.modules())
    network._frozen[-1].register_forward_hook(
        lambda _m, _i, out: caught.append(out[0] if isinstance(out, tuple) else out)
    )
    data = toy_data([toy_corpus()], tiny_source(family))
    for _ in range(2):
        network(_batch(network, data))
    assert torch.equal(caught[0], caught[1])


def test_the_rest_drops_in_training_only() -> None:
    network = toy_network(tiny_source(), freeze_layers=1).train()
    dropouts = [m for m in network.modules() if isinstance(m, FastDropout)]
    assert {m.training for m in dropouts} == {True, False}
    assert all(not m.training for m in network.eval().modules())
    batch = _batch(network)
    assert torch.equal(network(batch).heads[0], network(batch).heads[0])


def test_no_dropout_of_torch_is_left_on_processors() -> None:
    network = toy_network(tiny_source("modernbert"), head=HeadSettings(layers=1))
    assert not [m for m in network.modules() if type(m) is nn.Dropout]


# --- what is kept --------------------------------------------------------------------------------


def test_the_trainable_state_leaves_frozen_parts_out() -> None:
    whole = set(toy_network(tiny_source(), HEART).trainable_state())
    network = toy_network(tiny_source(), HEART, freeze_layers=1)
    state = set(network.trainable_state())
    assert "encoder.embeddings.word_embeddings.weight" in whole - state
    assert not [name for name in state if ".layer.0." in name]
    assert [name for name in state if ".layer.1." in name]
    assert {"heads.0.positive_weights", "heads.0.layers.1.weight"} <= state


def test_frozen_whole_only_heads_are_kept() -> None:
    network = toy_network(tiny_source(), HEART, freeze_layers=LAYERS)
    assert all(name.startswith("heads.") for name in network.trainable_state())


def test_with_adapters_only_they_and_the_heads_learn() -> None:
    network = toy_network(tiny_source(), encoder=EncoderSettings(lora=LoraSettings(rank=2)))
    learning = {name for name, p in network.named_parameters() if p.requires_grad}
    assert learning
    assert all("lora_" in name or name.startswith("heads.") for name in learning)
    small = sum(p.numel() for p in network.parameters() if p.requires_grad)
    assert small < 0.5 * sum(p.numel() for p in network.parameters())


def test_adapters_change_nothing_before_they_learn() -> None:
    plain = toy_network(tiny_source()).eval()
    adapted = toy_network(tiny_source(), encoder=EncoderSettings(lora=LoraSettings())).eval()
    batch = _batch(plain)
    torch.testing.assert_close(plain(batch).heads[0], adapted(batch).heads[0])
