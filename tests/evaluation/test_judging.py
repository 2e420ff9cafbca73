"""By what a task is judged, and what it is worth on validation."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss

from evaluation.kinds import random_task
from mtlv.data import Kind
from mtlv.errors import ProtocolError
from mtlv.evaluation.about import About
from mtlv.evaluation.judging import (
    decided,
    plan_value,
    primary_metric,
    selected_by,
    task_value,
    task_values,
    validation_value,
)
from mtlv.evaluation.metrics import METRICS, TASK_METRICS
from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.evaluation.scoring import ScoringSettings

KINDS: tuple[Kind, ...] = get_args(Kind)
OTHERS = [kind for kind in KINDS if kind != "binary"]


def validation(*kinds: Kind) -> Predictions:
    tasks = {f"{kind} {i}": random_task(kind, i) for i, kind in enumerate(kinds)}
    return Predictions("validation", {n: replace(t, task=n) for n, t in tasks.items()})


@pytest.mark.parametrize(
    ("kind", "usual"),
    [
        ("binary", "f1"),
        ("multiclass", "accuracy"),
        ("regression", "pearson"),
        ("tagging", "entity_f1"),
    ],
)
def test_every_kind_has_a_usual_metric(kind: Kind, usual: str) -> None:
    assert primary_metric(random_task(kind, 0)).name == usual


def test_a_task_may_name_its_own() -> None:
    task = replace(random_task("multiclass", 0), about=About(metric="f1_macro"))
    assert primary_metric(task).name == "f1_macro"


def test_a_metric_of_another_kind_is_refused() -> None:
    task = replace(random_task("regression", 0), about=About(metric="pearsen"))
    with pytest.raises(ProtocolError, match=r"(?s)'pearsen'.*did you mean 'pearson'"):
        primary_metric(task)
    with pytest.raises(ProtocolError, match="cannot be judged by 'f1_macro'"):
        primary_metric(replace(random_task("binary", 0), about=About(metric="f1_macro")))


@pytest.mark.parametrize("kind", KINDS)
def test_all_values_are_those_of_the_metrics(kind: Kind) -> None:
    task = random_task(kind, 3)
    values = task_values(task, 0.3)
    for name in TASK_METRICS[kind]:
        metric = TASK_METRICS[kind][name]
        if metric.scope in ("task", "both"):
            assert values[name] == pytest.approx(task_value(task, metric, 0.3))


def test_only_binary_decisions_know_thresholds() -> None:
    task = random_task("binary", 0)
    assert decided(task, 0.3).tolist() == (task.scores >= 0.3).tolist()
    other = random_task("multiclass", 0)
    np.testing.assert_array_equal(decided(other, 0.3), decided(other, 0.9))


class TestValidation:
    def test_a_binary_task_is_worth_its_average_precision(self) -> None:
        task = replace(random_task("binary", 0), about=About(metric="accuracy"))
        expected = average_precision_score(task.targets, task.scores)
        assert validation_value(task) == pytest.approx(expected)

    @pytest.mark.parametrize("kind", OTHERS)
    def test_another_is_worth_its_primary_metric(self, kind: Kind) -> None:
        task = random_task(kind, 0)
        assert validation_value(task) == task_value(task, primary_metric(task))

    def test_an_error_counts_against_it(self) -> None:
        task = replace(random_task("regression", 0), about=About(metric="mse"))
        assert validation_value(task) == -task_values(task)["mse"]

    @pytest.mark.parametrize(
        ("kind", "loss"),
        [("multiclass", "log_loss"), ("regression", "mse"), ("tagging", "log_loss")],
    )
    def test_loss_is_of_the_kind(self, kind: Kind, loss: str) -> None:
        assert selected_by(random_task(kind, 0), "loss").name == loss


class TestPlan:
    @pytest.mark.parametrize("name", ["average_precision_macro", "f1_macro", "f1_micro"])
    def test_of_binary_tasks_it_is_the_metric_itself(self, name: str) -> None:
        own = validation("binary", "binary", "binary")
        matrix = own.labels()
        decisions = (matrix.scores >= 0.5).astype(np.int8)
        values = decisions if METRICS[name].needs == "decisions" else matrix.scores
        expected = METRICS[name](values, matrix.targets)
        assert plan_value(own, name, ScoringSettings("fixed")) == expected

    def test_losses_are_turned(self) -> None:
        own = validation("binary", "binary")
        matrix = own.labels()
        expected = -log_loss(matrix.targets.ravel(), matrix.scores.ravel())
        assert plan_value(own, "log_loss", ScoringSettings()) == pytest.approx(expected)

    def test_every_task_counts_as_one(self) -> None:
        own = validation("binary", "binary", "multiclass", "tagging")
        values = [validation_value(task) for task in own.tasks.values()]
        found = plan_value(own, "average_precision_macro", ScoringSettings())
        assert found == pytest.approx(np.mean(values))

    def test_without_binary_tasks(self) -> None:
        own = validation("regression", "tagging")
        values = [validation_value(task) for task in own.tasks.values()]
        assert plan_value(own, "f1_macro", ScoringSettings()) == pytest.approx(np.mean(values))
        regression, tagging = (task_values(task) for task in own.tasks.values())
        losses = [regression["mse"], tagging["log_loss"]]
        assert plan_value(own, "log_loss", ScoringSettings()) == pytest.approx(-np.mean(losses))

    def test_what_is_undefined_is_left_out(self) -> None:
        own = validation("multiclass", "regression")
        constant: TaskPredictions = replace(own.tasks["regression 1"], scores=np.ones(30))
        changed = Predictions("validation", {**own.tasks, "regression 1": constant})
        expected = validation_value(own.tasks["multiclass 0"])
        assert plan_value(changed, "f1_macro", ScoringSettings()) == expected
