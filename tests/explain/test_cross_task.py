"""Cross-task matrices: rows are texts, columns are output layers, and only like kinds are asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from mtlv.data import Corpus, CorpusBuilder, Example, Target
from mtlv.evaluation.about import About
from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.evaluation.thresholds import Thresholds
from mtlv.explain.cross_task import Layers, best_guess, can_be_asked, cross_matrix, layer_scores
from mtlv.model.network import Network, with_own_encoders
from mtlv.model.tokens import tokenise
from mtlv.tasks import Task, TaskSet
from mtlv.training.scoring import corpus_scores
from toys import tiny_source, toy_corpus, toy_data, toy_network

FILMS, FOOD = toy_corpus("films", ("heart",)), toy_corpus("food", ("lung",))
WARDS = ("a", "b", "c")
CORPORA = {"films": FILMS, "food": FOOD}
TASKS = TaskSet.of([FILMS, FOOD])


def network(*heads: list[str]) -> Network:
    return toy_network(tiny_source(), *heads, tasks=TASKS).eval()


def layers(model: Network, *tasks: str) -> Layers:
    return Layers(model, tiny_source(), 32, tasks)


def predictions(rows: dict[str, list[int]]) -> Predictions:
    tasks = {}
    for task in TASKS:
        corpus, own = CORPORA[task.corpus], np.array(rows[task.name])
        truth = corpus.values(task.name)[own]
        tasks[task.name] = TaskPredictions(
            task.name, "binary", corpus.ids[own], truth, truth, corpus.name
        )
    return Predictions("test", tasks)


def thresholds(**values: float) -> Thresholds:
    return Thresholds(values, "fixed", "fixed")


def by_hand(model: Network, head: int, corpus: Corpus, rows: list[int]) -> np.ndarray[Any, Any]:
    """Score texts one by one through a head, whatever corpus it belongs to."""
    table = tokenise(corpus, tiny_source(), 32)
    found = []
    with torch.inference_mode():
        for row in rows:
            ids = table.ids[table.offsets[row] : table.offsets[row + 1]]
            states = model.encoder(input_ids=torch.tensor(ids[None].astype(int)))
            logits = model.head(head).layers(states.last_hidden_state[:, 0])
            found.append(float(logits.sigmoid()))
    return np.array(found)


def test_a_layer_reads_the_texts_of_another_corpus() -> None:
    model, rows = network(["heart"], ["lung"]), [5, 0, 17]
    found = layer_scores(model, tokenise(FOOD, tiny_source(), 32), np.array(rows), ["heart"])
    assert list(found) == ["heart"]
    assert np.allclose(found["heart"], by_hand(model, 0, FOOD, rows), atol=1e-6)


def test_its_own_texts_are_scored_as_in_the_study() -> None:
    model = network(["heart"], ["lung"])
    data = toy_data([FILMS, FOOD], tiny_source())
    expected = corpus_scores(model, data, data.corpora["food"], "test")["lung"]
    rows = data.corpora["food"].rows["test"]
    found = layer_scores(model, tokenise(FOOD, tiny_source(), 32), rows, ["lung", "heart"])
    assert np.allclose(found["lung"], expected, atol=1e-6)


def test_layers_with_encoders_of_their_own_read_through_them() -> None:
    model = with_own_encoders(network(["heart"], ["lung"]), 0.1)
    with torch.no_grad():
        for parameter in model.encoders[1].parameters():
            parameter.mul_(1.5)
    model.eval()
    table, rows = tokenise(FOOD, tiny_source(), 32), np.arange(6)
    together = layer_scores(model, table, rows, ["heart", "lung"])
    for task in ("heart", "lung"):
        alone = layer_scores(model, table, rows, [task])
        assert np.allclose(together[task], alone[task], atol=1e-6)
    swapped = Network(model.encoders[0], [model.head(0)], model.pooling).eval()
    assert np.allclose(layer_scores(swapped, table, rows, ["heart"])["heart"], together["heart"])


def test_a_matrix_has_texts_in_rows_and_layers_in_columns() -> None:
    shared, rows = network(["heart"], ["lung"]), {"heart": list(range(8)), "lung": [3, 9, 10, 20]}
    limits = {"heart": 0.495, "lung": 0.505}
    test = predictions(rows)
    found = cross_matrix(
        [layers(shared, "heart", "lung")], test, CORPORA, list(TASKS), thresholds(**limits)
    )
    for i, texts in enumerate(TASKS):
        for j, layer in enumerate(TASKS):
            scores = by_hand(shared, j, CORPORA[texts.corpus], rows[texts.name])
            decided = scores >= limits[layer.name]
            truth = test.tasks[texts.name].targets
            assert found["accuracy"][i, j] == pytest.approx(np.mean(decided == truth))
            hits = np.sum(decided & (truth == 1))
            expected = 2 * hits / (decided.sum() + truth.sum())
            assert found["f1"][i, j] == pytest.approx(expected)


def test_guessing_is_the_best_constant_answer() -> None:
    truth = np.array([1.0, 1, 0, 1, np.nan])
    scores = np.linspace(0, 1, 5)
    binary = TaskPredictions("heart", "binary", np.arange(5).astype(str), truth, scores)
    wards = TaskPredictions(
        "ward", "multiclass", np.arange(5).astype(str), truth, np.zeros((5, 3)), "", About(WARDS)
    )
    tasks = [Task("heart", "binary", "x", (), "f1"), Task("ward", "multiclass", "x", WARDS, "f1")]
    test = Predictions("test", {"heart": binary, "ward": wards})
    found = best_guess(test, [*tasks, Task("age", "regression", "x", (), "mse")])
    assert found["accuracy"][:2] == pytest.approx([3 / 4, 3 / 4])
    assert found["f1"][0] == pytest.approx(6 / 7)  # 2 * 3/4 / (1 + 3/4)
    assert np.isnan(found["accuracy"][2])


def test_single_task_models_each_fill_a_column() -> None:
    alone = [layers(network([task]), task) for task in ("heart", "lung")]
    test = predictions({"heart": list(range(8)), "lung": list(range(8))})
    found = cross_matrix(alone, test, CORPORA, list(TASKS), thresholds())
    assert np.isfinite(found["accuracy"]).all()
    lung = cross_matrix(alone[1:], test, CORPORA, list(TASKS), thresholds())["accuracy"]
    assert np.isnan(lung[:, 0]).all()
    assert np.array_equal(lung[:, 1], found["accuracy"][:, 1])


def test_only_layers_of_like_kind_and_labels_are_asked() -> None:
    def task(kind: Any, *labels: str) -> Task:
        return Task("t", kind, "c", labels, "f1")

    three = task("multiclass", "a", "b", "c")
    assert can_be_asked(task("binary"), task("binary"))
    assert can_be_asked(three, task("multiclass", "x", "y", "z"))
    assert not can_be_asked(three, task("multiclass", "x", "y"))
    assert not can_be_asked(task("binary"), three)
    assert not can_be_asked(task("regression"), task("regression"))
    assert not can_be_asked(task("tagging", "O"), task("tagging", "O"))


def test_multiclass_layers_decide_by_their_likeliest_class() -> None:
    builder = CorpusBuilder("wards", [Target("ward", "multiclass", ("a", "b", "c"))])
    words = ("heart", "lung", "bone")
    for i in range(12):
        builder.add(Example(str(i), f"the {words[i % 3]} {i}", targets={"ward": i % 3}))
    corpus = builder.build()
    tasks = TaskSet.of([corpus])
    model = toy_network(tiny_source(), ["ward"], tasks=tasks).eval()
    truth = corpus.values("ward")
    own = TaskPredictions(
        "ward", "multiclass", corpus.ids, truth, np.eye(3)[truth.astype(int)], "wards"
    )
    scores = layer_scores(model, tokenise(corpus, tiny_source(), 32), np.arange(12), ["ward"])
    assert scores["ward"].shape == (12, 3)
    found = cross_matrix(
        [layers(model, "ward")],
        Predictions("test", {"ward": own}),
        {"wards": corpus},
        list(tasks),
        thresholds(),
    )
    assert found["accuracy"][0, 0] == pytest.approx(np.mean(scores["ward"].argmax(axis=1) == truth))
