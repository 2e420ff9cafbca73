"""Prediction of every kind of task: stored scores come out again, and what is left out is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mtlv.data.corpus import Example
from mtlv.errors import DataError, StoreError
from mtlv.store import Store
from mtlv.store.outcome import cell_predictions, load_outcome
from mtlv.studies.config import parse_config
from mtlv.studies.inputs import read_inputs
from mtlv.usage.predict import Predictor, load_predictor
from mtlv.usage.texts import Given
from store.fakes import MIXED, fake_study

pytestmark = pytest.mark.slow

TEXTS, WORDS = ["edema seen", "all clear"], [["the", "heart"], ["bone"]]


@pytest.fixture(scope="session", params=["mtl", "gmtl-two"])
def predictor(request: pytest.FixtureRequest, mixed: Store) -> Predictor:
    return load_predictor(mixed, "mixed", request.param)


def test_stored_scores_come_out_again(mixed: Store, predictor: Predictor) -> None:
    outcome = load_outcome(mixed, "mixed")
    stored = cell_predictions(mixed, outcome[predictor.plan].cells[0].cell)["test"]
    corpora = read_inputs(parse_config(outcome.study.config), Path()).corpora
    for name, own in stored.tasks.items():
        corpus = corpora[own.corpus]
        rows = [int(np.flatnonzero(corpus.ids == example)[0]) for example in own.ids]
        lists = {
            "texts": None if corpus.is_tokenised else corpus.texts(rows),
            "pairs": corpus.pairs(rows) if corpus.is_pair else None,
            "tokens": corpus.token_lists(rows) if corpus.is_tokenised else None,
        }
        alone = load_predictor(mixed, "mixed", predictor.plan, [name])
        again = alone(**lists)
        assert list(again.tasks) == [name]
        if own.kind == "tagging":
            assert len(again[name].scores) == len(own.scores)
            for mine, theirs in zip(again[name].scores, own.scores, strict=True):
                np.testing.assert_allclose(mine, theirs, atol=1e-4)
        else:
            np.testing.assert_allclose(again[name].scores, own.scores, atol=1e-4)


def test_numbers_keep_to_the_range_of_their_task(mixed: Store, predictor: Predictor) -> None:
    record = {task.name: task for task in mixed.study("mixed").tasks}["similarity"]
    assert record.range == (0.0, 5.0)
    found = predictor(["a"] * 3, ["b", "c", "d"])["similarity"]
    assert found.task.range == (0.0, 5.0)
    assert ((found.scores >= 0) & (found.scores <= 5)).all()


def test_a_record_from_before_ranges_were_written_still_has_them(mixed: Store) -> None:
    study = mixed.study("mixed")
    keys = ("metric", "negative", "range")
    old = [task.model_copy(update=dict.fromkeys(keys)) for task in study.tasks]
    plain = [corpus.model_copy(update={"input": None}) for corpus in study.corpora]
    cell = load_outcome(mixed, "mixed")["mtl"].cells[0]
    before = Predictor(mixed, study.model_copy(update={"tasks": old, "corpora": plain}), cell)
    assert before.tasks == load_predictor(mixed, "mixed", "mtl").tasks
    assert {name: own.input for name, own in before.readings().items()} == {
        "pairs": "pair",
        "parts": "tokens",
        "acts": "text",
        "reports": "text",
    }


def test_tasks_that_are_given_nothing_are_named(predictor: Predictor) -> None:
    found = predictor(TEXTS)
    assert list(found.tasks) == ["acts", "edema", "effusion", "fracture"]
    assert found.unserved == {
        "similarity": "it takes pairs of texts",
        "same": "it takes pairs of texts",
        "parts": "it takes lists of words",
    }
    assert list(predictor(tokens=WORDS).tasks) == ["parts"]
    assert predictor(TEXTS, TEXTS, WORDS).unserved == {}


def test_other_inputs_change_nothing_for_a_task(predictor: Predictor) -> None:
    alone, beside = predictor(TEXTS), predictor(TEXTS, TEXTS, WORDS)
    for name in alone.tasks:
        np.testing.assert_allclose(alone[name].scores, beside[name].scores, atol=1e-6)


def test_long_lists_are_cut_scored_and_joined(predictor: Predictor) -> None:
    sentence = [*("the", "heart", "is", "bone") * 4, "."]
    found = predictor(tokens=[["skin", "lung"], sentence * 3, ["old"]])["parts"]
    assert [len(tags) for tags in found.decisions] == [2, 51, 1]
    once = predictor(tokens=[sentence])["parts"].scores[0]
    np.testing.assert_allclose(found.scores[1], np.concatenate([once] * 3), atol=1e-5)


def test_probabilities_of_classes_sum_to_one_and_the_largest_decides(predictor: Predictor) -> None:
    found = predictor(TEXTS)["acts"]
    assert found.task.labels == ("acts", "binds", "false")
    for index in range(2):
        chances = found.probabilities(index)
        assert sum(chances.values()) == pytest.approx(1)
        assert found.label(index) == max(chances, key=chances.__getitem__)


def test_a_task_that_is_asked_for_must_be_served(mixed: Store) -> None:
    predictor = load_predictor(mixed, "mixed", "mtl", ["edema", "parts"])
    examples = {"reports": (Example("1", "a"),)}
    with pytest.raises(DataError, match="'parts' cannot be served"):
        predictor.predict(Given(("1",), examples, {"parts": "it takes lists of words"}))


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        ({"texts": []}, "no text to score"),
        ({}, "no text to score"),
        ({"texts": ["a"], "pairs": ["b", "c"]}, "1 texts, 2 second texts"),
        ({"texts": ["a", "b"], "tokens": [["c"]]}, "2 texts, 1 lists of words"),
        ({"pairs": ["b"]}, "1 second texts"),
        ({"texts": ["a", "  "]}, "example 2"),
        ({"texts": ["a"], "pairs": [""]}, "second text is empty"),
        ({"tokens": [["a"], []]}, "list of words is empty"),
        ({"tokens": [["a", 3]]}, "no list of words"),
        ({"texts": [3]}, "no text"),
    ],
)
def test_unusable_lists_are_refused(lists: dict, words: str, mixed: Store) -> None:
    with pytest.raises(DataError) as caught:
        load_predictor(mixed, "mixed", "mtl")(**lists)
    assert words in str(caught.value)


def test_an_unknown_task_names_the_nearest(mixed: Store) -> None:
    with pytest.raises(DataError, match="did you mean 'similarity'"):
        load_predictor(mixed, "mixed", tasks=["similarty"])


def test_a_plan_that_does_not_serve_a_task_names_one_that_does(tmp_path: Path) -> None:
    store = Store(tmp_path / "runs")
    record = fake_study(store, plans=("mtl", "stl"), tasks=MIXED, folds=1)
    cells = [cell for cell in record.cells if cell.plan == "mtl"]
    (cell,) = (cell for cell in record.cells if cell.plan == "stl")
    first = {"name": "first", "models": cell.architecture["models"][:1], "serves": {MIXED[0]: 0}}
    short = {"plan": "first", "architecture": first, "jobs": cell.jobs[:1]}
    store.write_study(record.model_copy(update={"cells": [*cells, cell.model_copy(update=short)]}))
    with pytest.raises(StoreError, match=r"'first' does not serve the task 'nli'[\s\S]*mtl"):
        load_predictor(store, "fake", "first", ["nli"])
    assert load_predictor(store, "fake", tasks=["nli"]).plan == "mtl"
    assert load_predictor(store, "fake", "first").tasks.names == (MIXED[0],)
