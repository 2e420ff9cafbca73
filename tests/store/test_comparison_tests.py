"""What a comparison claims: recomputed from predictions, corrected, deterministic, refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from mtlv.errors import ProtocolError
from mtlv.evaluation.significance import CORRECTIONS, corrected_t, wilcoxon
from mtlv.report.comparison_notes import cautions_of_tests
from mtlv.store import CellRecord, Store
from mtlv.store.comparison import CompareSettings, Comparison, Row, compare
from mtlv.store.outcome import load_outcome
from store.fakes import MIXED, PLANS, TASKS, fake_study

pytestmark = pytest.mark.slow

QUICK = CompareSettings(draws=300)
PAIR = ("mtl", "gmtl")


def compared(store: Store, metric: str | None = None, **changes: Any) -> Comparison:
    outcome = load_outcome(store, "fake")
    return compare(store, outcome, "mtl", metric, replace(QUICK, **changes))


def row_of(comparison: Comparison, plan: str = "gmtl") -> Row:
    return next(row for row in comparison.rows if row.plan == plan)


def fold_differences(store: Store, task: str | None = None, seeds: int = 1) -> np.ndarray:
    """Return GMTL less MTL by fold, a mean over seeds."""
    outcome = load_outcome(store, "fake")
    values = {
        plan: {
            (c.cell.seed, c.cell.fold): c.scores.per_task[task]["f1"]
            if task
            else c.scores.metrics["f1_macro"]
            for c in outcome[plan].cells
        }
        for plan in ("gmtl", "mtl")
    }
    folds = sorted({fold for _, fold in values["mtl"]})
    return np.array(
        [np.mean([values["gmtl"][s, f] - values["mtl"][s, f] for s in range(seeds)]) for f in folds]
    )


class TestUnlikeTestParts:
    """One corpus is cross-validated, the other has an official test part."""

    TASKS = ("edema", "nodule", "official")

    def row(self, store: Store, **changes: Any) -> Row:
        fake_study(store, plans=PAIR, tasks=self.TASKS, folds=4, seeds=(0, 1))
        return row_of(compared(store, **changes))

    def test_every_task_is_tested_by_what_its_corpus_asks_for(self, store: Store) -> None:
        row = self.row(store)
        tests = {task: own.claim.finding for task, own in row.by_task.items() if own.claim}
        assert {task: own.test for task, own in tests.items()} == {
            "edema": "corrected_t",
            "nodule": "corrected_t",
            "official": "bootstrap",
        }
        assert tests["edema"].pairs == 4
        assert (tests["official"].pairs, tests["official"].unit) == (40, "example")
        assert row.by_task["edema"].delta.n == 4
        assert row.by_task["official"].delta.n == 8, "its runs are all on one part"
        expected = corrected_t(fold_differences(store, "edema", 2), 1 / 3)
        assert tests["edema"].p == pytest.approx(expected.p)

    def test_their_mean_is_not_tested_and_it_says_so(self, store: Store) -> None:
        row = self.row(store)
        assert row.claim is None
        found = row.to_json()
        assert "unlike test parts" in found["caution"]
        assert "edema and nodule: 4 test parts" in found["protocol"]
        assert "official: one test part, 8 runs" in found["protocol"]

    def test_a_test_that_does_not_fit_all_is_refused(self, store: Store) -> None:
        with pytest.raises(ProtocolError, match="several test parts"):
            self.row(store, test="corrected_t")


class TestFolds:
    @pytest.mark.parametrize("seeds", [(0,), (0, 1)])
    def test_folds_are_tested_by_the_corrected_t(self, store: Store, seeds: tuple[int]) -> None:
        """By hand: one difference per fold, n_test / n_train = 1/(4 - 1)."""
        fake_study(store, plans=PAIR, folds=4, seeds=seeds)
        row = row_of(compared(store))
        assert row.claim is not None
        expected = corrected_t(fold_differences(store, seeds=len(seeds)), 1 / 3)
        assert row.claim.finding.test == "corrected_t"
        assert row.claim.finding.pairs == 4
        assert row.claim.finding.p == pytest.approx(expected.p)
        assert row.claim.finding.low == pytest.approx(expected.low)
        for task in TASKS:
            claim = row.by_task[task].claim
            assert claim is not None
            own = corrected_t(fold_differences(store, task, len(seeds)), 1 / 3)
            assert claim.finding.p == pytest.approx(own.p)

    @pytest.mark.parametrize("scheme", ["holdout", "auto"])
    def test_the_test_share_of_a_repeated_holdout_is_that_of_the_config(
        self, store: Store, scheme: str
    ) -> None:
        evaluation = {"folds": 1, "seeds": [0], "thresholds": "per_label", "shrinkage": 20.0}
        holdout = evaluation | {"scheme": scheme, "test": 0.2, "repeats": 3}
        fake_study(store, plans=PAIR, folds=3, config={"evaluation": holdout})
        claim = row_of(compared(store)).claim
        assert claim is not None
        assert claim.finding.p == pytest.approx(corrected_t(fold_differences(store), 0.25).p)

    def test_wilcoxon_can_be_asked_for(self, store: Store) -> None:
        fake_study(store, plans=PAIR, folds=4)
        claim = row_of(compared(store, test="wilcoxon")).claim
        assert claim is not None
        assert claim.finding.p == wilcoxon(fold_differences(store)).p
        assert claim.finding.floor == 2 / 2**4

    def test_so_can_the_bootstrap(self, store: Store) -> None:
        fake_study(store, plans=PAIR, folds=3)
        found = compared(store, test="bootstrap")
        assert found.to_json()["plans"][-1]["caution"].startswith("overlapping folds")
        claim = row_of(found).claim
        assert claim is not None
        assert (claim.finding.pairs, claim.finding.unit) == (3 * 40, "example")


class TestOneTestPart:
    @pytest.mark.parametrize(("seeds", "test"), [((0,), "randomisation"), ((0, 1, 2), "bootstrap")])
    def test_examples_are_resampled(self, store: Store, seeds: tuple[int], test: str) -> None:
        fake_study(store, plans=PAIR, folds=1, seeds=seeds)
        row = row_of(compared(store))
        assert row.claim is not None
        finding = row.claim.finding
        assert (finding.test, finding.pairs, finding.unit) == (test, 40, "example")
        assert finding.low <= row.delta.mean <= finding.high
        base = row.by_task["edema"].base.mean
        effect = row.by_task["edema"].delta.mean / (1 - base)
        claim = row.by_task["edema"].claim
        assert claim is not None
        assert claim.finding.effect.value == pytest.approx(effect)

    def test_it_is_the_same_every_time_and_beside_whatever_plans(self, store: Store) -> None:
        fake_study(store, folds=1, seeds=(0, 1))
        first, again = (compared(store).to_json() for _ in range(2))
        assert first == again
        outcome = load_outcome(store, "fake")
        fewer = replace(outcome, plans=tuple(p for p in outcome.plans if p.name in ("mtl", "gmtl")))
        alone = row_of(compare(store, fewer, "mtl", None, QUICK)).claim
        together = row_of(compared(store)).claim
        assert alone is not None
        assert together is not None
        assert alone.finding == together.finding

    def test_mcnemar_is_about_accuracy(self, store: Store) -> None:
        """By hand: examples that one plan alone has right, task by task."""
        fake_study(store, plans=PAIR, folds=1)
        comparison = compared(store, test="mcnemar")
        assert comparison.metric == "subset_accuracy"
        outcome = load_outcome(store, "fake")
        right = {}
        for plan in ("gmtl", "mtl"):
            (cell,) = outcome[plan].cells
            for index, model in enumerate(cell.cell.architecture["models"]):
                test = store.predictions(cell.cell.jobs[index])["test"]
                for task in (task for head in model for task in head):
                    own, limit = test.tasks[task], cell.scores.thresholds.values[task]
                    right[plan, task] = (own.scores >= limit) == (own.targets == 1)
        for task, own in row_of(comparison).by_task.items():
            ours, theirs = right["gmtl", task], right["mtl", task]
            better, worse = (ours & ~theirs).sum(), (theirs & ~ours).sum()
            assert own.metric == "accuracy"
            assert own.claim is not None
            expected = stats.binomtest(better, better + worse).pvalue if better + worse else 1.0
            assert own.claim.finding.p == pytest.approx(expected)
            assert own.delta.mean == pytest.approx((better - worse) / 40)

    def test_almost_stochastic_order_from_five_seeds_on(self, store: Store) -> None:
        fake_study(store, plans=PAIR, folds=1, seeds=range(5))
        findings = row_of(compared(store)).findings
        assert findings is not None
        assert findings.almost_dominates is not None
        assert 0 <= findings.almost_dominates <= 1
        fake_study(store, plans=PAIR, folds=1, seeds=range(4))
        findings = row_of(compared(store)).findings
        assert findings is not None
        assert findings.almost_dominates is None


class TestClaims:
    @pytest.mark.parametrize("correction", ["holm", "bh"])
    def test_tasks_and_plans_are_corrected_apart(self, store: Store, correction: str) -> None:
        fake_study(store, folds=3)
        comparison = compared(store, correction=correction)
        correct = CORRECTIONS[correction]
        claims = [row.claim for row in comparison.rows if row.claim]
        found = correct(np.array([claim.finding.p for claim in claims]))
        assert [claim.p_corrected for claim in claims] == found.tolist()
        own = [task.claim for task in row_of(comparison).by_task.values() if task.claim]
        assert len(own) == len(TASKS)
        found = correct(np.array([claim.finding.p for claim in own]))
        assert [claim.p_corrected for claim in own] == found.tolist()

    @pytest.mark.parametrize("test", [None, "wilcoxon", "bootstrap", "mcnemar"])
    def test_a_wide_margin_shows_equivalence(self, store: Store, test: str | None) -> None:
        fake_study(store, plans=PAIR, folds=6)
        claim = row_of(compared(store, test=test, margin=60)).claim
        assert claim is not None
        assert claim.finding.equivalence is not None
        assert claim.finding.equivalence.margin == pytest.approx(0.6)
        assert claim.verdict == "equivalent within 60"
        assert row_of(compared(store, test=test, margin=0.01)).claim.verdict != claim.verdict  # type: ignore[union-attr]

    def test_three_plans_are_ranked(self, store: Store) -> None:
        fake_study(store, folds=2)
        ranks = compared(store).ranks
        assert ranks is not None
        outcome = load_outcome(store, "fake")
        values = [
            [outcome[plan].summary.per_task[task]["f1"].mean for task in TASKS] for plan in PLANS
        ]
        assert ranks.statistic == pytest.approx(stats.friedmanchisquare(*values).statistic)
        assert set(ranks.p_holm) == {"stl", "gmhl", "gmtl"}
        fake_study(store, plans=PAIR)
        assert compared(store).ranks is None

    @pytest.mark.parametrize("folds", [1, 3])
    def test_all_kinds_of_tasks(self, store: Store, folds: int) -> None:
        """Binary, multiclass, regression and tagging, each by its metric and with an interval."""
        fake_study(store, plans=PAIR, folds=folds, tasks=MIXED)
        row = row_of(compared(store))
        assert row.claim is not None
        for own in row.by_task.values():
            assert own.claim is not None
            assert own.claim.finding.low <= own.delta.mean <= own.claim.finding.high

    def test_slow_metrics_get_fewer_draws(self, store: Store, monkeypatch: Any) -> None:
        monkeypatch.setattr("mtlv.store.comparison_tests.SLOW_DRAWS", 50)
        fake_study(store, plans=PAIR, folds=1)
        found = row_of(compared(store, "log_loss")).findings
        assert found is not None
        assert found.together is not None
        assert found.draws == 50
        ranks = row_of(compared(store, "average_precision_macro")).findings
        assert ranks is not None
        assert ranks.draws == QUICK.draws

    @pytest.mark.parametrize(
        ("test", "seconds", "draws"),
        [
            ("bootstrap", 9.0, 300),
            ("bootstrap", 0.4, 200),
            ("randomisation", 0.4, 0),
            ("randomisation", 1.2, 200),
        ],
    )
    def test_fewer_draws_where_there_is_less_time(
        self, store: Store, monkeypatch: Any, test: str, seconds: float, draws: int
    ) -> None:
        """A millisecond a draw for each of two plans, and swaps that take two more."""
        monkeypatch.setattr("mtlv.store.comparison_tests.seconds_of", lambda _, n: 0.001 * n)
        fake_study(store, plans=("stl", *PAIR), folds=1)
        row = row_of(compared(store, test=test, seconds=seconds))
        assert row.findings is not None
        assert row.findings.draws == pytest.approx(draws, abs=1)
        assert (row.claim is None) == (draws == 0)
        assert row.delta.n == 1  # what was observed is there whatever was drawn


def test_the_document_has_all_of_it(store: Store) -> None:
    fake_study(store, folds=1, seeds=(0, 1))
    document = json.loads(json.dumps(compared(store, margin=0.5).to_json(), allow_nan=False))
    assert document["signature"].startswith("f1_macro|")
    assert document["correction"]["method"] == "holm"
    plan = next(plan for plan in document["plans"] if plan["plan"] == "gmtl")
    asked = {"p", "p_corrected", "interval", "level", "effect", "verdict", "unit", "equivalence"}
    assert asked <= set(plan["test"])
    assert asked <= set(plan["per_task"]["edema"]["test"])
    assert {"mean", "sd", "n", "metric", "value", "baseline"} <= set(plan["per_task"]["edema"])
    assert plan["draws"] == 300
    assert plan["caution"] is None
    assert "two-level bootstrap" in plan["protocol"]
    base = next(plan for plan in document["plans"] if plan["plan"] == "mtl")
    assert base["test"] is None
    assert set(document["friedman"]["mean_ranks"]) == set(PLANS)


class TestGaps:
    def test_a_fold_that_is_missing_is_named(self, store: Store) -> None:
        def trained(cell: CellRecord, model: int) -> bool:
            return cell.plan == "mtl" or cell.fold < 2

        fake_study(store, plans=PAIR, folds=3, trained=trained)
        row = row_of(compared(store))
        assert row.unpaired == ((2, 0),)
        assert row.claim is not None
        assert row.claim.finding.pairs == 2
        assert compared(store).to_json()["plans"][-1]["unpaired"] == [{"fold": 2, "seed": 0}]

    def test_one_pair_falls_back_on_examples_unless_runs_are_asked_for(self, store: Store) -> None:
        def trained(cell: CellRecord, model: int) -> bool:
            return cell.plan == "mtl" or cell.fold < 1

        fake_study(store, plans=PAIR, folds=3, trained=trained)
        claim = row_of(compared(store)).claim
        assert claim is not None
        assert claim.finding.test == "randomisation"
        for test in ("wilcoxon", "corrected_t"):
            with pytest.raises(ProtocolError, match="randomisation, bootstrap, mcnemar"):
                compared(store, test=test)

    def test_one_plan_has_nothing_to_be_compared_with(self, store: Store) -> None:
        fake_study(store, plans=("mtl",))
        comparison = compared(store)
        assert [row.claim for row in comparison.rows] == [None]


@pytest.mark.parametrize(
    ("metric", "changes", "words"),
    [
        (None, {"test": "wilcoxson"}, "did you mean 'wilcoxon'"),
        (None, {"correction": "bonferroni"}, "known: bh, holm"),
        (None, {"margin": -0.5}, "not a positive number"),
        (None, {"draws": 3}, "too few draws"),
        ("f1_macro", {"test": "mcnemar"}, "subset_accuracy"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    metric: str | None, changes: dict[str, Any], words: str, store: Store
) -> None:
    fake_study(store)
    with pytest.raises(ProtocolError, match=words):
        compared(store, metric, **changes)


class TestStudies:
    @pytest.fixture
    def both(self, store: Store) -> Callable[..., Comparison]:
        fake_study(store, "one", plans=("mtl", "stl"))

        def of(baseline: str = "one:mtl", **changes: Any) -> Comparison:
            fake_study(store, "two", **({"plans": ("mtl", "gmtl")} | changes))
            outcomes = [load_outcome(store, name) for name in ("one", "two")]
            return compare(store, outcomes, baseline, None, QUICK)

        return of

    def test_plans_are_named_by_their_study(self, both: Callable[..., Comparison]) -> None:
        found = both()
        assert found.study == "one and two"
        assert [row.plan for row in found.rows] == ["one:mtl", "one:stl", "two:mtl", "two:gmtl"]
        same = row_of(found, "two:mtl")
        assert (same.delta.mean, same.delta.n) == (0.0, 2)

    def test_a_plan_that_only_one_has_needs_no_study(self, both: Callable[..., Comparison]) -> None:
        assert both("stl").baseline == "one:stl"
        with pytest.raises(ProtocolError, match="one of one:mtl, two:mtl"):
            both("mtl")

    @pytest.mark.parametrize(
        ("changes", "words"),
        [({"folds": 3}, "in their folds"), ({"seeds": (0, 1)}, "in their seeds")],
    )
    def test_other_runs_are_refused(
        self, both: Callable[..., Comparison], changes: dict[str, Any], words: str
    ) -> None:
        with pytest.raises(ProtocolError, match=words):
            both(**changes)

    def test_other_data_are_refused(self, store: Store) -> None:
        record = fake_study(store, "one")
        other = [record.corpora[0].model_copy(update={"fingerprint": "0ther"})]
        store.write_study(record.model_copy(update={"name": "two", "corpora": other}))
        outcomes = [load_outcome(store, name) for name in ("one", "two")]
        with pytest.raises(ProtocolError, match="in their corpora") as caught:
            compare(store, outcomes, "one:mtl")
        assert "0ther" in str(caught.value)

    def test_a_study_beside_itself_is_refused(self, store: Store) -> None:
        fake_study(store, "one")
        with pytest.raises(ProtocolError, match="named twice"):
            compare(store, [load_outcome(store, "one")] * 2, "one:mtl")


class TestFloors:
    def test_after_correction_no_p_may_be_small_enough(self, store: Store) -> None:
        """Six folds give Wilcoxon 2/2⁶ = .031; of four labels, Holm makes it .125."""
        fake_study(store, plans=PAIR, folds=6)
        comparison = compared(store, test="wilcoxon")
        row = row_of(comparison)
        floors = [own.claim.floor for own in row.by_task.values() if own.claim]
        assert floors == pytest.approx([4 * 2 / 2**6] * 4)
        assert row.claim is not None
        assert row.claim.floor == pytest.approx(2 / 2**6)
        assert row.claim.to_json()["p_floor_corrected"] == row.claim.floor
        told = " ".join(cautions_of_tests(comparison))
        assert "single tasks: wilcoxon with so few pairs gives no corrected p below 0.12" in told
        assert "all tasks together" not in told

    def test_by_benjamini_and_hochberg_it_is_raised_less(self, store: Store) -> None:
        fake_study(store, plans=PAIR, folds=6)
        row = row_of(compared(store, test="wilcoxon", correction="bh"))
        claims = [own.claim for own in row.by_task.values() if own.claim]
        own = CORRECTIONS["bh"](np.array([claim.finding.floor for claim in claims]))
        assert [claim.floor for claim in claims] == pytest.approx(own)
        assert min(own) < 0.05

    def test_too_few_draws_are_told(self, store: Store) -> None:
        fake_study(store, plans=PAIR, folds=1, seeds=(0, 1, 2))
        told = " ".join(cautions_of_tests(compared(store, draws=100)))
        assert "single tasks: bootstrap with so few draws gives no corrected p below 0.079" in told


class TestAccuracyOfSingleTasks:
    def test_mcnemar_needs_no_binary_task(self, store: Store) -> None:
        fake_study(store, plans=PAIR, tasks=("nli", "relation", "similarity"), folds=1)
        row = row_of(compared(store, test="mcnemar"))
        assert row.claim is None
        tested = [task for task, own in row.by_task.items() if own.claim]
        assert tested == ["nli", "relation"]
