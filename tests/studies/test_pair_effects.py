"""Effects between tasks: by hand, by a stated rule, and from predictions that are stored."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mtlv.errors import ProtocolError
from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.store.record import EffectRecord
from mtlv.studies.config import EvaluationSettings
from mtlv.studies.pair_effects import PairEffects, _drawn, _rows_by_unit, judged
from mtlv.tasks import Task

TARGETS = np.tile([0.0, 1.0], 10)


def never() -> tuple[float, float]:
    raise AssertionError("several differences need no bootstrap")


def of(differences: list[float], overlap: float = 0.0, margin: float = 0.0) -> EffectRecord:
    return judged("s", "t", np.array(differences), overlap, margin, never)


def test_the_interval_is_students_by_hand() -> None:
    """Differences 0.01, 0.03, 0.02, 0.02: mean 0.02, sd 0.008165, t(3) = 3.1824."""
    effect = of([0.01, 0.03, 0.02, 0.02])
    reach = 3.182446 * 0.00816497 / 2
    assert effect.effect == pytest.approx(0.02)
    assert (effect.low, effect.high) == pytest.approx((0.02 - reach, 0.02 + reach), abs=1e-6)
    assert effect.verdict == "improves"


def test_training_texts_that_test_parts_share_widen_it() -> None:
    """Four folds: the variance is taken 1/4 + 1/3 times instead of 1/4 times."""
    plain, shared = of([0.01, 0.03, 0.02, 0.02]), of([0.01, 0.03, 0.02, 0.02], overlap=1 / 3)
    wider = np.sqrt((1 / 4 + 1 / 3) / (1 / 4))
    assert shared.high - shared.effect == pytest.approx(wider * (plain.high - plain.effect))


@pytest.mark.parametrize(
    ("differences", "margin", "verdict"),
    [
        ([0.01, 0.03, 0.02, 0.02], 0.0, "improves"),
        ([0.01, 0.03, 0.02, 0.02], 0.05, "none"),
        ([-0.01, -0.03, -0.02, -0.02], 0.0, "decreases"),
        ([-0.10, 0.10, -0.05, 0.08], 0.0, "none"),
    ],
)
def test_no_effect_is_a_rule(differences: list[float], margin: float, verdict: str) -> None:
    assert of(differences, margin=margin).verdict == verdict


class World:
    """Stored predictions of a regression task t, alone and beside s; one run per fold.

    Args:
        metric: of t.
        errors: of its scores in every run, alone and beside s.
        targets: of t in every run.
        same_test: whether all runs have one test part.
    """

    def __init__(
        self,
        metric: str,
        errors: list[tuple[float, float]],
        targets: list[Any],
        same_test: bool = True,
    ) -> None:
        self.errors, self.targets = errors, targets
        task = Task("t", "regression", "reports", (), metric, None)
        splits = [
            SimpleNamespace(test=np.arange(20) + (0 if same_test else i))
            for i in range(len(errors))
        ]
        protocol = EvaluationSettings(folds=4, thresholds="fixed", shrinkage=20)
        arm: Any = SimpleNamespace(
            store=SimpleNamespace(predictions=self.predictions),
            config=SimpleNamespace(evaluation=protocol),
            inputs=SimpleNamespace(tasks={"t": task}, splits={"reports": splits}),
        )
        jobs: Any = {
            (group, (run, 0)): SimpleNamespace(
                id=f"{run} {group[0]}", model=SimpleNamespace(tasks=("t",))
            )
            for run in range(len(errors))
            for group in (("t",), ("s", "t"))
        }
        self.effects = PairEffects(arm, jobs)

    def predictions(self, job: str) -> dict[str, Predictions]:
        run, first = job.split()
        error = self.errors[int(run)][first == "s"]
        targets = np.asarray(self.targets[int(run)], float)
        return {
            part: Predictions(part, {"t": own})
            for part in ("validation", "test")
            for ids in [np.array([f"{part} {i}" for i in range(len(targets))], object)]
            for own in [TaskPredictions("t", "regression", ids, targets, targets + error, "r")]
        }


def test_an_error_that_falls_is_an_effect_above_zero() -> None:
    world = World("mse", [(0.3, 0.1), (0.3, 0.1), (0.3, 0.2)], [TARGETS] * 3)
    assert world.effects.alone("t") == pytest.approx(0.09)
    effect = world.effects.effect("s", "t", 0.0)
    assert effect.effect == pytest.approx((0.08 + 0.08 + 0.05) / 3)


def test_runs_of_several_test_parts_get_the_corrected_interval() -> None:
    errors = [(0.3, 0.1), (0.3, 0.2), (0.3, 0.1)]
    same = World("mse", errors, [TARGETS] * 3).effects
    apart = World("mse", errors, [TARGETS] * 3, same_test=False).effects
    assert (same.test_parts, apart.test_parts) == (1, 3)
    one, other = same.effect("s", "t", 0.0), apart.effect("s", "t", 0.0)
    wider = np.sqrt((1 / 3 + 1 / (4 - 1)) / (1 / 3))
    assert other.high - other.effect == pytest.approx(wider * (one.high - one.effect))


@pytest.mark.parametrize(
    ("value", "ends", "verdict"), [(0.0, (-0.1, 0.1), "none"), (0.04, (0.01, 0.06), "improves")]
)
def test_runs_that_all_differ_by_the_same_are_judged_by_their_examples(
    value: float, ends: tuple[float, float], verdict: str
) -> None:
    """Of 23 questions one more may be right in all three runs: no spread, and no certainty."""
    found = judged("s", "t", np.full(3, value), 0.0, 0.0, lambda: ends)
    assert (found.low, found.high, found.verdict) == (*ends, verdict)
    assert EffectRecord.model_validate_json(found.model_dump_json()) == found


def test_a_run_whose_metric_is_undefined_is_left_out() -> None:
    """Pearson's r of equal targets is not defined."""
    targets = [TARGETS, np.ones(20), TARGETS]
    world = World("pearson", [(0.1, 0.1)] * 3, targets)
    effect = world.effects.effect("s", "t", 0.0)
    assert (effect.low, effect.high) == pytest.approx((0, 0), abs=1e-9)
    alone = World("pearson", [(0.1, 0.1)], [np.ones(20)])
    with pytest.raises(ProtocolError, match="in no run"):
        alone.effects.effect("s", "t", 0.0)


def test_the_one_run_that_is_defined_is_judged_by_its_examples() -> None:
    world = World("pearson", [(0.1, 0.1)] * 2, [np.ones(20), TARGETS])
    effect = world.effects.effect("s", "t", 0.0)
    assert (effect.low, effect.high) == pytest.approx((0, 0), abs=1e-9)


def test_sentences_of_a_document_are_drawn_together() -> None:
    ids = np.array(["d1_s0", "d1_s1", "d2_s0", "d2_s1", "d2_s2"], object)
    own = TaskPredictions("t", "binary", ids, np.arange(5.0), np.arange(5.0), "c")
    units = _rows_by_unit(own)
    assert [rows.tolist() for rows in units] == [[0, 1], [2, 3, 4]]
    drawn = _drawn(own, np.concatenate([units[1], units[1]])).tasks["t"]
    assert drawn.scores.tolist() == [2, 3, 4, 2, 3, 4]
    assert len(set(drawn.ids)) == 6
