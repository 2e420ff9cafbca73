"""Regret of grouping methods: how far each is from the grouping that is really best.

    MTLV_DATA=/path/to/data python benchmarks/grouping_regret.py [--json] [--store FOLDER]

All groups of five labels of Open-I are trained with several seeds, so that the true gain of every
grouping is known: mean over tasks of test average precision in its group less that of the task
alone. Then every method proposes groups, seeing training and validation data and a seed that the
truth does not have, and is judged by

- Kendall's tau between the gains that it predicts and the true ones, over all tasks in all groups;
- regret of what it recommends, which may be one model for all: gain of the best grouping with at
  most BUDGET models less that of the recommended one, also as a share of (best - mean of all such
  groupings, one model for all being one of them), which is what drawing at random loses. Its error
  is that of the mean difference over the seeds of the truth. The best is chosen by the same values
  that judge it, which makes every regret look larger than it is;
- regret of the best split that it found, whether or not it recommends to leave one model;
- its cost in multiples of one multi-task run: trainings by the texts that they see, measuring runs
  by the clock, and what is done besides (embedding texts, clustering, searching) by processor
  seconds.

All trainings are jobs in the store: a second call only reads them. Settings are cheap on purpose
(few training texts, MiniLM with five of six layers frozen), which makes gains large and noisy; the
tau between seeds says how much of them can be predicted at all.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from mtlv.errors import GroupingError
from mtlv.evaluation.metrics import TASK_METRICS
from mtlv.grouping.context import Array
from mtlv.grouping.features import FEATURES
from mtlv.grouping.gains import PairGains, TableGains
from mtlv.grouping.points import Points
from mtlv.grouping.settings import GroupingSettings
from mtlv.store import Store
from mtlv.studies.arms import Arm
from mtlv.studies.config import parse_config
from mtlv.studies.grouping import Instruments, find
from mtlv.studies.inputs import read_inputs
from mtlv.studies.processes import make_executor
from mtlv.studies.watching import StudyWatcher

BUDGET = 2
TASKS = ["Cardiomegaly", "Effusion", "Atelectasis", "opacity", "Airspace Disease"]
TRUTH_SEEDS = (0, 1, 2)
OWN_SEED = 3
"""Of every training that a method asks for."""
CONFIG: dict[str, Any] = {
    "study": "grouping-regret",
    "data": {"openi": {"min_count": 100}},
    "tasks": TASKS,
    "encoder": "minilm",
    "plans": ["mtl"],
    "train": {
        "epochs": 5,
        "batch_size": 16,
        "learning_rate": 5e-4,
        "max_length": 128,
        "freeze_layers": 5,
    },
    "evaluation": {"test": 0.6, "validation": 0.3},
    "store": {"checkpoints": False},
    "tracking": {"mlflow": False},
}
CLUSTERED = tuple(FEATURES)
SEARCHED = ("phi", "pmi", "jaccard", "pooled", "gradient_cosine", "gradient_dot", "lookahead")
SEARCHED += ("subset", "surrogate", "pairs", "exhaustive")


@dataclass(frozen=True)
class Proposal:
    """What one method says.

    Args:
        method: its name.
        split: the best groups that it found.
        recommended: what it recommends: them, or one model for all tasks.
        cost_runs: in multiples of one multi-task run.
        kendall_tau: of its predicted gains; None where it predicts none.
    """

    method: str
    split: Sequence[Sequence[str]]
    recommended: Sequence[Sequence[str]]
    cost_runs: float = 0.0
    kendall_tau: float | None = None


class Progress(StudyWatcher):
    """Says on stderr what is being trained."""

    def on_stage(self, stage: str, jobs: int) -> None:
        """Say the stage."""
        if jobs:
            print(f"{stage}: {jobs} jobs", file=sys.stderr, flush=True)


class Truth:
    """Measured gains of every grouping on the test part.

    Args:
        names: of the T tasks.
        values: of the members of all their P groups (see `all_groups`) by seed, (P, T, S).
    """

    def __init__(self, names: Sequence[str], values: Array) -> None:
        self.names, self.groups = tuple(names), all_groups(names)
        self.members = np.array([[name in g for name in names] for g in self.groups])
        self.table = TableGains(self.names, self.members, values)
        seeds = range(values.shape[-1])
        self.gains = self._gains(seeds)  # (P, T)
        self.by_seed = [self._gains([place]) for place in seeds]
        self.reachable = [p for p in partitions(list(self.names)) if len(p) <= BUDGET]
        self.best = max(self.reachable, key=self.value)

    def value(self, groups: Sequence[Sequence[str]], gains: Array | None = None) -> float:
        """Return the mean gain over tasks of a grouping (in a cover: of the best group)."""
        table = self.gains if gains is None else gains
        rows = [table[self.groups.index(tuple(n for n in self.names if n in g))] for g in groups]
        return float(np.nanmax(np.stack(rows), axis=0).mean())

    def regret(self, groups: Sequence[Sequence[str]]) -> tuple[float, float]:
        """Return what the best grouping gains more, and the standard error over seeds."""
        by_seed = [self.value(self.best, own) - self.value(groups, own) for own in self.by_seed]
        return float(np.mean(by_seed)), float(np.std(by_seed, ddof=1) / np.sqrt(len(by_seed)))

    def best_of_others(self) -> float:
        """Return the mean gain on each seed of the grouping that is best on the other seeds."""
        gains = []
        for place, own in enumerate(self.by_seed):
            others = self._gains([s for s in range(len(self.by_seed)) if s != place])
            best = max(self.reachable, key=lambda groups, by=others: self.value(groups, by))
            gains.append(self.value(best, own))
        return float(np.mean(gains))

    def tau(self, predicted: Array) -> float | None:
        """Return Kendall's tau of predicted and true gains over members of larger groups."""
        wanted = self.members & (self.members.sum(axis=1) > 1)[:, None]
        found = kendalltau(predicted[wanted], self.gains[wanted]).statistic
        return None if np.isnan(found) else float(found)

    def ceiling(self) -> float:
        """Return the mean tau between one seed's gains and those of the other seeds."""
        wanted = self.members & (self.members.sum(axis=1) > 1)[:, None]
        taus = []
        for place, own in enumerate(self.by_seed):
            others = self._gains([s for s in range(len(self.by_seed)) if s != place])
            taus.append(kendalltau(own[wanted], others[wanted]).statistic)
        return float(np.mean(taus))

    def _gains(self, places: Iterable[int]) -> Array:
        """Return gains (P, T) by the seeds at some places."""
        values = self.table.values[..., list(places)]
        return TableGains(self.names, self.members, values).mean(self.members)


def all_groups(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return all groups of some tasks, small ones first."""
    return [g for size in range(1, len(names) + 1) for g in combinations(names, size)]


def main() -> None:
    """Train what is missing, judge every method, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--store", type=Path, default=Path("runs-regret"), help="run store")
    parser.add_argument("--workers", type=int, default=2, help="jobs at once")
    options = parser.parse_args()
    arm = _arm(options.store, options.workers)
    names = arm.inputs.tasks.names
    truth = Truth(names, np.stack([_values(arm, seed) for seed in TRUTH_SEEDS], axis=-1))
    rows = [_judged(proposal, truth) for proposal in _proposals(arm, truth)]
    result = _result(rows, truth) | _setting(arm)
    print(json.dumps(result, indent=1) if options.json else _table(result))


def _result(rows: Sequence[dict[str, Any]], truth: Truth) -> dict[str, Any]:
    return {
        "methods": rows,
        "tasks": list(truth.names),
        "budget": BUDGET,
        "seeds": len(truth.by_seed),
        "best_gain": truth.value(truth.best),
        "best_gain_chosen_on_other_seeds": truth.best_of_others(),
        "best_groups": truth.best,
        "random_mean_gain": _random_mean(truth),
        "mtl_gain": truth.value([truth.names]),
        "standard_error_of_a_value": truth.table.error(),
        "kendall_tau_between_seeds": truth.ceiling(),
    }


def _setting(arm: Arm) -> dict[str, Any]:
    split = arm.inputs.splits["openi"][0]
    return {
        "train": CONFIG["train"],
        "texts": {k: len(getattr(split, k)) for k in ("train", "validation", "test")},
        "machine": f"{platform.machine()}, {platform.system()}",
    }


def _random_mean(truth: Truth) -> float:
    return float(np.mean([truth.value(groups) for groups in truth.reachable]))


def _judged(proposal: Proposal, truth: Truth) -> dict[str, Any]:
    regret, error = truth.regret(proposal.recommended)
    by_chance = truth.value(truth.best) - _random_mean(truth)
    return {
        "method": proposal.method,
        "cost_runs": proposal.cost_runs,
        "kendall_tau": proposal.kendall_tau,
        "regret": regret,
        "regret_error": error,
        "regret_share": regret / by_chance,
        "groups": [list(group) for group in proposal.recommended],
        "split_regret": truth.regret(proposal.split)[0],
        "split_groups": [list(group) for group in proposal.split],
        "within_budget": len(proposal.recommended) <= BUDGET,
    }


def _proposals(arm: Arm, truth: Truth) -> Iterator[Proposal]:
    """Give what each method says."""
    together, alone = [truth.names], [[name] for name in truth.names]
    yield Proposal("all in one (MTL)", together, together)
    yield Proposal(f"each alone (STL: {len(alone)} models)", alone, alone)
    for features in CLUSTERED:
        yield _clustered(features, arm, truth)
    for affinity in SEARCHED:
        yield _searched(affinity, arm, truth)


def _clustered(features: str, arm: Arm, truth: Truth) -> Proposal:
    settings = GroupingSettings(features=features, groups=BUDGET, seeds=(OWN_SEED,))
    instruments = _instruments(arm)
    found, took = find(settings, instruments)
    if found.features is None:
        raise GroupingError(f"'{features}' found nothing to judge.")
    groups, cost = found.grouping.groups, _runs(arm, instruments) + _share(arm, took)
    tau = truth.tau(PairGains(-Points.of_features(found.features).distances).mean(truth.members))
    return Proposal(f"cluster {features}", groups, groups, cost, tau)


def _searched(affinity: str, arm: Arm, truth: Truth) -> Proposal:
    settings = GroupingSettings(method=affinity, budget=BUDGET, seeds=(OWN_SEED,), every=10)
    found, took = find(settings, _instruments(arm))
    if found.affinity is None or found.recommendation is None:
        raise GroupingError(f"'{affinity}' found nothing to judge.")
    split = found.grouping.groups
    recommended = split if found.recommendation.leave_mtl else [truth.names]
    tau = truth.tau(found.affinity.gains.mean(truth.members))
    cost = found.affinity.cost.runs + _share(arm, took)
    return Proposal(f"search {affinity}", split, recommended, cost, tau)


def _runs(arm: Arm, instruments: Instruments) -> float:
    """Return the cost of an instrument's jobs in multiples of one multi-task run."""
    costs = [arm.store.job(job).cost for job in dict.fromkeys(instruments.jobs)]
    return sum(c.wall_seconds / (c.wall_seconds - c.measuring_seconds) for c in costs)


def _share(arm: Arm, took: Array) -> float:
    """Return what a grouping took besides jobs as a part of one multi-task run.

    Args:
        arm: to train that run in, which `exhaustive` needs too.
        took: seconds by the clock and of the processor, (2,).
    """
    (trained,) = _instruments(arm).train([arm.inputs.tasks.names], OWN_SEED)
    cost = arm.store.job(trained.job).cost
    return float(took[1]) / (cost.cpu_seconds + sum(cost.cpu_preparations.values()))


def partitions(names: list[str]) -> list[list[list[str]]]:
    """Return all partitions of some names."""
    if not names:
        return [[]]
    first, rest = names[0], partitions(names[1:])
    joined = [[[first, *p[i]], *p[:i], *p[i + 1 :]] for p in rest for i in range(len(p))]
    return [[[first], *p] for p in rest] + joined


def _arm(store: Path, workers: int) -> Arm:
    config = parse_config(CONFIG)
    inputs = read_inputs(config, Path())
    arm = Arm(config, {}, inputs, Store(store), make_executor(workers), Progress())
    arm.plan()
    return arm


def _values(arm: Arm, seed: int) -> Array:
    """Return the values on test of the members of all groups, (P, T); NaN for others."""
    names = arm.inputs.tasks.names
    metric = TASK_METRICS["binary"]["average_precision"].function
    groups = all_groups(names)
    values = np.full((len(groups), len(names)), np.nan)
    for row, each in enumerate(_instruments(arm).train(groups, seed)):
        test = arm.store.predictions(each.job)["test"].labels()
        for column, name in enumerate(test.tasks):
            value = metric(test.scores[:, column], test.targets[:, column])
            values[row, names.index(name)] = value
    return values


def _instruments(arm: Arm) -> Instruments:
    settings = arm.config.settings_of(arm.config.specs()[0])
    return Instruments(arm.worker, 0, settings, arm.run_jobs)


def _table(result: dict[str, Any]) -> str:
    head = "method | cost (MTL runs) | tau | recommends | regret (points) | share of random"
    lines = [f"| {head} | regret of best split |", "|---|--:|--:|---|--:|--:|--:|"]
    for row in result["methods"]:
        tau = "-" if row["kendall_tau"] is None else f"{row['kendall_tau']:.2f}"
        models = "MTL" if len(row["groups"]) == 1 else f"{len(row['groups'])} models"
        lines.append(
            f"| {row['method']} | {row['cost_runs']:.2f} | {tau} | {models} "
            f"| {100 * row['regret']:.2f} ± {100 * row['regret_error']:.2f} "
            f"| {100 * row['regret_share']:.0f} % | {100 * row['split_regret']:.2f} |"
        )
    lines.append(
        f"\nbest {100 * result['best_gain']:+.2f} "
        f"({100 * result['best_gain_chosen_on_other_seeds']:+.2f} where it is chosen on the other "
        f"seeds), random mean {100 * result['random_mean_gain']:+.2f}, MTL "
        f"{100 * result['mtl_gain']:+.2f} points of average precision over STL; tau between seeds "
        f"{result['kendall_tau_between_seeds']:.2f}\nbest groups: "
        + "; ".join(", ".join(group) for group in result["best_groups"])
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
