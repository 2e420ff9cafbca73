"""Metrics of ranks of many resamples at once, against the metrics themselves, one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluation.significance.worlds import labels, pair_of
from mtlv.evaluation.metrics import METRICS
from mtlv.evaluation.significance import Pair, Sheet, bootstrap, randomise
from mtlv.evaluation.significance.ranked import RANKED, Ranked, merged
from mtlv.evaluation.significance.resampling import is_slow, seconds_of
from mtlv.evaluation.significance.sheet import TOGETHER, Measured

every = pytest.mark.parametrize("metric", RANKED)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def ranked(metric: str, seed: int, count: int = 40, digits: int = 1) -> Ranked:
    """Return a ranking with many ties, two rows to a unit."""
    random = generator(seed)
    truth = random.random(count) < 0.3
    scores = np.round(0.3 * truth + 0.7 * random.random(count), digits)
    return Ranked(metric, scores, truth, np.arange(count) // 2, count // 2)


@every
@pytest.mark.parametrize("digits", [1, 6])
def test_every_resample_is_what_the_metric_says(metric: str, digits: int) -> None:
    own = ranked(metric, 1, digits=digits)
    counts = generator(2).integers(0, 3, (50, own.units))
    found = own.of_counts(counts.astype(np.float32))
    for row, value in zip(counts, found, strict=True):
        rows = np.repeat(np.arange(40), row[own.unit])
        expected = METRICS[metric](own.scores[rows], own.truth[rows].astype(float))
        assert value == pytest.approx(expected, abs=1e-6, nan_ok=True)


@every
def test_one_class_alone_has_no_rank(metric: str) -> None:
    own = ranked(metric, 1)
    only = (own.truth[::2] & own.truth[1::2]).astype(np.float32)  # units of two positives
    nothing = np.zeros(own.units, np.float32)
    assert only.any()
    assert np.isnan(own.of_counts(np.stack([only, nothing]))).all()


@every
def test_swapped_rows_rank_where_the_other_put_them(metric: str) -> None:
    ours, theirs = ranked(metric, 1), replace(ranked(metric, 3), truth=ranked(metric, 1).truth)
    swaps = generator(4).integers(0, 2, (30, ours.units)).astype(np.float32)
    found = merged(ours, theirs).of_counts(np.concatenate([1 - swaps, swaps], axis=1))
    for swap, value in zip(swaps, found, strict=True):
        scores = np.where(swap[ours.unit] == 1, theirs.scores, ours.scores)
        expected = METRICS[metric](scores, ours.truth.astype(float))
        assert value == pytest.approx(expected, abs=1e-6)


def one_by_one(pair: Pair, tests, metric: str) -> Pair:
    """Return a pair whose metric is computed resample by resample."""
    sheets = []
    for own, test in zip((pair.ours, pair.theirs), tests, strict=True):
        units = pair.units
        measured = {
            (name, metric): Measured(
                METRICS[metric], task.scores, task.targets, units.of_task(task), task
            )
            for name, task in test.tasks.items()
        }
        sheets.append(Sheet(own.sums, measured, own.means))
    return replace(pair, ours=sheets[0], theirs=sheets[1])


@every
@pytest.mark.parametrize("resample", [bootstrap, randomise])
def test_the_mean_of_the_tasks_is_that_of_the_slow_way(metric: str, resample) -> None:
    tests = labels(1, 2), labels(1, 3)
    fast = pair_of(*tests, f"{metric}_macro")
    slow = one_by_one(fast, tests, metric)
    assert is_slow([slow])
    assert not is_slow([fast])
    key = (TOGETHER, f"{metric}_macro")
    found, expected = (resample([pair], generator(), 40)[key] for pair in (fast, slow))
    assert found == pytest.approx(expected, abs=1e-6)


def test_all_cells_can_be_ranked_together() -> None:
    tests = labels(1, 2), labels(1, 3)
    drawn = bootstrap([pair_of(*tests, "average_precision_micro")], generator(), 20)
    assert drawn[TOGETHER, "average_precision_micro"].std() > 0


def test_seconds_are_reckoned_and_no_clock_is_asked() -> None:
    tests = labels(1, 2), labels(1, 3)
    ranks = pair_of(*tests, "average_precision_macro")
    slow = one_by_one(ranks, tests, "average_precision")
    assert seconds_of([ranks], 100) == seconds_of([ranks], 100)
    assert seconds_of([ranks], 200) == pytest.approx(2 * seconds_of([ranks], 100))
    assert seconds_of([ranks, ranks], 100) > seconds_of([ranks], 100)
    assert seconds_of([slow], 100) > 10 * seconds_of([ranks], 100)
