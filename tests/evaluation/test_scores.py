import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlv import __version__
from mtlv.errors import ProtocolError
from mtlv.evaluation.metrics import METRICS, TASK_METRICS, Metric, metrics_of
from mtlv.evaluation.predictions import Array, Predictions, ScoredPart, TaskPredictions
from mtlv.evaluation.scores import Scores
from mtlv.evaluation.scoring import ScoringSettings, score
from mtlv.evaluation.summary import Summary, summarise
from mtlv.evaluation.thresholds import Thresholds
from mtlv.registry import Registry


def part(
    name: ScoredPart, seed: int = 0, tasks: int = 4, count: int = 40, corpus: str = ""
) -> Predictions:
    random = np.random.default_rng([seed, name == "test"])
    scores = random.random((count, tasks))
    targets = (random.random((count, tasks)) < scores).astype(float)
    targets[:2] = [[0], [1]]
    ids = np.array([f"{corpus}{name}{i}" for i in range(count)], object)
    names = [f"{corpus}t{i}" for i in range(tasks)]
    return Predictions(
        name,
        {
            n: TaskPredictions(n, "binary", ids, targets[:, i], scores[:, i])
            for i, n in enumerate(names)
        },
    )


def with_targets(predictions: Predictions, change: Any) -> Predictions:
    tasks = {n: replace(t, targets=change(t.targets)) for n, t in predictions.tasks.items()}
    return Predictions(predictions.part, tasks)


VALIDATION, TEST = part("validation"), part("test")


class TestScore:
    def test_computes_everything(self) -> None:
        scores = score(VALIDATION, TEST)
        assert set(scores.metrics) == {m.name for m in metrics_of("matrix")}
        assert set(scores.per_task) == set(TEST.tasks)
        for values in scores.per_task.values():
            assert set(values) == {m.name for m in metrics_of("task")}
        assert (scores.examples, scores.tasks) == (40, 4)

    @pytest.mark.parametrize("name", [m.name for m in metrics_of("matrix")])
    def test_values_are_those_of_the_functions(self, name: str) -> None:
        scores, matrix = score(VALIDATION, TEST), TEST.labels()
        decisions = scores.thresholds.decide(matrix)
        values = decisions if METRICS[name].needs == "decisions" else matrix.scores
        assert scores.metrics[name] == pytest.approx(METRICS[name](values, matrix.targets))

    def test_order_of_tasks_means_nothing(self) -> None:
        turned = score(VALIDATION, TEST.only(["t2", "t0", "t3", "t1"]))
        assert turned.metrics == pytest.approx(score(VALIDATION, TEST).metrics)
        assert turned.per_task == score(VALIDATION, TEST).per_task

    @given(seed=st.integers(0, 2**16))
    @settings(max_examples=20)
    def test_thresholds_never_read_the_test_part(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        changed = with_targets(TEST, lambda y: (random.random(len(y)) < 0.5).astype(float))
        for way in (ScoringSettings("per_label"), ScoringSettings("global")):
            before, after = (score(VALIDATION, t, way).thresholds for t in (TEST, changed))
            assert before == after

    def test_test_predictions_cannot_be_chosen_on(self) -> None:
        with pytest.raises(ProtocolError, match="not of the validation part"):
            score(TEST, TEST)

    def test_every_task_needs_validation_predictions(self) -> None:
        with pytest.raises(ProtocolError, match="'t3' has no predictions"):
            score(VALIDATION.only(["t0", "t1", "t2"]), TEST)

    def test_a_diverged_model_gets_no_number(self) -> None:
        broken = replace(TEST.tasks["t1"], scores=np.full(40, np.nan))
        with pytest.raises(ProtocolError, match="'t1' has targets without a score"):
            score(VALIDATION, Predictions("test", {**TEST.tasks, "t1": broken}))

    def test_settings_may_be_those_of_a_study(self) -> None:
        @dataclass(frozen=True)
        class Study:
            thresholds: Any = "fixed"
            shrinkage: float = 3.0
            folds: int = 5

        assert score(VALIDATION, TEST, Study()).thresholds.method == "fixed"

    def test_models_are_scored_apart_by_name(self) -> None:
        whole = score(VALIDATION, TEST, models=[["t0", "t1", "t2", "t3"]]).metrics
        assert whole["mean_model_subset_accuracy"] == whole["subset_accuracy"]
        parted = score(VALIDATION, TEST, models=[["t3", "t0"], ["t1"], ["t2"], ["other"]]).metrics
        assert parted["mean_model_subset_accuracy"] > parted["subset_accuracy"]
        assert parted["subset_accuracy"] == whole["subset_accuracy"]
        assert "mean_model_subset_accuracy" not in score(VALIDATION, TEST).metrics


class TestSeveralCorpora:
    def test_tasks_are_scored_as_if_alone(self) -> None:
        news = [part(p, 1, 3, 30, "news-") for p in ("validation", "test")]
        mail = [part(p, 2, 2, 50, "mail-") for p in ("validation", "test")]
        own = ScoringSettings("per_label", 0.0)  # shrinkage would tie all tasks together
        alone = [score(*news, own), score(*mail, own)]

        both = score(news[0].merged([mail[0]]), news[1].merged([mail[1]]), own)

        assert both.per_task == {**alone[0].per_task, **alone[1].per_task}
        assert (both.examples, both.tasks) == (80, 5)
        for name in ("f1_macro", "average_precision_macro", "roc_auc_macro"):
            expected = (3 * alone[0].metrics[name] + 2 * alone[1].metrics[name]) / 5
            assert both.metrics[name] == pytest.approx(expected)
        for name in ("subset_accuracy", "f1_samples", "jaccard_samples"):
            expected = (30 * alone[0].metrics[name] + 50 * alone[1].metrics[name]) / 80
            assert both.metrics[name] == pytest.approx(expected)
        for name in ("hamming_loss", "log_loss"):
            expected = (90 * alone[0].metrics[name] + 100 * alone[1].metrics[name]) / 190
            assert both.metrics[name] == pytest.approx(expected)

    def test_examples_without_any_target_are_not_counted(self) -> None:
        def blank(targets: Array) -> Array:
            return np.where(np.arange(40) < 30, targets, np.nan)

        assert score(VALIDATION, with_targets(TEST, blank)).examples == 30


class TestOtherKinds:
    def test_a_kind_slots_in_by_its_registry(self, monkeypatch: pytest.MonkeyPatch) -> None:
        family: Registry[Metric] = Registry("multiclass metric")
        monkeypatch.setitem(TASK_METRICS, "multiclass", family)

        def right(decisions: Array, targets: Array) -> float:
            return float((decisions == targets).mean())

        family.register("accuracy")(Metric("accuracy", right, True, "decisions", "task", "Right."))
        ids = np.array(["x", "y"], object)
        chances = np.array([[0.1, 0.7, 0.2], [0.8, 0.1, 0.1]])
        which = TaskPredictions("which", "multiclass", ids, np.array([1.0, 2.0]), chances)

        scores = score(VALIDATION, Predictions("test", {**TEST.tasks, "which": which}))

        assert scores.per_task["which"] == {"accuracy": 0.5}
        assert scores.tasks == 4

    def test_no_binary_task_gives_no_common_metric(self) -> None:
        ids = np.array(["x", "y"], object)
        much = TaskPredictions("much", "regression", ids, np.ones(2), np.ones(2))
        empty = Predictions("validation", {})
        scores = score(empty, Predictions("test", {"much": much}), models=[["much"]])
        assert list(scores.metrics) == ["primary_mean"]
        assert np.isnan(scores.metrics["primary_mean"]), "a constant correlates with nothing"
        assert list(scores.per_task) == ["much"]


class TestSignature:
    def test_says_all_that_a_number_depends_on(self) -> None:
        signature = score(VALIDATION, TEST).signature_of("f1_macro")
        assert signature == (
            f"f1_macro|thresholds:per_label(validation,shrinkage=20)|n:40|tasks:4|mtlv:{__version__}"
        )

    def test_scores_need_no_threshold(self) -> None:
        signature = score(VALIDATION, TEST).signature_of("roc_auc_macro")
        assert "|thresholds:none|" in signature

    def test_tells_how_many_tasks_are_defined(self) -> None:
        none = replace(TEST.tasks["t1"], targets=np.zeros(40))
        scores = score(VALIDATION, Predictions("test", {**TEST.tasks, "t1": none}))
        assert "|tasks:3/4|" in scores.signature_of("average_precision_macro")
        assert "|tasks:4|" in scores.signature_of("f1_macro")
        assert scores.per_task["t1"]["f1"] == 0
        assert np.isnan(scores.per_task["t1"]["roc_auc"])


class TestJson:
    def test_is_valid_even_where_undefined(self) -> None:
        none = replace(TEST.tasks["t1"], targets=np.zeros(40))
        scores = score(VALIDATION, Predictions("test", {**TEST.tasks, "t1": none}))

        read = json.loads(json.dumps(scores.to_json(), allow_nan=False))

        assert read["per_task"]["t1"]["roc_auc"] is None
        assert read["metrics"]["f1_macro"] == scores.metrics["f1_macro"]
        assert read["signatures"]["f1_macro"] == scores.signature_of("f1_macro")
        assert Thresholds.from_json(read["thresholds"]) == scores.thresholds

    def test_of_a_summary(self) -> None:
        read = json.loads(json.dumps(summarise([run()]).to_json(), allow_nan=False))
        assert read["metrics"]["f1_macro"]["sd"] is None
        assert set(read["per_task"]) == set(TEST.tasks)


def run(seed: int = 0, count: int = 40) -> Scores:
    return score(part("validation", seed), part("test", seed, count=count))


class TestSummary:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ([0.2, 0.4, 0.6], (0.4, 0.2, 3)),
            ([0.2, np.nan, 0.4], (0.3, np.sqrt(0.02), 2)),
            ([0.5], (0.5, None, 1)),
            ([np.nan], (np.nan, None, 0)),
        ],
    )
    def test_by_hand(self, values: list[float], expected: tuple[Any, ...]) -> None:
        found = Summary.of(values)
        mean, sd, n = expected
        assert found.mean == pytest.approx(mean, nan_ok=True)
        assert found.sd == (None if sd is None else pytest.approx(sd))
        assert found.n == n

    def test_covers_every_metric_and_task(self) -> None:
        runs = [run(seed) for seed in range(3)]
        table = summarise(runs)
        values = [r.metrics["f1_macro"] for r in runs]
        assert table.metrics["f1_macro"].mean == pytest.approx(np.mean(values))
        assert table.metrics["f1_macro"].sd == pytest.approx(np.std(values, ddof=1))
        own = [r.per_task["t2"]["recall"] for r in runs]
        assert table.per_task["t2"]["recall"].mean == pytest.approx(np.mean(own))
        assert set(table.metrics) == set(runs[0].metrics)
        assert table.runs == tuple(runs)

    def test_signature_tells_runs_and_ranges(self) -> None:
        signature = summarise([run(0), run(1, 42)]).signature_of("f1_macro")
        assert "|n:40-42|tasks:4|runs:2|" in signature

    def test_unlike_runs_are_refused(self) -> None:
        fixed = score(VALIDATION, TEST, ScoringSettings("fixed"))
        with pytest.raises(ProtocolError, match="chosen differently"):
            summarise([run(), fixed])
        with pytest.raises(ProtocolError, match="different tasks"):
            summarise([run(), score(VALIDATION, TEST.only(["t0"]))])
        with pytest.raises(ProtocolError, match="no scores"):
            summarise([])
