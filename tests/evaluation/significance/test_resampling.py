"""Resampling: the fast way against the slow one, and against all swaps that there are."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from evaluation.significance.worlds import THRESHOLDS, labels, pair_of
from mtlv.evaluation.judging import decided
from mtlv.evaluation.metrics import METRICS
from mtlv.evaluation.scoring import ScoringSettings, score
from mtlv.evaluation.significance import Pair, Run, Sheet, Units, bootstrap, randomise, sheet
from mtlv.evaluation.significance.drawn import (
    error_reduction,
    interval,
    p_by_bootstrap,
    p_by_randomisation,
)
from mtlv.evaluation.significance.resampling import differences
from mtlv.evaluation.significance.sheet import TOGETHER, Measured

MACRO = (TOGETHER, "f1_macro")


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def slow(pair: Pair, test_pair) -> Pair:
    """Return a pair whose F1 of labels is computed resample by resample."""
    sheets = []
    for own, test in zip((pair.ours, pair.theirs), test_pair, strict=True):
        measured = {
            (name, "f1"): Measured(
                METRICS["f1"], decided(task), task.targets, pair.units.of_task(task), task
            )
            for name, task in test.tasks.items()
        }
        sheets.append(Sheet({}, measured, own.means))
    return replace(pair, ours=sheets[0], theirs=sheets[1])


@pytest.mark.parametrize("resample", [bootstrap, randomise])
def test_sums_give_what_rows_give(resample) -> None:
    tests = labels(1, 2), labels(1, 3)
    fast = pair_of(*tests, "f1_macro")
    found, expected = (resample([p], generator(), 40) for p in (fast, slow(fast, tests)))
    assert found.keys() == expected.keys()
    for key in expected:
        assert found[key] == pytest.approx(expected[key], abs=1e-6)


@pytest.mark.parametrize("metric", ["f1_macro", "f1_micro", "average_precision_macro", "log_loss"])
def test_what_was_observed_is_what_scoring_says(metric: str) -> None:
    tests = labels(1, 2), labels(1, 3)
    validation = replace(labels(9, 9, ids=[f"v{i}" for i in range(40)]), part="validation")
    scores = [score(validation, test, ScoringSettings("fixed")) for test in tests]
    found = differences([pair_of(*tests, metric)])
    expected = scores[0].metrics[metric] - scores[1].metrics[metric]
    assert found[TOGETHER, metric] == pytest.approx([expected])
    for task in tests[0].tasks:
        own = scores[0].per_task[task]["f1"] - scores[1].per_task[task]["f1"]
        assert found[task, "f1"] == pytest.approx([own])


def test_the_order_of_examples_does_not_matter() -> None:
    ours, theirs = labels(1, 2), labels(1, 3)
    order = generator().permutation(40)
    shuffled = replace(
        ours,
        tasks={
            name: replace(
                own, ids=own.ids[order], targets=own.targets[order], scores=own.scores[order]
            )
            for name, own in ours.tasks.items()
        },
    )
    for metric in ("f1_macro", "roc_auc_macro"):
        for resample in (bootstrap, randomise):
            found, expected = (
                resample([pair_of(own, theirs, metric)], generator(), 30)
                for own in (ours, shuffled)
            )
            key = (TOGETHER, metric)
            assert found[key] == pytest.approx(expected[key], abs=1e-6)


def test_randomisation_is_a_sample_of_all_swaps() -> None:
    """Eight examples have 2⁸ swaps: their exact p-value is what many draws come near to."""
    tests = labels(1, 2, count=8), labels(1, 7, count=8, skill=0.3)
    pair = pair_of(*tests, "f1_macro")
    observed = float(differences([pair])[MACRO][0])
    every = []
    for swap in product((0, 1), repeat=8):
        swapped = np.array(swap, bool)
        sides = []
        for own, other in (tests, tests[::-1]):
            sides.append(
                np.mean(
                    [
                        METRICS["f1"](
                            np.where(swapped, decided(other.tasks[t]), decided(own.tasks[t])),
                            own.tasks[t].targets,
                        )
                        for t in own.tasks
                    ]
                )
            )
        every.append(sides[0] - sides[1])
    exact = np.mean(np.abs(every) >= abs(observed) - 1e-9)
    drawn = randomise([pair], generator(), 4000)[MACRO]
    assert p_by_randomisation(drawn, observed) == pytest.approx(exact, abs=0.03)


def test_the_bootstrap_of_a_mean_has_the_spread_of_a_mean() -> None:
    """Accuracy of one label: the sd of its bootstrap is √(var/N), by the central formula."""
    tests = labels(1, 2, 400, skill=0.2), labels(1, 3, 400, skill=0.1)
    units = Units.of(tests[0])
    pair = pair_of(*tests, "hamming_loss", units)
    drawn = bootstrap([pair], generator(), 3000)[TOGETHER, "hamming_loss"]
    wrong = [
        np.mean([decided(t.tasks[n]) != t.tasks[n].targets for n in t.tasks], axis=0) for t in tests
    ]
    expected = (wrong[0] - wrong[1]).std() / np.sqrt(400)
    assert drawn.std() == pytest.approx(expected, rel=0.06)


def test_documents_spread_more_than_their_sentences() -> None:
    """Ten equal sentences each: the interval is that of forty documents, not of 400 examples."""
    single = labels(1, 2, 40, skill=0.2), labels(1, 3, 40, skill=0.1)
    widths = []
    for names in ("d{0}_s{1}", "e{0}x{1}"):
        ids = [names.format(i, k) for i in range(40) for k in range(10)]
        repeated = [
            replace(test, tasks={n: replace(t, ids=np.array(ids, object),
                    targets=t.targets.repeat(10), scores=t.scores.repeat(10))
                    for n, t in test.tasks.items()})
            for test in single
        ]  # fmt: skip
        found = interval(bootstrap([pair_of(*repeated, "f1_macro")], generator(), 1000)[MACRO])
        widths.append(found.high - found.low)
    alone = interval(bootstrap([pair_of(*single, "f1_macro")], generator(), 1000)[MACRO])
    assert widths[0] == pytest.approx(alone.high - alone.low, rel=0.1)
    assert widths[0] / widths[1] == pytest.approx(np.sqrt(10), rel=0.15)


def test_seeds_are_a_source_of_chance_of_their_own() -> None:
    """One lucky seed of three: with seeds drawn too, the interval is wider."""
    skills = (0.9, 0.3, 0.3)
    tests = [
        (labels(1, 10 + seed, skill=skill), labels(1, 20 + seed, skill=0.3))
        for seed, skill in enumerate(skills)
    ]
    units = Units.of(tests[0][1])
    widths = []
    for numbers in ((0, 1, 2), (0, 0, 0)):
        pairs = [pair_of(*t, "f1_macro", units, n) for t, n in zip(tests, numbers, strict=True)]
        found = interval(bootstrap(pairs, generator(), 2000)[MACRO])
        widths.append(found.high - found.low)
    assert widths[0] > 1.3 * widths[1]


def test_equal_plans_do_not_differ() -> None:
    tests = labels(1, 2), labels(1, 2)
    pair = pair_of(*tests, "f1_macro")
    drawn, swapped = (
        resample([pair], generator(), 50)[MACRO] for resample in (bootstrap, randomise)
    )
    assert not drawn.any()
    assert p_by_randomisation(swapped, 0.0) == p_by_bootstrap(drawn) == 1.0


def test_the_same_seed_draws_the_same_and_parts_of_draws_do_not_matter(monkeypatch) -> None:
    pair = pair_of(labels(1, 2), labels(1, 3), "f1_macro")
    for resample in (bootstrap, randomise):
        found, again, other = (resample([pair], generator(s), 30)[MACRO] for s in (0, 0, 1))
        assert found.tolist() == again.tolist() != other.tolist()
    monkeypatch.setattr("mtlv.evaluation.significance.resampling.CELLS", 40 * 7)
    assert bootstrap([pair], generator(), 30)[MACRO].shape == (30,)


def test_p_values_are_never_0_and_count_what_was_observed() -> None:
    drawn = np.linspace(1, 2, 99)
    assert p_by_bootstrap(drawn) == 2 / 100
    assert p_by_randomisation(np.zeros(99), 0.5) == 1 / 100
    assert p_by_randomisation(np.full(99, -0.5), 0.5) == 1.0


def test_intervals_are_percentiles_and_equivalence_is_their_tails() -> None:
    drawn = np.arange(-49.0, 51.0)
    found = interval(drawn, margin=45)
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, (0.025, 0.975)))
    assert found.equivalence is not None
    assert found.equivalence.p == pytest.approx((1 + 6) / 101)
    assert np.isnan(interval(np.full(9, np.nan)).low)


@pytest.mark.parametrize(
    ("value", "base", "higher", "expected"),
    [(0.9, 0.8, True, 0.5), (0.7, 0.8, True, -0.5), (1.0, 2.0, False, 0.5)],
)
def test_error_reduction(value: float, base: float, higher: bool, expected: float) -> None:
    assert error_reduction(value, base, higher).value == pytest.approx(expected)
    assert np.isnan(error_reduction(0.9, 1.0, True).value)


def test_thresholds_decide() -> None:
    """The sheet's decisions are those of the run's thresholds, not of 0.5."""
    test = labels(1, 2)
    strict = replace(THRESHOLDS, values=dict.fromkeys(THRESHOLDS.values, 0.8))
    units = Units.of(test)
    own = sheet(Run(test, strict), units, "f1_macro", {"a": "f1"})
    task = test.tasks["a"]
    expected = METRICS["f1"](decided(task, 0.8), task.targets)
    sums = own.parts.sum(axis=0)[None]
    assert own.values(sums, {})["a", "f1"][0] == pytest.approx(expected)
