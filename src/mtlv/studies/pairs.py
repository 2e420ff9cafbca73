"""Pairwise transfer: what learning task s beside task t does to t, measured (Peng et al. 2020).

Every task is trained alone and with every other one, a head each, on every fold and with every
seed; equal jobs of other studies are used again. What one did to the other is in `pair_effects`.
"""

from __future__ import annotations

from itertools import combinations, permutations
from pathlib import Path

from mtlv.errors import ConfigError
from mtlv.plans import HeadPlan, ModelPlan
from mtlv.store import Store
from mtlv.store.record import TransferRecord
from mtlv.studies.arms import Arm
from mtlv.studies.config import StudyConfig
from mtlv.studies.environment import now
from mtlv.studies.inputs import read_inputs
from mtlv.studies.jobs import Job
from mtlv.studies.pair_effects import Group, PairEffects, Run
from mtlv.studies.processes import make_executor
from mtlv.studies.watching import StudyWatcher

__all__ = ["transfer"]


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
    pairs = PairEffects(arm, jobs)
    effects = pairs.all(permutations(names, 2), margin)
    record = TransferRecord(
        name=config.study,
        config=config.model_dump(mode="json"),
        tasks=list(names),
        metrics={task.name: task.metric for task in inputs.tasks},
        alone={name: pairs.alone(name) for name in names},
        effects=effects,
        runs=len(runs),
        test_parts=pairs.test_parts,
        margin=margin,
        jobs=sorted({job.id for job in jobs.values()}),
        finished=now(),
    )
    store.transfers.write(record)
    return record


def _job(arm: Arm, group: Group, run: Run) -> Job:
    fold, seed = run
    model = ModelPlan(tuple(HeadPlan((task,)) for task in group))
    return arm.worker.job(model, fold, seed, arm.config.settings_of(arm.specs[0]))
