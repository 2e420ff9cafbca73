"""The corrected t-test: the plain one of scipy where nothing overlaps, and figures by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mtlv.errors import ProtocolError
from mtlv.evaluation.significance import corrected_t, overlap_of, verdict

DIFFERENCES = np.array([0.02, 0.03, 0.01, 0.02, 0.02])


@pytest.mark.parametrize("count", [2, 5, 30])
def test_without_overlap_it_is_the_paired_t_test(count: int) -> None:
    values = np.random.default_rng(count).normal(0.3, 1, count)
    found, reference = corrected_t(values, overlap=0), stats.ttest_1samp(values, 0)
    ends = reference.confidence_interval()
    assert found.p == pytest.approx(reference.pvalue)
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high))
    assert found.effect.value == pytest.approx(values.mean() / values.std(ddof=1))
    assert (found.pairs, found.unit, found.level) == (count, "test part", 0.95)


def test_five_folds_by_hand() -> None:
    """d = .02, s² = .00005; t = .02 / √((1/5 + 1/4) .00005) = 4.2164, t(4; .975) = 2.7764."""
    found = corrected_t(DIFFERENCES, overlap=1 / 4)
    scale = math.sqrt((1 / 5 + 1 / 4) * 0.00005)
    assert 0.02 / scale == pytest.approx(4.2164, abs=1e-4)
    assert found.p == pytest.approx(2 * stats.t.sf(4.2164, 4), rel=1e-4)
    assert found.low == pytest.approx(0.02 - 2.7764 * scale, abs=1e-6)
    assert found.p > corrected_t(DIFFERENCES, overlap=0).p


def test_ten_folds_more_than_double_the_variance() -> None:
    values = np.random.default_rng(0).normal(size=10)
    widths = [corrected_t(values, own).high - values.mean() for own in (1 / 9, 0)]
    assert (widths[0] / widths[1]) ** 2 == pytest.approx(1 + 10 / 9)


@pytest.mark.parametrize(
    ("scheme", "folds", "overlap"),
    [
        ("cross_validation", 5, 1 / 4),
        ("auto", 2, 1.0),
        ("auto", 1, 1 / 3),
        ("holdout", 5, 1 / 3),
    ],
)
def test_the_overlap_is_that_of_the_protocol(scheme: str, folds: int, overlap: float) -> None:
    assert overlap_of(scheme, folds, test=0.25) == pytest.approx(overlap)


def test_equivalence_is_two_one_sided_tests() -> None:
    values = np.random.default_rng(1).normal(0.1, 0.4, 20)
    found = corrected_t(values, overlap=0, margin=0.5).equivalence
    sides = [
        stats.ttest_1samp(values, end, alternative=side).pvalue
        for end, side in ((-0.5, "greater"), (0.5, "less"))
    ]
    assert found is not None
    assert found.p == pytest.approx(max(sides))
    assert sum(found.rope.values()) == pytest.approx(1)
    assert found.rope["above"] == pytest.approx(sides[1])


@given(st.floats(0, 0.5), st.floats(0.01, 1))
def test_the_posterior_lies_where_the_differences_do(overlap: float, margin: float) -> None:
    found = corrected_t(DIFFERENCES, overlap, margin).equivalence
    mirrored = corrected_t(-DIFFERENCES, overlap, margin).equivalence
    assert found is not None
    assert mirrored is not None
    assert found.rope["below"] == pytest.approx(mirrored.rope["above"])
    assert found.rope["above"] >= found.rope["below"]


@pytest.mark.parametrize(("value", "p"), [(0.0, 1.0), (0.1, math.nan), (0.05, math.nan)])
def test_equal_differences_leave_the_variance_unknown(value: float, p: float) -> None:
    """A rare label's recall takes few values, so two folds of +.5 are no proof of anything."""
    found = corrected_t(np.array([value, value + 1e-17, value]), overlap=1 / 3, margin=0.05)
    assert found.p == pytest.approx(p, nan_ok=True)
    assert math.isnan(found.low)
    assert math.isnan(found.effect.value)
    assert found.equivalence is not None
    assert math.isnan(found.equivalence.p)
    assert found.to_json()["equivalence"]["rope"] == dict.fromkeys(("below", "within", "above"))
    assert verdict(found, found.p, None, True) == "no difference shown"


def test_one_pair_is_refused_with_what_still_applies() -> None:
    with pytest.raises(ProtocolError, match="mcnemar") as caught:
        corrected_t(np.array([0.1]), overlap=0.25)
    assert "1 pair" in str(caught.value)
