"""Clustering: against brute force, and whatever the tasks are called."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlv.errors import GroupingError
from mtlv.grouping import GROUPINGS, GroupingContext
from mtlv.grouping.clustering import elbow, k_medoids
from mtlv.tasks import Task, TaskSet


def _tasks(names: list[str], described: bool = True) -> TaskSet:
    return TaskSet(
        tuple(Task(n, "binary", "c", (), "f1", f"about {n}" if described else None) for n in names)
    )


def _embed(texts: list[str]) -> np.ndarray:
    """Embed a text as its letter counts, so that equal texts lie together."""
    return np.array([[t.count(c) for c in "abcdefgh"] for t in texts], float)


@pytest.mark.parametrize("groups", [1, 2, 3, 4])
def test_k_medoids_finds_the_optimum_of_small_problems(groups: int) -> None:
    features = np.random.default_rng(groups).normal(size=(8, 3))
    distances = np.linalg.norm(features[:, None] - features[None], axis=-1)
    best = min(distances[:, list(c)].min(axis=1).sum() for c in combinations(range(8), groups))
    found = k_medoids(features, groups, seed=0)
    assert found.inertia == pytest.approx(best)
    assert len(set(found.labels.tolist())) == groups


def test_the_elbow_falls_to_zero_and_bends_where_the_clusters_are() -> None:
    centres = np.repeat([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]], 4, axis=0)
    table = elbow(centres + np.random.default_rng(0).normal(scale=0.1, size=centres.shape), seed=0)
    assert table.knee == 3
    assert table.inertia[-1] == pytest.approx(0)
    assert all(a >= b - 1e-9 for a, b in zip(table.inertia, table.inertia[1:], strict=False))


@settings(max_examples=25)
@given(st.permutations(["aa", "ab", "cc", "cd", "ee", "ff"]))
def test_groups_do_not_depend_on_the_order_of_tasks(names: list[str]) -> None:
    def groups(order: list[str]) -> set[frozenset[str]]:
        context = GroupingContext(_tasks(order), 3, "label", 0, _embed)
        return {frozenset(g) for g in GROUPINGS["kmedoids"](context).grouping.groups}

    assert groups(list(names)) == groups(sorted(names))


@given(st.integers(1, 6), st.integers(0, 50))
def test_random_groups_are_a_partition_of_even_sizes(groups: int, draw: int) -> None:
    tasks = _tasks(list("abcdef"))
    found = GROUPINGS["random"](GroupingContext(tasks, groups, "label", draw, _embed)).grouping
    assert sorted(t for g in found.groups for t in g) == list("abcdef")
    sizes = [len(g) for g in found.groups]
    assert max(sizes) - min(sizes) <= 1


def test_missing_descriptions_are_named() -> None:
    context = GroupingContext(
        _tasks(["a", "b"], described=False), 2, "label_description", 0, _embed
    )
    with pytest.raises(GroupingError, match="a, b"):
        GROUPINGS["kmedoids"](context)


def test_equal_features_are_refused() -> None:
    context = GroupingContext(_tasks(["x", "y"]), 2, "label", 0, _embed)
    with pytest.raises(GroupingError, match="the same for all tasks"):
        GROUPINGS["kmedoids"](context)


@pytest.mark.parametrize("method", sorted(GROUPINGS))
def test_more_groups_than_tasks_is_refused(method: str) -> None:
    context = GroupingContext(_tasks(["a", "b", "c"]), 4, "label", 0, _embed)
    with pytest.raises(GroupingError, match="4 groups for 3 tasks"):
        GROUPINGS[method](context)
