"""Comparison: plans against a baseline, paired by fold and seed, on the same targets or never.

The tasks of a plan are compared one by one in what each is judged by. Every difference comes with
an interval, a p-value by the test that the protocol asks for, that p-value corrected (over the
tasks of a plan, and over the plans), an effect size and a verdict in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from mtlv.errors import ProtocolError, nearest
from mtlv.evaluation.metrics import METRICS
from mtlv.evaluation.significance import Friedman, friedman
from mtlv.evaluation.summary import Summary
from mtlv.store.comparison_claims import check_settings, claims_of
from mtlv.store.comparison_pairs import PlanPair, Source, pair_up, together
from mtlv.store.comparison_parts import TestParts, parts_of
from mtlv.store.comparison_record import Comparison, Row, TaskRow
from mtlv.store.comparison_settings import CompareSettings, PlanFindings
from mtlv.store.comparison_tests import differences_of, findings_of, metric_of
from mtlv.store.null import nulls_of, random_share_of
from mtlv.store.outcome import PlanOutcome, StudyOutcome
from mtlv.store.store import Store

__all__ = ["CompareSettings", "Comparison", "Row", "TaskRow", "compare", "together"]

EQUAL = 5e-4
"""Per-task means nearer than this (0.05 points, where shares are compared) are called equal."""


def compare(
    store: Store,
    outcome: StudyOutcome | Sequence[StudyOutcome],
    baseline: str,
    metric: str | None = None,
    settings: CompareSettings | None = None,
) -> Comparison:
    """Compare all plans of a study with one of them.

    Args:
        store: has the predictions.
        outcome: of the study; of several, plans are named `STUDY:PLAN`.
        baseline: name of the plan to compare with.
        metric: to compare; by default `primary_mean` where tasks have metrics of their own, else
            `f1_macro`; under McNemar's test, `subset_accuracy`.
        settings: test, correction, margin and draws.

    Raises:
        ProtocolError: there is no such plan, metric or test, the test does not apply, or the plans'
            test targets differ.
    """
    settings = settings or CompareSettings()
    check_settings(settings)
    source = together(store, [outcome] if isinstance(outcome, StudyOutcome) else outcome)
    base = source.plan(baseline)
    metric = _metric(base, metric, settings)
    nulls = nulls_of(source.outcome, metric)
    drawn = {plan for null in nulls.values() for plan in null.plans if len(null.plans) > 1}
    pairs = {plan.name: pair_up(source, plan, base) for plan in source.outcome.plans}
    parts = {name: parts_of(source, pair) for name, pair in pairs.items()}
    tested = [name for name in pairs if name != base.name and name not in drawn]
    tested = [name for name in tested if pairs[name].cells]
    share = _share_of(settings, len(tested))
    findings = {
        name: findings_of(source, pairs[name], parts[name], metric, share) for name in tested
    }
    rows = [
        _row(source, pair, parts[name], metric, settings, findings.get(name))
        for name, pair in pairs.items()
    ]
    judged = [
        replace(row, random_share=random_share_of(plan, metric, nulls))
        for row, plan in zip(rows, source.outcome.plans, strict=True)
    ]
    return Comparison(
        " and ".join(dict.fromkeys(study.name for study in source.studies.values())),
        base.name,
        metric,
        _with_claims(judged, findings, metric, settings),
        tuple(nulls.values()),
        base.summary.own_metrics,
        settings,
        _ranked([plan for plan in source.outcome.plans if plan.name not in drawn], base),
        base.summary.signature_of(metric),
    )


def _share_of(settings: CompareSettings, plans: int) -> CompareSettings:
    """Return the settings with the time that one of some plans may take."""
    if settings.seconds is None:
        return settings
    return replace(settings, seconds=settings.seconds / max(plans, 1))


def _metric(base: PlanOutcome, metric: str | None, settings: CompareSettings) -> str:
    """Return the metric to compare.

    Raises:
        ProtocolError: the plans have no such metric, or the test is about another.
    """
    accuracy = settings.test == "mcnemar" and "subset_accuracy" in base.summary.metrics
    if accuracy and metric not in (None, "subset_accuracy"):
        raise ProtocolError(
            f"McNemar's test is about accuracy, not about {metric}.",
            hint="compare with `--metric subset_accuracy` (tasks: their accuracy), or use the "
            "test randomisation",
        )
    if accuracy:
        return "subset_accuracy"
    metric = metric or ("primary_mean" if base.summary.own_metrics else "f1_macro")
    if metric not in base.summary.metrics:
        raise ProtocolError(
            f"There is no metric '{metric}'.", hint=nearest(metric, base.summary.metrics)
        )
    return metric


def _row(
    source: Source,
    pair: PlanPair,
    parts: Mapping[str, TestParts],
    metric: str,
    settings: CompareSettings,
    found: PlanFindings | None,
) -> Row:
    plan, base = pair.plan, pair.base
    metrics = {task: metric_of(pair, task, settings) for task in pair.tasks}
    claims = claims_of(found.tasks, metrics, settings) if found else {}
    support = {task.name: task.positives for task in source.studies[base.name].tasks}
    by_task = {
        task: TaskRow(
            own.name,
            plan.summary.per_task[task][own.name],
            base.summary.per_task[task][own.name],
            Summary.of(differences_of(pair, parts, own.name, task).tolist()),
            support.get(task),
            claims.get(task),
        )
        for task, own in metrics.items()
    }
    turned = {task: 1 if own.higher_is_better else -1 for task, own in metrics.items()}
    gains = [turned[task] * own.delta.mean for task, own in by_task.items()]
    seconds = base.cost.train_seconds
    return Row(
        plan.name,
        plan.summary.together(metric),
        base.summary.together(metric),
        Summary.of(differences_of(pair, parts, metric).tolist()),
        {task: own.delta for task, own in by_task.items()},
        better=sum(gain > EQUAL for gain in gains),
        equal=sum(abs(gain) <= EQUAL for gain in gains),
        worse=sum(gain < -EQUAL for gain in gains),
        cost_ratio=plan.cost.train_seconds / seconds if seconds else None,
        tasks=len(pair.tasks),
        by_task=by_task,
        cost=plan.cost,
        unpaired=pair.unpaired,
        findings=found,
        metrics=source.plan(plan.name).summary.metrics,
    )


def _with_claims(
    rows: Sequence[Row],
    findings: Mapping[str, PlanFindings],
    metric: str,
    settings: CompareSettings,
) -> tuple[Row, ...]:
    """Return the rows with what may be claimed of each plan, corrected over the plans."""
    found = {name: own.together for name, own in findings.items() if own.together is not None}
    claims = claims_of(found, dict.fromkeys(found, METRICS[metric]), settings)
    return tuple(replace(row, claim=claims.get(row.plan)) for row in rows)


def _ranked(plans: Sequence[PlanOutcome], base: PlanOutcome) -> Friedman | None:
    """Rank three plans or more on the tasks that all have, by what judges each.

    Plans that lack a run that another has are not ranked: their means are of other test parts.
    """
    most = max(len(plan.cells) for plan in plans)
    plans = [plan for plan in plans if len(plan.cells) == most]
    if base.name not in (plan.name for plan in plans):
        return None
    shared = [
        task
        for task in base.summary.per_task
        if all(task in plan.summary.per_task for plan in plans)
    ]
    values = np.array([[plan.summary.primary(task).mean for plan in plans] for task in shared])
    if len(plans) < 3 or len(shared) < 2 or np.isnan(values).any():
        return None
    signs = [1 if base.summary.judged[task].higher_is_better else -1 for task in shared]
    return friedman(values * np.array(signs)[:, None], [plan.name for plan in plans], base.name)
