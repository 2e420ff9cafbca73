"""Number of groups: tables against other implementations, and what they suggest."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from mtlv.errors import ConfigError, GroupingError
from mtlv.grouping.clustering import CLUSTERINGS, cluster
from mtlv.grouping.numbers import NUMBERS, choose_number, elbow, gap, silhouette
from mtlv.grouping.points import Points
from mtlv.randomness import generator

NUMBERED = [name for name in CLUSTERINGS if CLUSTERINGS[name].takes_number]
CENTRES = np.repeat([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]], 4, axis=0)


def blobs() -> np.ndarray:
    return CENTRES + np.random.default_rng(0).normal(scale=0.1, size=CENTRES.shape)


@pytest.mark.parametrize("method", NUMBERED)
@pytest.mark.parametrize("how", ["elbow", "silhouette"])
def test_the_number_of_blobs_is_found(how: str, method: str) -> None:
    table = choose_number(how, Points.of_features(blobs()), method)
    assert table.chosen == 3
    assert table.method == how
    assert len(table.values) == len(table.groups)


@pytest.mark.parametrize("how", sorted(NUMBERS))
def test_the_order_of_tasks_changes_nothing(how: str) -> None:
    features = np.random.default_rng(1).normal(size=(7, 2))
    features[:3] += 9
    order = np.random.default_rng(2).permutation(7)
    assert NUMBERS[how](Points.of_features(features), "kmedoids", 0) == NUMBERS[how](
        Points.of_features(features[order]), "kmedoids", 0
    )


@pytest.mark.parametrize("how", sorted(NUMBERS))
def test_methods_that_find_the_number_have_none_to_choose(how: str) -> None:
    with pytest.raises(GroupingError, match="'hdbscan' finds the number of groups itself"):
        choose_number(how, Points.of_features(blobs()), "hdbscan")


def test_an_unknown_way_says_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'elbow'"):
        choose_number("elbo", Points.of_features(blobs()))


# --- elbow ---------------------------------------------------------------------------------------


def test_the_elbow_falls_to_zero() -> None:
    table = elbow(Points.of_features(blobs()))
    assert table.groups == tuple(range(1, 13))
    assert table.values[-1] == pytest.approx(0)
    assert all(a >= b - 1e-9 for a, b in zip(table.values, table.values[1:], strict=False))


@pytest.mark.parametrize("tasks", [1, 2])
def test_few_tasks_have_no_elbow(tasks: int) -> None:
    points = Points.of_features(np.arange(tasks, dtype=float)[:, None])
    assert elbow(points).chosen is None
    with pytest.raises(GroupingError, match="use `groups: silhouette`"):
        choose_number("elbow", points)


def test_a_straight_line_has_no_elbow() -> None:
    """Equally distant tasks: each further group takes away the same."""
    with pytest.raises(GroupingError, match="suggests no number"):
        choose_number("elbow", Points.of_features(np.eye(6)))


def test_a_table_ends_where_equal_tasks_cannot_be_parted() -> None:
    twins = Points.of_features(np.repeat([[0.0], [1.0], [5.0]], 2, axis=0))
    assert elbow(twins, "kmeans").groups == (1, 2, 3)


# --- silhouette ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", NUMBERED)
def test_the_silhouette_is_that_of_the_features(method: str) -> None:
    features = np.random.default_rng(3).normal(size=(6, 2))
    points = Points.of_features(features)
    table = silhouette(points, method)
    assert table.groups == (2, 3, 4, 5)
    expected = [silhouette_score(features, cluster(method, points, k).labels) for k in table.groups]
    assert table.values == pytest.approx(expected)
    assert table.chosen == table.groups[int(np.argmax(expected))]


def test_the_silhouette_works_on_a_matrix() -> None:
    similarity = -Points.of_features(blobs()).distances
    assert choose_number("silhouette", Points.of_similarity(similarity)).chosen == 3


@pytest.mark.parametrize("tasks", [1, 2])
def test_few_tasks_have_no_silhouette(tasks: int) -> None:
    with pytest.raises(GroupingError, match="silhouette table suggests no number"):
        choose_number("silhouette", Points.of_features(np.arange(tasks, dtype=float)[:, None]))


# --- gap -----------------------------------------------------------------------------------------


def within(rows: np.ndarray, labels: np.ndarray) -> float:
    """Sum of squares around the means of groups, which equation 2 comes to."""
    groups = [rows[labels == label] for label in set(labels.tolist())]
    return sum(((group - group.mean(axis=0)) ** 2).sum() for group in groups)


def test_the_gap_is_that_of_the_paper() -> None:
    rows = np.random.default_rng(4).normal(size=(6, 2)) * [3, 1]
    rows = rows[np.lexsort(rows.T)]
    table = gap(Points.of_features(rows), "kmeans", seed=5, draws=4)
    assert table.groups == (1, 2, 3, 4, 5)

    def dispersions(values: np.ndarray) -> list[float]:
        points = Points.of_features(values)
        found = [cluster("kmeans", points, k, seed=5).labels for k in table.groups]
        return [np.log(within(values, labels)) for labels in found]

    axes = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[2]
    turned = (rows - rows.mean(axis=0)) @ axes.T
    random = generator(5, "gap")
    draws = [random.uniform(turned.min(0), turned.max(0), turned.shape) @ axes for _ in range(4)]
    drawn = np.array([dispersions(draw) for draw in draws])
    assert table.values == pytest.approx(drawn.mean(axis=0) - dispersions(rows))
    assert table.errors == pytest.approx(drawn.std(axis=0) * np.sqrt(1 + 1 / 4))


def test_the_gap_finds_two_groups() -> None:
    table = gap(Points.of_features(blobs()[:8]), draws=5)
    assert table.chosen == 2
    assert table.errors is not None


def test_the_gap_leaves_even_noise_together() -> None:
    noise = np.random.default_rng(0).uniform(size=(20, 2))
    assert gap(Points.of_features(noise), "agglomerative", draws=10).chosen == 1


def test_the_gap_bears_groups_of_equal_tasks() -> None:
    table = gap(Points.of_features(CENTRES[:8]), draws=5)
    assert np.isfinite(table.values).all()
    assert table.chosen == 2


@pytest.mark.parametrize("tasks", [1, 2])
def test_the_gap_keeps_few_tasks_together(tasks: int) -> None:
    table = choose_number("gap", Points.of_features(np.arange(tasks, dtype=float)[:, None]))
    assert (table.groups, table.chosen) == ((1,), 1)


def test_a_matrix_has_no_gap() -> None:
    with pytest.raises(GroupingError, match="gap statistic needs features"):
        choose_number("gap", Points.of_similarity(np.eye(4)))


def test_tasks_that_are_all_alike_have_no_gap() -> None:
    with pytest.raises(GroupingError, match="alike"):
        choose_number("gap", Points.of_features(np.ones((4, 2))))
