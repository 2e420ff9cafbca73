"""Scores of studies that mix kinds: each task by its own metric, and the mean of those."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from evaluation.kinds import ABOUT, random_task
from mtlv import __version__
from mtlv.data import Kind
from mtlv.errors import ProtocolError
from mtlv.evaluation.about import About
from mtlv.evaluation.judging import task_values
from mtlv.evaluation.predictions import Predictions, ScoredPart
from mtlv.evaluation.scores import Scores
from mtlv.evaluation.scoring import score
from mtlv.evaluation.summary import summarise

KINDS: dict[str, tuple[Kind, str]] = {
    "heart": ("binary", "f1"),
    "entails": ("binary", "accuracy"),
    "relation": ("multiclass", "f1_micro_positive"),
    "alike": ("regression", "pearson"),
    "drug": ("tagging", "entity_f1"),
}


def part(name: ScoredPart, *names: str, seed: int = 0, **metrics: str) -> Predictions:
    tasks = {}
    for i, task in enumerate(names or KINDS):
        kind, metric = KINDS[task]
        own = random_task(kind, 100 * seed + 10 * i + (name == "test"))
        ids = np.array([f"{name} {task} {example}" for example in own.ids], object)
        about = replace(ABOUT[kind], metric=metrics.get(task, metric))
        tasks[task] = replace(own, task=task, ids=ids, corpus=task, about=about)
    return Predictions(name, tasks)


def run(*names: str, seed: int = 0, **metrics: str) -> Scores:
    parts = [part(name, *names, seed=seed, **metrics) for name in ("validation", "test")]
    return score(parts[0], parts[1], models=[list(parts[1].tasks)])


def test_every_task_is_scored_by_its_kind() -> None:
    found, test = run(), part("test")
    assert list(found.per_task) == list(KINDS)
    for name, task in test.tasks.items():
        expected = task_values(task, found.thresholds.values.get(name, 0.5))
        assert found.per_task[name] == pytest.approx(expected, nan_ok=True)
    assert {name: own.metric for name, own in found.judged.items()} == {
        name: metric for name, (_, metric) in KINDS.items()
    }


def test_binary_tasks_are_scored_together_as_if_alone() -> None:
    alone, both = run("heart", "entails"), run()
    shared = set(both.metrics) - {"primary_mean"}
    assert shared == set(alone.metrics) - {"primary_mean"}
    assert {n: both.metrics[n] for n in shared} == {n: alone.metrics[n] for n in shared}
    assert (both.tasks, both.examples) == (2, 60)


def test_the_mean_is_over_what_each_task_is_judged_by() -> None:
    found = run()
    values = [found.per_task[name][metric] for name, (_, metric) in KINDS.items()]
    assert found.metrics["primary_mean"] == found.primary_mean == pytest.approx(np.mean(values))


def test_tasks_that_f1_judges_need_no_mean_of_their_own() -> None:
    assert "primary_mean" not in run("heart").metrics
    assert "judged_by" not in run("heart").to_json()
    assert "primary_mean" in run("entails").metrics


def test_an_error_is_not_averaged_with_shares() -> None:
    found = run("relation", "alike", alike="mse")
    assert found.metrics["primary_mean"] == found.per_task["relation"]["f1_micro_positive"]
    assert "|of:f1_micro_positive|" in found.signature_of("primary_mean")
    assert "|tasks:1/2|" in found.signature_of("primary_mean")


def test_accuracy_is_not_decided_at_thresholds_for_f1() -> None:
    found, test = run(), part("test")
    task = test.tasks["entails"]
    right = (task.scores >= 0.5) == (task.targets == 1)
    assert found.per_task["entails"]["accuracy"] == right.mean()
    assert "|thresholds:fixed|" in found.signature_of("accuracy", "entails")


def test_a_metric_of_another_kind_is_refused() -> None:
    with pytest.raises(ProtocolError, match="'alike' cannot be judged by 'accuracy'"):
        run(alike="accuracy")


def test_a_diverged_model_gets_no_number() -> None:
    test = part("test")
    broken = replace(test.tasks["alike"], scores=np.full(30, np.nan))
    with pytest.raises(ProtocolError, match="'alike' has targets without a score"):
        score(part("validation"), Predictions("test", {**test.tasks, "alike": broken}))


class TestSignature:
    def test_of_the_mean_lists_the_metrics(self) -> None:
        assert run().signature_of("primary_mean") == (
            "primary_mean|of:accuracy+entity_f1+f1+f1_micro_positive+pearson|thresholds:per_label"
            f"(validation,shrinkage=20,fixed=1)|n:150|tasks:5|mtlv:{__version__}"
        )
        assert "|of:2*pearson|" in _two_of_a_kind().signature_of("primary_mean")
        assert "|thresholds:none|" in _two_of_a_kind().signature_of("primary_mean")

    @pytest.mark.parametrize(
        ("metric", "task", "words"),
        [
            ("f1", "heart", "|thresholds:per_label(validation,shrinkage=20,fixed=1)|n:30|"),
            ("roc_auc", "heart", "roc_auc|task:heart|n:30|"),
            ("f1_micro_positive", "relation", "|negative:false|n:30|"),
            ("f1[CPR:3]", "relation", "f1[CPR:3]|task:relation|n:30|"),
            ("mae", "alike", "|range:0..5|n:30|"),
            ("pearson", "alike", "pearson|task:alike|n:30|"),
            ("entity_f1", "drug", "|entities:conlleval|n:30|"),
            ("token_accuracy", "drug", "token_accuracy|task:drug|n:30|"),
        ],
    )
    def test_of_a_task_says_what_it_depends_on(self, metric: str, task: str, words: str) -> None:
        assert words in run().signature_of(metric, task)

    def test_sentences_are_counted_whole(self) -> None:
        test = part("test", "drug")
        task = test.tasks["drug"]
        ids = np.array([f"s{i // 2}#part{i % 2 + 1}" for i in range(30)], object)
        cut = Predictions("test", {"drug": replace(task, ids=ids)})
        assert score(Predictions("validation", {}), cut).judged["drug"].n == 15


class TestSummary:
    def test_is_over_runs_of_any_kind(self) -> None:
        runs = [run(seed=seed) for seed in range(3)]
        table = summarise(runs)
        for task in KINDS:
            values = [own.primary(task) for own in runs]
            assert table.primary(task).mean == pytest.approx(np.mean(values))
        mean = table.metrics["primary_mean"]
        assert mean.mean == pytest.approx(np.mean([own.primary_mean for own in runs]))
        assert table.together("primary_mean") == mean
        assert np.isnan(table.together("example_f1").mean)
        assert "|runs:3|" in table.signature_of("pearson", "alike")

    def test_json_says_what_judged(self) -> None:
        read = json.loads(json.dumps(summarise([run()]).to_json(), allow_nan=False))
        assert read["judged_by"]["drug"]["metric"] == "entity_f1"
        assert read["judged_by"]["drug"]["signature"] == run().signature_of("entity_f1", "drug")

    def test_a_task_is_judged_by_one_metric(self) -> None:
        with pytest.raises(ProtocolError, match="different metrics"):
            summarise([run("alike"), run("alike", alike="spearman")])


def _two_of_a_kind() -> Scores:
    test = part("test", "alike")
    own = test.tasks["alike"]
    two = {"alike": own, "other": replace(own, task="other", about=About(metric="pearson"))}
    return score(Predictions("validation", {}), Predictions("test", two))
