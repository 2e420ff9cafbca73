"""Metrics of multiclass, regression and tagging tasks: a second implementation, and their rules."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from seqeval import metrics as seqeval
from sklearn import metrics as sklearn

from evaluation.kinds import ABOUT, CLASSES, TAGS, Array, boxed, certain, random_task
from mtlv.data import Kind
from mtlv.errors import ProtocolError
from mtlv.evaluation.about import About
from mtlv.evaluation.judging import decided, task_value, task_values
from mtlv.evaluation.metrics import TASK_METRICS, Metric
from mtlv.evaluation.predictions import TaskPredictions

POSITIVE = [1, 2, 3]


def micro(function: Callable[..., float]) -> Callable[[Array, Array], float]:
    return lambda y, d: function(y, d, labels=POSITIVE, average="micro", zero_division=0)


def entities(function: Callable[..., float]) -> Callable[[Array, Array], float]:
    def of(y: Array, d: Array) -> float:
        named = [[[TAGS[int(tag)] for tag in row] for row in rows] for rows in (y, d)]
        return float(function(*named, zero_division=0))

    return of


def flat(rows: Array) -> Array:
    return np.concatenate(list(rows))


REFERENCES: dict[tuple[Kind, str], Callable[[Array, Array], float]] = {
    ("multiclass", "accuracy"): sklearn.accuracy_score,
    ("multiclass", "f1_macro"): lambda y, d: sklearn.f1_score(y, d, average="macro"),
    ("multiclass", "f1_micro_positive"): micro(sklearn.f1_score),
    ("multiclass", "precision_micro_positive"): micro(sklearn.precision_score),
    ("multiclass", "recall_micro_positive"): micro(sklearn.recall_score),
    ("multiclass", "log_loss"): lambda y, s: sklearn.log_loss(y, s, labels=range(4)),
    ("regression", "pearson"): lambda y, s: stats.pearsonr(s, y).statistic,
    ("regression", "spearman"): lambda y, s: stats.spearmanr(s, y).statistic,
    ("regression", "mse"): sklearn.mean_squared_error,
    ("regression", "mae"): sklearn.mean_absolute_error,
    ("tagging", "entity_f1"): entities(seqeval.f1_score),
    ("tagging", "entity_precision"): entities(seqeval.precision_score),
    ("tagging", "entity_recall"): entities(seqeval.recall_score),
    ("tagging", "token_accuracy"): lambda y, d: sklearn.accuracy_score(flat(y), flat(d)),
    ("tagging", "log_loss"): lambda y, s: sklearn.log_loss(flat(y), flat(s), labels=range(5)),
}
EVERY: list[tuple[Kind, str]] = [
    (kind, name) for kind in TASK_METRICS if kind != "binary" for name in TASK_METRICS[kind]
]
every_metric = pytest.mark.parametrize(("kind", "name"), EVERY)


def given_to(metric: Metric, task: TaskPredictions) -> Array:
    return decided(task) if metric.needs == "decisions" else task.scores


def test_every_metric_has_a_second_implementation() -> None:
    assert set(REFERENCES) == set(EVERY)


@every_metric
@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_equals_the_second_implementation(kind: Kind, name: str, seed: int) -> None:
    task, metric = random_task(kind, seed), TASK_METRICS[kind][name]
    expected = REFERENCES[kind, name](task.targets, given_to(metric, task))
    assert task_value(task, metric) == pytest.approx(expected, rel=1e-5, abs=1e-12)


class TestContract:
    @every_metric
    def test_describes_itself_in_a_line(self, kind: Kind, name: str) -> None:
        entry = TASK_METRICS[kind][name]
        assert (entry.name, entry.scope) == (name, "task")
        assert 10 < len(entry.description) <= 100

    @every_metric
    def test_no_target_is_nan_without_a_warning(self, kind: Kind, name: str) -> None:
        task, metric = random_task(kind, 0), TASK_METRICS[kind][name]
        assert np.isnan(task_value(_without(task, range(30)), metric))
        assert np.isnan(task_value(_rows(task, []), metric))

    @every_metric
    @given(seed=st.integers(0, 2**16))
    @settings(max_examples=10)
    def test_missing_targets_are_left_out(self, kind: Kind, name: str, seed: int) -> None:
        task, metric = random_task(kind, seed), TASK_METRICS[kind][name]
        left = task_value(_rows(task, range(10, 30)), metric)
        assert task_value(_without(task, range(10)), metric) == pytest.approx(left, nan_ok=True)

    @every_metric
    @given(seed=st.integers(0, 2**16))
    @settings(max_examples=10)
    def test_order_of_examples_means_nothing(self, kind: Kind, name: str, seed: int) -> None:
        task, metric = random_task(kind, seed), TASK_METRICS[kind][name]
        order = np.random.default_rng(seed).permutation(30)
        assert task_value(_rows(task, order), metric) == pytest.approx(task_value(task, metric))

    @every_metric
    def test_perfect_is_best(self, kind: Kind, name: str) -> None:
        metric = TASK_METRICS[kind][name]
        found = task_value(_perfect(kind), metric)
        assert found == pytest.approx(1.0 if metric.higher_is_better else 0.0, abs=1e-6)

    @every_metric
    @given(seed=st.integers(0, 2**16))
    @settings(max_examples=10)
    def test_lies_in_its_range(self, kind: Kind, name: str, seed: int) -> None:
        metric = TASK_METRICS[kind][name]
        value = task_value(random_task(kind, seed), metric)
        low = -1 if name in ("pearson", "spearman") else 0
        assert low <= value <= (1 if metric.unit == "share" else np.inf)


class TestRegression:
    @pytest.mark.parametrize("name", ["pearson", "spearman"])
    @pytest.mark.parametrize("constant", [0.0, 0.1, 1e6])
    def test_a_constant_correlates_with_nothing(self, name: str, constant: float) -> None:
        task = random_task("regression", 0)
        same = np.full(30, constant, np.float32)
        metric = TASK_METRICS["regression"][name]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert np.isnan(task_value(replace(task, scores=same), metric))
            assert np.isnan(task_value(replace(task, targets=same), metric))
            assert np.isnan(task_value(_rows(task, [3]), metric))

    def test_by_hand(self) -> None:
        task = replace(
            random_task("regression", 0, 4),
            targets=np.array([1.0, 2.0, 3.0, np.nan]),
            scores=np.array([1.0, 4.0, 4.0, 9.0]),
        )
        values = task_values(task)
        assert values["mse"] == pytest.approx((0 + 4 + 1) / 3)
        assert values["mae"] == pytest.approx(1.0)
        assert values["pearson"] == pytest.approx(3 / np.sqrt(6 * 2))
        assert values["spearman"] == pytest.approx(1.5 / np.sqrt(1.5 * 2))

    @pytest.mark.parametrize("name", ["pearson", "spearman"])
    @given(seed=st.integers(0, 2**16), slope=st.floats(0.01, 100), shift=st.floats(-100, 100))
    @settings(max_examples=20)
    def test_scale_means_nothing(self, name: str, seed: int, slope: float, shift: float) -> None:
        task, metric = random_task("regression", seed), TASK_METRICS["regression"][name]
        other = replace(task, scores=np.round(task.scores, 1) * slope + shift)
        assert task_value(other, metric) == pytest.approx(task_value(task, metric), abs=0.02)


class TestMulticlass:
    # Decided:           false  CPR:3  CPR:4  CPR:3  false
    DECIDED = np.array([0, 1, 2, 1, 0])
    TARGETS = np.array([0, 1, 1, 0, np.nan])

    def task(self, about: About) -> TaskPredictions:
        scores = certain(self.DECIDED, 4)
        return TaskPredictions(
            "t", "multiclass", np.arange(5).astype(object), self.TARGETS, scores, "", about
        )

    def test_relations_by_hand(self) -> None:
        """Positive: one right, two wrong of three decided; one of two found."""
        values = task_values(self.task(ABOUT["multiclass"]))
        assert values["precision_micro_positive"] == pytest.approx(1 / 3)
        assert values["recall_micro_positive"] == pytest.approx(1 / 2)
        assert values["f1_micro_positive"] == pytest.approx(2 / 5)
        assert values["accuracy"] == 0.5

    def test_without_a_negative_class_micro_f1_is_accuracy(self) -> None:
        values = task_values(self.task(About(CLASSES)))
        assert values["f1_micro_positive"] == values["accuracy"]

    @given(seed=st.integers(0, 2**16))
    @settings(max_examples=20)
    def test_f1_of_classes_equals_scikit_learn(self, seed: int) -> None:
        task = random_task("multiclass", seed, 8)
        expected = sklearn.f1_score(
            task.targets, decided(task), labels=range(4), average=None, zero_division=0
        )
        values = task_values(task)
        assert [values[f"f1[{name}]"] for name in CLASSES] == pytest.approx(list(expected))

    def test_classes_without_names_are_not_told(self) -> None:
        assert not any(name.startswith("f1[") for name in task_values(self.task(About())))

    def test_nothing_but_the_negative_class(self) -> None:
        task = replace(
            self.task(ABOUT["multiclass"]), targets=np.zeros(5), scores=certain([0] * 5, 4)
        )
        values = task_values(task)
        assert (values["accuracy"], values["f1_micro_positive"]) == (1.0, 0.0)

    def test_an_unknown_negative_class_is_refused(self) -> None:
        with pytest.raises(ProtocolError, match="did you mean 'false'"):
            task_values(self.task(About(CLASSES, negative="fals")))


class TestTagging:
    def task(self, targets: list[Any], decided: list[Any], about: About) -> TaskPredictions:
        scores = boxed([certain(row, len(about.labels)) for row in decided])
        ids = np.array([f"s{i}" for i in range(len(targets))], object)
        return TaskPredictions("t", "tagging", ids, boxed(targets), scores, "", about)

    def test_by_hand(self) -> None:
        """True: Drug 0-1, Gene 3. Found: Drug 0-1, Gene 2-3 (border wrong), Drug 4."""
        task = self.task([[1.0, 2, 0, 3, 0]], [[1, 2, 3, 4, 2]], About(TAGS))
        values = task_values(task)
        assert values["entity_precision"] == pytest.approx(1 / 3)
        assert values["entity_recall"] == pytest.approx(1 / 2)
        assert values["token_accuracy"] == pytest.approx(2 / 5)

    def test_the_type_must_be_right(self) -> None:
        task = self.task([[1.0, 2]], [[3, 4]], About(TAGS))
        assert task_values(task)["entity_f1"] == 0.0

    def test_an_entity_ends_with_its_sentence(self) -> None:
        task = self.task([[0.0, 1], [2.0, 0]], [[0, 1], [2, 0]], About(TAGS))
        assert task_values(task)["entity_f1"] == 1.0
        one = self.task([[0.0, 1, 2, 0]], [[0, 1, 2, 0]], About(TAGS))
        assert task_values(one)["entity_f1"] == 1.0
        assert (
            task_values(self.task([[0.0, 1, 2, 0]], [[0, 1, 0, 0]], About(TAGS)))["entity_f1"] == 0
        )

    def test_no_entity_at_all_is_zero(self) -> None:
        assert task_values(self.task([[0.0, 0]], [[0, 0]], About(TAGS)))["entity_f1"] == 0.0

    def test_a_word_that_did_not_fit_is_outside(self) -> None:
        task = self.task([[1.0, 2, 0, 1]], [[1, 2, 0, 1]], About(TAGS))
        task.scores[0][3] = np.nan
        values = task_values(task)
        assert values["entity_recall"] == pytest.approx(1 / 2)
        assert values["entity_precision"] == 1.0
        assert values["log_loss"] == pytest.approx(0.0, abs=1e-6)

    def test_pieces_of_a_sentence_are_one_sentence(self) -> None:
        """Cut between two tokens of an entity that was found whole: no error, though the cut is."""
        task = self.task([[0.0, 1], [2.0, 0]], [[0, 1], [2, 0]], About(TAGS))
        pieces = replace(task, ids=np.array(["s#part1", "s#part2"], object))
        wrong = replace(pieces, scores=boxed([certain([0, 1], 5), certain([0, 0], 5)]))
        assert task_values(pieces)["entity_f1"] == 1.0
        assert task_values(wrong)["entity_f1"] == 0.0

    def test_tags_need_names(self) -> None:
        task = replace(random_task("tagging", 0), about=About())
        with pytest.raises(ProtocolError, match="names of the tags are not known"):
            task_values(task)


def _rows(task: TaskPredictions, rows: Any) -> TaskPredictions:
    keep = np.asarray(list(rows), int)
    return replace(task, ids=task.ids[keep], targets=task.targets[keep], scores=task.scores[keep])


def _without(task: TaskPredictions, rows: Any) -> TaskPredictions:
    """Return the task with the targets of some rows missing."""
    targets = task.targets.copy()
    for row in rows:
        targets[row] = np.full(np.shape(targets[row]), np.nan)
    return replace(task, targets=targets)


def _perfect(kind: Kind) -> TaskPredictions:
    task = random_task(kind, 1)
    if kind == "regression":
        return replace(task, scores=task.targets)
    if kind == "multiclass":
        return replace(task, scores=certain(task.targets, 4))
    return replace(task, scores=boxed([certain(row, 5) for row in task.targets]))
