"""Held-out texts of a probe: rare targets are among them, and nothing is drawn twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlv.randomness import generator
from mtlv.tasks import Task
from mtlv.training.probes.held_out import FEWEST, _strata_of, draw_held_out, stratified
from toys import LABELS, tiny_source, toy_corpus, toy_data, toy_network

Array = np.ndarray[Any, Any]


def masks(size: int, *places: list[int]) -> list[Array]:
    made = [np.zeros(size, bool) for _ in places]
    for mask, own in zip(made, places, strict=True):
        mask[own] = True
    return made


def test_rare_strata_come_before_others() -> None:
    strata = masks(1000, [998], [990, 991], list(range(980)))
    taken = stratified(strata, 1000, 64)
    assert taken.sum() == 64
    assert taken[[998, 990, 991]].all()
    assert taken[: 64 - 3].all(), "the others are the first in a random order"


def test_every_stratum_has_its_first_text_before_any_has_its_second() -> None:
    strata = masks(40, [0, 1, 2, 3], [10, 11, 12, 13, 14], [20, 21, 22, 23, 24, 25])
    assert np.flatnonzero(stratified(strata, 40, 3)).tolist() == [0, 10, 20]
    assert np.flatnonzero(stratified(strata, 40, 4)).tolist() == [0, 1, 10, 20]


def test_a_text_counts_for_all_its_strata() -> None:
    strata = masks(10, [7], [7, 8, 9])
    taken = stratified(strata, 10, FEWEST)
    assert np.flatnonzero(taken).tolist() == [0, 7, 8, 9]


@given(st.integers(0, 30), st.integers(1, 40), st.lists(st.lists(st.integers(0, 29)), max_size=6))
def test_as_many_as_asked_for_and_no_stratum_left_out_without_need(
    size: int, count: int, places: list[list[int]]
) -> None:
    strata = masks(size, *([p for p in own if p < size] for own in places))
    taken = stratified(strata, size, count)
    assert taken.sum() == min(count, size)
    if count >= len(strata):
        assert all((taken & stratum).any() or not stratum.any() for stratum in strata)


def test_what_makes_a_stratum_follows_the_kind() -> None:
    values = np.array([1.0, 0.0, np.nan, 1.0])
    positive, negative = _strata_of(Task("a", "binary", "c", (), "f1"), values)
    assert (positive.tolist(), negative.tolist()) == (
        [True, False, False, True],
        [False, True, False, False],
    )
    (known,) = _strata_of(Task("a", "regression", "c", (), "pearson"), values)
    assert known.tolist() == [True, True, False, True]
    tags = np.array([np.array([0, 1]), None], dtype=object)
    (tagged,) = _strata_of(Task("a", "tagging", "c", ("O", "B"), "f1"), tags)
    assert tagged.tolist() == [True, False]


@pytest.mark.parametrize("seed", range(5))
def test_positives_of_every_task_are_drawn_where_there_are_any(seed: int) -> None:
    network, data = toy_network(tiny_source()), toy_data([toy_corpus()], tiny_source())
    corpus = data.corpora["toy"]
    drawn = draw_held_out(network, data, 3, generator(seed, "test"))["toy"]
    held_out = corpus.rows["validation"]
    assert len(drawn) == 3
    assert set(drawn) <= set(held_out)
    for label in LABELS:
        if (corpus.targets[label][held_out] == 1).any():
            assert (corpus.targets[label][drawn] == 1).any()
    again = draw_held_out(network, data, 3, generator(seed, "test"))["toy"]
    np.testing.assert_array_equal(drawn, again)
