import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference
from sklearn.calibration import calibration_curve

from mtlv.errors import ProtocolError
from mtlv.evaluation import ranking
from mtlv.evaluation.ranking import (
    average_precision,
    expected_calibration_error,
    log_loss,
    operating_points,
    roc_auc,
)

SCORED = [average_precision, roc_auc, log_loss, expected_calibration_error]


def random_task(seed: int, count: int = 60, ties: bool = True) -> tuple[ranking.Array, ...]:
    random = np.random.default_rng(seed)
    scores = random.random(count, np.float32)
    if ties:
        scores = np.round(scores, 1)
    targets = (random.random(count) < 0.3).astype(float)
    targets[:2] = 0, 1
    return scores, targets


@given(seed=st.integers(0, 2**16), ties=st.booleans())
def test_equals_scikit_learn(seed: int, ties: bool) -> None:
    scores, targets = random_task(seed, ties=ties)
    assert average_precision(scores, targets) == pytest.approx(
        reference.average_precision_score(targets, scores), abs=1e-12
    )
    assert roc_auc(scores, targets) == pytest.approx(
        reference.roc_auc_score(targets, scores), abs=1e-12
    )
    assert log_loss(scores, targets) == pytest.approx(reference.log_loss(targets, scores), rel=1e-5)


@given(seed=st.integers(0, 2**16))
def test_calibration_error_equals_that_of_the_calibration_curve(seed: int) -> None:
    scores, targets = random_task(seed, ties=False)
    observed, stated = calibration_curve(targets, scores, n_bins=15)
    sizes = np.histogram(scores, np.linspace(0, 1, 16))[0]
    expected = np.sum(np.abs(observed - stated) * sizes[sizes > 0]) / len(scores)
    assert expected_calibration_error(scores, targets) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("scores", "targets", "expected"),
    [
        ([0.0, 0.0, 1.0, 1.0], [0, 0, 1, 1], 0.0),
        ([0.0, 0.0, 1.0, 1.0], [1, 1, 0, 0], 1.0),
        ([0.5, 0.5, 0.5, 0.5], [0, 0, 1, 1], 0.0),  # never sure, and right half of the time
        ([0.9, 0.9, 0.1, 0.1], [1, 0, 1, 0], 0.4),
        ([0.9, 0.1], [0, 1], 0.9),  # folding p and 1-p would find 0.9, too, but as one bin
        ([1 / 15, 1 / 15], [0, 1], 0.5 - 1 / 15),  # an edge belongs to the lower bin
    ],
)
def test_calibration_error_by_hand(
    scores: list[float], targets: list[float], expected: float
) -> None:
    found = expected_calibration_error(np.array(scores), np.array(targets, float))
    assert found == pytest.approx(expected)


def test_certainty_that_is_wrong_costs_what_float32_can_say() -> None:
    assert log_loss(np.array([0.0]), np.array([1.0])) == pytest.approx(15.942, abs=1e-3)
    assert log_loss(np.array([1.0]), np.array([1.0])) == pytest.approx(0.0, abs=1e-6)


def test_operating_points_by_hand() -> None:
    scores = np.array([0.9, 0.5, 0.5, 0.2, 0.7])
    targets = np.array([1.0, 1.0, 0.0, 0.0, np.nan])

    points = operating_points(scores, targets)

    assert points.scores.tolist() == [0.9, 0.5, 0.2]
    assert points.found.tolist() == [1, 2, 2]
    assert points.called.tolist() == [1, 3, 4]
    assert (points.positives, points.total) == (2, 4)
    np.testing.assert_allclose(points.f1, [2 / 3, 4 / 5, 4 / 6])


@pytest.mark.parametrize("targets", [[0.0, 0.0], [1.0, 1.0], [np.nan, 1.0], [np.nan, np.nan]])
def test_one_class_cannot_be_ranked(targets: list[float]) -> None:
    scores = np.array([0.2, 0.8])
    assert np.isnan(average_precision(scores, np.array(targets)))
    assert np.isnan(roc_auc(scores, np.array(targets)))


@pytest.mark.parametrize("function", SCORED)
def test_no_target_gives_no_value(function: ranking.Any) -> None:
    assert np.isnan(function(np.array([0.5]), np.array([np.nan])))
    assert np.isnan(function(np.empty(0), np.empty(0)))


@pytest.mark.parametrize("function", SCORED)
@given(seed=st.integers(0, 2**16))
@settings(max_examples=20)
def test_order_of_examples_means_nothing(function: ranking.Any, seed: int) -> None:
    scores, targets = random_task(seed)
    order = np.random.default_rng(seed).permutation(len(scores))
    assert function(scores, targets) == pytest.approx(function(scores[order], targets[order]))


@pytest.mark.parametrize("function", SCORED)
def test_missing_targets_are_left_out(function: ranking.Any) -> None:
    scores, targets = random_task(3)
    gaps = np.where(np.arange(60) % 5 == 4, np.nan, targets)
    kept = ~np.isnan(gaps)
    assert function(scores, gaps) == function(scores[kept], targets[kept])


@given(seed=st.integers(0, 2**16))
@settings(max_examples=20)
def test_ranking_is_blind_to_scale(seed: int) -> None:
    scores, targets = random_task(seed)
    for function in (average_precision, roc_auc):
        assert function(scores, targets) == function(scores.astype(float) ** 3 - 1, targets)


def test_a_positive_without_a_score_ranks_last_in_any_order() -> None:
    scores = np.array([np.nan, 0.9, 0.1, np.nan])
    targets = np.array([1.0, 1.0, 0.0, 0.0])
    expected = average_precision(np.array([-1, 0.9, 0.1, -1]), targets)
    for order in ([0, 1, 2, 3], [3, 2, 1, 0]):
        assert average_precision(scores[order], targets[order]) == expected
    assert np.isnan(log_loss(scores, targets))
    assert np.isnan(expected_calibration_error(scores, targets))


def test_pools_the_cells_of_a_matrix() -> None:
    scores, targets = random_task(5)
    for function in SCORED:
        flat = function(scores, targets)
        assert function(scores.reshape(20, 3), targets.reshape(20, 3)) == pytest.approx(flat)


def test_shapes_must_agree() -> None:
    with pytest.raises(ProtocolError, match="do not belong together"):
        average_precision(np.zeros((3, 2)), np.zeros((2, 3)))
