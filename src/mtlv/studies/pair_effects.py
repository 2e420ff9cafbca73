"""What tasks did to each other, from the stored predictions of every task alone and in pairs.

The effect of s on t is the difference of t's metric beside s to that alone, paired by fold and
seed; `pair_tests` has the tests. "No effect" is a rule: the interval holds 0, or p is not below .05
after Holm's correction over all effects, or the effect is within a margin that was set beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mtlv.errors import ProtocolError
from mtlv.evaluation.metrics import TASK_METRICS
from mtlv.evaluation.predictions import Predictions
from mtlv.evaluation.protocol import same_targets
from mtlv.evaluation.scores import Scores, json_number
from mtlv.evaluation.scoring import ScoringSettings, score
from mtlv.evaluation.significance import Run as Scored
from mtlv.evaluation.significance import Sheet, Units, overlap_of, sheet
from mtlv.randomness import generator
from mtlv.store.record import EffectRecord
from mtlv.studies.arms import Arm
from mtlv.studies.jobs import Job
from mtlv.studies.pair_tests import Sides, Tested, by_examples, by_parts, judged

__all__ = ["Group", "PairEffects", "Run"]

Array = np.ndarray[Any, Any]
Group = tuple[str, ...]
Run = tuple[int, int]
"""Fold and seed."""


class PairEffects:
    """Effects between tasks.

    Args:
        arm: whose store has the predictions.
        jobs: of every task alone and of every pair, by tasks and run.

    Raises:
        ProtocolError: some tasks lack a run that others have, or a task was not tested on the same
            examples alone and in a pair.
    """

    def __init__(self, arm: Arm, jobs: Mapping[tuple[Group, Run], Job]) -> None:
        self._arm, self._jobs = arm, jobs
        self.runs = list(dict.fromkeys(run for _, run in jobs))
        self._groups = sorted(dict.fromkeys(group for group, _ in jobs), key=len)
        self._check_complete()
        self._scores = {run: self._scores_in(run) for run in self.runs}

    @property
    def test_parts(self) -> int:
        """How many test parts the runs have; where corpora differ in it, the most."""
        folds = {fold for fold, _ in self.runs}
        corpora = self._arm.inputs.splits.values()
        return max(len({splits[fold].test.tobytes() for fold in folds}) for splits in corpora)

    def alone(self, task: str) -> float:
        """Return the mean metric of a task that is learned alone."""
        values = [self._value((task,), run, task) for run in self.runs]
        return self._sign(task) * float(np.nanmean(values))

    def all(self, pairs: Iterable[tuple[str, str]], margin: float) -> list[EffectRecord]:
        """Return the effect of every source on its target, corrected for each other.

        Args:
            pairs: source and target.
            margin: effects up to so much, in the unit of the metric, count as none.

        Raises:
            ProtocolError: a target's metric is defined in no run.
        """
        wanted = list(pairs)
        found = {}
        for target in dict.fromkeys(target for _, target in wanted):
            sources = [source for source, own in wanted if own == target]
            for effect in self._on(target, sources, len(wanted)):
                found[effect.source, target] = effect
        return judged([found[pair] for pair in wanted], margin)

    def _on(self, target: str, sources: Sequence[str], effects: int) -> Iterator[EffectRecord]:
        """Yield the effect of each source on a target, not judged yet."""
        differences = {source: self._differences(source, target) for source in sources}
        for runs in dict.fromkeys(tuple(own) for own in differences.values()):
            alike = {source: own for source, own in differences.items() if tuple(own) == runs}
            parts = self._parts(target, runs)
            values = {
                source: _by_part(np.array(list(own.values())), parts)
                for source, own in alike.items()
            }
            if parts.max() > 0:
                protocol = self._arm.config.evaluation
                overlap = overlap_of(protocol.scheme, protocol.folds, protocol.test)
                tested = {source: by_parts(own, overlap) for source, own in values.items()}
            else:
                tested = self._by_examples(target, list(alike), runs, effects)
            for source, own in values.items():
                yield _record(source, target, float(own.mean()), tested[source])

    def _differences(self, source: str, target: str) -> dict[Run, float]:
        """Return the effect in every run in which the target's metric is defined.

        Raises:
            ProtocolError: there is none.
        """
        pair = self._pair(source, target)
        every = {
            run: self._value(pair, run, target) - self._value((target,), run, target)
            for run in self.runs
        }
        found = {run: value for run, value in every.items() if np.isfinite(value)}
        if not found:
            raise ProtocolError(
                f"The metric of '{target}' is defined in no run.",
                where=f"transfer from '{source}'",
                hint="look at its validation and test parts with `mtlv data check`",
            )
        return found

    def _parts(self, target: str, runs: Sequence[Run]) -> Array:
        """Return the number of the test part of every run, (R,), from 0."""
        splits = self._arm.inputs.splits[self._arm.inputs.tasks[target].corpus]
        tests = [splits[fold].test.tobytes() for fold, _ in runs]
        different = list(dict.fromkeys(tests))
        return np.array([different.index(test) for test in tests])

    def _by_examples(
        self, target: str, sources: Sequence[str], runs: Sequence[Run], effects: int
    ) -> dict[str, Tested]:
        """Return what runs on one test part say of the sources' effects."""
        units = Units.of(self._test((target,), runs[0], target))
        beside = {
            source: [self._sheet(self._pair(source, target), run, target, units) for run in runs]
            for source in sources
        }
        alone = [self._sheet((target,), run, target, units) for run in runs]
        key = target, self._arm.inputs.tasks[target].metric
        random = generator(0, "pair bootstrap", target)
        return by_examples(Sides(key, beside, alone, units), self._sign(target), random, effects)

    def _pair(self, source: str, target: str) -> Group:
        both = (source, target), (target, source)
        return next(pair for pair in both if pair in self._groups)

    def _check_complete(self) -> None:
        missing = [
            (group, run)
            for run in self.runs
            for group in self._groups
            if (group, run) not in self._jobs
        ]
        if missing:
            group, (fold, seed) = missing[0]
            raise ProtocolError(
                "Runs cannot be paired: some tasks lack a run that others have.",
                where=f"tasks {' + '.join(group)}",
                found=f"nothing for fold {fold + 1}, seed {seed}",
                expected="every task alone and every pair, in the same folds and with the same "
                "seeds",
                hint="run `mtlv pairs` again: finished jobs are kept",
            )

    def _scores_in(self, run: Run) -> dict[tuple[Group, str], Scores]:
        """Score every task of every job of a run; those of a pair on the targets of those alone.

        Every task is judged by itself: a threshold must not move because another was beside it.
        """
        evaluation = self._arm.config.evaluation
        settings = ScoringSettings(evaluation.thresholds, evaluation.shrinkage)
        found, first = {}, dict[str, Predictions]()
        for group in self._groups:  # single tasks come first
            job = self._jobs[group, run]
            parts = self._arm.store.predictions(job.id)
            for task in job.model.tasks:
                test = parts["test"].only([task])
                try:
                    same_targets(first.setdefault(task, test), test)
                except ProtocolError as error:
                    place = f"tasks {' + '.join(group)}, fold {run[0] + 1}, seed {run[1]}"
                    raise error.inside(place) from error
                found[group, task] = score(parts["validation"].only([task]), test, settings)
        return found

    def _value(self, group: Group, run: Run, task: str) -> float:
        """Return the test value of a task of a group in its own metric, more being better."""
        own = self._scores[run][group, task].per_task[task]
        return self._sign(task) * own[self._arm.inputs.tasks[task].metric]

    def _test(self, group: Group, run: Run, task: str) -> Predictions:
        return self._arm.store.predictions(self._jobs[group, run].id)["test"].only([task])

    def _sheet(self, group: Group, run: Run, task: str, units: Units) -> Sheet:
        thresholds = self._scores[run][group, task].thresholds
        scored = Scored(self._test(group, run, task), thresholds)
        metric = self._arm.inputs.tasks[task].metric
        return sheet(scored, units, "primary_mean", {task: metric})

    def _sign(self, task: str) -> int:
        """Return what turns a task's metric so that more is better."""
        own = self._arm.inputs.tasks[task]
        return 1 if TASK_METRICS[own.kind][own.metric].higher_is_better else -1


def _by_part(values: Array, parts: Array) -> Array:
    """Return the mean of values (R,) on each test part, (P,); the values where there is one."""
    if not parts.any():
        return values
    return np.array([values[parts == i].mean() for i in range(parts.max() + 1)])


def _record(source: str, target: str, effect: float, tested: Tested) -> EffectRecord:
    return EffectRecord(
        source=source,
        target=target,
        effect=effect,
        low=json_number(tested.low),
        high=json_number(tested.high),
        verdict="none",
        p=json_number(tested.p),
        test=tested.test,
    )
