"""The encoder `scratch`: its vocabulary is that of the training texts, its weights of the seed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import BertConfig

from mtlv.model import scratch
from mtlv.model.encoders import EncoderSource, load_encoder, load_tokenizer
from mtlv.model.layers import config_of
from mtlv.model.scratch import scratch_source
from mtlv.model.settings import EncoderSettings, ScratchSettings
from toys import LABELS, toy_corpus, toy_network

SETTINGS = EncoderSettings(
    name="scratch", scratch=ScratchSettings(layers=1, hidden_size=8, attention_heads=2)
)


@pytest.fixture(scope="module")
def source() -> EncoderSource:
    return scratch_source(SETTINGS, toy_corpus().texts())


def test_its_size_is_that_of_the_settings(source: EncoderSource) -> None:
    config = BertConfig.from_pretrained(source.address)
    assert (config.num_hidden_layers, config.hidden_size) == (1, 8)
    assert (config.num_attention_heads, config.intermediate_size) == (2, 32)
    assert config.vocab_size == len(load_tokenizer(source))


def test_it_knows_the_words_of_the_training_texts_only(source: EncoderSource) -> None:
    tokenizer = load_tokenizer(source)
    known = tokenizer.tokenize("The HEART shows no change")
    assert known == ["the", "heart", "shows", "no", "change"]
    assert tokenizer.tokenize("Quux §") == ["[UNK]", "[UNK]"]


def test_its_vocabulary_is_no_larger_than_asked() -> None:
    small = SETTINGS.model_copy(update={"scratch": ScratchSettings(vocabulary=100)})
    texts = [f"word{i} other{i * 7} third{i * 13}" for i in range(200)]
    assert len(load_tokenizer(scratch_source(small, texts))) <= 100


def test_pairs_have_two_segments(source: EncoderSource) -> None:
    encoded = load_tokenizer(source)("heart", "lung", return_token_type_ids=True)
    assert encoded["token_type_ids"] == [0, 0, 0, 1, 1]


def test_its_folder_holds_no_weights_and_is_made_once(
    source: EncoderSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert source.random
    assert not list(Path(source.address).glob("*.safetensors"))
    monkeypatch.setattr(scratch, "_write", lambda *_: pytest.fail("written again"))
    assert scratch_source(SETTINGS, toy_corpus().texts()) == source


def test_other_texts_or_sizes_make_another_encoder(source: EncoderSource) -> None:
    texts = toy_corpus().texts()
    wider = ScratchSettings(layers=1, hidden_size=16, attention_heads=2)
    others = [
        scratch_source(SETTINGS, texts[:-1]),
        scratch_source(SETTINGS.model_copy(update={"scratch": wider}), texts),
    ]
    assert source.fingerprint not in {other.fingerprint for other in others}


def test_pooling_is_mean_unless_told_otherwise(source: EncoderSource) -> None:
    assert source.pooling == "mean"
    told = SETTINGS.model_copy(update={"pooling": "cls"})
    assert scratch_source(told, toy_corpus().texts()).pooling == "cls"


def test_its_weights_start_from_the_seed(source: EncoderSource) -> None:
    first, same, other = (
        toy_network(source, LABELS, encoder=SETTINGS, seed=seed).state_dict() for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], same[name]) for name in first)
    weights = [name for name in first if name.endswith("query.weight")]
    assert weights
    assert not any(torch.equal(first[name], other[name]) for name in weights)


def test_it_is_loaded_like_any_other_encoder(source: EncoderSource) -> None:
    assert config_of(load_encoder(source, SETTINGS)).hidden_size == 8


def test_the_same_texts_give_the_same_vocabulary() -> None:
    texts = [f"w{i}n k{i * 7}°b, {i * 13}é {chr(0x4E00 + i % 9)}" for i in range(60)]
    first, *others = [scratch._trained_tokenizer(texts, 300) for _ in range(4)]
    assert all(other.to_str() == first.to_str() for other in others)
    assert first.encode("W3N").tokens[0] == "[CLS]"
    assert first.encode("##3").tokens != ["[CLS]", "##3", "[SEP]"], "no piece is special"
    assert not {"## ", "##."} & set(first.get_vocab())
