"""Effects between tasks, from predictions that are stored."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mtlv.errors import ProtocolError
from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.store.record import EffectRecord
from mtlv.studies.config_sections import EvaluationSettings
from mtlv.studies.pair_effects import PairEffects
from mtlv.tasks import Task

TARGETS = np.tile([0.0, 1.0], 10)


class World:
    """Stored predictions of a regression task t, alone and beside other tasks; one run per fold.

    Args:
        metric: of t.
        errors: of its scores in every run: alone, beside the first other task, the second ...
        targets: of t in every run.
        same_test: whether all runs have one test part.
    """

    def __init__(
        self,
        metric: str,
        errors: list[tuple[float, ...]],
        targets: list[Any],
        same_test: bool = True,
    ) -> None:
        self.errors = [np.asarray(own, float) for own in errors]
        self.targets = [np.asarray(own, float) for own in targets]
        task = Task("t", "regression", "reports", (), metric, None)
        splits = [
            SimpleNamespace(test=np.arange(20) + (0 if same_test else i))
            for i in range(len(errors))
        ]
        protocol = EvaluationSettings(folds=4, thresholds="fixed", shrinkage=20)
        self.arm: Any = SimpleNamespace(
            store=SimpleNamespace(predictions=self.predictions),
            config=SimpleNamespace(evaluation=protocol),
            inputs=SimpleNamespace(tasks={"t": task}, splits={"reports": splits}),
        )
        groups = [("t",), *((f"s{i}", "t") for i in range(1, len(errors[0])))]
        self.jobs: Any = {
            (group, (run, 0)): SimpleNamespace(
                id=f"{run} {place}", model=SimpleNamespace(tasks=("t",))
            )
            for run in range(len(errors))
            for place, group in enumerate(groups)
        }

    @property
    def effects(self) -> PairEffects:
        return PairEffects(self.arm, self.jobs)

    def found(self, source: str = "s1") -> EffectRecord:
        return self.effects.all([(source, "t")], 0.0)[0]

    def targets_of(self, run: int, place: int) -> Any:
        return self.targets[run]

    def predictions(self, job: str) -> dict[str, Predictions]:
        run, place = map(int, job.split())
        targets, error = self.targets_of(run, place), self.errors[run][place]
        signs = np.where(np.arange(len(targets)) % 3 == 0, -1, 1)
        return {
            part: Predictions(part, {"t": own})
            for part in ("validation", "test")
            for ids in [np.array([f"{part} {i}" for i in range(len(targets))], object)]
            for own in [
                TaskPredictions("t", "regression", ids, targets, targets + signs * error, "r")
            ]
        }


class TestEffect:
    def test_an_error_that_falls_is_an_effect_above_zero(self) -> None:
        world = World("mse", [(0.3, 0.1), (0.3, 0.1), (0.3, 0.2)], [TARGETS] * 3)
        assert world.effects.alone("t") == pytest.approx(0.09)
        assert world.found().effect == pytest.approx((0.08 + 0.08 + 0.05) / 3)
        assert world.found().verdict == "improves"

    def test_a_clear_loss_is_one(self) -> None:
        world = World("mse", [(0.1, 0.3), (0.1, 0.3), (0.1, 0.4)], [TARGETS] * 3)
        assert world.found().verdict == "decreases"

    def test_runs_on_both_sides_of_zero_show_none(self) -> None:
        world = World("mse", [(0.3, 0.1), (0.1, 0.3), (0.2, 0.2)], [TARGETS] * 3)
        found = world.found()
        assert found.effect == pytest.approx(0)
        assert (found.low < 0 < found.high, found.verdict) == (True, "none")  # type: ignore[operator]

    def test_equal_predictions_have_no_effect(self) -> None:
        found = World("mse", [(0.3, 0.3)] * 3, [TARGETS] * 3).found()
        assert (found.effect, found.low, found.high, found.p) == (0, 0, 0, 1)
        assert found.verdict == "none"

    def test_effects_are_in_the_order_that_is_asked_for_and_corrected_together(self) -> None:
        world = World("mse", [(0.3, 0.1, 0.31)] * 3, [TARGETS] * 3)
        pairs = [("s2", "t"), ("s1", "t")]
        found = world.effects.all(pairs, 0.0)
        assert [(own.source, own.target) for own in found] == pairs
        assert [own.p_corrected for own in found] == pytest.approx([2 * 2 / 10_001] * 2)
        assert [own.verdict for own in found] == ["decreases", "improves"]
        assert [own.verdict for own in world.effects.all(pairs, 0.05)] == ["none", "improves"]

    def test_the_same_predictions_give_the_same_effects(self) -> None:
        worlds = (World("mse", [(0.3, 0.2), (0.1, 0.2)], [TARGETS] * 2) for _ in "12")
        first, second = (world.found() for world in worlds)
        assert first == second


class TestRuns:
    def test_one_test_part_is_bootstrapped_and_several_have_the_corrected_t(self) -> None:
        """Differences .08, .05, .08: mean .07, sd .01732, t(2) = 4.3027; test over training 1/3."""
        errors = [(0.3, 0.1), (0.3, 0.2), (0.3, 0.1)]
        same = World("mse", errors, [TARGETS] * 3)
        apart = World("mse", errors, [TARGETS] * 3, same_test=False)
        assert (same.effects.test_parts, apart.effects.test_parts) == (1, 3)
        assert [own.found().test for own in (same, apart)] == ["bootstrap", "corrected_t"]
        reach = 4.302653 * 0.01732051 * np.sqrt(1 / 3 + 1 / 3)
        found = apart.found()
        assert (found.low, found.high) == pytest.approx((0.07 - reach, 0.07 + reach), abs=1e-6)

    def test_parts_that_all_differ_by_the_same_are_kept_without_an_interval(self) -> None:
        """Not a number would be written as nothing, and not be read again."""
        found = World("mse", [(0.3, 0.1)] * 3, [TARGETS] * 3, same_test=False).found()
        assert (found.low, found.high, found.p, found.verdict) == (None, None, None, "none")
        assert EffectRecord.model_validate_json(found.model_dump_json()) == found

    def test_a_single_run_is_judged_by_its_examples(self) -> None:
        found = World("mse", [(0.3, 0.1)], [TARGETS]).found()
        assert found.test == "bootstrap"
        assert found.effect == pytest.approx(0.08)
        assert found.verdict == "improves"

    def test_a_run_whose_metric_is_undefined_is_left_out(self) -> None:
        """Pearson's r of equal targets is not defined."""
        errors = [(0.1, 0.2), (0.1, 0.5), (0.1, 0.2)]
        some = World("pearson", errors, [TARGETS, np.ones(20), TARGETS]).found()
        others = World("pearson", [errors[0], errors[2]], [TARGETS] * 2).found()
        assert some == others
        with pytest.raises(ProtocolError, match="in no run"):
            World("pearson", [(0.1, 0.1)], [np.ones(20)]).found()

    def test_sources_may_be_defined_in_unlike_runs(self) -> None:
        """Beside the second task the scores of the first run do not vary."""
        world = World("pearson", [(0.1, 0.2, 0.0), (0.1, 0.2, 0.2)], [TARGETS] * 2)
        constant = world.predictions("0 0")["test"].tasks["t"].targets * 0

        def broken(job: str) -> dict[str, Predictions]:
            parts = World.predictions(world, job)
            if job == "0 2":
                own = replace(parts["test"].tasks["t"], scores=constant)
                parts["test"] = Predictions("test", {"t": own})
            return parts

        world.arm.store.predictions = broken
        first, second = world.effects.all([("s1", "t"), ("s2", "t")], 0.0)
        assert first.effect == pytest.approx(second.effect)
        assert first.p_corrected is not None
        assert second.p_corrected is not None

    def test_texts_without_a_target_are_left_out(self) -> None:
        gaps = np.where(np.arange(20) < 5, np.nan, TARGETS)
        found = World("mse", [(0.3, 0.1)] * 2, [gaps] * 2).found()
        assert found.effect == pytest.approx(0.08)


class TestRefused:
    def test_a_run_that_one_side_lacks(self) -> None:
        world = World("mse", [(0.3, 0.1)] * 3, [TARGETS] * 3)
        del world.jobs[("s1", "t"), (2, 0)]
        with pytest.raises(ProtocolError, match="lack a run that others have") as caught:
            _ = world.effects
        assert caught.value.where == "tasks s1 + t"
        assert caught.value.found == "nothing for fold 3, seed 0"

    def test_other_targets_in_a_pair_than_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World("mse", [(0.3, 0.1)] * 2, [TARGETS] * 2)

        def targets_of(run: int, place: int) -> Any:
            return 1 - TARGETS if (run, place) == (1, 1) else TARGETS

        monkeypatch.setattr(world, "targets_of", targets_of)
        with pytest.raises(ProtocolError, match="A target differs") as caught:
            _ = world.effects
        assert "tasks s1 + t, fold 2, seed 0" in (caught.value.where or "")
