import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from mtlv.errors import ProtocolError
from mtlv.evaluation.counts import Array, classification_report, confusion, defined_mean, rates

NAN = np.nan


def random_labels(seed: int, rows: int = 40, tasks: int = 5) -> tuple[Array, Array]:
    """Decisions and targets with an empty row, a label without positives and one never decided."""
    random = np.random.default_rng(seed)
    targets = (random.random((rows, tasks)) < 0.3).astype(float)
    decisions = (random.random((rows, tasks)) < 0.3).astype(np.int8)
    targets[0], decisions[0], targets[:, 0], decisions[:, 1] = 0, 0, 0, 0
    return decisions, targets


def test_confusion_by_hand() -> None:
    decisions = np.array([[1, 0], [1, 1], [0, 0], [0, 1]], np.int8)
    targets = np.array([[1, NAN], [0, 1], [1, 0], [0, NAN]])
    assert confusion(decisions, targets).tolist() == [[1, 1, 1, 1], [1, 0, 0, 1]]


@given(seed=st.integers(0, 2**16))
@settings(max_examples=30)
def test_confusion_equals_scikit_learn(seed: int) -> None:
    decisions, targets = random_labels(seed)
    expected = reference.multilabel_confusion_matrix(targets, decisions).reshape(-1, 4)
    np.testing.assert_array_equal(confusion(decisions, targets), expected)


def test_one_task_is_one_row() -> None:
    decisions, targets = random_labels(0)
    counts = confusion(decisions[:, 2], targets[:, 2])
    assert counts.tolist() == confusion(decisions, targets)[2:3].tolist()


def test_shapes_must_agree() -> None:
    with pytest.raises(ProtocolError, match=r"\(3, 2\) and \(3,\)"):
        confusion(np.zeros((3, 2)), np.zeros(3))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([5, 1, 3, 4], (4 / 5, 4 / 7, 8 / 12)),
        ([5, 0, 0, 0], (0.0, 0.0, 0.0)),  # nothing to find and nothing found
        ([5, 2, 0, 0], (0.0, 0.0, 0.0)),
        ([0, 0, 2, 0], (0.0, 0.0, 0.0)),
        ([0, 0, 0, 3], (1.0, 1.0, 1.0)),
        ([0, 0, 0, 0], (NAN, NAN, NAN)),  # no target at all
    ],
)
def test_rates_by_hand(counts: list[int], expected: tuple[float, ...]) -> None:
    found = rates(np.array(counts))
    np.testing.assert_allclose([found.precision, found.recall, found.f1], expected)


def test_defined_mean() -> None:
    assert defined_mean([1.0, NAN, 0.0]) == 0.5
    assert np.isnan(defined_mean([NAN]))
    assert np.isnan(defined_mean([]))


@given(seed=st.integers(0, 2**16))
@settings(max_examples=20)
def test_report_equals_scikit_learn(seed: int) -> None:
    decisions, targets = random_labels(seed)
    names = [f"t{i}" for i in range(5)]
    expected = reference.classification_report(
        targets, decisions, target_names=names, output_dict=True, zero_division=0
    )

    rows = classification_report(decisions, targets, names)

    assert [row["name"] for row in rows] == [*names, "micro", "macro", "weighted"]
    for row in rows:
        other = expected[row["name"] if row["row"] == "task" else f"{row['name']} avg"]
        assert row["support"] == other["support"]
        for mine, yours in (("precision",) * 2, ("recall",) * 2, ("f1", "f1-score")):
            assert row[mine] == pytest.approx(other[yours])


def test_report_counts_the_targets_present() -> None:
    decisions, targets = np.array([[1, 0], [0, 0]], np.int8), np.array([[1, NAN], [1, NAN]])
    first, second, *_ = classification_report(decisions, targets, ["a", "b"])
    assert (first["n"], first["tp"], first["fn"], first["fp"], first["tn"]) == (2, 1, 1, 0, 0)
    assert (second["n"], second["support"]) == (0, 0)
    assert np.isnan(second["f1"])
