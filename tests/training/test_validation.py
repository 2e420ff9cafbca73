"""What an epoch looks like: the curves by hand, and the value by which epochs are chosen."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, log_loss

from mtlv.evaluation.about import About
from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.model.network import Network
from mtlv.tasks import Task
from mtlv.training.validation import curve_points, selection_value
from toys import tiny_source, toy_network

TARGETS = {"heart": [1, 0, 1, 0], "lung": [0, 0, 1, 1], "bone": [1, 0, 0, 0]}
SCORES = {"heart": [0.9, 0.6, 0.4, 0.1], "lung": [0.2, 0.7, 0.8, 0.3], "bone": [0.6, 0.5, 0.2, 0.1]}


def _predictions(targets: dict[str, list[float]]) -> Predictions:
    ids = np.array(["a", "b", "c", "d"], object)
    return Predictions(
        "validation",
        {
            name: TaskPredictions(
                name, "binary", ids, np.array(values, float), np.array(SCORES[name])
            )
            for name, values in targets.items()
        },
    )


def _decided(name: str) -> list[int]:
    return [int(score >= 0.5) for score in SCORES[name]]


def _points() -> dict[tuple[str, str, str], float]:
    network = toy_network(tiny_source(), ("heart",), ("lung", "bone"))
    losses = {None: 0.7, 0: 0.3, 1: 0.4}
    points = curve_points(3, losses, _predictions(TARGETS), network)
    assert {point.epoch for point in points} == {3}
    assert len({(p.part, p.scope, p.name, p.metric) for p in points}) == len(points)
    return {(p.part, p.name, p.metric): p.value for p in points}


def test_training_losses_are_given_for_the_model_and_each_head() -> None:
    points = _points()
    assert points["train", "model", "loss"] == 0.7
    assert points["train", "head 1", "loss"] == 0.3
    assert points["train", "head 2", "loss"] == 0.4


@pytest.mark.parametrize("name", TARGETS)
def test_every_label_has_its_own_curve(name: str) -> None:
    points = _points()
    f1 = f1_score(TARGETS[name], _decided(name))
    precision = average_precision_score(TARGETS[name], SCORES[name])
    assert points["validation", name, "f1"] == pytest.approx(f1)
    assert points["validation", name, "average_precision"] == pytest.approx(precision)


@pytest.mark.parametrize(
    ("scope", "names"),
    [("model", ["heart", "lung", "bone"]), ("head 1", ["heart"]), ("head 2", ["lung", "bone"])],
)
def test_model_and_heads_cover_their_own_labels(scope: str, names: list[str]) -> None:
    points = _points()
    macro = np.mean([f1_score(TARGETS[n], _decided(n)) for n in names])
    precision = np.mean([average_precision_score(TARGETS[n], SCORES[n]) for n in names])
    loss = np.mean([log_loss(TARGETS[n], SCORES[n]) for n in names])
    assert points["validation", scope, "f1_macro"] == pytest.approx(macro)
    assert points["validation", scope, "average_precision_macro"] == pytest.approx(precision)
    assert points["validation", scope, "log_loss"] == pytest.approx(loss)


def _others() -> Predictions:
    ids = np.array(["e", "f"], object)
    tags = np.empty(2, object)
    chances = np.empty(2, object)
    tags[:] = [np.array([0.0, 1, 2]), np.array([1.0, 0, 0, 1])]
    chances[:] = [np.eye(3)[[0, 1, 2]] * 0.8 + 0.1, np.eye(3)[[1, 2, 0, 0]] * 0.8 + 0.1]
    several = np.array([[0.7, 0.2, 0.1], [0.5, 0.3, 0.2]])
    return Predictions(
        "validation",
        {
            "nli": TaskPredictions("nli", "multiclass", ids, np.array([0.0, 1]), several),
            "sts": TaskPredictions(
                "sts", "regression", ids, np.array([1.0, 2]), np.array([2.0, 4])
            ),
            "ner": TaskPredictions(
                "ner", "tagging", ids, tags, chances, "", About(("O", "B", "I"))
            ),
        },
    )


def _network(*heads: tuple[str, ...]) -> Network:
    """Stands for a network: its heads have tasks of these names."""
    tasks = [[Task(name, "binary", "c", (), "f1") for name in head] for head in heads]
    own = SimpleNamespace(heads=heads, head=lambda i: SimpleNamespace(tasks=tasks[i]))
    return cast(Network, own)


class TestOtherKinds:
    def test_a_task_is_shown_by_primary_metric_and_loss(self) -> None:
        points = curve_points(1, {}, _others(), _network(("nli",), ("sts",), ("ner",)))
        values = {(p.scope, p.name, p.metric): p.value for p in points}
        assert values["label", "nli", "accuracy"] == 0.5
        assert values["label", "nli", "log_loss"] == pytest.approx(-np.log(0.7 * 0.3) / 2)
        assert values["label", "sts", "pearson"] == pytest.approx(1.0)
        assert values["label", "sts", "mse"] == pytest.approx((1 + 4) / 2)
        # True: 1-2 | 0, 3; found: 1-2 | 0-1. One of two found is right, of three true.
        assert values["label", "ner", "entity_f1"] == pytest.approx(2 / 5)
        assert values["head", "head 3", "entity_f1"] == pytest.approx(2 / 5)
        assert values["model", "model", "primary_mean"] == pytest.approx((0.5 + 1.0 + 0.4) / 3)
        assert not any(name == "f1_macro" for _, _, name in values)

    def test_binary_tasks_beside_them_are_shown_as_ever(self) -> None:
        both = _predictions(TARGETS).merged([_others()])
        network = _network(("heart", "lung", "bone"), ("nli",), ("sts",), ("ner",))
        values = {(p.name, p.metric): p.value for p in curve_points(1, {}, both, network)}
        alone = curve_points(1, {}, _predictions(TARGETS), _network(("heart", "lung", "bone")))
        for point in alone:
            assert values[point.name, point.metric] == point.value
        f1 = [f1_score(TARGETS[n], _decided(n)) for n in TARGETS]
        assert values["model", "primary_mean"] == pytest.approx(np.mean([*f1, 0.5, 1.0, 0.4]))

    def test_epochs_go_by_the_mean_over_tasks(self) -> None:
        others = _others()
        assert selection_value(others, "average_precision") == pytest.approx(1.9 / 3)
        assert selection_value(others, "f1") == pytest.approx(1.9 / 3)
        losses = [-np.log(0.7 * 0.3) / 2, 2.5, -np.log(0.9) * 5 / 7 - np.log(0.1) * 2 / 7]
        assert selection_value(others, "loss") == pytest.approx(-np.mean(losses))


def test_selection_is_the_mean_over_tasks() -> None:
    found = _predictions(TARGETS)
    precision = np.mean([average_precision_score(TARGETS[n], SCORES[n]) for n in TARGETS])
    f1 = np.mean([f1_score(TARGETS[n], _decided(n)) for n in TARGETS])
    loss = np.mean([log_loss(TARGETS[n], SCORES[n]) for n in TARGETS])
    assert selection_value(found, "average_precision") == pytest.approx(precision)
    assert selection_value(found, "f1") == pytest.approx(f1)
    assert selection_value(found, "loss") == pytest.approx(-loss)


def test_a_label_without_positives_is_left_out_of_selection() -> None:
    found = _predictions(TARGETS | {"bone": [0, 0, 0, 0]})
    expected = np.mean([average_precision_score(TARGETS[n], SCORES[n]) for n in ("heart", "lung")])
    assert selection_value(found, "average_precision") == pytest.approx(expected)


@pytest.mark.parametrize("select_by", ["average_precision", "loss"])
def test_what_is_not_defined_is_worse_than_anything(select_by: str) -> None:
    nothing = _predictions({name: [np.nan] * 4 for name in TARGETS})
    assert selection_value(nothing, select_by) == float("-inf")  # type: ignore[arg-type]
