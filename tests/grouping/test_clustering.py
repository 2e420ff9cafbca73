"""Clustering: every method keeps the contract, and finds what brute force or others find."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.cluster import SpectralClustering
from sklearn.metrics import adjusted_rand_score

from mtlv.errors import ConfigError, GroupingError
from mtlv.grouping.clustering import CLUSTERINGS, TooManyGroups, cluster
from mtlv.grouping.points import Points

METHODS = sorted(CLUSTERINGS)
NUMBERED = [name for name in METHODS if CLUSTERINGS[name].takes_number]
FINDING = [name for name in METHODS if not CLUSTERINGS[name].takes_number]
KINDS = ["features", "matrix"]
CASES = [(m, k) for m in METHODS for k in KINDS if (m, k) != ("kde", "matrix")]
BLOBS = np.repeat([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]], 4, axis=0)


def draw(kind: str, tasks: int, seed: int = 0, dimensions: int = 3) -> np.ndarray:
    shape = (tasks, tasks if kind == "matrix" else dimensions)
    return np.random.default_rng(seed).normal(size=shape)


def points_of(kind: str, values: np.ndarray) -> Points:
    return Points.of_similarity(values) if kind == "matrix" else Points.of_features(values)


def fitting(method: str, kind: str, tasks: int, seed: int = 0) -> np.ndarray:
    """Return what the method can cluster: `kde` parts numbers, one per task."""
    return draw(kind, tasks, seed, 1 if method == "kde" else 3)


def number(method: str, tasks: int) -> int | None:
    return min(3, tasks) if method in NUMBERED else None


def parts(labels: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels.tolist())}


def noisy_blobs() -> np.ndarray:
    return BLOBS + np.random.default_rng(0).normal(scale=0.1, size=BLOBS.shape)


# --- the contract --------------------------------------------------------------------------------


@pytest.mark.parametrize("tasks", [1, 2, 3, 4, 9])
@pytest.mark.parametrize(("method", "kind"), CASES)
def test_every_task_is_in_one_group_and_the_same_seed_gives_the_same(
    method: str, tasks: int, kind: str
) -> None:
    points = points_of(kind, fitting(method, kind, tasks))
    first, again = (cluster(method, points, number(method, tasks), seed=1) for _ in range(2))
    assert first.labels.shape == (tasks,)
    assert sorted(set(first.labels.tolist())) == list(range(len(first)))
    assert first.labels[0] == 0
    assert first.labels.tolist() == again.labels.tolist()
    assert (first.medoids, first.inertia) == (again.medoids, again.inertia)
    if number(method, tasks):
        assert len(first) == number(method, tasks)


@pytest.mark.parametrize(("method", "kind"), CASES)
def test_the_order_of_tasks_changes_nothing(method: str, kind: str) -> None:
    for seed in range(4):
        values = fitting(method, kind, 7, seed)
        order = np.random.default_rng(seed).permutation(7)
        moved = values[np.ix_(order, order)] if kind == "matrix" else values[order]
        one = cluster(method, points_of(kind, values), number(method, 7))
        other = cluster(method, points_of(kind, moved), number(method, 7))
        assert parts(one.labels[order]) == parts(other.labels)
        assert {int(order[m]) for m in other.medoids} == set(one.medoids)
        assert one.inertia == pytest.approx(other.inertia)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=8)
@given(
    values=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=4, max_size=6),
    shuffle=st.randoms(use_true_random=False),
)
def test_equal_distances_and_equal_tasks_change_nothing_either(
    method: str, values: list[tuple[int, int]], shuffle: object
) -> None:
    def groups(rows: list[tuple[int, ...]]) -> list[list[tuple[int, ...]]] | str:
        try:
            found = cluster(method, Points.of_features(np.array(rows, float)), number(method, 4))
        except TooManyGroups:
            return "too many"
        return sorted(sorted(rows[i] for i in part) for part in parts(found.labels))

    rows: list[tuple[int, ...]] = [v[:1] for v in values] if method == "kde" else list(values)
    moved = list(rows)
    shuffle.shuffle(moved)  # type: ignore[attr-defined]
    assert groups(rows) == groups(moved)


@pytest.mark.parametrize("method", FINDING)
def test_tasks_that_are_all_alike_are_no_trouble(method: str) -> None:
    assert cluster(method, Points.of_features(np.ones((4, 1)))).inertia == 0


def test_tasks_that_are_alike_are_not_always_parted() -> None:
    with pytest.raises(TooManyGroups, match="ask for fewer groups") as caught:
        cluster("kmeans", Points.of_features([[0.0], [0.0], [1.0], [1.0]]), 3)
    assert caught.value.found == "2 groups"


@pytest.mark.parametrize(("method", "kind"), CASES)
def test_a_medoid_is_nearest_to_the_others_of_its_group(method: str, kind: str) -> None:
    points = points_of(kind, fitting(method, kind, 8))
    found = cluster(method, points, number(method, 8))
    total = 0.0
    for label, medoid in enumerate(found.medoids):
        members = np.flatnonzero(found.labels == label)
        sums = [sum(points.distances[m, o] for o in members) for m in members]
        assert medoid in members
        assert sum(points.distances[medoid, o] for o in members) == pytest.approx(min(sums))
        total += min(sums)
    assert found.inertia == pytest.approx(total)


@pytest.mark.parametrize("method", NUMBERED)
@pytest.mark.parametrize("groups", [0, -1, 4])
def test_numbers_that_do_not_fit_are_refused(method: str, groups: int) -> None:
    with pytest.raises(GroupingError, match=f"{groups} groups for 3 tasks") as caught:
        cluster(method, Points.of_features(draw("features", 3)), groups)
    assert caught.value.where == "groups"


@pytest.mark.parametrize("method", NUMBERED)
def test_a_missing_number_is_asked_for(method: str) -> None:
    with pytest.raises(GroupingError, match="must be told the number"):
        cluster(method, Points.of_features(draw("features", 3)))


@pytest.mark.parametrize("method", FINDING)
def test_a_number_is_refused_by_methods_that_find_it(method: str) -> None:
    with pytest.raises(GroupingError, match="finds the number of groups itself"):
        cluster(method, Points.of_features(draw("features", 3)), 2)


@pytest.mark.parametrize(("method", "kind"), [case for case in CASES if case[0] != "kde"])
def test_every_method_finds_what_is_far_apart(method: str, kind: str) -> None:
    same = (np.arange(12)[:, None] // 4 == np.arange(12) // 4).astype(float)
    values = same if kind == "matrix" else noisy_blobs()
    found = cluster(method, points_of(kind, values), 3 if method in NUMBERED else None)
    assert parts(found.labels) == {frozenset(range(i, i + 4)) for i in (0, 4, 8)}


def test_every_clustering_says_what_it_is() -> None:
    assert all(CLUSTERINGS[name].description.endswith((".", ")")) for name in METHODS)
    with pytest.raises(ConfigError, match="did you mean 'kmeans'"):
        cluster("kmean", Points.of_features(BLOBS), 2)


# --- methods, one by one -------------------------------------------------------------------------


@pytest.mark.parametrize("groups", [1, 2, 3, 4])
def test_k_medoids_finds_the_optimum_of_small_problems(groups: int) -> None:
    features = np.random.default_rng(groups).normal(size=(8, 3))
    distances = np.linalg.norm(features[:, None] - features[None], axis=-1)
    best = min(distances[:, list(c)].min(axis=1).sum() for c in combinations(range(8), groups))
    found = cluster("kmedoids", Points.of_features(features), groups)
    assert found.inertia == pytest.approx(best)
    assert len(set(found.labels.tolist())) == groups


def test_k_medoids_parts_equal_tasks_into_as_many_groups_as_are_wanted() -> None:
    assert (
        len(cluster("kmedoids", Points.of_features(np.array([[0.0], [0.0], [1.0], [1.0]])), 3)) == 3
    )


@pytest.mark.parametrize("groups", [2, 3])
def test_k_means_finds_the_optimum_of_small_problems(groups: int) -> None:
    features = draw("features", 6, seed=groups)

    def squares(labels: np.ndarray) -> float:
        members = [features[labels == label] for label in range(groups)]
        return sum(((m - m.mean(axis=0)) ** 2).sum() for m in members)

    ways = (np.array(way) for way in product(range(groups), repeat=6))
    best = min(squares(way) for way in ways if len(set(way.tolist())) == groups)
    found = cluster("kmeans", Points.of_features(features), groups)
    assert squares(found.labels) == pytest.approx(best)


@pytest.mark.parametrize("groups", [2, 3, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_agglomeration_is_average_linkage(groups: int, kind: str) -> None:
    points = points_of(kind, draw(kind, 9, seed=groups))
    tree = linkage(squareform(points.distances), method="average")
    expected = fcluster(tree, groups, "maxclust")
    assert parts(cluster("agglomerative", points, groups).labels) == parts(expected)


@pytest.mark.parametrize("seed", range(3))
def test_spectral_clustering_agrees_with_another_implementation(seed: int) -> None:
    rows = BLOBS / 4 + np.random.default_rng(seed).normal(scale=0.4, size=BLOBS.shape)
    points = Points.of_features(rows)
    other = SpectralClustering(3, affinity="precomputed", random_state=0).fit(points.kernel())
    found = cluster("spectral", points, 3)
    assert adjusted_rand_score(found.labels, other.labels_) == 1


def test_spectral_clustering_leaves_alone_what_is_like_nothing() -> None:
    similarity = np.zeros((5, 5))
    similarity[0, 1] = similarity[1, 0] = similarity[2, 3] = similarity[3, 2] = 1
    found = cluster("spectral", Points.of_similarity(similarity), 3)
    assert found.labels.tolist() == [0, 0, 1, 1, 2]


def test_noise_stays_alone() -> None:
    rows = np.vstack([noisy_blobs(), [[40.0, 40.0], [-40.0, 40.0]]])
    found = cluster("hdbscan", Points.of_features(rows))
    assert found.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [3, 4]


def test_density_splits_numbers_where_there_are_few() -> None:
    low, high = [[0.0], [0.1], [0.2], [0.3]], [[5.0], [5.1], [5.2], [5.3]]
    assert cluster("kde", Points.of_features(high + low)).labels.tolist() == [0] * 4 + [1] * 4
    assert len(cluster("kde", Points.of_features(low))) == 1


@pytest.mark.parametrize(
    ("points", "found"),
    [
        (Points.of_features(np.eye(3)), "3 each"),
        (Points.of_similarity(np.eye(3)), "a matrix"),
    ],
)
def test_density_needs_one_number_per_task(points: Points, found: str) -> None:
    with pytest.raises(GroupingError, match=found):
        cluster("kde", points)


def modularity(weights: np.ndarray, labels: np.ndarray) -> float:
    """Newman's modularity of a weighted graph, from its definition."""
    degrees, twice = weights.sum(axis=1), weights.sum()
    same = labels[:, None] == labels[None]
    return float(((weights - np.outer(degrees, degrees) / twice) * same).sum() / twice)


def test_communities_have_the_greatest_modularity() -> None:
    weights = np.zeros((6, 6))
    for a, b, weight in [(0, 1, 3), (1, 2, 3), (0, 2, 3), (3, 4, 2), (4, 5, 2), (2, 3, 1)]:
        weights[a, b] = weights[b, a] = weight
    found = cluster("communities", Points.of_similarity(weights))
    best = max(modularity(weights, np.array(way)) for way in product(range(3), repeat=6))
    assert modularity(weights, found.labels) == pytest.approx(best)
    assert found.labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_what_is_not_similar_is_no_edge() -> None:
    similarity = np.array([[0, 1, -9], [1, 0, -9], [-9, -9, 0]], float)
    assert cluster("communities", Points.of_similarity(similarity)).labels.tolist() == [0, 0, 1]
    assert len(cluster("communities", Points.of_similarity(-np.ones((3, 3))))) == 3


def test_members_are_named() -> None:
    found = cluster("kmedoids", Points.of_features(np.array([[0.0], [9.0], [0.1]])), 2)
    assert found.members(["a", "b", "c"]) == [["a", "c"], ["b"]]
