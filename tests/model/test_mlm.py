"""Masked language modelling: what is hidden, and that its loss is that of the hidden tokens."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mtlv.model.encoders import load_encoder, load_tokenizer
from mtlv.model.mlm import NOTHING, HiddenBatch, MaskedLanguageModel, hide
from mtlv.model.settings import EncoderSettings
from mtlv.model.tokens import TokenTable, tokenise_texts
from toys import tiny_source, toy_examples

TEXTS = [example.text or "" for example in toy_examples()] * 20


def table(with_words: bool = False) -> TokenTable:
    return tokenise_texts(TEXTS, tiny_source(), 32, with_words=with_words)


def hidden(own: TokenTable, probability: float = 0.3, seed: int = 0) -> HiddenBatch:
    tokenizer = load_tokenizer(tiny_source())
    return hide(
        own,
        np.arange(len(own)),
        probability,
        np.random.default_rng(seed),
        mask_id=7,
        vocabulary=len(tokenizer),
        special=frozenset(tokenizer.all_special_ids),
    )


def test_hidden_tokens_are_known_and_others_are_as_they_were() -> None:
    own = table()
    batch = hidden(own)
    for row in range(len(own)):
        start, stop = int(own.offsets[row]), int(own.offsets[row + 1])
        given = torch.from_numpy(np.asarray(own.ids[start:stop], np.int64))
        asked = batch.hidden[row, : stop - start] != NOTHING
        assert torch.equal(batch.hidden[row, : stop - start][asked], given[asked])
        assert torch.equal(batch.ids[row, : stop - start][~asked], given[~asked])
        assert (batch.hidden[row, stop - start :] == NOTHING).all()


def test_shares_of_what_is_hidden() -> None:
    batch = hidden(table())
    asked = batch.hidden != NOTHING
    special = set(load_tokenizer(tiny_source()).all_special_ids)
    assert not special & set(batch.hidden[asked].tolist())
    shown, true = batch.ids[asked], batch.hidden[asked]
    assert (shown == 7).float().mean() == pytest.approx(0.8, abs=0.04)
    assert (shown == true).float().mean() == pytest.approx(0.1, abs=0.04)


def test_at_least_one_token_is_hidden() -> None:
    assert (hidden(table(), probability=1e-9).hidden != NOTHING).sum() == 1


def test_words_are_hidden_whole() -> None:
    own = table(with_words=True)
    batch = hidden(own)
    assert own.words is not None
    seen = 0
    for row in range(len(own)):
        start, stop = int(own.offsets[row]), int(own.offsets[row + 1])
        word = -1
        choice: dict[int, set[bool]] = {}
        for place in range(1, stop - start - 1):
            word += int(own.words[start + place] >= 0)
            choice.setdefault(word, set()).add(bool(batch.hidden[row, place] != NOTHING))
        assert all(len(each) == 1 for each in choice.values())
        seen += sum(True in each for each in choice.values())
    assert seen > 0


@pytest.mark.parametrize("family", ["bert", "electra", "modernbert"])
def test_the_loss_is_finite_and_learns(family: str) -> None:
    torch.manual_seed(0)
    model = MaskedLanguageModel(load_encoder(tiny_source(family), EncoderSettings()))
    batch = hidden(table())
    batch = HiddenBatch(batch.ids[:32], batch.mask[:32], batch.hidden[:32])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(15):
        loss = model(batch)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
