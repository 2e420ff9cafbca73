"""Encoders of every family: found, loaded, frozen; and what is said when they cannot be."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AlbertConfig, AlbertModel

from mtlv.errors import EncoderError
from mtlv.model import encoders
from mtlv.model.batches import pad_batch
from mtlv.model.encoders import load_encoder, load_tokenizer, locate
from mtlv.model.layers import config_of, encoder_layers, freeze, trunk
from mtlv.model.settings import EncoderSettings, LoraSettings
from mtlv.model.tokens import tokenise_texts
from toys import (
    FAMILIES,
    HIDDEN,
    LAYERS,
    tiny_source,
    toy_corpus,
    toy_data,
    toy_network,
    write_encoder,
)

every_family = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint that a test may spoil."""
    return write_encoder(tmp_path / "encoder")


@every_family
@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_forward_gives_states_and_pooled_vectors(family: str, pooling: str) -> None:
    source = tiny_source(family, pooling)
    network = toy_network(source).eval()
    table = toy_data([toy_corpus()], source).corpora["toy"].tokens
    features = network.encode(pad_batch("toy", table, [0, 1, 5]))
    lengths = table.lengths[[0, 1, 5]]
    assert features.tokens.shape == (3, lengths.max(), HIDDEN)
    for row, length in enumerate(lengths):
        own = features.tokens[row, :length]
        expected = own[0] if pooling == "cls" else own.mean(dim=0)
        torch.testing.assert_close(features.pooled[row], expected)


@every_family
def test_padding_does_not_change_the_states(family: str) -> None:
    source = tiny_source(family)
    network = toy_network(source).eval()
    table = toy_data([toy_corpus()], source).corpora["toy"].tokens
    shortest, longest = int(table.lengths.argmin()), int(table.lengths.argmax())
    alone = network.encode(pad_batch("toy", table, [shortest])).tokens
    padded = network.encode(pad_batch("toy", table, [shortest, longest])).tokens
    torch.testing.assert_close(alone[0], padded[0, : alone.shape[1]], atol=1e-5, rtol=1e-4)


@every_family
def test_pairs_pass_through_every_family(family: str) -> None:
    source = tiny_source(family)
    table = tokenise_texts(["the heart", "lung"], source, 16, ["the patient", "skin"])
    assert table.types is not None
    states = toy_network(source).encode(pad_batch("toy", table, [0, 1])).tokens
    assert torch.isfinite(states).all()


@every_family
def test_an_encoder_is_fp32_and_has_no_pooler(family: str) -> None:
    encoder = load_encoder(tiny_source(family), EncoderSettings())
    assert {p.dtype for p in encoder.parameters()} == {torch.float32}
    assert not [name for name, _ in encoder.named_parameters() if "pooler" in name]
    assert len(encoder_layers(encoder)) == LAYERS == config_of(encoder).num_hidden_layers


@every_family
@pytest.mark.parametrize("layers", range(LAYERS + 1))
def test_freeze_stops_embeddings_and_lowest_layers_only(family: str, layers: int) -> None:
    encoder = load_encoder(tiny_source(family), EncoderSettings())
    frozen = freeze(encoder, layers)
    stack = encoder_layers(encoder)
    assert all(p.requires_grad is (layers == 0) for p in trunk(encoder).embeddings.parameters())
    for index, layer in enumerate(stack):
        assert all(p.requires_grad is (index >= layers) for p in layer.parameters())
    assert (frozen == ()) is (layers == 0)


@pytest.mark.parametrize(
    ("family", "shared"), [("deberta-v2", "rel_embeddings"), ("mpnet", "bias")]
)
def test_freeze_stops_relative_positions_that_frozen_layers_read(family: str, shared: str) -> None:
    encoder = load_encoder(tiny_source(family), EncoderSettings())
    freeze(encoder, 1)
    read = [p for name, p in encoder.named_parameters() if shared in name and "encoder.rel" in name]
    assert len(read) == 1
    assert not read[0].requires_grad


def test_freeze_leaves_the_last_norm_of_modernbert_learning() -> None:
    encoder = load_encoder(tiny_source("modernbert"), EncoderSettings())
    freeze(encoder, LAYERS)
    learning = {name for name, p in encoder.named_parameters() if p.requires_grad}
    assert learning == {"final_norm.weight"}


def test_more_layers_than_there_are_cannot_be_frozen() -> None:
    encoder = load_encoder(tiny_source(), EncoderSettings())
    with pytest.raises(EncoderError, match="Cannot freeze 3 layers") as error:
        freeze(encoder, 3)
    assert error.value.where == "train.freeze_layers"
    assert error.value.found == "an encoder of 2 layers"


def test_a_family_that_shares_one_layer_cannot_be_frozen() -> None:
    sizes = {"vocab_size": 50, "hidden_size": 16, "intermediate_size": 16, "embedding_size": 8}
    albert = AlbertModel(AlbertConfig(num_hidden_layers=3, num_attention_heads=2, **sizes))
    with pytest.raises(EncoderError, match="layers were not found"):
        freeze(albert, 1)


def test_a_module_without_embeddings_has_no_trunk() -> None:
    with pytest.raises(EncoderError, match="embeddings were not found"):
        trunk(nn.Linear(2, 2))


def test_dropout_of_the_settings_reaches_every_dropout_of_the_encoder() -> None:
    encoder = load_encoder(tiny_source(), EncoderSettings(dropout=0.25))
    rates = {module.p for module in encoder.modules() if isinstance(module, nn.Dropout)}
    assert rates == {0.25}
    assert config_of(encoder).attention_probs_dropout_prob == 0.25


def test_without_the_setting_the_checkpoint_says_the_dropout() -> None:
    encoder = load_encoder(tiny_source(), EncoderSettings())
    assert config_of(encoder).attention_probs_dropout_prob == 0.1


def test_half_precision_checkpoints_are_loaded_in_fp32(folder: Path) -> None:
    path = folder / "model.safetensors"
    half = {name: value.half() for name, value in load_file(path).items()}
    save_file(half, path, metadata={"format": "pt"})
    encoder = load_encoder(locate(EncoderSettings(name=str(folder))), EncoderSettings())
    assert {p.dtype for p in encoder.parameters()} == {torch.float32}


def test_loading_leaves_the_logging_of_transformers_as_it_was() -> None:
    before = logging.getLogger("transformers").level
    load_encoder(tiny_source(), EncoderSettings())
    assert logging.getLogger("transformers").level == before


@pytest.mark.parametrize(
    "name",
    [
        "model.safetensors",
        "config.json",
        "tokenizer.json",
        "added_tokens.json",
        "special_tokens_map.json",
        "tokenizer.model",
    ],
)
def test_the_fingerprint_covers_weights_tokenizer_and_configuration(
    folder: Path, name: str
) -> None:
    settings = EncoderSettings(name=str(folder))
    before = locate(settings).fingerprint
    assert locate(settings).fingerprint == before
    with (folder / name).open("ab") as file:
        file.write(b" ")
    assert locate(settings).fingerprint != before


def test_the_fingerprint_of_a_hub_encoder_covers_its_revision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = EncoderSettings(name="someone/some-model")
    prints = {locate(settings).fingerprint}
    for commit in ("c0ffee", "beef"):
        there = f"/hub/models--someone--some-model/snapshots/{commit}/config.json"
        monkeypatch.setattr(encoders, "hf_hub_download", lambda *_, there=there: there)
        assert locate(settings).fingerprint == locate(settings).fingerprint
        prints.add(locate(settings).fingerprint)
    assert len(prints) == 3


def test_the_fingerprint_covers_every_shard(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    halves = (f"model-0000{i}-of-00002.safetensors" for i in (1, 2))
    for half in halves:
        save_file(weights, folder / half)
    settings = EncoderSettings(name=str(folder))
    before = locate(settings).fingerprint
    save_file({k: v + 1 for k, v in weights.items()}, folder / half)
    assert locate(settings).fingerprint != before


def test_pooling_auto_is_cls_for_folders_and_what_the_authors_use_for_known_names() -> None:
    assert tiny_source(pooling="auto").pooling == "cls"
    assert locate(EncoderSettings(name="biobert")).pooling == "cls"
    assert locate(EncoderSettings(name="minilm")).pooling == "mean"
    assert locate(EncoderSettings(name="minilm", pooling="cls")).pooling == "cls"


# --- errors --------------------------------------------------------------------------------------


def test_a_folder_without_weights_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(EncoderError, match="no weights") as error:
        locate(EncoderSettings(name=str(folder)))
    assert "config.json" in str(error.value.found)
    assert "model*.safetensors" in str(error.value.expected)


def test_a_folder_without_configuration_is_refused(folder: Path) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(EncoderError, match=r"no config\.json"):
        locate(EncoderSettings(name=str(folder)))


@pytest.mark.parametrize("name", ["/nowhere/at/all", "./nowhere", "a/b/c"])
def test_a_folder_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(EncoderError, match="There is no encoder folder"):
        locate(EncoderSettings(name=name))


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(EncoderError, match="no encoder named 'biobret'") as error:
        locate(EncoderSettings(name="biobret"))
    assert "did you mean 'biobert'?" in str(error.value.hint)


@pytest.mark.parametrize("name", ["biobert", "someone/some-model"])
def test_a_hub_name_offline_tells_the_command_that_downloads_it(name: str) -> None:
    source = locate(EncoderSettings(name=name))
    with pytest.raises(EncoderError, match="cannot be loaded while offline") as error:
        load_encoder(source, EncoderSettings(name=name))
    assert f"hf download {source.address} --local-dir DIR" in str(error.value.hint)
    assert "`encoder: DIR`" in str(error.value.hint)


def test_a_missing_minilm_package_leads_to_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "MINILM_PACKAGE", "no_such_package")
    assert locate(EncoderSettings()).address == "sentence-transformers/all-MiniLM-L6-v2"


def test_a_checkpoint_that_lacks_weights_is_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    weights = load_file(path)
    dropped = [name for name in weights if "layer.1." in name and "query" in name]
    save_file({k: v for k, v in weights.items() if k not in dropped}, path, {"format": "pt"})
    with pytest.raises(EncoderError, match="lacks 2 of the encoder's weights") as error:
        load_encoder(locate(EncoderSettings(name=str(folder))), EncoderSettings())
    assert "layer.1.attention.self.query.bias" in str(error.value.found)


def test_a_damaged_checkpoint_is_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(EncoderError, match="cannot be loaded") as error:
        load_encoder(locate(EncoderSettings(name=str(folder))), EncoderSettings())
    assert error.value.hint is None


def test_weights_of_another_size_are_refused(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"intermediate_size": 48}))
    with pytest.raises(EncoderError, match="cannot be loaded"):
        load_encoder(locate(EncoderSettings(name=str(folder))), EncoderSettings())


@every_family
def test_a_folder_without_a_tokenizer_is_refused(family: str, tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "encoder", family, tokenizer=False)
    with pytest.raises(EncoderError, match=r"no vocabulary|cannot be loaded"):
        load_tokenizer(locate(EncoderSettings(name=str(folder))))


def test_a_slow_tokenizer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        is_fast = False

    monkeypatch.setattr(encoders.AutoTokenizer, "from_pretrained", lambda _address: Slow())
    with pytest.raises(EncoderError, match="no fast tokenizer"):
        load_tokenizer(tiny_source())


def test_an_error_without_words_is_named_by_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_address: str) -> None:
        raise OSError

    monkeypatch.setattr(encoders.AutoTokenizer, "from_pretrained", fail)
    with pytest.raises(EncoderError) as error:
        load_tokenizer(tiny_source())
    assert error.value.found == "OSError"


def test_lora_without_peft_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(EncoderError, match="needs the package peft") as error:
        load_encoder(tiny_source(), EncoderSettings(lora=LoraSettings()))
    assert error.value.hint == "pip install 'mtlv[lora]'"


@pytest.mark.minilm
def test_minilm_is_installed_offline() -> None:
    source = locate(EncoderSettings())
    assert Path(source.address).is_dir()
    encoder = load_encoder(source, EncoderSettings())
    assert sum(p.numel() for p in encoder.parameters()) == pytest.approx(22.7e6, rel=0.02)
    assert len(load_tokenizer(source)) == 30_522


# --- the hub -------------------------------------------------------------------------------------


@pytest.fixture
def _no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a network whose user has not said so."""

    def fail() -> None:
        raise ConnectionError("no route to host")

    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr(encoders, "get_session", fail)


@pytest.mark.usefixtures("_no_hub")
def test_a_hub_that_cannot_be_reached_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders.AutoConfig, "from_pretrained", lambda _: pytest.fail("tried"))
    with pytest.raises(EncoderError, match="cannot be loaded") as error:
        load_encoder(locate(EncoderSettings(name="biobert")), EncoderSettings())
    assert "hub cannot be reached (no route to host)" in str(error.value.found)
    assert "hf download" in str(error.value.hint)


@pytest.mark.usefixtures("_no_hub")
def test_a_local_folder_never_asks_the_hub() -> None:
    assert load_tokenizer(tiny_source()).is_fast
    assert len(encoder_layers(load_encoder(tiny_source(), EncoderSettings()))) == LAYERS
