"""Stability: resamples keep rows together, and agreement is counted right."""

from __future__ import annotations

import numpy as np
import pytest

from mtlv.errors import GroupingError
from mtlv.grouping.clustering import cluster
from mtlv.grouping.context import Array, TaskContext
from mtlv.grouping.features import FEATURES, task_features
from mtlv.grouping.points import Points
from mtlv.grouping.stability import resample, stability
from mtlv.tasks import TaskSet

from .contexts import NAMES, TEXTS, binary, context

LABELS = np.array([0, 0, 1, 1])


def numbered(corpora: dict[str, int]) -> TaskContext:
    """Return a context whose targets and vectors are the numbers of the texts."""
    tasks = TaskSet(tuple(binary(f"{c}{i}", c) for c in corpora for i in range(2)))
    targets = {task.name: np.arange(corpora[task.corpus], dtype=float) for task in tasks}
    return TaskContext(tasks, targets, text_vectors=lambda c: np.arange(corpora[c])[:, None])


def test_targets_and_vectors_of_a_corpus_follow_the_same_rows() -> None:
    again = resample(numbered({"x": 9, "y": 30}), draw=0)
    for corpus, texts in (("x", 9), ("y", 30)):
        rows = again.targets[f"{corpus}0"]
        assert len(rows) == texts
        assert set(rows.tolist()) < set(range(texts)), "some texts are left out, none is new"
        np.testing.assert_array_equal(rows, again.targets[f"{corpus}1"])
        np.testing.assert_array_equal(rows, again.text_vectors(corpus)[:, 0])


def test_every_draw_is_another_and_the_same_again() -> None:
    here = numbered({"x": 20})
    draws = [
        resample(here, draw, seed).targets["x0"].tolist() for draw, seed in [(0, 0), (1, 0), (0, 1)]
    ]
    assert draws[0] != draws[1] != draws[2] != draws[0]
    assert resample(here, 0, 0).targets["x0"].tolist() == draws[0]
    assert here.targets["x0"].tolist() == list(range(20)), "the context itself stays"


def test_a_data_map_follows_the_rows_and_the_rest_stays() -> None:
    here = context(targets={name: np.arange(TEXTS, dtype=float) for name in NAMES})
    again = resample(here, draw=3)
    rows = again.targets["edema"].astype(int)
    for name in ("mean", "spread"):
        before = here.measure("data_map", {}).arrays[name]
        np.testing.assert_array_equal(again.measure("data_map", {}).arrays[name], before[rows])
    fisher = (c.measure("fisher", {}).arrays["information"] for c in (here, again))
    np.testing.assert_array_equal(*fisher)


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_kinds_say_whether_other_texts_change_them(name: str) -> None:
    here = context()
    before, after = (task_features(name, c) for c in (here, resample(here, draw=0)))
    assert np.array_equal(before, after) != FEATURES[name].resamples


def test_the_same_groups_agree_whatever_they_are_called() -> None:
    found = stability(lambda c: 1 - LABELS, context(), LABELS, draws=3)
    assert (found.mean, found.sd, found.draws, found.failed) == (1, 0, 3, 0)


def test_agreement_is_the_adjusted_rand_index() -> None:
    """Of {ab|cd} with {abc|d}: no more pairs agree than by chance, so 0; with itself 1."""
    answers = iter([LABELS, np.array([0, 0, 0, 1])])
    found = stability(lambda c: next(answers), context(), LABELS, draws=2)
    assert found.mean == pytest.approx(0.5)
    assert found.sd == pytest.approx(np.std([0, 1], ddof=1))


def test_groups_at_random_do_not_agree() -> None:
    draw = np.random.default_rng(0)
    labels = np.repeat(range(4), 5)
    found = stability(lambda c: draw.integers(0, 4, 20), context(), labels, draws=40)
    assert abs(found.mean) < 0.1


def test_draws_that_cannot_be_grouped_are_counted() -> None:
    calls = iter(range(4))

    def regroup(_: TaskContext) -> Array:
        if next(calls) % 2:
            raise GroupingError("Some tasks have no positive text.")
        return LABELS

    found = stability(regroup, context(), LABELS, draws=4)
    assert (found.draws, found.failed) == (2, 2)


def test_it_says_why_no_draw_can_be_grouped() -> None:
    def regroup(_: TaskContext) -> Array:
        raise GroupingError("Some tasks have no positive text.")

    with pytest.raises(GroupingError, match=r"any resample[\s\S]*no positive text"):
        stability(regroup, context(), LABELS, draws=2)


def test_no_draw_is_refused() -> None:
    with pytest.raises(GroupingError, match="needs a draw"):
        stability(lambda c: LABELS, context(), LABELS, draws=0)


def test_one_draw_has_no_spread() -> None:
    assert np.isnan(stability(lambda c: LABELS, context(), LABELS, draws=1).sd)


def test_tasks_on_the_same_texts_are_found_again() -> None:
    """Two pairs of tasks, each on the same texts: any resample shows it."""
    half = np.repeat([0.0, 1.0], TEXTS)
    here = context(targets=dict(zip(NAMES, [half, half, 1 - half, 1 - half], strict=True)))

    def regroup(drawn: TaskContext) -> Array:
        points = Points.of_features(task_features("jaccard", drawn))
        return cluster("kmedoids", points, 2).labels

    first, again = (stability(regroup, here, regroup(here), draws=5) for _ in range(2))
    assert first.mean == 1
    assert first == again
