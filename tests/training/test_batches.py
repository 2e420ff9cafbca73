"""Batches: every row once per epoch, of like length, of one corpus, drawn anew from the seed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlv.randomness import generator
from mtlv.training.batches import (
    WINDOW,
    BatchRows,
    epoch_batches,
    scoring_batches,
)

LENGTHS = np.random.default_rng(0).integers(3, 128, size=3000)
ROWS = np.arange(100, 2900)


def _epoch(
    epoch: int = 1, *, seed: int = 0, size: int = 16, bucketing: bool = True
) -> list[BatchRows]:
    draws = generator(seed, "batches", epoch)
    return epoch_batches({"a": ROWS}, {"a": LENGTHS}, {"a": size}, draws, bucketing=bucketing)


def _members(batches: list[BatchRows]) -> set[frozenset[int]]:
    return {frozenset(batch.rows.tolist()) for batch in batches}


def _padding(batches: list[BatchRows]) -> float:
    """Share of all computed tokens that are padding."""
    computed = sum(LENGTHS[batch.rows].max() * len(batch.rows) for batch in batches)
    return 1 - float(LENGTHS[ROWS].sum() / computed)


@pytest.mark.parametrize("bucketing", [True, False])
@pytest.mark.parametrize("size", [1, 7, 16, 5000])
def test_every_row_comes_once_per_epoch(size: int, bucketing: bool) -> None:
    batches = _epoch(size=size, bucketing=bucketing)
    assert sorted(np.concatenate([b.rows for b in batches]).tolist()) == ROWS.tolist()
    assert len(batches) == -(-len(ROWS) // size)
    assert max(len(batch.rows) for batch in batches) <= size


@given(
    counts=st.lists(st.integers(1, 70), min_size=1, max_size=3),
    size=st.integers(1, 20),
    seed=st.integers(0, 2**32 - 1),
    bucketing=st.booleans(),
)
def test_every_row_of_every_corpus_comes_once(
    counts: list[int], size: int, seed: int, bucketing: bool
) -> None:
    rows = {f"corpus {i}": np.arange(count) for i, count in enumerate(counts)}
    lengths = {name: (own * 37) % 50 + 1 for name, own in rows.items()}
    draws = np.random.default_rng(seed)
    batches = epoch_batches(rows, lengths, dict.fromkeys(rows, size), draws, bucketing=bucketing)
    for name, own in rows.items():
        parts = [batch.rows for batch in batches if batch.corpus == name]
        assert sorted(np.concatenate(parts).tolist()) == own.tolist()
        assert len(parts) == -(-len(own) // size)


def test_membership_differs_between_epochs() -> None:
    first, second = _members(_epoch(1)), _members(_epoch(2))
    assert len(first & second) < 0.01 * len(first)


def test_the_same_seed_and_epoch_give_the_same_batches() -> None:
    one, two, other = _epoch(3), _epoch(3), _epoch(3, seed=1)
    assert all(np.array_equal(a.rows, b.rows) for a, b in zip(one, two, strict=True))
    assert _members(one) != _members(other)


def test_bucketing_leaves_little_padding() -> None:
    assert _padding(_epoch()) < 0.03
    assert _padding(_epoch(bucketing=False)) > 0.3


def test_no_order_by_length_is_left_between_batches() -> None:
    means = [LENGTHS[batch.rows].mean() for batch in _epoch()]
    assert abs(np.corrcoef(np.arange(len(means)), means)[0, 1]) < 0.2


def test_only_a_corpus_last_batch_is_smaller() -> None:
    sizes = sorted(len(batch.rows) for batch in _epoch(size=WINDOW - 1))
    assert set(sizes[1:]) == {WINDOW - 1}


def test_every_batch_is_of_one_corpus_and_corpora_are_mixed() -> None:
    rows = {"a": np.arange(320), "b": np.arange(160)}
    lengths = {"a": LENGTHS, "b": LENGTHS}
    names = [b.corpus for b in epoch_batches(rows, lengths, dict.fromkeys(rows, 16), generator(0))]
    assert (names.count("a"), names.count("b")) == (20, 10)
    changes = sum(one != two for one, two in pairwise(names))
    assert changes > 5


@pytest.mark.parametrize("budget", [64, 500, 8192])
def test_scoring_batches_cover_all_rows_and_obey_the_budget(budget: int) -> None:
    batches = scoring_batches(ROWS, LENGTHS, budget)
    assert sorted(np.concatenate(batches).tolist()) == ROWS.tolist()
    for batch in batches:
        assert len(batch) == 1 or LENGTHS[batch].max() * len(batch) <= budget


def test_scoring_batches_are_as_full_as_the_budget_allows() -> None:
    lengths = np.array([4, 2, 2, 4, 5])
    batches = scoring_batches([0, 1, 2, 3, 4], lengths, 8)
    assert [batch.tolist() for batch in batches] == [[1, 2], [0, 3], [4]]


def test_a_text_longer_than_the_budget_is_scored_alone() -> None:
    batches = scoring_batches([0, 1, 2], np.array([3, 100, 3]), 8)
    assert [batch.tolist() for batch in batches] == [[0, 2], [1]]


def test_no_rows_make_no_batches() -> None:
    assert scoring_batches(np.array([], int), LENGTHS, 64) == []
    assert scoring_batches([], LENGTHS, 64) == []
