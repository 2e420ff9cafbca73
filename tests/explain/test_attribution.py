"""Integrated gradients: complete, of the right words, refused where they mean nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mtlv.data import Example
from mtlv.errors import DataError, EncoderError
from mtlv.explain.attribution import Explained, attribute
from mtlv.explain.attribution_scores import TOKENS_PER_PASS, passes
from mtlv.explain.attribution_settings import AttributionSettings
from mtlv.explain.attribution_texts import encode_texts
from mtlv.model.heads import Features
from mtlv.model.network import Network
from mtlv.tasks import Task, TaskSet
from toys import FAMILIES, LABELS, tiny_source, toy_examples, toy_network

TEXTS = toy_examples(count=8)
KINDS = TaskSet(
    (
        Task("ward", "multiclass", "toy", ("a", "b", "c"), "accuracy"),
        Task("age", "regression", "toy", (), "pearson", range=(0.0, 1.0)),
        Task("spans", "tagging", "toy", ("O", "B-x"), "entity_f1"),
    )
)


def explained(task: str = "lung", family: str = "bert", label: str | None = None) -> Explained:
    source = tiny_source(family)
    tasks = None if task in LABELS else KINDS
    heads = [LABELS] if task in LABELS else [[own] for own in KINDS.names]
    network = toy_network(source, *heads, tasks=tasks).eval()
    with torch.no_grad():  # larger scores than those of a head at its start
        for head in network.heads:
            head.layers[-1].weight.mul_(50)
    return Explained(network, source, 64, task, label)


def score_of(own: Explained, ids: list[int]) -> float:
    """Return the logit of `lung` for token ids, by another way than the attributions take."""
    with torch.inference_mode():
        states = own.network.encoder(input_ids=torch.tensor([ids])).last_hidden_state
        mask = torch.ones(1, len(ids))
        logits = own.network.heads[0](Features(states, states[:, 0], mask))
    return float(logits[0, LABELS.index("lung")])


@pytest.mark.parametrize("family", list(FAMILIES))
def test_attributions_add_up_to_the_score_difference(family: str) -> None:
    for own in attribute(explained(family=family), TEXTS):
        assert abs(own.difference) > 1e-4
        assert np.nansum(own.values) == pytest.approx(own.score - own.baseline, abs=2e-3)
        assert own.delta == pytest.approx(np.nansum(own.values) - own.difference, abs=1e-6)


def test_scores_are_those_of_the_text_and_of_a_masked_text() -> None:
    model = explained()
    (own,) = attribute(model, TEXTS[5:6])
    (text,) = encode_texts(TEXTS[5:6], model.source, 64)
    mask = own_mask(model)
    masked = [t if o is None else mask for t, o in zip(text.ids, text.owners, strict=True)]
    assert masked[0] == text.ids[0]
    assert masked[-1] == text.ids[-1]
    assert own.score == pytest.approx(score_of(model, list(text.ids)), abs=1e-5)
    assert own.baseline == pytest.approx(score_of(model, masked), abs=1e-5)
    assert own.decoded == pytest.approx(1 / (1 + np.exp(-own.score)), abs=1e-6)


def own_mask(model: Explained) -> int:
    from mtlv.model.encoders import load_tokenizer

    return int(load_tokenizer(model.source).mask_token_id)


def test_a_linear_score_gives_each_word_its_own_part(monkeypatch: pytest.MonkeyPatch) -> None:
    model = explained()
    weight = torch.linspace(-1, 1, model.network.encoder.config.hidden_size)

    def linear(self: Network, batch: object, heads: object = None) -> Features:
        states = self.encoder.embeddings(input_ids=batch.ids)  # type: ignore[attr-defined]
        mask = batch.mask.unsqueeze(-1)  # type: ignore[attr-defined]
        return Features(states, (states * mask).sum(dim=1), mask)

    monkeypatch.setattr(Network, "encode", linear)
    head = model.network.heads[0].layers[-1]
    with torch.no_grad():
        head.weight[LABELS.index("lung")] = weight
    (own,) = attribute(model, [TEXTS[5]], AttributionSettings(steps=2))
    (text,) = encode_texts([TEXTS[5]], model.source, 64)
    with torch.inference_mode():
        ids = torch.tensor([list(text.ids)])
        blank = torch.tensor(
            [
                [
                    t if o is None else own_mask(model)
                    for t, o in zip(text.ids, text.owners, strict=True)
                ]
            ]
        )
        embeddings = model.network.encoder.embeddings
        parts = ((embeddings(input_ids=ids) - embeddings(input_ids=blank)) @ weight)[0]  # (L,)
    expected = np.zeros(len(text.words))
    for owner, part in zip(text.owners, parts.tolist(), strict=True):
        if owner is not None:
            expected[owner] += part
    assert own.values == pytest.approx(expected, abs=1e-4)


def test_a_batch_gives_what_single_texts_give() -> None:
    model = explained()
    together = attribute(model, TEXTS)
    for text, own in zip(TEXTS, together, strict=True):
        (alone,) = attribute(model, [text])
        assert own.text == alone.text
        assert own.values == pytest.approx(alone.values, abs=1e-4)


def test_pieces_are_summed_to_words() -> None:
    (own,) = attribute(explained(), [Example("1", "the heart's, since!")])
    assert own.text.words == ("the", "heart's", ",", "since", "!")
    assert len(own.values) == 5


def test_a_pair_has_the_words_of_both_texts() -> None:
    (own,) = attribute(explained(), [Example("1", "the heart", "no lung")])
    assert own.text.words == ("the", "heart", "no", "lung")
    assert np.isfinite(own.values).all()
    assert np.nansum(own.values) == pytest.approx(own.difference, abs=2e-3)


def test_what_is_cut_off_is_said_and_has_no_value() -> None:
    model = replace(explained(), max_length=6)
    (own,) = attribute(model, [Example("1", "the patient shows no lung today")])
    kept = int(np.isfinite(own.values).sum())
    assert 0 < kept < 6
    assert own.text.cut == " ".join(own.text.words[kept:])
    (whole,) = attribute(explained(), [Example("1", "the patient shows no lung today")])
    assert whole.text.cut == ""


def test_a_word_that_is_read_in_part_is_told() -> None:
    """Of `heart's` the first piece is read, the others are not."""
    (own,) = attribute(replace(explained(), max_length=4), [Example("1", "the heart's")])
    assert np.isfinite(own.values[1]), "its first piece adds something"
    assert own.text.cut == "heart's"
    assert [own.text.state(place) for place in (0, 1)] == ["read", "cut off"]


def test_signs_that_have_no_piece_are_not_cut_off() -> None:
    (own,) = attribute(explained(), [Example("1", "the heart �")])
    assert own.text.cut == ""
    assert [own.text.state(place) for place in range(len(own.text.words))] == [
        *("read", "read"),
        *["not read"] * (len(own.text.words) - 2),
    ]


def test_a_class_is_the_likeliest_or_the_one_that_is_named() -> None:
    found = {label: attribute(explained("ward", label=label), TEXTS[:3]) for label in "abc"}
    likeliest = attribute(explained("ward"), TEXTS[:3])
    for index, own in enumerate(likeliest):
        scores = {label: rows[index].score for label, rows in found.items()}
        assert own.label == max(scores, key=scores.__getitem__)
        assert own.score == pytest.approx(scores[own.label])
        chances = [rows[index].decoded for rows in found.values()]
        assert sum(chances) == pytest.approx(1, abs=1e-5)


def test_a_value_is_explained_beyond_its_range_and_decoded_within_it() -> None:
    model = explained("age")
    head = model.network.heads[1]
    head.scale.fill_(30.0)
    head.center.fill_(40.0)
    for own in attribute(model, TEXTS[:3]):
        assert not 0 <= own.score <= 1
        assert own.decoded == float(own.score > 1)
        assert np.nansum(own.values) == pytest.approx(own.difference, abs=0.05)


def test_more_steps_are_taken_where_the_delta_is_too_large() -> None:
    strict = AttributionSettings(steps=2, tolerance=1e-9, least_delta=0.0, most_steps=8)
    assert [own.steps for own in attribute(explained(), TEXTS[:2], strict)] == [8, 8]
    lax = AttributionSettings(steps=2, tolerance=1e9)
    assert [own.steps for own in attribute(explained(), TEXTS[:2], lax)] == [2, 2]


def test_intervals_that_are_halved_give_what_narrow_ones_give() -> None:
    halved = AttributionSettings(steps=4, tolerance=1e-9, least_delta=0.0, most_steps=16)
    narrow = AttributionSettings(steps=16, tolerance=1e9)
    pairs = zip(*(attribute(explained(), TEXTS, own) for own in (halved, narrow)), strict=True)
    for one, other in pairs:
        assert one.steps == other.steps == 16
        assert one.values == pytest.approx(other.values, abs=1e-5)
        assert one.delta == pytest.approx(other.delta, abs=1e-5)


def test_parameters_learn_again_afterwards() -> None:
    model = explained()
    before = [own.requires_grad for own in model.network.parameters()]
    attribute(model, TEXTS[:1])
    assert [own.requires_grad for own in model.network.parameters()] == before
    assert all(own.grad is None for own in model.network.parameters())


def test_passes_hold_every_text_once_and_no_more_tokens_than_fit() -> None:
    texts = encode_texts(toy_examples(count=24), tiny_source(), 64) * 20
    batches = list(passes(range(len(texts)), texts))
    assert sorted(row for rows in batches for row in rows) == list(range(len(texts)))
    sizes = [len(rows) * max(len(texts[i].ids) for i in rows) for rows in batches]
    assert max(sizes) <= TOKENS_PER_PASS


class TestRefused:
    @pytest.mark.parametrize("text", ["", "  \n"])
    def test_an_empty_text(self, text: str) -> None:
        with pytest.raises(DataError, match="The text is empty"):
            attribute(explained(), [Example("7", text)])

    def test_a_text_without_a_known_word(self) -> None:
        with pytest.raises(DataError, match="no word that the encoder knows") as caught:
            attribute(explained(), [Example("7", "☃ ☂")])
        assert caught.value.found == "☃, ☂"

    def test_an_unknown_word_among_others_is_only_named(self) -> None:
        (own,) = attribute(explained(), [Example("7", "the ☃ today")])
        assert own.text.unknown == ("☃",)

    def test_a_list_of_words(self) -> None:
        with pytest.raises(DataError, match="list of words"):
            attribute(explained(), [Example("7", tokens=("the", "lung"))])

    def test_a_tagging_task(self) -> None:
        with pytest.raises(DataError, match="score for every word"):
            attribute(explained("spans"), TEXTS[:1])

    def test_a_task_that_the_model_does_not_serve(self) -> None:
        with pytest.raises(DataError, match="does not serve the task 'lungs'") as caught:
            attribute(replace(explained(), task="lungs"), TEXTS[:1])
        assert "did you mean 'lung'" in str(caught.value)

    def test_a_class_that_is_not_there(self) -> None:
        with pytest.raises(DataError, match="no class 'd'"):
            attribute(explained("ward", label="d"), TEXTS[:1])
        with pytest.raises(DataError, match="only multiclass tasks"):
            attribute(explained("lung", label="d"), TEXTS[:1])

    @pytest.mark.parametrize("family", ["roberta", "mpnet"])
    def test_a_baseline_that_moves_the_other_tokens(self, family: str) -> None:
        with pytest.raises(EncoderError, match="positions of all other tokens"):
            attribute(explained(family=family), TEXTS[:1], AttributionSettings(baseline="pad"))
