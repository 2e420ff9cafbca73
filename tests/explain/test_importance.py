"""Importance from weights: against sums by hand, numeric integration, and a trained network."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from mtlv.explain.bow_models import bow_bags, bow_weights, is_plain_bow
from mtlv.explain.importance import (
    BowWeights,
    attributions,
    bags_of,
    input_sums,
    integrated_gradients,
    logits,
    output_weights,
)
from mtlv.model.bow_words import bow_source
from mtlv.model.network import Network
from mtlv.model.settings import BowSettings, EncoderSettings, HeadSettings
from mtlv.model.source import EncoderSource
from mtlv.model.tokens import tokenise_texts
from toys import LABELS, tiny_source, toy_corpus, toy_network

RANDOM = np.random.default_rng(1)
WORDS = ("good", "bad", "plot")
BY_HAND = BowWeights(
    WORDS,
    np.array([[1.0, 2.0], [-1.0, 0.5], [0.0, 0.0]]),
    np.array([0.0, 0.0]),
    np.array([3.0, -1.0]),
    0.5,
    "relu",
)
BAGS = bags_of([[0], [0, 1], [], [2, 2]], 3, binary=False)


def weights(activation: str, words: int = 6, hidden: int = 4) -> BowWeights:
    return BowWeights(
        tuple(f"w{i}" for i in range(words)),
        RANDOM.normal(size=(words, hidden)),
        RANDOM.normal(size=hidden),
        RANDOM.normal(size=hidden),
        0.3,
        activation,
    )


def test_bags_count_words_or_see_them_once() -> None:
    texts = [[0, 2, 2, -3, 7], []]
    assert bags_of(texts, 3, binary=False).toarray().tolist() == [[1, 0, 2], [0, 0, 0]]
    assert bags_of(texts, 3, binary=True).toarray().tolist() == [[1, 0, 1], [0, 0, 0]]


def test_sums_and_output_weights_by_hand() -> None:
    assert input_sums(BY_HAND).tolist() == [3.0, -0.5, 0.0]
    assert output_weights(BY_HAND).tolist() == [1.0, -3.5, 0.0]


def test_a_relu_model_by_hand() -> None:
    # good: units 1 and 2 -> 3*1 - 2 + 0.5; good bad: units 0 and 2.5 -> -2.5 + 0.5
    assert logits(BY_HAND, BAGS).tolist() == [1.5, -2.0, 0.5, 0.5]
    found = attributions(BY_HAND, BAGS).toarray()
    assert found[0].tolist() == [1.0, 0.0, 0.0]
    # in `good bad` the first unit's sum is 0 all along, so only the second one carries them
    assert found[1].tolist() == [-2.0, -0.5, 0.0]
    assert integrated_gradients(BY_HAND, BAGS).tolist()[:2] == [-0.5, -0.5]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_attributions_add_up_to_the_difference_to_the_empty_text(activation: str) -> None:
    own = weights(activation)
    bags = bags_of([[0, 1, 1, 5], [2], [], [0, 1, 2, 3, 4, 5]], 6, binary=False)
    empty = logits(own, bags_of([[]], 6, binary=False))
    total = np.asarray(attributions(own, bags).sum(axis=1)).ravel()
    assert np.allclose(total, logits(own, bags) - empty, atol=1e-12)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_attributions_are_the_integral_of_gradients(activation: str) -> None:
    own, text = weights(activation), np.array([1.0, 2.0, 0.0, 0.0, 1.0, 0.0])
    steps = 20_000
    rows, bias, output = (torch.tensor(w) for w in (own.rows, own.bias, own.output))
    act: Any = {"sigmoid": torch.sigmoid, "tanh": torch.tanh}[activation]
    along = torch.tensor((np.arange(steps) + 0.5)[:, None] / steps * text, requires_grad=True)
    (act(along @ rows + bias) @ output).sum().backward()
    assert along.grad is not None
    expected = text * along.grad.mean(dim=0).numpy()
    bag = bags_of([[0, 1, 1, 4]], 6, binary=False)
    assert np.allclose(attributions(own, bag).toarray()[0], expected, atol=1e-7)


def test_a_sum_of_zero_has_the_slope_at_the_bias() -> None:
    own = BowWeights(("a", "b"), np.array([[1.0], [-1.0]]), np.zeros(1), np.ones(1), 0.0, "sigmoid")
    assert attributions(own, bags_of([[0, 1]], 2, binary=True)).toarray()[0].tolist() == [
        0.25,
        -0.25,
    ]


def test_the_mean_is_over_texts_that_have_the_word() -> None:
    own = weights("sigmoid")
    bags = bags_of([[0, 1, 1], [0], [3, 4]], 6, binary=False)
    single = attributions(own, bags).toarray()
    found = integrated_gradients(own, bags)
    assert found[0] == pytest.approx(single[:2, 0].mean())
    assert found[1] == pytest.approx(single[0, 1])
    assert np.isnan(found[[2, 5]]).all()


def test_only_the_articles_measure_moves_when_a_unit_and_its_output_change_sign() -> None:
    own, turn = weights("tanh"), np.array([1.0, -1.0, 1.0, 1.0])
    same = BowWeights(
        own.words, own.rows * turn, own.bias * turn, own.output * turn, own.offset, "tanh"
    )
    bags = bags_of([[0, 1, 2], [3, 4, 5]], 6, binary=True)
    assert np.allclose(logits(own, bags), logits(same, bags))
    assert np.allclose(output_weights(own), output_weights(same))
    assert np.allclose(integrated_gradients(own, bags), integrated_gradients(same, bags))
    assert not np.allclose(input_sums(own), input_sums(same))


# --- the weights of a network --------------------------------------------------------------------


def bow_network(counts: str, **head: Any) -> tuple[Network, EncoderSource]:
    settings = EncoderSettings(name="bow", bow=BowSettings(hidden_size=5, counts=counts))  # type: ignore[arg-type]
    source = bow_source(settings, {"toy": toy_corpus().texts()})
    network = toy_network(source, encoder=settings, head=HeadSettings(**head)).eval()
    torch.nn.init.normal_(network.head(0).layers[-1].weight)
    return network, source


@pytest.mark.parametrize("counts", ["binary", "counts"])
def test_weights_and_bags_of_a_network_give_its_logits(counts: str) -> None:
    network, source = bow_network(counts)
    texts = ["heart lung heart", "no such word", "the patient shows heart"]
    table = tokenise_texts(texts, source, 32)
    own = bow_weights(network, source, "lung")
    bags = bow_bags(network, table, np.arange(3))
    ids = [table.ids[a:b] for a, b in pairwise(table.offsets)]
    expected = []
    with torch.inference_mode():
        for text in ids:
            states = network.encoder(input_ids=torch.tensor(text[None].astype(int)))
            logit = network.head(0).layers(states.last_hidden_state[:, 0])
            expected.append(float(logit[0, LABELS.index("lung")]))
    assert np.allclose(logits(own, bags), expected, atol=1e-6)
    assert own.words[int(bags[2].indices[0])] in texts[2]


def test_only_one_layer_on_a_bag_of_words_has_importance_from_weights() -> None:
    assert is_plain_bow(bow_network("binary")[0], "lung")
    assert not is_plain_bow(bow_network("binary", layers=1)[0], "lung")
    assert not is_plain_bow(toy_network(tiny_source()), "lung")
