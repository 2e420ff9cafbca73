"""Checkpoints: what training changed comes back, and nothing else is stored."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mtlv.errors import StoreError
from mtlv.model.network import Network
from mtlv.model.settings import EncoderSettings, HeadSettings, LoraSettings
from mtlv.training import checkpoint
from mtlv.training.batches import BatchRows
from toys import LABELS, LAYERS, tiny_source, toy_corpus, toy_data, toy_network

LORA = EncoderSettings(lora=LoraSettings(rank=2))


def _shaken(network: Network) -> Network:
    """Change everything that training could change."""
    torch.manual_seed(1)
    with torch.no_grad():
        for value in network.trainable_state().values():
            value += torch.rand_like(value)
    return network


def _logits(network: Network) -> torch.Tensor:
    data = toy_data([toy_corpus()], tiny_source())
    rows = BatchRows("toy", data.corpora["toy"].rows["test"])
    output: torch.Tensor = network.eval()(data.batch(rows, network)).heads[0]
    return output


def _mebibytes(folder: Path) -> float:
    return (folder / checkpoint.FILE).stat().st_size / 2**20


@pytest.mark.parametrize(
    "options", [{}, {"freeze_layers": 1}, {"freeze_layers": LAYERS}, {"encoder": LORA}]
)
def test_a_restored_network_is_the_saved_one(options: dict[str, object], tmp_path: Path) -> None:
    trained = _shaken(toy_network(tiny_source(), **options))  # type: ignore[arg-type]
    checkpoint.save(trained, tmp_path)
    fresh = toy_network(tiny_source(), seed=5, **options)  # type: ignore[arg-type]
    assert not torch.equal(_logits(fresh), _logits(trained))
    checkpoint.restore(fresh, tmp_path)
    assert torch.equal(_logits(fresh), _logits(trained))


def test_what_did_not_learn_is_not_stored(tmp_path: Path) -> None:
    checkpoint.save(toy_network(tiny_source(), freeze_layers=1), tmp_path)
    stored = set(load_file(tmp_path / checkpoint.FILE))
    assert not [name for name in stored if "embeddings" in name or ".layer.0." in name]


def test_positive_weights_come_back(tmp_path: Path) -> None:
    settings = HeadSettings(positive_weight="balanced")
    network = toy_network(tiny_source(), head=settings)
    network.head(0).positive_weights.fill_(3.0)  # type: ignore[operator, union-attr]
    checkpoint.save(network, tmp_path)
    fresh = toy_network(tiny_source(), head=settings)
    checkpoint.restore(fresh, tmp_path)
    assert fresh.head(0).positive_weights.tolist() == [3.0] * 4


def test_the_checkpoint_of_adapters_is_small(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "lora").mkdir()
    checkpoint.save(toy_network(tiny_source()), tmp_path / "whole")
    checkpoint.save(toy_network(tiny_source(), encoder=LORA), tmp_path / "lora")
    assert _mebibytes(tmp_path / "lora") < 0.6 * _mebibytes(tmp_path / "whole")
    assert all(
        "lora_" in name or name.startswith("heads.")
        for name in load_file(tmp_path / "lora" / checkpoint.FILE)
    )


def test_a_job_without_a_checkpoint_says_what_to_do(tmp_path: Path) -> None:
    for read in (checkpoint.restore, checkpoint.restore_encoder):
        with pytest.raises(StoreError, match="kept no checkpoint") as error:
            read(toy_network(tiny_source()), tmp_path)
        assert "checkpoints: true" in str(error.value.hint)


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({"freeze_layers": 1}, "encoder.embeddings"),
        ({"head": HeadSettings(layers=1)}, "heads.0.layers.4"),
        ({"encoder": LORA}, "encoder.base_model"),
    ],
)
def test_a_checkpoint_of_another_network_is_refused(
    other: dict[str, object], found: str, tmp_path: Path
) -> None:
    checkpoint.save(toy_network(tiny_source()), tmp_path)
    network = toy_network(tiny_source(), **other)  # type: ignore[arg-type]
    with pytest.raises(StoreError, match="does not fit") as error:
        checkpoint.restore(network, tmp_path)
    assert found in str(error.value.found)


def test_a_checkpoint_of_another_size_is_refused(tmp_path: Path) -> None:
    checkpoint.save(toy_network(tiny_source(), LABELS[:2]), tmp_path)
    with pytest.raises(StoreError, match="does not fit") as error:
        checkpoint.restore(toy_network(tiny_source(), LABELS), tmp_path)
    assert "heads.0.layers.1.bias" in str(error.value.found)


def test_only_the_encoder_can_be_taken_over(tmp_path: Path) -> None:
    trained = _shaken(toy_network(tiny_source(), LABELS))
    checkpoint.save(trained, tmp_path)
    other = toy_network(tiny_source(), ("heart",), ("lung", "bone"))
    heads = {k: v.clone() for k, v in other.state_dict().items() if k.startswith("heads.")}
    checkpoint.restore_encoder(other, tmp_path)
    after, expected = other.state_dict(), trained.state_dict()
    assert all(torch.equal(after[name], value) for name, value in heads.items())
    encoder = [name for name in after if name.startswith("encoder.")]
    assert encoder
    assert all(torch.equal(after[name], expected[name]) for name in encoder)


def test_an_encoder_of_another_family_is_not_taken_over(tmp_path: Path) -> None:
    checkpoint.save(toy_network(tiny_source()), tmp_path)
    with pytest.raises(StoreError, match="does not fit"):
        checkpoint.restore_encoder(toy_network(tiny_source("modernbert")), tmp_path)


def test_an_encoder_with_frozen_layers_is_taken_over_by_a_whole_one(tmp_path: Path) -> None:
    trained = _shaken(toy_network(tiny_source(), freeze_layers=1))
    checkpoint.save(trained, tmp_path)
    whole = toy_network(tiny_source(), seed=3)
    checkpoint.restore_encoder(whole, tmp_path)
    expected = trained.state_dict()
    after = {k: v for k, v in whole.state_dict().items() if k.startswith("encoder.")}
    assert all(torch.equal(value, expected[name]) for name, value in after.items())
