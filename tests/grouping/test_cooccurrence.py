"""Co-occurrence: against a table by hand, NumPy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import jaccard_score, matthews_corrcoef

from mtlv.errors import GroupingError
from mtlv.grouping.context import TaskContext
from mtlv.grouping.cooccurrence import COOCCURRENCES, jaccard, phi, pmi, training_positives
from mtlv.tasks import Task, TaskSet

from .contexts import NAMES, binary, context, targets

NAN = np.nan


def of(**columns: list[float]) -> TaskContext:
    tasks = TaskSet(tuple(binary(name, corpus=name[0]) for name in columns))
    return TaskContext(tasks, {name: np.array(column) for name, column in columns.items()})


def test_by_hand() -> None:
    """Eight texts, a on 4, b on 2, both on 2; so n·n_ab - n_a·n_b = 16 - 8."""
    pair = of(a1=[1, 1, 1, 1, 0, 0, 0, 0], a2=[1, 1, 0, 0, 0, 0, 0, 0])
    assert phi(pair)[0, 1] == pytest.approx(8 / np.sqrt(4 * 4 * 2 * 6))
    assert pmi(pair)[0, 1] == pytest.approx(np.log(8 * 2 / (4 * 2)))
    assert jaccard(pair)[0, 1] == pytest.approx(2 / 4)
    assert np.diag(phi(pair)) == pytest.approx([1, 1])
    assert np.diag(pmi(pair)) == pytest.approx([np.log(2), np.log(4)])
    assert np.diag(jaccard(pair)) == pytest.approx([1, 1])


def test_labels_that_avoid_each_other() -> None:
    pair = of(a1=[1, 1, 0, 0], a2=[0, 0, 1, 1])
    assert phi(pair)[0, 1] == pytest.approx(-1)
    assert pmi(pair)[0, 1] == 0
    assert jaccard(pair)[0, 1] == 0


def test_pairs_are_counted_where_both_are_known() -> None:
    here = context()
    for i, one in enumerate(NAMES):
        for j, other in enumerate(NAMES):
            a, b = targets(one), targets(other)
            known = ~np.isnan(a) & ~np.isnan(b)
            a, b = a[known], b[known]
            assert phi(here)[i, j] == pytest.approx(matthews_corrcoef(a, b))
            assert phi(here)[i, j] == pytest.approx(np.corrcoef(a, b)[0, 1])
            assert jaccard(here)[i, j] == pytest.approx(jaccard_score(a, b))
            together = np.mean(a * b)
            expected = max(0, np.log(together / (a.mean() * b.mean()))) if together else 0
            assert pmi(here)[i, j] == pytest.approx(expected)


@pytest.mark.parametrize("name", sorted(COOCCURRENCES))
def test_tasks_of_different_corpora_have_nothing_in_common(name: str) -> None:
    table = COOCCURRENCES[name](of(a1=[1, 0, 1], b1=[1, 0], a2=[1, 0, 0]))
    assert table[0, 1] == table[1, 2] == 0
    assert table[0, 2] > 0
    np.testing.assert_array_equal(table, table.T)


@pytest.mark.parametrize("name", sorted(COOCCURRENCES))
def test_what_has_no_value_is_nothing(name: str) -> None:
    table = COOCCURRENCES[name](of(a1=[1, NAN], a2=[NAN, 1], a3=[1, 1]))
    assert np.isfinite(table).all()
    assert table[0, 1] == 0


@pytest.mark.parametrize("name", sorted(COOCCURRENCES))
def test_tasks_without_positives_are_named(name: str) -> None:
    with pytest.raises(GroupingError, match="no positive text") as caught:
        COOCCURRENCES[name](of(a1=[1, 0], a2=[0, NAN], a3=[0, 0]))
    assert caught.value.where == "a2, a3"


def test_tasks_of_other_kinds_are_named() -> None:
    tasks = TaskSet((binary("a"), Task("stage", "multiclass", "reports", ("I", "II"), "f1")))
    with pytest.raises(GroupingError, match=r"'stage' \(multiclass\)"):
        training_positives(TaskContext(tasks, {"a": np.ones(2)}))
