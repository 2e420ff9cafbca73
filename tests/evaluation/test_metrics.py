"""Every metric against scikit-learn, against hand tables, and against the rules all must obey."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from mtlv.data import Kind
from mtlv.errors import ConfigError
from mtlv.evaluation.metrics import (
    METRICS,
    TASK_METRICS,
    Metric,
    mean_model_subset_accuracy,
    metric,
    metrics_of,
)

Array = np.ndarray[Any, Any]
NAN = np.nan
Reference = Callable[[Array, Array], float]


def averaged(function: Callable[..., float], average: str) -> Reference:
    return lambda y, d: function(y, d, average=average, zero_division=0)


def of_defined_columns(function: Reference) -> Reference:
    def mean(y: Array, s: Array) -> float:
        columns = [i for i in range(y.shape[1]) if 0 < y[:, i].sum() < len(y)]
        return float(np.mean([function(y[:, i], s[:, i]) for i in columns]))

    return mean


MATRIX_REFERENCES: dict[str, Reference] = {
    "f1_macro": averaged(reference.f1_score, "macro"),
    "f1_micro": averaged(reference.f1_score, "micro"),
    "f1_weighted": averaged(reference.f1_score, "weighted"),
    "f1_samples": averaged(reference.f1_score, "samples"),
    "precision_macro": averaged(reference.precision_score, "macro"),
    "precision_micro": averaged(reference.precision_score, "micro"),
    "recall_macro": averaged(reference.recall_score, "macro"),
    "recall_micro": averaged(reference.recall_score, "micro"),
    "jaccard_samples": averaged(reference.jaccard_score, "samples"),
    "subset_accuracy": reference.accuracy_score,
    "hamming_loss": reference.hamming_loss,
    "average_precision_macro": of_defined_columns(reference.average_precision_score),
    "average_precision_micro": lambda y, s: reference.average_precision_score(y.ravel(), s.ravel()),
    "roc_auc_macro": of_defined_columns(reference.roc_auc_score),
    "log_loss": lambda y, s: reference.log_loss(y.ravel(), s.ravel()),
}
TASK_REFERENCES: dict[str, Reference] = {
    "f1": averaged(reference.f1_score, "binary"),
    "precision": averaged(reference.precision_score, "binary"),
    "recall": averaged(reference.recall_score, "binary"),
    "accuracy": reference.accuracy_score,
    "support": lambda y, d: float(y.sum()),
    "average_precision": reference.average_precision_score,
    "roc_auc": reference.roc_auc_score,
    "log_loss": reference.log_loss,
}
TESTED_ELSEWHERE = {
    "expected_calibration_error",
    "example_f1",
    "example_precision",
    "example_recall",
    "mean_model_subset_accuracy",
    "primary_mean",
}

matrix_metrics = pytest.mark.parametrize("name", [m.name for m in metrics_of("matrix")])
task_metrics = pytest.mark.parametrize("name", [m.name for m in metrics_of("task")])


def random_labels(seed: int, rows: int = 30, tasks: int = 5) -> tuple[Array, Array, Array]:
    """Scores, decisions and targets with an empty row and a label without positives."""
    random = np.random.default_rng(seed)
    scores = random.random((rows, tasks), np.float32)
    targets = (random.random((rows, tasks)) < 0.2 + 0.3 * scores).astype(float)
    scores[0], targets[0], targets[:, 0], scores[:, 1] = 0.1, 0, 0, scores[:, 1] / 2
    targets[1, 1:], targets[2, 1:] = 1, 0
    return scores, (scores >= 0.5).astype(np.int8), targets


def value(name: str, scores: Array, decisions: Array, targets: Array) -> float:
    entry = METRICS[name]
    return entry(decisions if entry.needs == "decisions" else scores, targets)


def test_every_metric_is_tested() -> None:
    known = set(MATRIX_REFERENCES) | set(TASK_REFERENCES) | TESTED_ELSEWHERE
    assert known == set(METRICS)


@pytest.mark.parametrize("name", MATRIX_REFERENCES)
@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_matrix_metric_equals_scikit_learn(name: str, seed: int) -> None:
    scores, decisions, targets = random_labels(seed)
    values = decisions if METRICS[name].needs == "decisions" else scores
    expected = MATRIX_REFERENCES[name](targets, values)
    assert value(name, scores, decisions, targets) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", TASK_REFERENCES)
@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_task_metric_equals_scikit_learn(name: str, seed: int) -> None:
    scores, decisions, targets = (values[:, 2] for values in random_labels(seed))
    values = decisions if METRICS[name].needs == "decisions" else scores
    expected = TASK_REFERENCES[name](targets, values)
    assert value(name, scores, decisions, targets) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("decide", [0, 1])
@pytest.mark.parametrize("name", [n for n in MATRIX_REFERENCES if METRICS[n].needs == "decisions"])
@pytest.mark.parametrize("truth", [0.0, 1.0])
def test_constant_decisions_equal_scikit_learn(name: str, decide: int, truth: float) -> None:
    decisions, targets = np.full((4, 3), decide, np.int8), np.full((4, 3), truth)
    expected = MATRIX_REFERENCES[name](targets, decisions)
    assert METRICS[name](decisions, targets) == pytest.approx(expected)


# Three examples, three labels: the third label of the first is missing; the last is decided wrong.
DECISIONS = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 0]], np.int8)
TARGETS = np.array([[1, 0, NAN], [0, 0, 1], [1, 1, 0]])
BY_HAND = {
    "f1_macro": (1 + 1 + 0) / 3,
    "f1_micro": 2 * 3 / (2 * 3 + 0 + 1),
    "f1_weighted": (2 * 1 + 1 * 1 + 1 * 0) / 4,
    "f1_samples": (1 + 0 + 1) / 3,
    "precision_macro": 2 / 3,
    "precision_micro": 1.0,
    "recall_macro": 2 / 3,
    "recall_micro": 3 / 4,
    "jaccard_samples": (1 + 0 + 1) / 3,
    "subset_accuracy": 2 / 3,
    "hamming_loss": 1 / 8,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand_with_a_missing_target(name: str) -> None:
    assert METRICS[name](DECISIONS, TARGETS) == pytest.approx(BY_HAND[name])


class TestContract:
    @matrix_metrics
    @given(seed=st.integers(0, 2**16))
    @settings(max_examples=10)
    def test_column_and_row_order_mean_nothing(self, name: str, seed: int) -> None:
        parts = random_labels(seed)
        random = np.random.default_rng(seed)
        rows, columns = random.permutation(30), random.permutation(5)
        mixed = [part[rows][:, columns] for part in parts]
        assert value(name, *mixed) == pytest.approx(value(name, *parts))

    @matrix_metrics
    def test_what_is_missing_changes_nothing(self, name: str) -> None:
        scores, decisions, targets = random_labels(1)
        wide = [np.pad(part, ((0, 2), (0, 1))) for part in (scores, decisions)]
        gaps = np.pad(targets, ((0, 2), (0, 1)), constant_values=NAN)
        assert value(name, wide[0], wide[1], gaps) == pytest.approx(
            value(name, scores, decisions, targets)
        )

    @matrix_metrics
    def test_decisions_on_missing_targets_change_nothing(self, name: str) -> None:
        scores, decisions, targets = random_labels(2)
        gaps = np.where(np.random.default_rng(2).random(targets.shape) < 0.3, NAN, targets)
        other = np.where(np.isnan(gaps), 1 - decisions, decisions)
        others = np.where(np.isnan(gaps), 1 - scores, scores)
        assert value(name, others, other, gaps) == value(name, scores, decisions, gaps)

    @matrix_metrics
    @given(seed=st.integers(0, 2**16))
    @settings(max_examples=10)
    def test_is_a_share(self, name: str, seed: int) -> None:
        if name != "log_loss":
            assert 0 <= value(name, *random_labels(seed)) <= 1

    @matrix_metrics
    def test_perfect_is_best(self, name: str) -> None:
        targets = np.eye(4)
        best = value(name, targets, targets.astype(np.int8), targets)
        assert best == pytest.approx(1.0 if METRICS[name].higher_is_better else 0.0, abs=1e-6)

    @matrix_metrics
    def test_nothing_known_is_nan(self, name: str) -> None:
        nothing = np.full((2, 3), NAN)
        assert np.isnan(value(name, np.zeros((2, 3)), np.zeros((2, 3), np.int8), nothing))

    @task_metrics
    def test_task_without_targets_is_nan(self, name: str) -> None:
        found = value(name, np.zeros(2), np.zeros(2, np.int8), np.full(2, NAN))
        assert found == 0 if name == "support" else np.isnan(found)

    @pytest.mark.parametrize("name", [n for n in METRICS if METRICS[n].averages])
    def test_average_is_the_mean_of_its_task_metric(self, name: str) -> None:
        scores, decisions, targets = random_labels(3)
        targets[:, 4] = NAN
        of_task = METRICS[name].averages
        assert of_task is not None
        columns = [value(of_task, scores[:, i], decisions[:, i], targets[:, i]) for i in range(5)]
        assert value(name, scores, decisions, targets) == pytest.approx(np.nanmean(columns))

    @pytest.mark.parametrize("name", list(METRICS))
    def test_describes_itself_in_a_line(self, name: str) -> None:
        entry = METRICS[name]
        assert entry.name == name
        assert 10 < len(entry.description) <= 100


class TestSubsetAccuracy:
    def test_a_row_is_judged_by_what_is_present(self) -> None:
        decisions = np.array([[1, 1], [1, 1], [1, 1]], np.int8)
        targets = np.array([[1, NAN], [NAN, 0], [NAN, NAN]])
        assert METRICS["subset_accuracy"](decisions, targets) == 0.5

    @given(seed=st.integers(0, 2**16), cut=st.integers(1, 4), gaps=st.booleans())
    @settings(max_examples=50)
    def test_the_whole_is_at_most_the_mean_of_its_parts(
        self, seed: int, cut: int, gaps: bool
    ) -> None:
        _, decisions, targets = random_labels(seed)
        if gaps:  # rows of another corpus; a row half missing would count in one part only
            targets[:7] = NAN
        models = [list(range(cut)), list(range(cut, 5))]
        whole = METRICS["subset_accuracy"](decisions, targets)
        assert whole <= mean_model_subset_accuracy(decisions, targets, models) + 1e-12

    def test_mean_over_models_by_hand(self) -> None:
        decisions = np.array([[1, 0], [1, 1]], np.int8)
        targets = np.array([[1.0, 1.0], [0.0, 1.0]])
        assert METRICS["subset_accuracy"](decisions, targets) == 0.0
        assert mean_model_subset_accuracy(decisions, targets, [[0], [1]]) == 0.5
        assert mean_model_subset_accuracy(decisions, targets, [[0, 1]]) == 0.0


class TestRegistry:
    def test_a_new_metric_is_a_function(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(METRICS, "_things", dict(METRICS._things))

        @metric(scope="task", higher_is_better=False)
        def misses(decisions: Array, targets: Array) -> float:
            """Number of positives not found."""
            return float(((decisions == 0) & (targets == 1)).sum())

        assert METRICS["misses"] == Metric(
            "misses", misses, False, "decisions", "task", "Number of positives not found."
        )
        assert METRICS["misses"] in metrics_of("task")

    def test_a_name_is_taken_once(self) -> None:
        def f1(decisions: Array, targets: Array) -> float:
            return 0.0

        with pytest.raises(ConfigError, match="registered twice"):
            metric(scope="task")(f1)

    @pytest.mark.parametrize("kind", ["multiclass", "regression", "tagging"])
    def test_every_kind_has_a_family(self, kind: Kind) -> None:
        assert all(m.scope == "task" for m in metrics_of("task", kind))
        assert kind in TASK_METRICS

    def test_unknown_metric_names_the_nearest(self) -> None:
        with pytest.raises(ConfigError, match="did you mean 'f1_macro'"):
            METRICS["f1_makro"]

    def test_a_metric_is_frozen(self) -> None:
        entry: Any = METRICS["f1"]
        with pytest.raises(AttributeError):
            entry.name = "f2"
