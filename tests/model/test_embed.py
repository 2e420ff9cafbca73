"""Embeddings of labels: the mean over all token states, special tokens included."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mtlv.errors import EncoderError
from mtlv.model.batches import pad_batch
from mtlv.model.embed import embed_rows, embed_texts
from mtlv.model.encoders import load_encoder, load_tokenizer
from mtlv.model.scratch import scratch_source
from mtlv.model.settings import EncoderSettings, LoraSettings
from mtlv.model.tokens import tokenise_texts
from toys import HIDDEN, tiny_source, toy_corpus

TEXTS = ["heart", "the lung of the patient"]


@pytest.mark.parametrize("family", ["bert", "roberta", "modernbert"])
def test_an_embedding_is_the_mean_of_all_token_states(family: str) -> None:
    source = tiny_source(family)
    found = embed_texts(TEXTS, source, EncoderSettings())
    encoder = load_encoder(source, EncoderSettings()).eval()
    tokenizer = load_tokenizer(source)
    assert found.shape == (2, HIDDEN)
    assert found.dtype == np.float64
    for row, text in zip(found, TEXTS, strict=True):
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        with torch.no_grad():
            states = encoder(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        np.testing.assert_allclose(row, states[0].mean(dim=0), atol=1e-6)


def test_an_embedding_does_not_depend_on_the_other_texts() -> None:
    source = tiny_source()
    together = embed_texts(TEXTS, source, EncoderSettings())
    alone = embed_texts(TEXTS[:1], source, EncoderSettings())
    np.testing.assert_array_equal(together[:1], alone)


def test_adapters_play_no_part() -> None:
    source = tiny_source()
    plain, adapted = (
        embed_texts(TEXTS, source, EncoderSettings(lora=lora)) for lora in (None, LoraSettings())
    )
    np.testing.assert_array_equal(plain, adapted)


def test_an_encoder_that_knows_nothing_is_refused() -> None:
    settings = EncoderSettings(name="scratch")
    source = scratch_source(settings, toy_corpus().texts())
    with pytest.raises(EncoderError, match="knows no words yet") as error:
        embed_texts(TEXTS, source, settings)
    assert "method: random" in str(error.value.hint)


def test_pooling_chooses_the_states() -> None:
    source = tiny_source()
    table = tokenise_texts(["heart lung"], source, 32)
    encoder = load_encoder(source, EncoderSettings()).eval()
    batch = pad_batch("", table, [0])
    with torch.inference_mode():
        states = encoder(input_ids=batch.ids, attention_mask=batch.mask).last_hidden_state[0]
    expected = {"mean": states.mean(0), "content": states[1:-1].mean(0), "cls": states[0]}
    for pooling, vector in expected.items():
        found = embed_texts(["heart lung"], source, EncoderSettings(), pooling)  # type: ignore[arg-type]
        np.testing.assert_allclose(found[0], vector.numpy(), rtol=1e-5, atol=1e-6)


def test_rows_of_a_table_are_embedded_in_their_order() -> None:
    source = tiny_source()
    texts = ["heart", "the patient shows no other change", "lung bone", "skin may change today"]
    table = tokenise_texts(texts, source, 32)
    rows = [3, 0, 1]
    found = embed_rows(table, rows, source, EncoderSettings())
    alone = embed_texts([texts[row] for row in rows], source, EncoderSettings())
    np.testing.assert_allclose(found, alone, rtol=1e-4, atol=1e-5)
