"""Every fast metric is, on every resample, the registered metric on the rows that were drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluation.significance.worlds import THRESHOLDS, labels, task_of
from mtlv.evaluation.judging import decided
from mtlv.evaluation.metrics import METRICS, TASK_METRICS, metrics_of
from mtlv.evaluation.significance.additive import task_additive
from mtlv.evaluation.significance.additive_matrix import matrix_additive

FAST = {
    "binary": {"f1", "precision", "recall", "accuracy"},
    "multiclass": {
        *("accuracy", "f1_macro", "f1_micro_positive", "precision_micro_positive"),
        "recall_micro_positive",
    },
    "regression": {"mse", "mae", "pearson"},
    "tagging": {"entity_f1", "entity_precision", "entity_recall"},
}
FAST_TOGETHER = {
    *("f1_micro", "precision_micro", "recall_micro", "f1_weighted"),
    *("subset_accuracy", "hamming_loss", "f1_samples", "jaccard_samples"),
}
TASKS = [(kind, own.name) for kind in FAST for own in metrics_of("task", kind)]


def draws(count: int) -> np.ndarray:
    """Return how often each row is drawn: all once, and nine bootstrap samples."""
    random = np.random.default_rng(0)
    samples = [np.bincount(random.integers(0, count, count), minlength=count) for _ in range(9)]
    return np.stack([np.ones(count, int), *samples])


@pytest.mark.parametrize(("kind", "name"), TASKS)
def test_of_one_task(kind, name) -> None:
    task, metric = task_of(kind, 5), TASK_METRICS[kind][name]
    values = decided(task) if metric.needs == "decisions" else task.scores
    found = task_additive(name, kind, values, task.targets, task.about)
    assert (found is not None) == (name in FAST[kind])
    if found is None:
        return
    counts = draws(len(task.ids))
    for counted, value in zip(counts, found.value(counts @ found.parts), strict=True):
        rows = np.repeat(np.arange(len(task.ids)), counted)
        expected = metric(values[rows], task.targets[rows], task.about)
        assert value == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_of_the_tasks_together(name: str) -> None:
    matrix = labels(1, 2).labels()
    targets = matrix.targets.copy()
    targets[2, 1] = targets[5] = np.nan
    decisions = THRESHOLDS.decide(replace(matrix, targets=targets))
    documents = METRICS[name].scope == "documents"
    ids = np.array([f"d{i // 3}_s{i}" for i in range(len(targets))] if documents else matrix.ids)
    found = matrix_additive(name, decisions, targets, ids.astype(object))
    assert (found is not None) == (name in FAST_TOGETHER or documents)
    if found is None:
        return
    if documents:
        whole = METRICS[name](decisions, targets, ids=ids)
        assert found.value(found.parts.sum(axis=0)) == pytest.approx(whole)
        return
    counts = draws(len(targets))
    for counted, value in zip(counts, found.value(counts @ found.parts), strict=True):
        rows = np.repeat(np.arange(len(targets)), counted)
        assert value == pytest.approx(METRICS[name](decisions[rows], targets[rows]))


def test_documents_drawn_twice_count_twice() -> None:
    matrix = labels(1, 2, count=6).labels()
    decisions = THRESHOLDS.decide(matrix)
    ids = np.array(["a_s0", "a_s1", "b_s0", "b_s1", "c_s0", "c_s1"], object)
    found = matrix_additive("example_f1", decisions, matrix.targets, ids)
    assert found is not None
    again = np.array(["z_s0", "z_s1"], object)
    rows = [0, 1, 2, 3, 4, 5, 0, 1]
    expected = METRICS["example_f1"](
        decisions[rows], matrix.targets[rows], ids=np.concatenate([ids, again])
    )
    assert found.value(found.parts[rows].sum(axis=0)) == pytest.approx(expected)


@pytest.mark.parametrize("kind", FAST)
def test_nothing_to_count_is_undefined(kind) -> None:
    task = task_of(kind, 5)
    for name in FAST[kind] - {"pearson", "f1_macro"}:
        needs = TASK_METRICS[kind][name].needs
        values = decided(task) if needs == "decisions" else task.scores
        found = task_additive(name, kind, values, task.targets, task.about)
        assert found is not None
        assert np.isnan(found.value(np.zeros((1, found.parts.shape[1])))).all()


def test_a_constant_has_no_correlation() -> None:
    targets, scores = np.arange(20.0), np.full(20, 0.1)
    found = task_additive("pearson", "regression", scores, targets, task_of("regression", 0).about)
    assert found is not None
    assert np.isnan(found.value(found.parts.sum(axis=0)[None])).all()
