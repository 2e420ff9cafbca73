import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlv.errors import ConfigError, ProtocolError
from mtlv.evaluation.about import About
from mtlv.evaluation.metrics import METRICS
from mtlv.evaluation.predictions import (
    Array,
    LabelMatrix,
    Predictions,
    ScoredPart,
    TaskPredictions,
)
from mtlv.evaluation.scoring import ScoringSettings
from mtlv.evaluation.thresholds import Thresholds, choose_thresholds, fit_thresholds

NAN = np.nan


def matrix(scores: Any, targets: Any, part: ScoredPart = "validation") -> LabelMatrix:
    scores, targets = np.asarray(scores, float), np.asarray(targets, float)
    if scores.ndim == 1:
        scores, targets = scores[:, None], targets[:, None]
    names = tuple(f"t{i}" for i in range(scores.shape[1]))
    return LabelMatrix(part, names, np.arange(len(scores)).astype(object), targets, scores)


def random_matrix(seed: int, part: ScoredPart = "validation", digits: int = 3) -> LabelMatrix:
    random = np.random.default_rng(seed)
    scores = np.round(random.random((40, 4)), digits)
    targets = (random.random((40, 4)) < scores * [0.2, 0.5, 0.9, 0.6]).astype(float)
    targets[0], targets[:10, 3] = 1, NAN
    return matrix(scores, targets, part)


def f1_at(threshold: float, scores: Array, targets: Array) -> float:
    called, truth = (scores >= threshold) & ~np.isnan(targets), targets == 1
    return float(2 * (called & truth).sum() / max(called.sum() + truth.sum(), 1))


def every_threshold(scores: Array) -> Array:
    distinct = np.unique(scores)
    return np.concatenate([[distinct[0] / 2], (distinct[1:] + distinct[:-1]) / 2, [1.1]])


class TestPerLabel:
    @given(seed=st.integers(0, 2**16), digits=st.sampled_from([1, 3, 16]))
    @settings(max_examples=30)
    def test_is_as_good_as_the_best_of_all(self, seed: int, digits: int) -> None:
        known = random_matrix(seed, digits=digits)
        fitted = fit_thresholds(known, "per_label", shrinkage=0)
        for i, task in enumerate(known.tasks):
            scores, targets = known.scores[:, i], known.targets[:, i]
            best = max(f1_at(t, scores, targets) for t in every_threshold(scores))
            assert f1_at(fitted.values[task], scores, targets) == pytest.approx(best)

    def test_stands_in_the_middle_of_the_gap(self) -> None:
        known = matrix([0.1, 0.2, 0.7, 0.9], [0, 0, 1, 1])
        assert fit_thresholds(known, "per_label", 0).values["t0"] == pytest.approx(0.45)

    @pytest.mark.parametrize(
        ("scores", "targets", "expected"),
        [
            # Only the first is positive: midway between it and the second.
            ([0.8, 0.6, 0.4], [1, 0, 0], 0.7),
            # All three called, two of them right: 4/5 beats the first alone, 2/3.
            ([0.8, 0.6, 0.4], [1, 0, 1], 0.2),
            # The first alone, and all four: both 2/3. Of 0.85 and 0.1 the former is nearer.
            ([0.9, 0.8, 0.7, 0.2], [1, 0, 0, 1], 0.85),
            # All are positive: everything below the lowest is best, midway to 0.
            ([0.8, 0.6], [1, 1], 0.3),
            ([0.0, 0.0], [1, 1], 0.0),
        ],
    )
    def test_ties_by_hand(self, scores: list[float], targets: list[int], expected: float) -> None:
        found = fit_thresholds(matrix(scores, targets), "per_label", 0).values["t0"]
        assert found == pytest.approx(expected)

    def test_neighbouring_floats_are_still_parted(self) -> None:
        low = 0.7
        known = matrix([low, np.nextafter(low, 1)], [0, 1])
        decided = fit_thresholds(known, "per_label", 0).decide(known)
        assert decided.ravel().tolist() == [0, 1]

    def test_label_without_positives_takes_the_global_one(self) -> None:
        known = matrix([[0.2, 0.3], [0.6, 0.1]], [[0, 0], [1, 0]])
        fitted = fit_thresholds(known, "per_label", 0)
        assert fitted.values["t1"] == fit_thresholds(known, "global").values["t0"]

    def test_no_positive_at_all_is_half(self) -> None:
        fitted = fit_thresholds(matrix([[0.2], [0.9]], [[0], [0]]), "per_label")
        assert fitted.values == {"t0": 0.5}
        assert fit_thresholds(matrix([[0.2]], [[NAN]]), "global").values == {"t0": 0.5}


class TestShrinkage:
    @given(seed=st.integers(0, 2**16), shrinkage=st.floats(0, 1e6))
    @settings(max_examples=30)
    def test_is_the_weighted_mean(self, seed: int, shrinkage: float) -> None:
        known = random_matrix(seed)
        own = fit_thresholds(known, "per_label", 0).values
        shared = fit_thresholds(known, "global").values
        shrunk = fit_thresholds(known, "per_label", shrinkage).values
        for i, task in enumerate(known.tasks):
            n = np.nansum(known.targets[:, i])
            expected = (n * own[task] + shrinkage * shared[task]) / (n + shrinkage)
            assert shrunk[task] == pytest.approx(expected)

    def test_one_positive_moves_a_threshold_little(self) -> None:
        random = np.random.default_rng(0)
        scores = random.random((500, 2))
        targets = np.stack([random.random(500) < scores[:, 0], np.arange(500) == 3], axis=1)
        scores[3, 1] = 0.99
        fitted = fit_thresholds(matrix(scores, targets)).values
        shared = fit_thresholds(matrix(scores, targets), "global").values
        assert abs(fitted["t1"] - shared["t1"]) < 0.05

    def test_steadies_rare_labels_on_new_data(self) -> None:
        """With three positives a label, thresholds shrunk to the global one decide better."""
        gains = []
        for seed in range(60):
            random = np.random.default_rng(seed)
            parts = [rare(random, part) for part in ("validation", "test")]
            values = [
                METRICS["f1_macro"](
                    fit_thresholds(parts[0], "per_label", k).decide(parts[1]), parts[1].targets
                )
                for k in (20.0, 0.0)
            ]
            gains.append(values[0] - values[1])
        assert np.mean(gains) > 3 * np.std(gains) / np.sqrt(len(gains))


def rare(random: np.random.Generator, part: Any) -> LabelMatrix:
    targets = np.zeros((100, 8))
    targets[:3] = 1
    return matrix(1 / (1 + np.exp(1 - 2.5 * targets - random.normal(size=(100, 8)))), targets, part)


class TestGlobal:
    @given(seed=st.integers(0, 2**16), digits=st.sampled_from([1, 3]))
    @settings(max_examples=15)
    def test_is_as_good_as_the_best_of_all(self, seed: int, digits: int) -> None:
        known = random_matrix(seed, digits=digits)

        def macro(threshold: float) -> float:
            return METRICS["f1_macro"]((known.scores >= threshold).astype(np.int8), known.targets)

        fitted = fit_thresholds(known, "global").values
        assert len(set(fitted.values())) == 1
        usable = known.scores[~np.isnan(known.targets)]
        best = max(macro(threshold) for threshold in every_threshold(usable))
        assert macro(fitted["t0"]) == pytest.approx(best)


class TestProtocol:
    @pytest.mark.parametrize("method", ["global", "per_label"])
    def test_never_on_test(self, method: Any) -> None:
        with pytest.raises(ProtocolError, match="only be chosen on validation") as caught:
            fit_thresholds(random_matrix(0, part="test"), method)
        assert "optimistic" in str(caught.value)

    def test_fixed_looks_at_nothing(self) -> None:
        fitted = fit_thresholds(random_matrix(0, part="test"), "fixed")
        assert set(fitted.values.values()) == {0.5}
        assert (fitted.method, fitted.source) == ("fixed", "fixed")

    def test_a_missing_score_is_refused(self) -> None:
        with pytest.raises(ProtocolError, match="'t0' has targets without a score"):
            fit_thresholds(matrix([0.5, NAN], [0, 1]))

    def test_unknown_method_and_negative_shrinkage(self) -> None:
        method: Any = "perlabel"
        with pytest.raises(ConfigError, match="did you mean 'per_label'"):
            fit_thresholds(random_matrix(0), method)
        with pytest.raises(ConfigError, match="negative"):
            fit_thresholds(random_matrix(0), "per_label", -1)

    def test_no_optimism_on_noise(self) -> None:
        """Reported minus what the same thresholds reach on fresh noise: zero here, not there.

        "There" is the original MTLV, which picks one of six thresholds on the scored part itself.
        """
        f1, grid = METRICS["f1_macro"], np.arange(0.4, 0.91, 0.1)
        ours, theirs = [], []
        for seed in range(300):
            random = np.random.default_rng(seed)
            validation, test, fresh = (noise(random, p) for p in ("validation", "test", "test"))
            fitted = fit_thresholds(validation)
            reported = f1(fitted.decide(test), test.targets)
            ours.append(reported - f1(fitted.decide(fresh), fresh.targets))
            best = max(grid, key=lambda t: f1(test.scores >= t, test.targets))
            reported = f1(test.scores >= best, test.targets)
            theirs.append(reported - f1(fresh.scores >= best, fresh.targets))
        error = np.std(ours) / np.sqrt(len(ours))
        assert abs(np.mean(ours)) < 3 * error
        assert np.mean(theirs) > max(0.01, 3 * np.std(theirs) / np.sqrt(len(theirs)))


def noise(random: np.random.Generator, part: Any) -> LabelMatrix:
    return matrix(random.random((50, 10)), random.random((50, 10)) < 0.1, part)


class TestThresholds:
    def test_decides_by_name(self) -> None:
        thresholds = Thresholds({"t1": 0.9, "t0": 0.1}, "per_label", "validation", 20)
        decided = thresholds.decide(matrix([[0.5, 0.5], [0.1, 0.95]], [[0, 0], [1, 1]]))
        assert decided.dtype == np.int8
        assert decided.tolist() == [[1, 0], [1, 1]]

    def test_no_score_is_no(self) -> None:
        thresholds = Thresholds({"t0": 0.0}, "fixed", "fixed")
        assert thresholds.decide(matrix([NAN, 0.0], [NAN, 1])).tolist() == [[0], [1]]

    def test_a_task_without_threshold_is_refused(self) -> None:
        with pytest.raises(ProtocolError, match="'t0' has no threshold"):
            Thresholds({"t1": 0.5}, "fixed", "fixed").decide(matrix([0.5], [1]))

    def test_survives_json(self) -> None:
        fitted = fit_thresholds(random_matrix(0))
        assert Thresholds.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted

    @pytest.mark.parametrize(
        ("method", "words"),
        [
            ("fixed", "fixed"),
            ("global", "global(validation)"),
            ("per_label", "per_label(validation,shrinkage=2.5)"),
        ],
    )
    def test_says_where_it_comes_from(self, method: Any, words: str) -> None:
        assert fit_thresholds(random_matrix(0), method, 2.5).describe() == words


class TestChosenForTasks:
    def predictions(self, **metrics: str | None) -> Predictions:
        known = random_matrix(1)
        tasks = {
            name: TaskPredictions(
                name,
                "binary",
                known.ids,
                known.targets[:, i],
                known.scores[:, i],
                about=About(metric=metrics.get(name)),
            )
            for i, name in enumerate(known.tasks)
        }
        return Predictions("validation", tasks)

    def test_are_those_that_are_fitted(self) -> None:
        own = self.predictions(t0="f1", t1=None)
        expected = fit_thresholds(own.labels(), "per_label", 20.0)
        assert choose_thresholds(own, list(own.tasks), ScoringSettings()) == expected

    def test_a_task_judged_by_accuracy_is_decided_at_half(self) -> None:
        own = self.predictions(t2="accuracy")
        found = choose_thresholds(own, ["t0", "t2", "t1"], ScoringSettings())
        expected = fit_thresholds(own.labels(["t0", "t1"]), "per_label", 20.0).values
        assert found.values == {**expected, "t2": 0.5}
        assert list(found.values) == ["t0", "t2", "t1"]
        assert found.describe() == "per_label(validation,shrinkage=20,fixed=1)"
        assert Thresholds.from_json(json.loads(json.dumps(found.to_json()))) == found

    def test_all_of_them_may_be(self) -> None:
        own = self.predictions(t0="accuracy").only(["t0"])
        assert choose_thresholds(own, ["t0"], ScoringSettings("global")).values == {"t0": 0.5}
