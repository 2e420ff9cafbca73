"""Scoring: every row of a part, in its own place, by the head that owns the task."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mtlv.model.network import Network
from mtlv.tasks import TaskSet
from mtlv.training import scoring
from mtlv.training.batches import BatchRows
from mtlv.training.data import TrainingData
from mtlv.training.scoring import predict_part
from toys import LABELS, tiny_source, toy_corpus, toy_data, toy_network


def _alone(network: Network, data: TrainingData, row: int) -> list[float]:
    """Scores of one text by itself."""
    with torch.no_grad():
        outputs = network.eval()(data.batch(BatchRows("toy", np.array([row])), network))
    scores: list[float] = torch.cat([o.sigmoid() for o in outputs.heads.values()], dim=1)[
        0
    ].tolist()
    return scores


@pytest.mark.parametrize("part", ["validation", "test"])
@pytest.mark.parametrize("budget", [20, 8192])
def test_scores_stand_with_their_examples(
    part: str, budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "TOKENS_PER_BATCH", budget)
    data = toy_data([toy_corpus()], tiny_source())
    network = toy_network(tiny_source(), ("heart", "skin"), ("lung", "bone"))
    found = predict_part(network, data, part)  # type: ignore[arg-type]
    assert found.part == part
    assert list(found.tasks) == ["heart", "skin", "lung", "bone"]
    rows = data.corpora["toy"].rows[part]  # type: ignore[index]
    for place, row in enumerate(rows):
        scores = [task.scores[place] for task in found.tasks.values()]
        assert scores == pytest.approx(_alone(network, data, row), abs=1e-5)


def test_ids_and_targets_are_those_of_the_part() -> None:
    corpus = toy_corpus(every=3)
    data = toy_data([corpus], tiny_source())
    found = predict_part(toy_network(tiny_source()), data, "test")
    for name in LABELS:
        task = found.tasks[name]
        assert task.kind == "binary"
        assert task.ids.tolist() == ["20", "21", "22", "23"]
        np.testing.assert_array_equal(task.targets, corpus.values(name)[20:24])
    assert np.isnan(found.labels().targets).any()


def test_every_corpus_is_scored_by_its_own_heads() -> None:
    corpora = [toy_corpus(), toy_corpus("other", ("liver", "brain"))]
    tasks = TaskSet.of(corpora)
    network = toy_network(tiny_source(), LABELS, ("liver", "brain"), tasks=tasks)
    found = predict_part(network, toy_data(corpora, tiny_source()), "test")
    assert set(found.tasks) == {*LABELS, "liver", "brain"}


def test_scoring_drops_nothing_and_keeps_no_gradient() -> None:
    data = toy_data([toy_corpus()], tiny_source())
    network = toy_network(tiny_source()).train()
    first, second = (predict_part(network, data, "test").labels().scores for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not network.training
    assert all(p.grad is None for p in network.parameters())


def test_a_part_without_rows_has_empty_predictions() -> None:
    data = toy_data([toy_corpus()], tiny_source())
    data.corpora["toy"].rows["test"] = np.array([], int)  # type: ignore[index]
    found = predict_part(toy_network(tiny_source()), data, "test")
    assert {len(task.scores) for task in found.tasks.values()} == {0}
