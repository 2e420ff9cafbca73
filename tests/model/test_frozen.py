"""Frozen layers run once: the cut network computes what the whole one does, or is not used."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mtlv.errors import StoreError
from mtlv.files import cache_folder
from mtlv.model import frozen
from mtlv.model.batches import Batch
from mtlv.model.frozen import Cut, cut_frozen, frozen_states
from mtlv.model.layers import encoder_layers
from mtlv.model.network import Network
from mtlv.model.settings import EncoderSettings, LoraSettings
from mtlv.training.batches import BatchRows
from mtlv.training.data import CorpusData, TrainingData
from toys import FAMILIES, HIDDEN, LAYERS, tiny_source, toy_corpus, toy_data, toy_network

every_family = pytest.mark.parametrize("family", FAMILIES)
every_cut = pytest.mark.parametrize(
    ("family", "layers"),
    [(f, n) for f in FAMILIES for n in range(1, LAYERS + 1) if (f, n) != ("deberta-v2", LAYERS)],
)


class _Prepared:
    """A network, its data with and without frozen states, and what it computes when whole."""

    def __init__(
        self, family: str, layers: int, dtype: torch.dtype = torch.float32, lora: bool = False
    ) -> None:
        source = tiny_source(family)
        settings = EncoderSettings(lora=LoraSettings(rank=2) if lora else None)
        self.layers = layers
        self.network = toy_network(source, freeze_layers=layers, encoder=settings).eval()
        self.data = toy_data([toy_corpus()], source)
        self.corpus: CorpusData = self.data.corpora["toy"]
        self.names = list(self.network.state_dict())
        self.states = frozen_states(
            self.network, self.corpus.tokens, source, layers, key=self.corpus.key, dtype=dtype
        )
        self.cut_data = self.data.with_states({"toy": self.states})

    def cut(self) -> Cut | None:
        return cut_frozen(self.network, self.layers, self.corpus.tokens, self.states)

    def logits(self, data: TrainingData) -> Tensor:
        self.network.eval()
        with torch.no_grad():
            output: Tensor = self.network(_batch(data, self.network)).heads[0]
        return output


def _batch(data: TrainingData, network: Network, rows: int = 6) -> Batch:
    return data.batch(BatchRows("toy", np.arange(rows)), network)


def _some_steps(network: Network, data: TrainingData) -> None:
    learning = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(learning, lr=0.5)
    network.train()
    for _ in range(3):
        batch = _batch(data, network)
        network.losses(network(batch), batch)[0].backward()
        optimizer.step()
        optimizer.zero_grad()


@every_cut
def test_a_cut_network_computes_what_the_whole_one_does(family: str, layers: int) -> None:
    toy = _Prepared(family, layers)
    whole = toy.logits(toy.data)
    cut = toy.cut()
    assert cut is not None
    torch.testing.assert_close(toy.logits(toy.cut_data), whole, atol=1e-4, rtol=1e-4)


@every_family
def test_the_layers_of_a_cut_network_are_found(family: str) -> None:
    toy = _Prepared(family, 1)
    whole = list(encoder_layers(toy.network.encoder))
    cut = toy.cut()
    assert cut is not None
    assert list(encoder_layers(toy.network.encoder)) == whole[1:]
    cut.undo()
    assert list(encoder_layers(toy.network.encoder)) == whole


@every_family
def test_in_bf16_it_does_so_within_rounding(family: str) -> None:
    toy = _Prepared(family, 1, torch.bfloat16)
    whole = toy.logits(toy.data)
    assert toy.cut() is not None
    with torch.autocast("cpu", torch.bfloat16):
        found = toy.logits(toy.cut_data)
    assert (found.float() - whole).abs().mean() < 0.03 * whole.abs().mean() + 0.002


@every_cut
def test_what_is_learned_while_cut_is_kept_and_computes_the_same(family: str, layers: int) -> None:
    toy = _Prepared(family, layers)
    before = toy.logits(toy.data)
    cut = toy.cut()
    assert cut is not None
    _some_steps(toy.network, toy.cut_data)
    learned = toy.logits(toy.cut_data)
    cut.undo()
    assert list(toy.network.state_dict()) == toy.names
    assert len(encoder_layers(toy.network.encoder)) == LAYERS
    torch.testing.assert_close(toy.logits(toy.data), learned, atol=1e-4, rtol=1e-4)
    assert (learned - before).abs().max() > 1e-2


@every_family
def test_frozen_parts_do_not_change_while_cut_or_after(family: str) -> None:
    toy = _Prepared(family, 1)
    start = {name: value.clone() for name, value in toy.network.state_dict().items()}
    learning = {name for name, p in toy.network.named_parameters() if p.requires_grad}
    cut = toy.cut()
    assert cut is not None
    _some_steps(toy.network, toy.cut_data)
    cut.undo()
    after = toy.network.state_dict()
    changed = {name for name, value in after.items() if not torch.equal(value, start[name])}
    assert changed <= learning
    assert any("heads.0" in name for name in changed)
    assert len(changed) > len(learning) / 2


def test_a_network_with_adapters_is_cut_too() -> None:
    toy = _Prepared("bert", 1, lora=True)
    whole = toy.logits(toy.data)
    cut = toy.cut()
    assert cut is not None
    torch.testing.assert_close(toy.logits(toy.cut_data), whole, atol=1e-4, rtol=1e-4)
    _some_steps(toy.network, toy.cut_data)
    learned = toy.logits(toy.cut_data)
    cut.undo()
    assert list(toy.network.state_dict()) == toy.names
    torch.testing.assert_close(toy.logits(toy.data), learned, atol=1e-4, rtol=1e-4)


# --- states --------------------------------------------------------------------------------------


@every_family
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_states_are_the_output_of_the_last_frozen_layer(family: str, dtype: torch.dtype) -> None:
    toy = _Prepared(family, 1, dtype)
    assert toy.states.width == HIDDEN
    assert toy.states.states.nbytes == len(toy.corpus.tokens.ids) * HIDDEN * dtype.itemsize
    caught: list[Tensor] = []
    encoder_layers(toy.network.encoder)[0].register_forward_hook(
        lambda _m, _i, out: caught.append(out[0] if isinstance(out, tuple) else out)
    )
    toy.logits(toy.data)
    tolerance = 1e-5 if dtype == torch.float32 else 0.05
    for row in range(6):
        start, stop = toy.corpus.tokens.offsets[row : row + 2]
        found = toy.states.rows(start, stop)
        assert found.dtype == dtype
        expected = caught[0][row, : stop - start]
        torch.testing.assert_close(found.float(), expected, atol=tolerance, rtol=tolerance)


def test_states_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = _Prepared("bert", 1).states
    monkeypatch.setattr(frozen, "_compute", lambda *_: pytest.fail("computed again"))
    second = _Prepared("bert", 1).states
    np.testing.assert_array_equal(first.states, second.states)
    assert first.seconds == second.seconds > 0
    assert first.cpu_seconds == second.cpu_seconds > 0


def test_other_depths_and_formats_have_states_of_their_own() -> None:
    one, two = _Prepared("bert", 1).states, _Prepared("bert", 2).states
    assert not np.array_equal(one.states, two.states)
    assert _Prepared("bert", 1, torch.bfloat16).states.states.dtype == np.int16


def test_writing_into_a_batch_does_not_reach_the_cache() -> None:
    toy = _Prepared("bert", 1)
    toy.states.rows(0, 4).zero_()
    assert float(_Prepared("bert", 1).states.rows(0, 4).abs().sum()) > 0


def test_the_upper_layers_do_not_run_while_states_are_computed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = tiny_source()
    network = toy_network(source, freeze_layers=1)
    upper = encoder_layers(network.encoder)[1]
    monkeypatch.setattr(upper, "forward", lambda *_, **__: pytest.fail("the upper layer ran"))
    data = toy_data([toy_corpus()], source).corpora["toy"]
    states = frozen_states(network, data.tokens, source, 1, key="own", dtype=torch.float32)
    assert len(states.states) == len(data.tokens.ids)
    rows = np.array([7, 2, 11])
    some = frozen_states(network, data.tokens, source, 1, key="own", dtype=torch.float32, rows=rows)
    assert len(some.states) == data.tokens.lengths[rows].sum()
    for row in rows:
        span = int(data.tokens.offsets[row]), int(data.tokens.offsets[row + 1])
        torch.testing.assert_close(some.rows(*span), states.rows(*span))
    assert len(encoder_layers(network.encoder)) == LAYERS


# --- families that cannot be cut -----------------------------------------------------------------


@pytest.fixture
def toy() -> Iterator[_Prepared]:
    """A network that a test makes unfit to be cut; it must come out of the trial untouched."""
    prepared = _Prepared("bert", 1)
    modules = dict(prepared.network.named_modules())
    yield prepared
    assert dict(prepared.network.named_modules()).keys() == modules.keys()
    assert list(prepared.network.state_dict()) == prepared.names


def test_other_outputs_refuse_the_cut(toy: _Prepared, caplog: pytest.LogCaptureFixture) -> None:
    wrong = torch.zeros_like(toy.states.rows(0, 3)).view(torch.int32).numpy()
    everything = np.zeros((len(toy.corpus.tokens.ids), wrong.shape[1]), wrong.dtype)
    states = replace(toy.states, states=everything)
    with caplog.at_level(logging.WARNING):
        assert cut_frozen(toy.network, 1, toy.corpus.tokens, states) is None
    assert "without them, token states differ by" in caplog.text
    torch.testing.assert_close(toy.logits(toy.data), _Prepared("bert", 1).logits(toy.data))


def test_states_that_are_not_numbers_refuse_the_cut(toy: _Prepared) -> None:
    everything = np.full((len(toy.corpus.tokens.ids), HIDDEN), -1, np.int32)
    states = replace(toy.states, states=everything)
    assert bool(states.rows(0, 1).isnan().all())
    assert cut_frozen(toy.network, 1, toy.corpus.tokens, states) is None


def test_an_encoder_that_fails_without_its_layers_refuses_the_cut(
    toy: _Prepared, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = toy.network.encoder.forward

    def only_ids(**inputs: Tensor) -> object:
        if "input_ids" not in inputs:
            raise ValueError("input_ids are needed")
        return forward(**inputs)

    monkeypatch.setattr(toy.network.encoder, "forward", only_ids)
    with caplog.at_level(logging.WARNING):
        assert toy.cut() is None
    assert "computed in every step: input_ids are needed" in caplog.text


def test_deberta_without_any_layer_refuses_the_cut(caplog: pytest.LogCaptureFixture) -> None:
    deberta = _Prepared("deberta-v2", LAYERS)
    whole = deberta.logits(deberta.data)
    with caplog.at_level(logging.WARNING):
        assert deberta.cut() is None
    assert "computed in every step" in caplog.text
    assert list(deberta.network.state_dict()) == deberta.names
    assert torch.equal(deberta.logits(deberta.data), whole)


def test_something_that_learns_below_refuses_the_cut(
    toy: _Prepared, caplog: pytest.LogCaptureFixture
) -> None:
    norm = toy.network.encoder.get_submodule("embeddings.LayerNorm")
    assert isinstance(norm, nn.LayerNorm)
    norm.requires_grad_(True)
    with caplog.at_level(logging.WARNING):
        assert toy.cut() is None
    assert "depends on parameters that learn" in caplog.text


def test_a_full_disk_is_an_error_and_kills_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    source = tiny_source()
    network = toy_network(source, freeze_layers=1)
    tokens = toy_data([toy_corpus()], source).corpora["toy"].tokens
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StoreError, match="No space left"):
        frozen_states(network, tokens, source, 1, key="no room", dtype=torch.float32)
    assert not list((cache_folder() / "frozen").glob(".partial-*"))
