"""What a run sees of its corpora: rows by part, and batches with each head's targets."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from mtlv.tasks import TaskSet
from mtlv.training.batches import BatchRows
from mtlv.training.data import TrainingData, head_targets
from toys import LABELS, tiny_source, toy_corpus, toy_data, toy_network

OTHER = ("liver", "brain")


@dataclass(frozen=True)
class Zeros:
    dtype: torch.dtype = torch.float32
    width: int = 3

    def rows(self, start: int, stop: int) -> torch.Tensor:
        return torch.zeros(stop - start, 3)


def test_rows_and_lengths_are_given_by_corpus() -> None:
    data = toy_data([toy_corpus(), toy_corpus("other", OTHER)], tiny_source())
    assert {name: len(rows) for name, rows in data.rows("train").items()} == {
        "toy": 16,
        "other": 16,
    }
    assert {name: len(own) for name, own in data.lengths.items()} == {"toy": 24, "other": 24}
    assert [corpus.name for corpus in data] == ["toy", "other"]


def test_targets_are_those_of_the_rows_with_missing_ones_as_nan() -> None:
    corpus = toy_corpus(every=3)
    data = toy_data([corpus], tiny_source())
    network = toy_network(tiny_source(), ("skin", "heart"))
    rows = np.array([5, 0, 17])
    found = head_targets(data.corpora["toy"], network, 0, rows)
    assert found.dtype == torch.float32
    expected = np.stack([corpus.values("skin")[rows], corpus.values("heart")[rows]], axis=1)
    np.testing.assert_array_equal(found, expected)
    assert found.isnan().any()


def test_a_batch_has_the_targets_of_every_head_of_its_corpus() -> None:
    corpora = [toy_corpus(), toy_corpus("other", OTHER)]
    data = toy_data(corpora, tiny_source())
    network = toy_network(tiny_source(), LABELS, OTHER, tasks=TaskSet.of(corpora))
    batch = data.batch(BatchRows("other", np.array([2, 9])), network)
    assert {head: tuple(targets.shape) for head, targets in batch.targets.items()} == {1: (2, 2)}


@pytest.mark.parametrize("taught", [("heart",), ("lung",), ("bone", "skin")])
def test_tasks_without_a_teacher_have_no_scores(taught: tuple[str, ...]) -> None:
    data = toy_data([toy_corpus()], tiny_source())
    scores = {name: np.linspace(0, 1, 24) for name in taught}
    corpus = replace(data.corpora["toy"], soft=scores)
    network = toy_network(tiny_source(), LABELS[:2], LABELS[2:])
    rows = np.array([2, 9])
    batch = TrainingData({"toy": corpus}).batch(BatchRows("toy", rows), network)
    for head, names in enumerate((LABELS[:2], LABELS[2:])):
        assert (head in batch.soft) == bool(set(names) & set(taught))
        if head in batch.soft:
            for column, name in zip(batch.soft[head].T, names, strict=True):
                expected = scores[name][rows] if name in taught else [np.nan, np.nan]
                np.testing.assert_allclose(column, expected, rtol=1e-6)


def test_with_states_batches_hold_states_and_the_same_targets() -> None:
    data = toy_data([toy_corpus()], tiny_source())
    network = toy_network(tiny_source())
    rows = BatchRows("toy", np.array([2, 9]))
    with_ids = data.batch(rows, network)
    with_states = data.with_states({"toy": Zeros()}).batch(rows, network)
    assert with_states.ids is None
    assert with_states.states is not None
    assert with_states.states.shape == (*with_ids.mask.shape, 3)
    assert torch.equal(with_states.mask, with_ids.mask)
    assert torch.equal(with_states.targets[0], with_ids.targets[0])
