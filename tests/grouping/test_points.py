"""Points: distances by hand, and an order that the order of tasks does not change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlv.errors import GroupingError
from mtlv.grouping.points import Points


def test_an_affinity_becomes_distances() -> None:
    points = Points.of_similarity([[np.nan, 4, 1], [2, np.nan, 0], [1, -2, np.nan]])
    assert points.similarity is not None
    assert points.similarity.tolist() == [[0, 3, 1], [3, 0, -1], [1, -1, 0]]
    assert points.distances.tolist() == [[0, 0, 2], [0, 0, 4], [2, 4, 0]]
    assert points.rows.tolist() == [[3, 3, 1], [3, 3, -1], [1, -1, 3]]


def test_a_kernel_of_a_matrix_starts_at_its_smallest_entry() -> None:
    points = Points.of_similarity([[0, 3, 1], [3, 0, -1], [1, -1, 0]])
    assert points.kernel().tolist() == [[0, 4, 2], [4, 0, 0], [2, 0, 0]]


def test_a_kernel_of_features_falls_with_the_distance() -> None:
    kernel = Points.of_features([[0.0], [1.0], [3.0]]).kernel()  # distances 1, 2, 3; median 2
    assert kernel[0].tolist() == pytest.approx([0, np.exp(-1 / 8), np.exp(-9 / 8)])


@pytest.mark.parametrize(
    "points", [Points.of_features([[1.0]] * 3), Points.of_similarity([[1.0] * 3] * 3)]
)
def test_tasks_that_are_all_alike_are_all_joined(points: Points) -> None:
    assert points.kernel().tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]


@pytest.mark.parametrize(
    ("matrix", "match"),
    [
        ([[0.0, 1.0]], "row and a column"),
        (np.empty((0, 0)), "row and a column"),
        ([[0.0, np.nan], [1.0, 0.0]], "1 of 2"),
        ([[0.0, np.inf], [-np.inf, 0.0]], "2 of 2"),
    ],
)
def test_a_matrix_that_is_none_is_refused(matrix: list[list[float]], match: str) -> None:
    with pytest.raises(GroupingError, match=match):
        Points.of_similarity(matrix)


@pytest.mark.parametrize("features", [[1.0, 2.0], np.empty((0, 2)), [[np.nan], [1.0]]])
def test_features_that_are_none_are_refused(features: list[list[float]]) -> None:
    with pytest.raises(GroupingError, match=r"table|finite"):
        Points.of_features(features)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 1), min_size=15, max_size=15), st.permutations(range(6)))
def test_a_matrix_of_ties_has_one_order(cells: list[int], moved: list[int]) -> None:
    matrix = np.zeros((6, 6))
    matrix[np.triu_indices(6, 1)] = cells
    matrix += matrix.T
    one = Points.of_similarity(matrix)
    other = Points.of_similarity(matrix[np.ix_(moved, moved)])
    ordered = [points.take(points.order()) for points in (one, other)]
    assert sorted(one.order().tolist()) == list(range(6))
    np.testing.assert_array_equal(ordered[0].similarity, ordered[1].similarity)
    np.testing.assert_array_equal(ordered[0].distances, ordered[1].distances)
    np.testing.assert_array_equal(ordered[0].rows, ordered[1].rows)
