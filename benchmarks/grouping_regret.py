"""Regret of grouping methods: how far each is from the grouping that is really best.

    MTLV_DATA=/path/to/data python benchmarks/grouping_regret.py [--json] [--store FOLDER]

All groups of five labels of Open-I are trained with several seeds, so that the true gain of every
grouping is known: mean over tasks of test average precision in its group less that of the task
alone. Then every method proposes groups, seeing training and validation data only, and is judged by

- Kendall's tau between the gains that it predicts and the true ones, over all tasks in all groups;
- regret: gain of the best grouping with at most BUDGET models less that of the proposed one, also
  as a share of (best - mean of all such groupings), which is what drawing at random loses;
- its cost in multiples of one multi-task run.

All trainings are jobs in the store: a second call only reads them. Settings are cheap on purpose
(few training texts, MiniLM with five of six layers frozen), which makes gains large and noisy; the
tau between seeds says how much of them can be predicted at all.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from mtlv.errors import GroupingError
from mtlv.evaluation.metrics import TASK_METRICS
from mtlv.grouping.context import Array
from mtlv.grouping.features import task_features
from mtlv.grouping.gains import PairGains, TableGains
from mtlv.grouping.methods import find_groups
from mtlv.grouping.points import Points
from mtlv.grouping.settings import GroupingSettings
from mtlv.store import Store
from mtlv.studies.arms import Arm
from mtlv.studies.config import parse_config
from mtlv.studies.grouping import Instruments
from mtlv.studies.inputs import read_inputs
from mtlv.studies.processes import make_executor
from mtlv.studies.watching import StudyWatcher

BUDGET = 2
TASKS = ["Cardiomegaly", "Effusion", "Atelectasis", "opacity", "Airspace Disease"]
SEEDS = (0, 1, 2)
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
CLUSTERED = ("label", "label_description", "text_embedding", "phi", "data_map", "fisher")
SEARCHED = ("phi", "pmi", "jaccard", "pooled", "gradient_cosine", "gradient_dot", "lookahead")
SEARCHED += ("subset", "surrogate", "pairs", "exhaustive")


@dataclass(frozen=True)
class Row:
    """One method; shares and taus are None where they do not exist."""

    method: str
    cost_runs: float
    kendall_tau: float | None
    regret: float
    regret_share: float
    groups: list[list[str]]


class Progress(StudyWatcher):
    """Says on stderr what is being trained."""

    def on_stage(self, stage: str, jobs: int) -> None:
        """Say the stage."""
        if jobs:
            print(f"{stage}: {jobs} jobs", file=sys.stderr, flush=True)


class Truth:
    """Measured gains of every grouping on the test part."""

    def __init__(self, arm: Arm) -> None:
        self.arm, self.names = arm, arm.inputs.tasks.names
        size = len(self.names)
        self.groups = [g for n in range(1, size + 1) for g in combinations(self.names, n)]
        self.members = np.array([[name in g for name in self.names] for g in self.groups])
        values = np.stack([self._values(seed) for seed in SEEDS], axis=-1)  # (P, T, S)
        self.table = TableGains(self.names, self.members, values)
        self.gains = self.table.mean(self.members)  # (P, T)

    def value(self, groups: Sequence[Sequence[str]], gains: Array | None = None) -> float:
        """Return the mean gain over tasks of a grouping (in a cover: of the best group)."""
        table = self.gains if gains is None else gains
        rows = [table[self.groups.index(tuple(n for n in self.names if n in g))] for g in groups]
        return float(np.nanmax(np.stack(rows), axis=0).mean())

    def tau(self, predicted: Array) -> float | None:
        """Return Kendall's tau of predicted and true gains over members of larger groups."""
        wanted = self.members & (self.members.sum(axis=1) > 1)[:, None]
        found = kendalltau(predicted[wanted], self.gains[wanted]).statistic
        return None if np.isnan(found) else float(found)

    def ceiling(self) -> float:
        """Return the mean tau between one seed's gains and those of the other seeds."""
        wanted = self.members & (self.members.sum(axis=1) > 1)[:, None]
        taus = []
        for seed in range(len(SEEDS)):
            others = [s for s in range(len(SEEDS)) if s != seed]
            parts = [
                TableGains(self.names, self.members, self.table.values[..., keep]).mean(
                    self.members
                )
                for keep in ([seed], others)
            ]
            taus.append(kendalltau(parts[0][wanted], parts[1][wanted]).statistic)
        return float(np.mean(taus))

    def _values(self, seed: int) -> Array:
        instruments = _instruments(self.arm)
        trained = instruments.train(self.groups, seed)
        values = np.full(self.members.shape, np.nan)
        metric = TASK_METRICS["binary"]["average_precision"].function
        for row, each in enumerate(trained):
            test = self.arm.store.predictions(each.job)["test"].labels()
            for column, name in enumerate(test.tasks):
                value = metric(test.scores[:, column], test.targets[:, column])
                values[row, self.names.index(name)] = value
        return values


def main() -> None:
    """Train what is missing, judge every method, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--store", type=Path, default=Path("runs-regret"), help="run store")
    parser.add_argument("--workers", type=int, default=2, help="jobs at once")
    options = parser.parse_args()
    arm = _arm(options.store, options.workers)
    truth = Truth(arm)
    reachable = [truth.value(p) for p in partitions(list(truth.names)) if len(p) <= BUDGET]
    best, mean = max(reachable), float(np.mean(reachable))
    rows = [
        _judged(name, groups, cost, tau, truth, best, mean)
        for name, groups, cost, tau in _proposals(arm, truth)
    ]
    result = _result(rows, truth, best, mean)
    print(json.dumps(result, indent=1) if options.json else _table(result))


def _result(rows: Sequence[Row], truth: Truth, best: float, mean: float) -> dict[str, Any]:
    return {
        "methods": [vars(row) for row in rows],
        "tasks": list(truth.names),
        "budget": BUDGET,
        "seeds": len(SEEDS),
        "best_gain": best,
        "best_groups": max(
            (p for p in partitions(list(truth.names)) if len(p) <= BUDGET), key=truth.value
        ),
        "random_mean_gain": mean,
        "mtl_gain": truth.value([truth.names]),
        "standard_error_of_a_value": truth.table.error(),
        "kendall_tau_between_seeds": truth.ceiling(),
        "train": CONFIG["train"],
        "texts": {
            k: len(getattr(truth.arm.inputs.splits["openi"][0], k))
            for k in ("train", "validation", "test")
        },
        "machine": f"{platform.machine()}, {platform.system()}",
    }


def _judged(
    name: str,
    groups: Sequence[Sequence[str]],
    cost: float,
    tau: float | None,
    truth: Truth,
    best: float,
    mean: float,
) -> Row:
    regret = best - truth.value(groups)
    return Row(name, cost, tau, regret, regret / (best - mean), [list(g) for g in groups])


def _proposals(
    arm: Arm, truth: Truth
) -> Iterator[tuple[str, Sequence[Sequence[str]], float, float | None]]:
    """Give each method's name, groups, cost and tau."""
    yield "all in one (MTL)", [truth.names], 0.0, None
    yield "each alone (STL)", [[name] for name in truth.names], 0.0, None
    for features in CLUSTERED:
        settings = GroupingSettings(features=features, groups=BUDGET)
        instruments = _instruments(arm)
        context = instruments.context(settings)
        found = find_groups(context, settings)
        distances = Points.of_features(task_features(features, context)).distances
        gains = PairGains(-distances).mean(truth.members)
        cost = _runs(arm, instruments)
        yield f"cluster {features}", found.grouping.groups, cost, truth.tau(gains)
    for affinity in SEARCHED:
        for seeds in ((0,), SEEDS) if affinity in ("pairs", "exhaustive") else ((0,),):
            settings = GroupingSettings(method=affinity, budget=BUDGET, seeds=seeds, every=10)
            context = _instruments(arm).context(settings)
            found = find_groups(context, settings)
            if found.affinity is None or found.recommendation is None:
                raise GroupingError(f"'{affinity}' found nothing to judge.")
            tau = truth.tau(found.affinity.gains.mean(truth.members))
            name = f"{affinity}, {len(seeds)} seeds" if len(seeds) > 1 else affinity
            cost = found.affinity.cost.runs
            yield f"search {name}", found.grouping.groups, cost, tau


def _runs(arm: Arm, instruments: Instruments) -> float:
    """Return the cost of an instrument's jobs in multiples of one multi-task run."""
    costs = [arm.store.job(job).cost for job in dict.fromkeys(instruments.jobs)]
    return sum(c.wall_seconds / (c.wall_seconds - c.measuring_seconds) for c in costs)


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


def _instruments(arm: Arm) -> Instruments:
    settings = arm.config.settings_of(arm.config.specs()[0])
    return Instruments(arm.worker, 0, settings, arm.run_jobs)


def _table(result: dict[str, Any]) -> str:
    lines = ["| method | cost (MTL runs) | tau | regret (points) | share of random |"]
    lines += ["|---|--:|--:|--:|--:|"]
    for row in result["methods"]:
        tau = "-" if row["kendall_tau"] is None else f"{row['kendall_tau']:.2f}"
        lines.append(
            f"| {row['method']} | {row['cost_runs']:.2f} | {tau} | {100 * row['regret']:.2f} "
            f"| {100 * row['regret_share']:.0f} % |"
        )
    lines.append(
        f"\nbest {100 * result['best_gain']:+.2f}, random mean "
        f"{100 * result['random_mean_gain']:+.2f}, MTL {100 * result['mtl_gain']:+.2f} points of "
        f"average precision over STL; tau between seeds {result['kendall_tau_between_seeds']:.2f}"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
