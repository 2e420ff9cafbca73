"""Pretraining: perplexity falls, the same seed gives the same, held-out texts are not learned."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from mtlv.model.encoders import load_encoder, load_tokenizer
from mtlv.model.mlm import MaskedLanguageModel
from mtlv.model.settings import EncoderSettings
from mtlv.model.tokens import tokenise_texts
from mtlv.training import pretraining, pretraining_head
from mtlv.training.observing import Step
from mtlv.training.pretrain_settings import PretrainSettings
from mtlv.training.pretraining import Pretrained, Vocabulary, pretrain
from toys import tiny_source, toy_examples

pytestmark = pytest.mark.slow

TEXTS = [example.text or "" for example in toy_examples()] * 4


def run(seed: int = 0, observer: Any = None, **settings: Any) -> tuple[Pretrained, torch.nn.Module]:
    source = tiny_source()
    tokenizer = load_tokenizer(source)
    torch.manual_seed(0)
    model = MaskedLanguageModel(load_encoder(source, EncoderSettings(dropout=0.0)))
    special = frozenset(tokenizer.all_special_ids)
    found = pretrain(
        model,
        tokenise_texts(TEXTS, source, 32),
        Vocabulary(7, len(tokenizer), special),
        PretrainSettings(**({"learning_rate": 5e-3, "precision": "fp32"} | settings)),
        seed=seed,
        observer=observer,
    )
    return found, model


def test_perplexity_is_taken_before_and_after_each_epoch_and_falls() -> None:
    found, _ = run(epochs=4)
    assert len(found.perplexities) == 5
    assert found.perplexities[-1] < 0.9 * found.perplexities[0]
    assert {(p.epoch, p.metric) for p in found.curves} >= {(0, "perplexity"), (4, "loss")}


def test_the_head_is_finished_before_the_encoder_learns(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Fitted alone once more, it gains little: the rest of the fall is the encoder's."""
    taken: list[float] = []

    def fit_twice(run: Any) -> None:
        for _ in range(2):
            fit(run)
            taken.append(run._perplexity())

    fit = pretraining._Run.fit_head
    monkeypatch.setattr(pretraining._Run, "fit_head", fit_twice)
    found, _ = run()
    once, twice = taken
    assert twice > 0.9 * once
    assert found.perplexities[0] == twice
    assert found.perplexities[-1] < twice
    assert not caplog.records


def test_fitting_the_head_leaves_the_encoder_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def watched(run: Any) -> None:
        before = {name: own.clone() for name, own in run.network.encoder.state_dict().items()}
        head = {name: own.clone() for name, own in run.network.heads.state_dict().items()}
        fit(run)
        after = run.network.encoder.state_dict()
        seen.append(all(torch.equal(own, after[name]) for name, own in before.items()))
        seen.append(all(own.grad is None for own in run.network.encoder.parameters()))
        seen.append(all(own.requires_grad for own in run.network.encoder.parameters()))
        found = run.network.heads.state_dict()
        seen.append(not any(torch.equal(own, found[name]) for name, own in head.items()))

    fit = pretraining._Run.fit_head
    monkeypatch.setattr(pretraining._Run, "fit_head", watched)
    run()
    assert seen == [True] * 4


def test_a_head_that_is_not_finished_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pretraining_head, "ROUNDS", 1)
    run()
    assert "still learned after 1 rounds" in caplog.text


def test_the_same_seed_gives_the_same() -> None:
    one, two, other = run(), run(), run(seed=1)
    assert one[0].perplexities == two[0].perplexities != other[0].perplexities
    states = one[1].state_dict(), two[1].state_dict()
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_whoever_watches_hears_of_every_step() -> None:
    class Watcher:
        def __init__(self) -> None:
            self.steps: list[Step] = []

        def on_step(self, step: Step) -> None:
            self.steps.append(step)

        def on_epoch(self, epoch: int, points: Any) -> None:
            pass

    watcher = Watcher()
    run(observer=watcher, epochs=2, validation=0.25)
    learned = round(0.75 * len(TEXTS))
    assert sum(step.examples for step in watcher.steps) == 2 * learned
    assert [step.step for step in watcher.steps] == list(range(1, watcher.steps[-1].steps + 1))


def test_all_of_the_encoder_learns() -> None:
    found, model = run()
    before = load_encoder(tiny_source(), EncoderSettings()).state_dict()
    after = model.encoder.state_dict()  # type: ignore[union-attr]
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert {"embeddings.word_embeddings.weight"} < changed
    assert found.texts_seen > len(TEXTS) / 2
