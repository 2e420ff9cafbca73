"""A comparison as the tables of a paper: quality, tests, single tasks, and time.

They have the form of tables 4.3, 4.4, 4.5 and 4.9 of the thesis that GMTL comes from. Higher means
are bold, as there; whether a difference is shown stands beside it, as it does not there.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from mtlv.evaluation.metrics import METRICS, TASK_METRICS, Metric
from mtlv.evaluation.summary import Summary
from mtlv.report.comparison import claim_cells, claim_columns, rank_table, scale_of_task
from mtlv.report.comparison_notes import claim_notes
from mtlv.report.latex import latex
from mtlv.report.numbers import percent, scale_of, signed
from mtlv.report.quality import Column, quality_columns
from mtlv.report.tables import Table, markdown
from mtlv.store.comparison import Comparison, Row, TaskRow
from mtlv.store.comparison_claims import Claim
from mtlv.store.outcome import PlanOutcome, StudyOutcome
from mtlv.words import counted

__all__ = ["comparison_csv", "comparison_latex", "comparison_markdown", "paper_tables"]

MINUTE, HOUR = 60.0, 3600.0


def paper_tables(comparison: Comparison, outcome: StudyOutcome) -> dict[str, Table]:
    """Return the tables of a comparison, by a short name each.

    Args:
        comparison: of the plans.
        outcome: that was compared; of several studies, all of their plans.
    """
    plans = [plan for plan in outcome.plans if plan.name not in comparison.drawn]
    rows = [row for row in comparison.rows if row.findings is not None]
    tables = {"quality": _quality(comparison, outcome, plans)}
    if rows:
        tables["tests"] = _tests(comparison, rows)
    ranks = rank_table(comparison)
    if ranks is not None:
        tables["ranks"] = ranks
    tables |= {f"tasks-{row.plan}": _tasks(comparison, row) for row in rows}
    return tables | {"time": _time(comparison)}


def comparison_markdown(comparison: Comparison, outcome: StudyOutcome) -> str:
    """Return the tables in Markdown, a heading above each."""
    tables = paper_tables(comparison, outcome).values()
    return "\n\n".join(f"### {table.title}\n\n{markdown(table)}" for table in tables)


def comparison_latex(comparison: Comparison, outcome: StudyOutcome) -> str:
    """Return the tables as LaTeX floats, for `booktabs`."""
    tables = paper_tables(comparison, outcome).items()
    parts = [latex(table, f"{comparison.study}-{name}") for name, table in tables]
    return "\n\n".join(["% needs \\usepackage{booktabs}", *parts])


def comparison_csv(comparison: Comparison) -> str:
    """Return a line per plan and task, and one for all tasks; figures are not scaled."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    base = comparison.base
    for row in comparison.rows:
        if row.plan == base.plan or row.plan in comparison.drawn:
            continue
        cost = [row.cost.train_seconds if row.cost else None, row.cost_ratio]
        start = [row.plan, base.plan]
        together = [*start, "all", comparison.metric, *_numbers(row.value, row.base, row.delta)]
        writer.writerow([*together, *_claimed(row.claim), None, *cost])
        for task, own in row.by_task.items():
            numbers = _numbers(own.value, own.base, own.delta)
            line = [*start, task, own.metric, *numbers, *_claimed(own.claim), own.positives]
            writer.writerow([*line, None, None])
    return text.getvalue()


COLUMNS = (
    *("plan", "baseline", "task", "metric", "value", "value_sd", "baseline_value"),
    *("baseline_sd", "difference", "difference_sd", "runs", "low", "high", "level", "test"),
    *("pairs", "unit", "p", "p_corrected", "effect", "effect_value", "equivalence_p", "verdict"),
    *("positives", "seconds", "cost_ratio"),
)


def _numbers(value: Summary, base: Summary, delta: Summary) -> list[object]:
    return [value.mean, value.sd, base.mean, base.sd, delta.mean, delta.sd, delta.n]


def _claimed(claim: Claim | None) -> list[object]:
    if claim is None:
        return [None] * 12
    own = claim.finding
    ends = [own.low, own.high, own.level, own.test, own.pairs, own.unit, own.p, claim.p_corrected]
    return [*ends, own.effect.name, own.effect.value, claim.equivalence_p, claim.verdict]


def _quality(comparison: Comparison, outcome: StudyOutcome, plans: list[PlanOutcome]) -> Table:
    """Return the plans' metrics; plans of fewer tasks say so, and win no column of several."""
    columns = quality_columns(outcome)
    most = max(len(plan.summary.per_task) for plan in plans)
    whole = [plan for plan in plans if len(plan.summary.per_task) == most]
    best = {}
    for column in columns:
        among = plans if column.task else whole
        means = [found.mean for plan in among if (found := column.of(plan)) and found.n]
        own = _metric_of(column, plans)
        best[column] = (max if own.higher_is_better else min)(means, default=None)
    rows = []
    for plan in plans:
        cells = []
        for column in columns:
            found = column.of(plan)
            text = percent(found, column.scale)
            competes = column.task is not None or plan in whole
            wins = competes and found is not None and found.n and found.mean == best[column]
            cells.append(_bold(text) if wins else text)
        tasks = len(plan.summary.per_task)
        name = plan.name if tasks == most else f"{plan.name} ({counted(tasks, 'task')})"
        rows.append((name, _groups(plan), *cells))
    header = ("architecture", "groups", *(column.title for column in columns))
    note = "mean ± sd over folds and seeds of the test part, in percent; the best mean is bold"
    if len(whole) < len(plans):
        note += f" (among plans of all {most} tasks)"
    return Table(f"Quality of the plans, {comparison.study}", header, tuple(rows), note, (0, 1))


def _metric_of(column: Column, plans: Sequence[PlanOutcome]) -> Metric:
    if column.task is None:
        return METRICS[column.metric]
    judged = [plan.summary.judged for plan in plans if column.task in plan.summary.judged]
    return TASK_METRICS[judged[0][column.task].kind][column.metric]


def _groups(plan: PlanOutcome) -> str:
    found = plan.cells[0].cell.grouping
    return "-" if found is None else f"{len(found.groups)} ({found.origin})"


def _tests(comparison: Comparison, rows: list[Row]) -> Table:
    scale = scale_of(comparison.metric)
    lines = tuple(
        (
            row.plan,
            comparison.baseline,
            signed(row.delta, scale),
            *claim_cells(comparison, row.claim, scale),
        )
        for row in rows
    )
    difference = f"{comparison.metric}, A less B"
    header = ("plan A", "plan B", difference, *claim_columns(comparison))
    note = "; ".join(claim_notes(comparison, rows[0]))
    return Table(f"Differences in {comparison.metric}", header, lines, note, (0, 1))


def _tasks(comparison: Comparison, row: Row) -> Table:
    """Return the tasks with the better mean in bold, and all of them together in the last row."""
    total = sum(own.positives or 0 for own in row.by_task.values())
    lines = [
        (
            task if not comparison.own_metrics else f"{task}, {own.metric}",
            *_both(own, scale_of_task(own)),
            *claim_cells(comparison, own.claim, scale_of_task(own)),
            _count(own.positives, total),
        )
        for task, own in row.by_task.items()
    ]
    scale, better = scale_of(comparison.metric), METRICS[comparison.metric].higher_is_better
    both = _marked(row.value, row.base, scale, better)
    last = (f"all, {comparison.metric}", *both, *claim_cells(comparison, row.claim, scale))
    lines.append((*last, _count(total or None, total)))
    plans = (row.plan, comparison.baseline)
    header = ("task", *plans, *claim_columns(comparison), "positives (%)")
    note = "; ".join(
        ["the better mean is bold; interval of the difference", *claim_notes(comparison, row)]
    )
    return Table(f"{row.plan} against {comparison.baseline} by task", header, tuple(lines), note)


def _both(row: TaskRow, scale: float) -> tuple[str, str]:
    families = [family for family in TASK_METRICS.values() if row.metric in family]
    return _marked(row.value, row.base, scale, families[0][row.metric].higher_is_better)


def _marked(ours: Summary, theirs: Summary, scale: float, more_is_better: bool) -> tuple[str, str]:
    own, other = percent(ours, scale), percent(theirs, scale)
    if ours.mean == theirs.mean or not (ours.n and theirs.n):
        return own, other
    wins = (ours.mean > theirs.mean) == more_is_better
    return (_bold(own), other) if wins else (own, _bold(other))


def _count(positives: int | None, total: int) -> str:
    return "-" if positives is None else f"{positives:,} ({100 * positives / total:.1f})"


def _time(comparison: Comparison) -> Table:
    rows = tuple(
        (
            row.plan,
            _duration(row.cost.train_seconds),
            "" if row.cost_ratio is None else f"{row.cost_ratio:.2f}",
            f"{row.cost.models:g}",
            f"{row.cost.forward_passes:g}",
        )
        for row in comparison.rows
        if row.cost is not None and row.plan not in comparison.drawn
    )
    header = ("architecture", "clock time", "cost ratio", "models", "passes per text")
    note = (
        "clock time of one fold and seed alone, choosing settings and groups included; cost ratio: "
        f"over that of {comparison.baseline}"
    )
    return Table(f"Time of the plans, {comparison.study}", header, rows, note)


def _duration(seconds: float) -> str:
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    return f"{seconds / MINUTE:.1f} min" if seconds < HOUR else f"{seconds / HOUR:.1f} h"


def _bold(text: str) -> str:
    return f"**{text}**"
