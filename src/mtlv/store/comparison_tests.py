"""The tests of one plan against the baseline, from stored predictions alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mtlv.data.splits import SplitSettings
from mtlv.evaluation.metrics import METRICS, TASK_METRICS, Metric
from mtlv.evaluation.significance import (
    Choice,
    Finding,
    Pair,
    Protocol,
    Run,
    almost_dominates,
    bootstrap,
    choose_test,
    corrected_t,
    mcnemar,
    overlap_of,
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
from mtlv.store.comparison_parts import TestParts
from mtlv.store.comparison_settings import FEWEST_DRAWS, CompareSettings, PlanFindings
from mtlv.words import listed

__all__ = ["differences_of", "findings_of", "metric_of"]

Array = np.ndarray[Any, Any]
SLOW_DRAWS = 1000
"""Draws where a metric has to be computed draw by draw, as log loss has."""


def metric_of(pair: PlanPair, task: str, settings: CompareSettings) -> Metric:
    """Return the metric that a task is compared by: what judges it; under McNemar, accuracy."""
    judged = pair.base.summary.judged[task]
    family = TASK_METRICS[judged.kind]
    if settings.test == "mcnemar" and "accuracy" in family:
        return family["accuracy"]
    return family[judged.metric]


def differences_of(
    pair: PlanPair, parts: Mapping[str, TestParts], metric: str, task: str = TOGETHER
) -> Array:
    """Return plan less baseline, NaN where undefined: of every run, or the mean of every part.

    Runs on one of several test parts share its examples, and are one difference.
    """
    return parts[task].mean(_values(pair, metric, task) @ np.array([1.0, -1.0]))


def findings_of(
    source: Source,
    pair: PlanPair,
    parts: Mapping[str, TestParts],
    metric: str,
    settings: CompareSettings,
) -> PlanFindings:
    """Test a plan against the baseline: in one metric of the tasks together, and task by task.

    Tasks whose runs have unlike test parts are tested each by what its protocol asks for, and not
    together: no one test knows what their mean varies by.

    Raises:
        ProtocolError: the wanted test does not apply; see `choose_test`.
    """
    metrics = {TOGETHER: METRICS[metric]}
    metrics |= {task: metric_of(pair, task, settings) for task in pair.tasks}
    alike: dict[int, list[str]] = {}
    for key in metrics:
        alike.setdefault(id(parts[key]), []).append(key)
    groups = [keys for keys in alike.values() if keys != [TOGETHER]]
    tested = [
        _tested(source, pair, parts[keys[0]], metric, {key: metrics[key] for key in keys}, settings)
        for keys in groups
    ]
    choices = tuple(choice for choice, _, _ in tested)
    if len(groups) > 1:
        choices = tuple(
            replace(own, why=f"{listed(keys)}: {own.why}")
            for own, keys in zip(choices, groups, strict=True)
        )
    found = {key: own for _, findings, _ in tested for key, own in findings.items()}
    draws = [own for _, _, own in tested if own is not None]
    return PlanFindings(
        choices,
        found.pop(TOGETHER, None),
        {task: found[task] for task in pair.tasks if task in found},
        min(draws, default=None),
        _dominance(source, pair, parts[TOGETHER], metric),
    )


def _tested(
    source: Source,
    pair: PlanPair,
    parts: TestParts,
    metric: str,
    metrics: Mapping[str, Metric],
    settings: CompareSettings,
) -> tuple[Choice, dict[str, Finding], int | None]:
    """Return the test of tasks with the same test parts, what it found, and how often it drew."""
    choice = choose_test(Protocol(len(parts.units), len(pair.cells)), settings.test)
    if choice.test in ("corrected_t", "wilcoxon"):
        return choice, _of_runs(source, pair, parts, metrics, choice.test, settings), None
    names = {task: own.name for task, own in metrics.items() if task != TOGETHER}
    pairs = _sheets(pair, parts, metric, names)
    if choice.test == "mcnemar":
        return choice, _of_examples(pairs, metrics, settings), None
    draws = _draws(pairs, choice.test, settings)
    if not draws:
        return choice, {}, draws
    found = _of_draws(source, pair, pairs, metrics, choice.test, draws, settings)
    return choice, found, draws


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
        values = differences_of(pair, {task: parts}, metric.name, task)
        if np.isnan(values).any():
            continue
        if test == "wilcoxon":
            unit = "test part" if len(parts.units) > 1 else "run"
            found[task] = wilcoxon(values, unit, margin)
        else:
            found[task] = corrected_t(values, _overlap(source, pair), margin)
    return found


def _overlap(source: Source, pair: PlanPair) -> float:
    evaluation = source.studies[pair.base.name].config["evaluation"]
    protocol = SplitSettings().model_dump() | evaluation
    return overlap_of(protocol["scheme"], protocol["folds"], protocol["test"])


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


def _sheets(pair: PlanPair, parts: TestParts, metric: str, names: Mapping[str, str]) -> list[Pair]:
    """Return the pairs as resampling needs them.

    On one test part every run is a replicate; on several, every seed, with all of its folds.
    """
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
