"""Frames of plans: their differences by task, and their quality and cost."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from scipy import stats

from mtlv.evaluation.metrics import METRICS, TASK_METRICS
from mtlv.evaluation.summary import Summary
from mtlv.report.comparison_notes import CORRECTED
from mtlv.report.frames.wanted import FRAMES, Data, Wanted, no_data, unit_of
from mtlv.report.numbers import scale_of
from mtlv.store.comparison import CompareSettings, Row, TaskRow, compare
from mtlv.store.outcome import PlanOutcome
from mtlv.words import counted

__all__ = ["cost", "forest", "student_interval", "task_differences"]

LEVEL = 0.95


@FRAMES.register("forest")
def forest(wanted: Wanted) -> Data:
    """Difference of every task to the baseline, with what the comparison claims of it."""
    base = wanted.base
    others = [plan.name for plan in wanted.chosen_plans if plan.name != base.name]
    if not others:
        raise no_data(
            wanted, "forest", f"no plan but '{base.name}'", "name another plan with --baseline"
        )
    comparison = wanted.comparison or compare(wanted.store, wanted.outcome, base.name)
    if not wanted.plans:
        others = [name for name in others if name not in comparison.drawn]
    found = {row.plan: row for row in comparison.rows}
    tasks = set(wanted.chosen_tasks)
    rows = [
        line
        for name in others
        for line in task_differences(found[name], base)
        if line["task"] in tasks
    ]
    metrics = sorted({str(line["metric"]) for line in rows})
    return Data(
        pd.DataFrame(rows),
        wanted.signed(
            f"test part, {' and '.join(metrics)}",
            *base.summary.signature_of(comparison.metric).split("|")[1:],
            _interval_words([found[name] for name in others], comparison.settings),
        ),
    )


def task_differences(row: Row, base: PlanOutcome) -> list[dict[str, Any]]:
    """Return the rows of one plan in the frame of `forest`: differences turned, in points.

    Intervals and verdicts are those of the comparison's claims. Where nothing was tested the
    interval is Student's over the runs, and no difference is shown.
    """
    lines: list[dict[str, Any]] = []
    for task, own in row.by_task.items():
        kind = base.summary.judged[task].kind
        metric = TASK_METRICS[kind][own.metric]
        factor = scale_of(own.metric, kind) * (1 if metric.higher_is_better else -1)
        low, high = sorted(factor * end for end in _interval(own))
        unit = unit_of(own.metric, kind)
        verdict = "no difference shown" if own.claim is None else own.claim.verdict
        lines.append(
            {"plan": row.plan, "baseline": base.name, "task": task, "metric": own.metric}
            | {"unit": "points" if unit == "percent" else f"{own.metric}, {unit}"}
            | {"support": math.nan if own.positives is None else own.positives}
            | {"delta": factor * own.delta.mean, "low": low, "high": high, "verdict": verdict}
        )
    return lines


@FRAMES.register("cost")
def cost(wanted: Wanted) -> Data:
    """Quality and cost of every plan."""
    plans = wanted.chosen_plans
    name = "primary_mean" if any(plan.summary.own_metrics for plan in plans) else "f1_macro"
    plans = [plan for plan in plans if name in plan.summary.metrics]
    if not plans:
        raise no_data(wanted, "cost", f"no plan with the metric {name}", "name plans with --plan")
    scale = scale_of(name)
    rows = []
    for plan in plans:
        value = plan.summary.metrics[name]
        low, high = student_interval(value)
        spent = plan.cost
        rows.append(
            {"plan": plan.name, "metric": name, "unit": unit_of(name)}
            | {"higher_is_better": METRICS[name].higher_is_better, "value": scale * value.mean}
            | {"low": scale * low, "high": scale * high, "seconds": spent.train_seconds}
            | {"search_seconds": spent.tuning_seconds + spent.grouping_seconds}
            | {"models": spent.models, "forward_passes": spent.forward_passes}
        )
    signature = plans[0].summary.signature_of(name)
    words = []
    if any(plan.summary.metrics[name].n > 1 for plan in plans):
        words = ["95 % Student interval over the runs; where folds share texts it is too narrow"]
    return Data(pd.DataFrame(rows), wanted.signed("test part", *signature.split("|"), *words))


def student_interval(summary: Summary) -> tuple[float, float]:
    """Return the 95 % interval of a mean: mean ± t sd / √n; NaN below two runs.

    - t: quantile of Student's distribution with n - 1 degrees of freedom.
    """
    if summary.sd is None or summary.n < 2:
        return math.nan, math.nan
    half = stats.t.ppf((1 + LEVEL) / 2, summary.n - 1) * summary.sd / math.sqrt(summary.n)
    return summary.mean - float(half), summary.mean + float(half)


def _interval(own: TaskRow) -> tuple[float, float]:
    if own.claim is None:
        return student_interval(own.delta)
    return own.claim.finding.low, own.claim.finding.high


def _interval_words(rows: list[Row], settings: CompareSettings) -> str:
    """Return the test behind the intervals, its pairs, and margin and correction of verdicts."""
    claims = [own.claim for row in rows for own in row.by_task.values() if own.claim is not None]
    if not claims:
        return "95 % Student interval over the runs, not tested"
    first = claims[0].finding
    draws = {row.findings.draws for row in rows if row.findings and row.findings.draws}
    drawn = f", {min(draws):,} draws" if draws else ""
    words = f"{100 * first.level:.3g} % interval, {first.test} over "
    words += f"{counted(first.pairs, first.unit)}{drawn}"
    if settings.margin is not None:
        words += f"; equivalence: two one-sided tests, margin ± {settings.margin:g}"
    return f"{words}; verdicts corrected over tasks ({CORRECTED[settings.correction]})"
