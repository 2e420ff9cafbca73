"""CKA: 1 for the same up to rotation and scale, near 0 for independent, equal to a direct sum."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from mtlv.data import Example
from mtlv.errors import DataError
from mtlv.explain.similarity import cka, unbiased_hsic
from mtlv.explain.states import layer_states
from mtlv.model.batches import pad_batch
from mtlv.model.tokens import tokenise_texts
from toys import FAMILIES, LAYERS, tiny_source, toy_examples, toy_network

RANDOM = np.random.default_rng(0)
STATES = RANDOM.normal(size=(60, 20)) @ np.diag(np.linspace(0.2, 2, 20))


def direct_hsic(k: np.ndarray, l: np.ndarray) -> float:  # noqa: E741
    """Return the U-statistic over distinct items, as Song et al. (2012) define it."""
    n = len(k)
    two = [k[i, j] * l[i, j] for i, j in permutations(range(n), 2)]
    four = [k[i, j] * l[q, r] for i, j, q, r in permutations(range(n), 4)]
    three = [k[i, j] * l[i, q] for i, j, q in permutations(range(n), 3)]
    return float(np.mean(two) + np.mean(four) - 2 * np.mean(three))


def test_the_estimator_is_the_u_statistic() -> None:
    x, y = RANDOM.normal(size=(2, 7, 3))
    k, l = x @ x.T, y @ y.T  # noqa: E741
    assert unbiased_hsic(k, l) == pytest.approx(direct_hsic(k, l))
    assert unbiased_hsic(k, k) == pytest.approx(direct_hsic(k, k))


def test_rotated_scaled_and_shifted_representations_are_the_same() -> None:
    rotation, _ = np.linalg.qr(RANDOM.normal(size=(20, 20)))
    assert cka(STATES, STATES) == pytest.approx(1)
    assert cka(STATES, 3.7 * STATES @ rotation + 5) == pytest.approx(1)


def test_independent_representations_are_near_0_though_they_are_wide() -> None:
    wide = [RANDOM.normal(size=(60, 500)) for _ in range(2)]
    assert abs(cka(*wide)) < 0.1
    k, l = (own @ own.T for own in wide)  # noqa: E741
    centred = [own - own.mean(0) - own.mean(1)[:, None] + own.mean() for own in (k, l)]
    biased = (centred[0] * centred[1]).sum() / np.sqrt(
        (centred[0] ** 2).sum() * (centred[1] ** 2).sum()
    )
    assert biased > 0.8  # what the debiased estimator is for


def test_half_of_the_features_in_common_lies_between() -> None:
    other = np.hstack([STATES, RANDOM.normal(size=(60, 20))])
    assert 0.2 < cka(STATES, other) < 0.98


def test_mini_batches_agree_with_all_texts_at_once() -> None:
    many = RANDOM.normal(size=(1200, 10))
    other = many @ RANDOM.normal(size=(10, 6)) + RANDOM.normal(size=(1200, 6))
    assert cka(many, other, batch=100) == pytest.approx(cka(many, other, batch=1200), abs=0.03)
    assert np.isfinite(cka(many[:103], other[:103], batch=100))


def test_a_constant_representation_has_no_similarity() -> None:
    assert np.isnan(cka(np.ones((10, 3)), STATES[:10]))


def test_too_few_texts_are_refused() -> None:
    with pytest.raises(DataError, match="Too few texts"):
        cka(STATES[:3], STATES[:3])


@pytest.mark.parametrize("family", list(FAMILIES))
@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_states_are_those_behind_every_layer(family: str, pooling: str) -> None:
    source = tiny_source(family, pooling)
    network = toy_network(source).eval()
    examples = toy_examples(count=5)
    states = layer_states(network, source, examples, "lung", 64)
    assert states.shape == (LAYERS, 5, 16)
    table = tokenise_texts([own.text or "" for own in examples], source, 64)
    batch = pad_batch("toy", table, range(5))
    hidden = network.encoder(
        input_ids=batch.ids, attention_mask=batch.mask, output_hidden_states=True
    ).hidden_states
    first = hidden[1].detach().numpy()
    weights = batch.mask.numpy()[..., None]
    mean = (first * weights).sum(1) / weights.sum(1)
    expected = first[:, 0] if pooling == "cls" else mean
    assert states[0] == pytest.approx(expected, abs=1e-5)


def test_a_pair_is_read_as_one_input() -> None:
    source = tiny_source()
    network = toy_network(source).eval()
    alone = layer_states(network, source, [Example("1", "the heart")] * 4, "lung", 64)
    pair = layer_states(network, source, [Example("1", "the heart", "no lung")] * 4, "lung", 64)
    assert not np.allclose(alone, pair)
