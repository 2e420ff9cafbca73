"""Corrections: published and hand-made figures, scipy, and what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mtlv.evaluation.significance import CORRECTIONS, benjamini_hochberg, holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12).map(np.array)
PUBLISHED = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459),
    *(0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
]
"""The worked example of Benjamini & Hochberg (1995): 15 tests, of which 4 are to be rejected."""


def test_the_worked_example() -> None:
    found = {name: correct(np.array(PUBLISHED)) for name, correct in CORRECTIONS.items()}
    assert (found["bh"] <= 0.05).tolist() == [True] * 4 + [False] * 11
    assert (found["holm"] <= 0.05).tolist() == [True] * 3 + [False] * 12
    assert found["holm"][:4] == pytest.approx([0.0015, 0.0056, 0.0247, 0.114])


@given(P_VALUES)
def test_benjamini_hochberg_is_that_of_scipy(values: np.ndarray) -> None:
    assert benjamini_hochberg(values) == pytest.approx(stats.false_discovery_control(values))


@given(P_VALUES)
def test_holm_rejects_step_by_step(values: np.ndarray) -> None:
    """A second implementation: from the smallest p on, until one exceeds its share of the level."""
    for level in (0.01, 0.05, 0.2):
        rejected = set()
        for step, index in enumerate(np.argsort(values, kind="stable")):
            if values[index] * (len(values) - step) > level:
                break
            rejected.add(int(index))
        assert set(np.flatnonzero(holm(values) <= level).tolist()) == rejected


@pytest.mark.parametrize("correct", CORRECTIONS.values(), ids=CORRECTIONS)
@given(values=P_VALUES)
def test_corrected_values_are_larger_and_in_the_same_order(correct, values) -> None:
    found = correct(values)
    assert (found >= values - 1e-12).all()
    assert (found <= 1).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(found[order]) >= 0).all()


@pytest.mark.parametrize("correct", CORRECTIONS.values(), ids=CORRECTIONS)
def test_tests_that_were_not_made_do_not_count(correct) -> None:
    found = correct(np.array([0.02, np.nan, 0.03]))
    assert np.isnan(found[1])
    assert found[[0, 2]].tolist() == correct(np.array([0.02, 0.03])).tolist()
