"""The token table: stored without padding, cut to the maximum length, made once."""

from __future__ import annotations

import dataclasses
import logging

import numpy as np
import pytest

from mtlv.data import CorpusBuilder, Example, Target
from mtlv.data.corpus import Corpus
from mtlv.model import tokens
from mtlv.model.encoders import load_tokenizer
from mtlv.model.tokens import table_key, text_lengths, tokenise, tokenise_texts
from toys import tiny_source, toy_corpus

TEXTS = ["the heart", "no change in the lung today", "skin"]


def _pairs() -> Corpus:
    rows = [("the heart", "no lung"), ("skin", "the patient shows skin today")]
    builder = CorpusBuilder("pairs", [Target("same")])
    for i, (text, other) in enumerate(rows):
        builder.add(Example(f"{i}", text, text_b=other, targets={"same": i}))
    return builder.build()


def test_each_text_is_a_run_of_ids_with_its_special_tokens_and_no_padding() -> None:
    source = tiny_source()
    table = tokenise_texts(TEXTS, source, 32)
    tokenizer = load_tokenizer(source)
    assert len(table) == 3
    for i, text in enumerate(TEXTS):
        run = table.ids[table.offsets[i] : table.offsets[i + 1]]
        assert run.tolist() == tokenizer(text)["input_ids"]
    assert table.pad_id == tokenizer.pad_token_id
    assert table.pad_id not in table.ids
    assert table.lengths.sum() == len(table.ids)


def test_texts_are_cut_to_the_maximum_length_and_keep_their_last_special_token() -> None:
    whole, cut = (tokenise_texts(TEXTS, tiny_source(), n) for n in (64, 5))
    assert cut.lengths.tolist() == [min(5, n) for n in whole.lengths]
    separator = load_tokenizer(tiny_source()).sep_token_id
    assert all(cut.ids[stop - 1] == separator for stop in cut.offsets[1:])


def test_texts_are_tokenised_alike_whatever_the_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tokenise_texts(TEXTS, tiny_source(), 32)
    monkeypatch.setattr(tokens, "TEXTS_PER_CALL", 2)
    chunked = tokenise_texts(TEXTS, tiny_source(), 32)
    np.testing.assert_array_equal(whole.ids, chunked.ids)
    np.testing.assert_array_equal(whole.offsets, chunked.offsets)


def _tagged() -> Corpus:
    builder = CorpusBuilder("tags", [Target("finding", kind="tagging", labels=("O", "B-x"))])
    for i, words in enumerate((["the", "heart"], ["skin"], ["no", "lung", "today"])):
        tags = [1] + [0] * (len(words) - 1)
        builder.add(Example(f"{i}", tokens=tuple(words), targets={"finding": tuple(tags)}))
    return builder.build()


@pytest.mark.parametrize("corpus", [toy_corpus(), _pairs(), _tagged()], ids=lambda c: c.name)
def test_a_corpus_is_tokenised_alike_part_by_part(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tokenise(corpus, tiny_source(), 29)
    monkeypatch.setattr(tokens, "TEXTS_PER_PART", 2)
    monkeypatch.setattr(tokens, "table_key", lambda *_: f"parts of {corpus.name}")
    parts = tokenise(corpus, tiny_source(), 29)
    assert len(parts) == len(corpus)
    assert parts.pad_id == whole.pad_id
    for field in ("ids", "offsets", "types", "words", "word_counts"):
        one, other = getattr(whole, field), getattr(parts, field)
        assert (one is None) == (other is None)
        if one is not None:
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)


def test_single_texts_store_no_segment_numbers() -> None:
    assert tokenise(toy_corpus(), tiny_source(), 32).types is None


def test_pairs_have_segment_numbers() -> None:
    table = tokenise(_pairs(), tiny_source(), 32)
    assert table.types is not None
    assert table.types.dtype == np.int8
    separator = load_tokenizer(tiny_source()).sep_token_id
    first = table.ids[: table.offsets[1]]
    middle = int(np.flatnonzero(first == separator)[0])
    assert table.types[: len(first)].tolist() == [0] * (middle + 1) + [1] * (
        len(first) - middle - 1
    )


def test_the_longer_text_of_a_pair_is_cut_first() -> None:
    source = tiny_source()
    table = tokenise(_pairs(), source, 7)
    second = load_tokenizer(source).decode(table.ids[table.offsets[1] :])
    assert second.startswith("[CLS] skin [SEP] the")
    assert table.lengths.max() == 7


def test_a_table_is_made_once_and_then_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    first = tokenise(toy_corpus(), tiny_source(), 31)
    monkeypatch.setattr(tokens, "load_tokenizer", lambda _source: pytest.fail("tokenised again"))
    second = tokenise(toy_corpus(), tiny_source(), 31)
    assert isinstance(second.ids, np.memmap)
    np.testing.assert_array_equal(first.ids, second.ids)
    np.testing.assert_array_equal(first.offsets, second.offsets)
    assert first.pad_id == second.pad_id


def test_pairs_come_back_from_the_cache_with_their_segment_numbers() -> None:
    first, second = (tokenise(_pairs(), tiny_source(), 30) for _ in range(2))
    assert first.types is not None
    assert second.types is not None
    np.testing.assert_array_equal(first.types, second.types)


def test_a_tables_name_depends_on_texts_tokenizer_and_length_only() -> None:
    corpus, source = toy_corpus(), tiny_source()
    key = table_key(corpus, source, 32)
    assert table_key(dataclasses.replace(corpus, name="other"), source, 32) == key
    assert table_key(corpus, dataclasses.replace(source, pooling="mean"), 32) == key
    others = [
        table_key(toy_corpus(labels=("heart", "lung")), source, 32),
        table_key(corpus, dataclasses.replace(source, fingerprint="0"), 32),
        table_key(corpus, source, 33),
    ]
    assert key not in others


def test_lengths_are_of_uncut_texts_and_nothing_warns(caplog: pytest.LogCaptureFixture) -> None:
    """BERT's 64 positions are fewer than the 302 tokens here; only counting is asked for."""
    builder = CorpusBuilder("long", [Target("a")])
    builder.add(Example("1", "heart " * 300, targets={"a": 1}))
    builder.add(Example("2", "skin", targets={"a": 0}))
    with caplog.at_level(logging.WARNING):
        logging.getLogger("transformers").propagate = True
        lengths = text_lengths(builder.build(), tiny_source())
        logging.getLogger("transformers").propagate = False
    assert lengths.tolist() == [302, 3]
    assert "Token indices sequence length is longer" not in caplog.text
