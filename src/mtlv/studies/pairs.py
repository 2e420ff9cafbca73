"""Pairwise transfer: what learning task s beside task t does to t, measured (Peng et al. 2020).

Every task is trained alone and with every other one, a head each, on every fold and with every
seed; equal jobs of other studies are used again. The effect of s on t is the difference of t's
metric to that alone, paired by fold and seed. Its interval is Student's over these runs, or, with
one run, that of a bootstrap over test examples. "No effect" is a rule: the interval holds 0, or
the effect is within a margin that was set beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

from mtlv.errors import ConfigError, ProtocolError
from mtlv.evaluation.metrics import TASK_METRICS
from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.evaluation.scoring import ScoringSettings, score
from mtlv.evaluation.significance.units import Units, whole
from mtlv.plans import HeadPlan, ModelPlan
from mtlv.randomness import generator
from mtlv.store import Store
from mtlv.store.record import EffectRecord, TransferRecord
from mtlv.studies.arms import Arm
from mtlv.studies.config import StudyConfig
from mtlv.studies.environment import now
from mtlv.studies.inputs import read_inputs
from mtlv.studies.jobs import Job
from mtlv.studies.processes import make_executor
from mtlv.studies.watching import StudyWatcher

__all__ = ["transfer"]

CONFIDENCE = 0.95
DRAWS = 500
Array = np.ndarray[Any, Any]
Group = tuple[str, ...]
Run = tuple[int, int]


def transfer(
    config: StudyConfig,
    store: Store,
    base: Path,
    *,
    margin: float = 0.0,
    watcher: StudyWatcher | None = None,
) -> TransferRecord:
    """Train every task alone and every pair, and return what tasks do to each other.

    Args:
        config: of a study; its plans, tuning and sweep are left aside.
        store: keeps jobs and the result.
        base: folder that the config's paths are relative to.
        margin: effects up to so much, in the unit of the metric, count as none.
        watcher: is told of progress.

    Raises:
        ConfigError: there are fewer than two tasks.
    """
    inputs = read_inputs(config, base)
    if len(inputs.tasks) < 2:
        raise ConfigError("Transfer needs two tasks.", where="data", found=f"{len(inputs.tasks)}")
    executor = make_executor(config.executor.workers)
    arm = Arm(config, {}, inputs, store, executor, watcher or StudyWatcher())
    names = inputs.tasks.names
    groups: list[Group] = [(name,) for name in names] + list(combinations(names, 2))
    runs = [(fold, seed) for seed in config.evaluation.seeds for fold in range(inputs.folds)]
    jobs = {(group, run): _job(arm, group, run) for run in runs for group in groups}
    arm.run_jobs("pairs", list(jobs.values()))
    values = {place: _values(arm, job) for place, job in jobs.items()}
    metrics = {task.name: task.metric for task in inputs.tasks}
    record = TransferRecord(
        name=config.study,
        config=config.model_dump(mode="json"),
        tasks=list(names),
        metrics=metrics,
        alone={
            n: _sign(arm, n) * float(np.nanmean([values[(n,), run][n] for run in runs]))
            for n in names
        },
        effects=[
            _effect(s, t, values, runs, margin, partial(_bootstrap, arm, s, t, jobs, runs[0]))
            for s in names
            for t in names
            if s != t
        ],
        runs=len(runs),
        margin=margin,
        jobs=sorted({job.id for job in jobs.values()}),
        finished=now(),
    )
    store.write_transfer(record)
    return record


def _job(arm: Arm, group: Group, run: Run) -> Job:
    fold, seed = run
    model = ModelPlan(tuple(HeadPlan((task,)) for task in group))
    return arm.worker.job(model, fold, seed, arm.config.settings_of(arm.specs[0]))


def _values(arm: Arm, job: Job) -> dict[str, float]:
    """Return the test value of each of a job's tasks in its own metric, more being better.

    Every task is judged by itself: a threshold must not move because another task was beside it.
    """
    parts = arm.store.predictions(job.id)
    return {
        task: _value(arm, task, parts["validation"], parts["test"].only([task]))
        for task in job.model.tasks
    }


def _effect(
    source: str,
    target: str,
    values: Mapping[tuple[Group, Run], Mapping[str, float]],
    runs: Sequence[Run],
    margin: float,
    bootstrap: Callable[[], tuple[float, float]],
) -> EffectRecord:
    pair = next(p for p in ((source, target), (target, source)) if (p, runs[0]) in values)
    every = np.asarray([values[pair, r][target] - values[(target,), r][target] for r in runs])
    differences = every[np.isfinite(every)]
    if not len(differences):
        raise ProtocolError(
            f"The metric of '{target}' is defined in no run.",
            where=f"transfer from '{source}'",
            hint="look at its validation and test parts with `mtlv data check`",
        )
    mean = float(differences.mean())
    if len(differences) > 1:
        error = differences.std(ddof=1) / np.sqrt(len(differences))
        reach = float(student.ppf((1 + CONFIDENCE) / 2, len(differences) - 1) * error)
        low, high = mean - reach, mean + reach
    else:
        low, high = bootstrap()
    verdict = "none"
    if low > 0 and mean > margin:
        verdict = "improves"
    elif high < 0 and mean < -margin:
        verdict = "decreases"
    return EffectRecord(
        source=source, target=target, effect=mean, low=low, high=high, verdict=verdict
    )


def _bootstrap(
    arm: Arm, source: str, target: str, jobs: Mapping[tuple[Group, Run], Job], run: Run
) -> tuple[float, float]:
    """Return the interval of one run over resampled test examples, documents as a whole."""
    pair = next(p for p in ((source, target), (target, source)) if (p, run) in jobs)
    together, alone = (arm.store.predictions(jobs[group, run].id) for group in (pair, (target,)))
    tests = [whole(parts["test"].tasks[target]) for parts in (together, alone)]
    units = _rows_by_unit(tests[1])
    random = generator(run[1], "pair bootstrap", source, target)
    differences = []
    for _ in range(DRAWS):
        drawn = random.integers(len(units), size=len(units))
        rows = np.concatenate([units[unit] for unit in drawn])
        values = [
            _value(arm, target, parts["validation"], _drawn(test, rows))
            for parts, test in zip((together, alone), tests, strict=True)
        ]
        differences.append(values[0] - values[1])
    outside = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(differences, [outside, 1 - outside])
    return float(low), float(high)


def _sign(arm: Arm, task: str) -> int:
    """Return what turns a task's metric so that more is better."""
    own = arm.inputs.tasks[task]
    return 1 if TASK_METRICS[own.kind][own.metric].higher_is_better else -1


def _value(arm: Arm, task: str, validation: Predictions, test: Predictions) -> float:
    evaluation = arm.config.evaluation
    settings = ScoringSettings(evaluation.thresholds, evaluation.shrinkage)
    scores = score(validation.only([task]), test, settings)
    return _sign(arm, task) * scores.per_task[task][arm.inputs.tasks[task].metric]


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
