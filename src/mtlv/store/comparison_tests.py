"""The tests of one plan against the baseline, from stored predictions alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtlv.evaluation.metrics import METRICS, TASK_METRICS, Metric
from mtlv.evaluation.predictions import Predictions
from mtlv.evaluation.significance import (
    Finding,
    Pair,
    Protocol,
    Run,
    Units,
    almost_dominates,
    bootstrap,
    choose_test,
    corrected_t,
    mcnemar,
    randomise,
    sheet,
    wilcoxon,
)
from mtlv.evaluation.significance.dominance import FEWEST
from mtlv.evaluation.significance.drawn import (
    error_reduction,
    interval,
    p_by_bootstrap,
    p_by_randomisation,
)
from mtlv.evaluation.significance.finding import ALPHA
from mtlv.evaluation.significance.resampling import is_slow, seconds_of
from mtlv.evaluation.significance.sheet import TOGETHER
from mtlv.randomness import generator
from mtlv.store.comparison_pairs import PlanPair, Source
from mtlv.store.comparison_settings import FEWEST_DRAWS, CompareSettings, PlanFindings

__all__ = ["TestParts", "differences_of", "findings_of", "metric_of", "parts_of"]

Array = np.ndarray[Any, Any]
SLOW_DRAWS = 1000
"""Draws where a metric has to be computed draw by draw, as log loss has."""


@dataclass(frozen=True)
class TestParts:
    """The test parts of the pairs.

    Args:
        tests: of both plans, for every pair.
        part: index of the test part of every pair.
        units: of every part.
    """

    tests: tuple[tuple[Predictions, Predictions], ...]
    part: Array
    units: tuple[Units, ...]

    def mean(self, values: Array) -> Array:
        """Return the mean of values (R,) on each part; where there is one part, the values."""
        if len(self.units) < 2:
            return values
        return np.array([values[self.part == i].mean() for i in range(len(self.units))])


def metric_of(pair: PlanPair, task: str, settings: CompareSettings) -> Metric:
    """Return the metric that a task is compared by: what judges it; under McNemar, accuracy."""
    judged = pair.base.summary.judged[task]
    family = TASK_METRICS[judged.kind]
    if settings.test == "mcnemar" and "accuracy" in family:
        return family["accuracy"]
    return family[judged.metric]


def differences_of(pair: PlanPair, parts: TestParts, metric: str, task: str = TOGETHER) -> Array:
    """Return plan less baseline, NaN where undefined: of every run, or the mean of every part.

    Runs on one of several test parts share its examples, and are one difference.
    """
    return parts.mean(_values(pair, metric, task) @ np.array([1.0, -1.0]))


def findings_of(
    source: Source, pair: PlanPair, parts: TestParts, metric: str, settings: CompareSettings
) -> PlanFindings:
    """Test a plan against the baseline: in one metric of the tasks together, and task by task.

    Raises:
        ProtocolError: the wanted test does not apply; see `choose_test`.
    """
    choice = choose_test(Protocol(len(parts.units), len(pair.cells)), settings.test)
    metrics = {task: metric_of(pair, task, settings) for task in pair.tasks}
    keys = {TOGETHER: METRICS[metric]} | metrics
    draws = None
    if choice.test in ("corrected_t", "wilcoxon"):
        found = _of_runs(source, pair, parts, keys, choice.test, settings)
    else:
        pairs = _sheets(pair, parts, metric, metrics)
        if choice.test == "mcnemar":
            found = _of_examples(pairs, keys, settings)
        else:
            draws = _draws(pairs, choice.test, settings)
            given = source, pair, pairs, keys, choice.test, draws, settings
            found = _of_draws(*given) if draws else {}
    together = found.pop(TOGETHER, None)
    return PlanFindings(choice, together, found, draws, _dominance(source, pair, parts, metric))


def _values(pair: PlanPair, metric: str, task: str) -> Array:
    """Return the values of plan and baseline in every pair, (R, 2)."""
    rows = [
        [
            cell.scores.together(metric) if task == TOGETHER else cell.scores.per_task[task][metric]
            for cell in cells
        ]
        for cells in pair.cells
    ]
    return np.array(rows, np.float64).reshape(-1, 2)


def parts_of(source: Source, pair: PlanPair) -> TestParts:
    """Return the test parts of the pairs of two plans."""
    tests = tuple(
        (source.test(own.cell).only(pair.tasks), source.test(other.cell).only(pair.tasks))
        for own, other in pair.cells
    )
    units: dict[frozenset[tuple[str, str]], Units] = {}
    part = []
    for _, test in tests:
        own = Units.of(test)
        units.setdefault(frozenset(own.unit), own)
        part.append(list(units).index(frozenset(own.unit)))
    return TestParts(tests, np.array(part, int), tuple(units.values()))


# --- tests of runs -------------------------------------------------------------------------------


def _of_runs(
    source: Source,
    pair: PlanPair,
    parts: TestParts,
    metrics: Mapping[str, Metric],
    test: str,
    settings: CompareSettings,
) -> dict[str, Finding]:
    found = {}
    for task, metric in metrics.items():
        margin = _margin(settings, metric)
        values = differences_of(pair, parts, metric.name, task)
        if np.isnan(values).any():
            continue
        if test == "wilcoxon":
            unit = "test part" if len(parts.units) > 1 else "run"
            found[task] = wilcoxon(values, unit, margin)
        else:
            found[task] = corrected_t(values, _overlap(source, pair), margin)
    return found


def _overlap(source: Source, pair: PlanPair) -> float:
    """Return test over training examples; validation, on which is chosen, counts as training."""
    evaluation = source.studies[pair.base.name].config["evaluation"]
    if evaluation.get("scheme") == "holdout":
        share = float(evaluation["test"])
        return share / (1 - share)
    return 1 / (max(2, int(evaluation["folds"])) - 1)


def _dominance(source: Source, pair: PlanPair, parts: TestParts, metric: str) -> float | None:
    """Return almost stochastic order over seeds (or runs on one test part) if there are five."""
    values = _values(pair, metric, TOGETHER)
    if len(parts.units) > 1:
        seeds = np.array([own.cell.seed for own, _ in pair.cells])
        values = np.array([values[seeds == seed].mean(axis=0) for seed in np.unique(seeds)])
    if len(values) < FEWEST or np.isnan(values).any():
        return None
    sign = 1 if METRICS[metric].higher_is_better else -1
    ours, theirs = sign * values.T
    return almost_dominates(ours, theirs, _generator(source, pair, "dominance"))


# --- tests of examples ---------------------------------------------------------------------------


def _sheets(
    pair: PlanPair, parts: TestParts, metric: str, metrics: Mapping[str, Metric]
) -> list[Pair]:
    """Return the pairs as resampling needs them.

    On one test part every run is a replicate; on several, every seed, with all of its folds.
    """
    names = {task: own.name for task, own in metrics.items()}
    pairs = []
    for index, (cells, tests) in enumerate(zip(pair.cells, parts.tests, strict=True)):
        units = parts.units[parts.part[index]]
        ours, theirs = (
            sheet(Run(test, cell.scores.thresholds), units, metric, names)
            for cell, test in zip(cells, tests, strict=True)
        )
        replicate = index if len(parts.units) == 1 else cells[0].cell.seed
        pairs.append(Pair(ours, theirs, units, replicate))
    return pairs


def _draws(pairs: Sequence[Pair], test: str, settings: CompareSettings) -> int:
    """Return how many draws to make: fewer where they would take too long, or none."""
    wanted = min(settings.draws, SLOW_DRAWS) if is_slow(pairs) else settings.draws
    if settings.seconds is None:
        return wanted
    often = 3 if test == "randomisation" else 1  # the interval is the bootstrap's; swaps take two
    fitting = int(settings.seconds / (often * seconds_of(pairs, 1)))
    return min(wanted, fitting) if fitting >= FEWEST_DRAWS else 0


def _of_draws(
    source: Source,
    pair: PlanPair,
    pairs: Sequence[Pair],
    metrics: Mapping[str, Metric],
    test: str,
    draws: int,
    settings: CompareSettings,
) -> dict[str, Finding]:
    drawn = bootstrap(pairs, _generator(source, pair, "bootstrap"), draws)
    swapped = {}
    if test == "randomisation":
        swapped = randomise(pairs, _generator(source, pair, "randomisation"), draws)
    found = {}
    for task, metric in metrics.items():
        key, values = (task, metric.name), _values(pair, metric.name, task)
        values = values[~np.isnan(values).any(axis=1)]
        if key not in drawn or not len(values):
            continue
        ours, theirs = values.mean(axis=0)
        own = interval(drawn[key], _margin(settings, metric))
        p = p_by_bootstrap(drawn[key])
        if test == "randomisation":
            p = p_by_randomisation(swapped[key], ours - theirs)
        found[task] = Finding(
            test,
            p,
            own.low,
            own.high,
            1 - ALPHA,
            error_reduction(ours, theirs, metric.higher_is_better),
            sum({id(each.units): len(each.units) for each in pairs}.values()),
            pairs[0].units.word,
            (2 if test == "bootstrap" else 1) / (draws + 1),
            own.equivalence,
        )
    return found


def _of_examples(
    pairs: Sequence[Pair], metrics: Mapping[str, Metric], settings: CompareSettings
) -> dict[str, Finding]:
    """Return McNemar's test of every accuracy; other metrics are passed over."""
    found = {}
    for task, metric in metrics.items():
        if metric.name not in ("accuracy", "subset_accuracy"):
            continue
        key = (task, metric.name)
        right: dict[int, Array] = {}
        for pair in pairs:
            ours, theirs = pair.ours.sums[key].parts, pair.theirs.sums[key].parts  # (U, 2)
            own = np.stack([ours[:, 0] - theirs[:, 0], ours[:, 1]], axis=1)
            right[id(pair.units)] = right.get(id(pair.units), 0.0) + own
        sums = np.concatenate(list(right.values()))
        sums = sums[sums[:, 1] > 0]  # units with a target
        differences = sums[:, 0] * len(sums) / sums[:, 1].sum()
        found[task] = mcnemar(differences, pairs[0].units.word, _margin(settings, metric))
    return found


def _margin(settings: CompareSettings, metric: Metric) -> float | None:
    if settings.margin is None:
        return None
    return settings.margin / (100 if metric.unit == "share" else 1)


def _generator(source: Source, pair: PlanPair, purpose: str) -> np.random.Generator:
    """Return a generator that study and plans decide, whatever else is compared beside them."""
    names = [
        word
        for plan in (pair.base, pair.plan)
        for word in (source.studies[plan.name].name, plan.cells[0].cell.plan)
    ]
    data = [corpus.fingerprint for corpus in source.studies[pair.base.name].corpora]
    return generator(0, "compare", purpose, *data, *names)
