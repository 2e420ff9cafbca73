"""Friedman, Nemenyi, Holm: the worked example of Demšar (2006), and scipy."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from scipy import stats

from mtlv.errors import ProtocolError
from mtlv.evaluation.significance import friedman
from mtlv.evaluation.significance.friedman import _studentized_range

PLANS = ("C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf")
AUC = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ]
)
"""Table 6: AUC of four variants of C4.5 on fourteen data sets.

Of the last but one, two are printed alike but ranked 2 and 3, so they differ in a digit not shown.
"""


def test_the_worked_example() -> None:
    found = friedman(AUC, PLANS, "C4.5")
    ranks = [found.mean_ranks[plan] for plan in PLANS]
    assert ranks == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    assert found.critical_difference == pytest.approx(1.25, abs=5e-3)
    assert found.tasks == 14
    alone = {"C4.5+m+cf": 0.016, "C4.5+m": 0.019, "C4.5+cf": 0.607}
    expected = {"C4.5+m+cf": 3 * 0.016, "C4.5+m": 3 * 0.016, "C4.5+cf": 0.607}
    assert found.p_holm == pytest.approx(expected, abs=2e-3)
    assert 2 * alone["C4.5+m"] < expected["C4.5+m"], "the order of p-values is kept"


def test_with_ties_it_is_that_of_scipy() -> None:
    found, reference = friedman(AUC, PLANS, "C4.5"), stats.friedmanchisquare(*AUC.T)
    assert found.statistic == pytest.approx(reference.statistic)
    assert found.p == pytest.approx(reference.pvalue, abs=0.01), "fourteen tasks are nearly enough"


@pytest.mark.slow
@pytest.mark.parametrize(("tasks", "count"), [(2, 3), (3, 3), (5, 3), (2, 4)])
def test_p_is_that_of_all_orders(tasks: int, count: int) -> None:
    """Gone through by hand, ties included; and no more than 5 % of orders are below .05."""
    orders = list(product(permutations(range(1, count + 1)), repeat=tasks))
    found = [friedman(-np.array(own, float), PLANS[:count], PLANS[0]) for own in orders[::7]]
    every = np.array([stats.friedmanchisquare(*np.array(own).T).statistic for own in orders])
    expected = [np.mean(every >= own.statistic - 1e-9) for own in found]
    assert [own.p for own in found] == pytest.approx(expected)
    assert np.mean([own.p <= 0.05 for own in found]) <= 0.06


def test_drawn_orders_come_near_to_all() -> None:
    values = np.random.default_rng(3).normal(size=(4, 4)) + np.arange(4) / 2
    orders = np.array(list(permutations(range(4))))
    ranked = values.argsort(axis=1).argsort(axis=1)
    sums = np.zeros((1, 4))
    for row in ranked:
        sums = (sums[:, None] + row[orders]).reshape(-1, 4)
    apart = ((sums - 6) ** 2).sum(axis=1)
    exact = np.mean(apart >= ((ranked.sum(axis=0) - 6) ** 2).sum())
    assert friedman(values, PLANS, "C4.5").p == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize(
    ("count", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)]
)
def test_critical_values_are_those_of_the_table(count: int, q: float) -> None:
    """Table 5a of Demšar, at level 0.05."""
    assert _studentized_range(count) / np.sqrt(2) == pytest.approx(q, abs=1e-3)


def test_equal_plans_have_equal_ranks() -> None:
    found = friedman(np.ones((5, 3)), "abc", "a")
    assert (found.statistic, found.p) == (0.0, 1.0)
    assert set(found.mean_ranks.values()) == {2.0}
    assert set(found.p_holm) == {"b", "c"}


def test_plans_in_the_same_order_on_every_task() -> None:
    found = friedman(np.tile([3.0, 2.0, 1.0], (5, 1)), "abc", "c")
    assert found.mean_ranks == {"a": 1.0, "b": 2.0, "c": 3.0}
    assert found.p == pytest.approx(6 / 6**5), "one order of six, five times"
    assert 1 < found.critical_difference < 2
    assert found.apart == [("a", "c")]
    assert found.to_json()["apart"] == [["a", "c"]]


@pytest.mark.parametrize("shape", [(5, 2), (1, 4)])
def test_too_few_are_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ProtocolError, match="at least three plans"):
        friedman(np.zeros(shape), "abcd"[: shape[1]], "a")
