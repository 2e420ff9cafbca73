"""Calibration: where nothing differs, a test claims a difference in at most its share of cases.

Every bound is the one that a true rate of 5 % exceeds with a chance of 1 in 1,000.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from evaluation.significance.worlds import labels, pair_of
from mtlv.evaluation.significance import (
    Pair,
    Sheet,
    Units,
    almost_dominates,
    bootstrap,
    corrected_t,
    friedman,
    mcnemar,
    randomise,
    wilcoxon,
)
from mtlv.evaluation.significance.additive import Additive, share
from mtlv.evaluation.significance.drawn import interval, p_by_bootstrap, p_by_randomisation
from mtlv.evaluation.significance.resampling import differences
from mtlv.evaluation.significance.sheet import TOGETHER

pytestmark = pytest.mark.slow
MACRO = (TOGETHER, "f1_macro")
LEVEL = 0.05


def most(cases: int, level: float = LEVEL) -> float:
    return stats.binom.ppf(0.999, cases, level) / cases


def rate(cases: int, claimed: Callable[[np.random.Generator], bool]) -> float:
    return float(np.mean([claimed(np.random.default_rng(case)) for case in range(cases)]))


def folds(random: np.random.Generator, count: int, overlap: float) -> np.ndarray:
    """Differences of a cross-validation: correlated by n_test/(n_test + n_train), their mean 0."""
    shared = overlap / (1 + overlap)
    return np.sqrt(shared) * random.normal() + np.sqrt(1 - shared) * random.normal(size=count)


@pytest.mark.parametrize("count", [5, 10])
def test_the_corrected_t_test_holds_its_level_where_others_do_not(count: int) -> None:
    overlap = 1 / (count - 1)
    corrected = rate(2000, lambda r: corrected_t(folds(r, count, overlap), overlap).p < LEVEL)
    plain = rate(2000, lambda r: corrected_t(folds(r, count, overlap), 0).p < LEVEL)
    assert LEVEL - 0.02 < corrected <= most(2000)
    assert plain > 2 * LEVEL


def test_equivalence_is_not_claimed_at_the_margin() -> None:
    """At a true difference of just the margin, TOST claims equivalence in 5 % at most."""

    def claimed(random: np.random.Generator) -> bool:
        values = 1.0 + 0.2 * folds(random, 10, 1 / 9)
        found = corrected_t(values, 1 / 9, margin=1.0).equivalence
        return found is not None and found.p < LEVEL

    assert LEVEL - 0.02 < rate(2000, claimed) <= most(2000)


@pytest.mark.parametrize("count", [6, 10, 20])
def test_wilcoxon(count: int) -> None:
    assert rate(2000, lambda r: wilcoxon(r.normal(size=count)).p < LEVEL) <= most(2000)


@pytest.mark.parametrize("share", [0.02, 0.2])
def test_mcnemar(share: float) -> None:
    def claimed(random: np.random.Generator) -> bool:
        return mcnemar(random.choice([-1, 0, 1], 200, p=[share, 1 - 2 * share, share])).p < LEVEL

    assert rate(2000, claimed) <= most(2000)


def test_friedman() -> None:
    def claimed(random: np.random.Generator) -> bool:
        return friedman(random.normal(size=(20, 4)), "abcd", "a").p < LEVEL

    assert rate(1000, claimed) <= most(1000)


def test_almost_stochastic_order_is_rarely_strong_where_nothing_differs() -> None:
    def claimed(random: np.random.Generator) -> bool:
        return almost_dominates(*random.normal(size=(2, 8)), random) < 0.2

    assert rate(500, claimed) <= most(500)


def runs(random: np.random.Generator, seeds: int, spread: float, count: int = 80) -> list[Pair]:
    """Two plans of equal skill on one test part, whose skill varies with the seed."""
    truth, units, pairs = int(random.integers(2**31)), None, []
    for seed in range(seeds):
        skills = np.clip(0.3 + spread * random.normal(size=2), 0.0, 0.6)
        ours, theirs = (
            labels(truth, int(random.integers(2**31)), count, float(skill)) for skill in skills
        )
        units = units or Units.of(theirs)
        pairs.append(pair_of(ours, theirs, "f1_macro", units, seed))
    return pairs


def claims(seeds: int, spread: float, cases: int = 300) -> tuple[float, float, float]:
    """Return how often randomisation, the interval, and both together claim a difference."""
    found = []
    for case in range(cases):
        random = np.random.default_rng(case)
        pairs = runs(random, seeds, spread)
        observed = float(differences(pairs)[MACRO].mean())
        ends = interval(bootstrap(pairs, random, 300)[MACRO])
        p = p_by_randomisation(randomise(pairs, random, 300)[MACRO], observed)
        found.append([p < LEVEL, ends.low > 0 or ends.high < 0])
    rows = np.array(found)
    return float(rows[:, 0].mean()), float(rows[:, 1].mean()), float(rows.all(axis=1).mean())


def test_one_run_on_a_test_part() -> None:
    randomisation, by_interval, both = claims(seeds=1, spread=0.0)
    assert LEVEL - 0.04 < randomisation <= most(300)
    assert by_interval <= most(300, 0.07), "a percentile interval of 80 examples is a little narrow"
    assert both <= most(300)


@pytest.mark.parametrize("seeds", [3, 5])
def test_several_seeds_whose_skill_varies(seeds: int) -> None:
    """Randomisation knows nothing of other seeds, and claims too much where they vary."""
    randomisation, two_level, _ = claims(seeds, spread=0.05)
    assert randomisation > 4 * LEVEL
    assert two_level <= most(300)


def sums(seeds: int, spread: float, cases: int, count: int = 40) -> list[Pair]:
    """Cases as entries of one sheet: example noise that all seeds share, and noise of each seed.

    The mean over examples has sd 1 from the examples, and the mean over seeds `spread` from them.
    """
    random = np.random.default_rng(seeds)
    units = Units({("c", str(i)): i for i in range(count)}, (count,), "example")
    shared = random.normal(0, np.sqrt(count), (cases, count))
    ones, pairs = np.ones(count), []
    for seed in range(seeds):
        own = shared + random.normal(0, spread * np.sqrt(seeds), (cases, 1))
        ours = {(str(i), "x"): Additive(np.stack([own[i], ones], 1), share) for i in range(cases)}
        none = {key: Additive(np.stack([0 * ones, ones], 1), share) for key in ours}
        pairs.append(Pair(Sheet(ours, {}, {}), Sheet(none, {}, {}), units, seed))
    return pairs


@pytest.mark.parametrize("spread", [0.3, 3.0, 10.0])
@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_few_seeds_claim_no_more_than_they_may_far_out_either(seeds: int, spread: float) -> None:
    """Holm's correction over many comparisons looks at p far below 5 %."""
    cases = 1000
    drawn = bootstrap(sums(seeds, spread, cases), np.random.default_rng(0), 4000)
    p = np.array([p_by_bootstrap(own) for own in drawn.values()])
    ends = [interval(own) for own in drawn.values()]
    assert np.mean([own.low > 0 or own.high < 0 for own in ends]) <= most(cases, 0.06)
    assert np.mean(p < LEVEL) <= most(cases, 0.06)
    assert np.mean(p < LEVEL / 56) <= most(cases, 0.002)
