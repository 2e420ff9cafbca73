"""What tasks did to each other, from the stored predictions of every task alone and in pairs.

The effect of s on t is the difference of t's metric beside s to that alone, paired by fold and
seed. Its interval is Student's over the runs of one test part; over several, which share training
texts, that of the corrected resampled t-test, a difference each; of a single run, or of runs that
all differ by the same, that of a bootstrap over test examples. "No effect" is a rule: the interval
holds 0, or the effect is within a margin that was set beforehand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from mtlv.errors import ProtocolError
from mtlv.evaluation.metrics import TASK_METRICS
from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.evaluation.scoring import ScoringSettings, score
from mtlv.evaluation.significance import Units, corrected_t, overlap_of
from mtlv.evaluation.significance.units import whole
from mtlv.randomness import generator
from mtlv.store.record import EffectRecord
from mtlv.studies.arms import Arm
from mtlv.studies.jobs import Job

__all__ = ["Group", "PairEffects", "Run"]

CONFIDENCE = 0.95
DRAWS = 500
Array = np.ndarray[Any, Any]
Group = tuple[str, ...]
Run = tuple[int, int]
"""Fold and seed."""


class PairEffects:
    """Effects between tasks.

    Args:
        arm: whose store has the predictions.
        jobs: of every task alone and of every pair, by tasks and run.
    """

    def __init__(self, arm: Arm, jobs: Mapping[tuple[Group, Run], Job]) -> None:
        self._arm, self._jobs = arm, jobs
        self.runs = list(dict.fromkeys(run for _, run in jobs))
        self._values = {place: self._values_of(job) for place, job in jobs.items()}

    @property
    def test_parts(self) -> int:
        """How many test parts the runs have; where corpora differ in it, the most."""
        folds = {fold for fold, _ in self.runs}
        corpora = self._arm.inputs.splits.values()
        return max(len({splits[fold].test.tobytes() for fold in folds}) for splits in corpora)

    def alone(self, task: str) -> float:
        """Return the mean metric of a task that is learned alone."""
        values = [self._values[(task,), run][task] for run in self.runs]
        return self._sign(task) * float(np.nanmean(values))

    def effect(self, source: str, target: str, margin: float) -> EffectRecord:
        """Return what learning a task beside another does to that.

        Args:
            source: the task that is added.
            target: the task that is looked at.
            margin: effects up to so much, in the unit of the metric, count as none.

        Raises:
            ProtocolError: the target's metric is defined in no run.
        """
        found = self._differences(source, target)
        if not found:
            raise ProtocolError(
                f"The metric of '{target}' is defined in no run.",
                where=f"transfer from '{source}'",
                hint="look at its validation and test parts with `mtlv data check`",
            )
        splits = self._arm.inputs.splits[self._arm.inputs.tasks[target].corpus]
        tests = [splits[fold].test.tobytes() for fold, _ in found]
        values, overlap = np.array(list(found.values())), 0.0
        if len(set(tests)) > 1:
            values = _by_part(values, tests)
            protocol = self._arm.config.evaluation
            overlap = overlap_of(protocol.scheme, protocol.folds, protocol.test)
        bootstrap = partial(self._bootstrap, source, target, next(iter(found)))
        return judged(source, target, values, overlap, margin, bootstrap)

    def _differences(self, source: str, target: str) -> dict[Run, float]:
        """Return the effect in every run in which the target's metric is defined."""
        pair = self._pair(source, target)
        every = {
            run: self._values[pair, run][target] - self._values[(target,), run][target]
            for run in self.runs
        }
        return {run: value for run, value in every.items() if np.isfinite(value)}

    def _pair(self, source: str, target: str) -> Group:
        both = (source, target), (target, source)
        return next(pair for pair in both if (pair, self.runs[0]) in self._jobs)

    def _values_of(self, job: Job) -> dict[str, float]:
        """Return the test value of each of a job's tasks in its own metric, more being better.

        Every task is judged by itself: a threshold must not move because another was beside it.
        """
        parts = self._arm.store.predictions(job.id)
        return {
            task: self._value(task, parts["validation"], parts["test"].only([task]))
            for task in job.model.tasks
        }

    def _value(self, task: str, validation: Predictions, test: Predictions) -> float:
        evaluation = self._arm.config.evaluation
        settings = ScoringSettings(evaluation.thresholds, evaluation.shrinkage)
        scores = score(validation.only([task]), test, settings)
        return self._sign(task) * scores.per_task[task][self._arm.inputs.tasks[task].metric]

    def _sign(self, task: str) -> int:
        """Return what turns a task's metric so that more is better."""
        own = self._arm.inputs.tasks[task]
        return 1 if TASK_METRICS[own.kind][own.metric].higher_is_better else -1

    def _bootstrap(self, source: str, target: str, run: Run) -> tuple[float, float]:
        """Return the interval of one run over resampled test examples, documents as a whole."""
        both = self._pair(source, target), (target,)
        parts = [self._arm.store.predictions(self._jobs[group, run].id) for group in both]
        tests = [whole(part["test"].tasks[target]) for part in parts]
        units = _rows_by_unit(tests[1])
        random = generator(run[1], "pair bootstrap", source, target)
        differences = []
        for _ in range(DRAWS):
            rows = np.concatenate([units[i] for i in random.integers(len(units), size=len(units))])
            together, alone = (
                self._value(target, part["validation"], _drawn(test, rows))
                for part, test in zip(parts, tests, strict=True)
            )
            differences.append(together - alone)
        outside = (1 - CONFIDENCE) / 2
        low, high = np.nanquantile(differences, [outside, 1 - outside])
        return float(low), float(high)


def judged(
    source: str,
    target: str,
    differences: Array,
    overlap: float,
    margin: float,
    bootstrap: Callable[[], tuple[float, float]],
) -> EffectRecord:
    """Return an effect with its interval, and what the rule makes of it.

    Args:
        source: the task that is added.
        target: the task that is looked at.
        differences: (J,), one per run, or per test part if there are several.
        overlap: test over training examples for several test parts (`overlap_of`); 0 for one.
        margin: effects up to so much count as none.
        bootstrap: gives the interval of one run over its examples, for where there is one run, or
            where all differ by the same.
    """
    mean, low, high = float(differences.mean()), math.nan, math.nan
    if len(differences) > 1:
        found = corrected_t(differences, overlap)
        low, high = found.low, found.high
    if math.isnan(low):
        low, high = bootstrap()
    verdict = "none"
    if low > 0 and mean > margin:
        verdict = "improves"
    elif high < 0 and mean < -margin:
        verdict = "decreases"
    return EffectRecord(
        source=source, target=target, effect=mean, low=low, high=high, verdict=verdict
    )


def _by_part(values: Array, tests: Sequence[bytes]) -> Array:
    """Return the mean of values (R,) on each test part."""
    different = list(dict.fromkeys(tests))
    part = np.array([different.index(test) for test in tests])
    return np.array([values[part == i].mean() for i in range(len(different))])


def _rows_by_unit(test: TaskPredictions) -> list[Array]:
    """Return the rows of every example, or of every document where sentences are examples."""
    unit = Units.of(Predictions("test", {test.task: test})).of_task(test)  # (N,)
    order = np.argsort(unit, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(unit[order])) + 1)


def _drawn(test: TaskPredictions, rows: Array) -> Predictions:
    """Return some rows of a task's predictions, repeated ones under ids of their own."""
    ids = np.asarray([f"draw {i}" for i in range(len(rows))], object)
    drawn = replace(test, ids=ids, targets=test.targets[rows], scores=test.scores[rows])
    return Predictions("test", {test.task: drawn})
