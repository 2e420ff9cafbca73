"""Tests of effects by hand: over test parts, over examples, and what Holm's correction leaves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.evaluation.significance import Run, Sheet, Units, bootstrap, sheet
from mtlv.evaluation.significance.drawn import interval, p_by_bootstrap
from mtlv.evaluation.thresholds import Thresholds
from mtlv.store.record import EffectRecord
from mtlv.studies.pair_tests import Sides, by_examples, by_parts, draws_of, judged

FIXED = Thresholds({"t": 0.5}, "fixed", "fixed")


def of(effect: float, low: float | None, high: float | None, p: float | None) -> EffectRecord:
    return EffectRecord(
        source="s", target="t", effect=effect, low=low, high=high, verdict="none", p=p
    )


def predictions(scores: np.ndarray, targets: np.ndarray, ids: list[str] | None = None) -> Run:
    names = np.array(ids or [f"text {i}" for i in range(len(targets))], object)
    task = TaskPredictions("t", "binary", names, targets.astype(float), scores.astype(float), "c")
    return Run(Predictions("test", {"t": task}), FIXED)


def sides(alone: list[Run], metric: str = "accuracy", **beside: list[Run]) -> Sides:
    units = Units.of(alone[0].test)

    def sheets(runs: list[Run]) -> list[Sheet]:
        return [sheet(run, units, "primary_mean", {"t": metric}) for run in runs]

    both = {source: sheets(runs) for source, runs in beside.items()}
    return Sides(("t", metric), both, sheets(alone), units)


class TestParts:
    def test_training_texts_that_test_parts_share_widen_it(self) -> None:
        """Differences .01, .03, .02, .02: mean .02, sd .008165, t(3) = 3.1824.

        Four folds: the variance is taken 1/4 + 1/3 times instead of 1/4 times.
        """
        values = np.array([0.01, 0.03, 0.02, 0.02])
        plain, shared = by_parts(values, 0.0), by_parts(values, 1 / 3)
        reach = 3.182446 * 0.00816497 / 2
        assert (plain.low, plain.high) == pytest.approx((0.02 - reach, 0.02 + reach), abs=1e-6)
        wider = np.sqrt((1 / 4 + 1 / 3) / (1 / 4))
        assert shared.high - 0.02 == pytest.approx(wider * reach, abs=1e-6)

    @pytest.mark.parametrize(("value", "p"), [(0.0, 1.0), (0.04, math.nan)])
    def test_parts_that_all_differ_by_the_same_have_no_interval(
        self, value: float, p: float
    ) -> None:
        found = by_parts(np.full(3, value), 0.5)
        assert math.isnan(found.low)
        assert found.p == pytest.approx(p, nan_ok=True)


class TestExamples:
    def test_one_run_is_the_bootstrap_of_its_examples(self) -> None:
        """Of 100 texts 60 are right alone and 72 beside s, none wrong there that was right."""
        targets = np.ones(100)
        alone = predictions(np.arange(100) < 60, targets)
        beside = predictions(np.arange(100) < 72, targets)
        given = sides([alone], s=[beside])
        found = by_examples(given, 1, np.random.default_rng(0), 2)["s"]
        assert found.test == "bootstrap"
        spread = 1.96 * np.sqrt(0.12 * 0.88 / 100)
        assert (found.low, found.high) == pytest.approx((0.12 - spread, 0.12 + spread), abs=0.011)
        assert found.p == pytest.approx(2 / 10_001)  # (1 - .12)^100 draws have no such text

    def test_it_is_that_of_compare(self) -> None:
        random = np.random.default_rng(3)
        targets = random.integers(0, 2, 60)
        alone, beside = (
            [predictions(random.random(60), targets) for _ in range(3)] for _ in range(2)
        )
        given = sides(alone, "f1", s=beside)
        found = by_examples(given, 1, np.random.default_rng(7), 2)["s"]
        drawn = bootstrap(given.pairs(), np.random.default_rng(7), 10_000)["s", "f1"]
        own = interval(drawn)
        assert (found.low, found.high, found.p) == (own.low, own.high, p_by_bootstrap(drawn))

    def test_an_effect_does_not_depend_on_what_else_is_beside(self) -> None:
        random = np.random.default_rng(4)
        targets = random.integers(0, 2, 60)
        alone, a, b = ([predictions(random.random(60), targets) for _ in range(2)] for _ in "123")
        single = by_examples(sides(alone, "f1", a=a), 1, np.random.default_rng(7), 2)
        both = by_examples(sides(alone, "f1", a=a, b=b), 1, np.random.default_rng(7), 2)
        assert both["a"] == single["a"]
        assert both["b"] != both["a"]

    def test_less_of_an_error_is_an_effect_above_zero(self) -> None:
        targets = np.ones(50)
        alone, beside = predictions(np.arange(50) < 20, targets), predictions(targets, targets)
        given = sides([alone], s=[beside])
        up, down = (by_examples(given, sign, np.random.default_rng(0), 2)["s"] for sign in (1, -1))
        assert (down.low, down.high) == pytest.approx((-up.high, -up.low))

    def test_equal_predictions_have_no_effect(self) -> None:
        own = [predictions(np.tile([0.2, 0.9], 10), np.tile([0, 1], 10))] * 3
        found = by_examples(sides(own, s=own), 1, np.random.default_rng(0), 2)["s"]
        assert (found.low, found.high, found.p) == (0, 0, 1)

    def test_symmetrical_noise_has_none(self) -> None:
        """As many texts become right as become wrong."""
        targets = np.ones(200)
        alone, beside = np.arange(200) < 100, (np.arange(200) < 80) | (np.arange(200) >= 180)
        given = sides([predictions(alone, targets)], s=[predictions(beside, targets)])
        found = by_examples(given, 1, np.random.default_rng(0), 2)["s"]
        assert found.low < 0 < found.high
        assert found.p > 0.5

    def test_sentences_of_a_document_are_drawn_together(self) -> None:
        """Ten documents of ten alike sentences vary as ten texts do, not as a hundred."""
        targets = np.ones(100)
        alone, beside = np.zeros(100), np.repeat(np.arange(10) < 4, 10)
        ids = [f"d{i // 10}_s{i % 10}" for i in range(100)]
        found = []
        for names in (ids, None):
            runs = (predictions(scores, targets, names) for scores in (alone, beside))
            given = sides([next(runs)], s=[next(runs)])
            found.append(by_examples(given, 1, np.random.default_rng(0), 2)["s"])
        documents, texts = (own.high - own.low for own in found)
        assert documents / texts == pytest.approx(np.sqrt(10), rel=0.15)

    def test_texts_without_a_target_count_for_nothing(self) -> None:
        known = np.arange(100) < 60
        targets = np.where(np.arange(100) < 90, 1.0, np.nan)
        wrong = predictions(np.zeros(100), targets)
        right = predictions(np.where(np.isnan(targets), 0, known), targets)
        found = by_examples(sides([wrong], s=[right]), 1, np.random.default_rng(0), 2)["s"]
        assert found.low < 60 / 90 < found.high


class TestDraws:
    @pytest.mark.parametrize(
        ("metric", "effects", "draws"),
        [
            ("f1", 56, 10_000),
            ("average_precision", 56, 10_000),
            ("f1", 380, 15_200),
            ("log_loss", 6, 1_000),
            ("log_loss", 56, 2_240),
        ],
    )
    def test_fewer_where_they_are_slow_but_enough_for_holm(
        self, metric: str, effects: int, draws: int
    ) -> None:
        own = [predictions(np.tile([0.2, 0.9], 10), np.tile([0, 1], 10))]
        pairs = sides(own, metric, s=own).pairs()
        assert draws_of(pairs, effects) == draws
        assert effects * 2 / (draws + 1) < 0.05


class TestJudged:
    def test_no_effect_is_a_rule_over_all(self) -> None:
        """Holm of .001, .02, .9, .03 by hand: .004, .06, .9, .06."""
        effects = [of(0.2, 0.1, 0.3, 0.001), of(0.1, 0.01, 0.2, 0.02), of(0, -1, 1, 0.9)]
        effects += [of(-0.1, -0.2, -0.01, 0.03)]
        found = judged(effects, 0.0)
        assert [own.p_corrected for own in found] == pytest.approx([0.004, 0.06, 0.9, 0.06])
        assert [own.verdict for own in found] == ["improves", "none", "none", "none"]

    @pytest.mark.parametrize(
        ("effect", "margin", "verdict"),
        [
            (of(-0.1, -0.2, -0.01, 0.03), 0.0, "decreases"),
            (of(-0.1, -0.2, -0.01, 0.03), 0.1, "none"),
            (of(0.1, 0.01, 0.2, 0.03), 0.05, "improves"),
            (of(0.1, 0.01, 0.2, 0.05), 0.0, "none"),
            (of(0.1, -0.01, 0.2, 0.03), 0.0, "none"),
            (of(0.1, 0.01, 0.2, None), 0.0, "none"),
            (of(0.1, None, None, None), 0.0, "none"),
        ],
    )
    def test_every_condition_counts(
        self, effect: EffectRecord, margin: float, verdict: str
    ) -> None:
        assert judged([effect], margin)[0].verdict == verdict

    def test_what_was_not_tested_does_not_count(self) -> None:
        found = judged([of(0.1, 0.01, 0.2, 0.02), of(0.1, None, None, None)], 0.0)
        assert [own.p_corrected for own in found] == [0.02, None]
        assert found[0].verdict == "improves"
