"""Tables of a study, as rows of text that any renderer can show. Shares are shown in percent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mtlv.evaluation.scores import Summary
from mtlv.store.comparison import Comparison
from mtlv.store.outcome import PlanOutcome, StudyOutcome
from mtlv.store.record import GroupingRecord

__all__ = [
    "Table",
    "comparison_table",
    "elbow_table",
    "markdown",
    "plan_table",
    "published_table",
    "task_table",
]

MAIN_METRICS = ("f1_macro", "f1_micro", "subset_accuracy")


@dataclass(frozen=True)
class Table:
    """A table ready to be shown.

    Args:
        title: of the whole.
        header: names of the columns; all but the first are numbers.
        rows: cells as text.
        note: what must be known to read it.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def plan_table(outcome: StudyOutcome) -> Table:
    """Return quality and cost of every plan."""
    header = ("plan", "macro-F1", "micro-F1", "subset acc.", "seconds", "models", "MiB", "n")
    rows = tuple(_plan_row(plan) for plan in outcome.plans)
    note = ""
    if outcome.plans:
        first = outcome.plans[0].summary
        note = (
            "test part, percent, mean ± sd over n folds x seeds; "
            f"{first.signature_of('f1_macro').partition('|')[2].replace('|', ', ')}; "
            "seconds: one fold and seed alone, choosing settings and groups included"
        )
    return Table(f"Study {outcome.study.name}", header, rows, note)


def task_table(outcome: StudyOutcome, metric: str = "f1") -> Table:
    """Return one metric of every task under every plan."""
    names = [plan.name for plan in outcome.plans]
    rows = []
    for task in outcome.study.tasks:
        support = "" if task.positives is None else f"{task.positives:,}"
        cells = [_percent(_of_task(plan, task.name, metric)) for plan in outcome.plans]
        rows.append((task.name, support, *cells))
    return Table(f"{metric} by task", ("task", "positives", *names), tuple(rows))


def comparison_table(comparison: Comparison) -> Table:
    """Return the difference of every plan to the baseline."""
    rows = [
        (
            row.plan,
            _percent(row.value),
            _signed(row.delta),
            f"{row.better} / {row.equal} / {row.worse}",
            "" if row.cost_ratio is None else f"{row.cost_ratio:.2f}",
        )
        for row in comparison.rows
    ]
    header = ("plan", comparison.metric, "difference", "tasks + / = / -", "cost ratio")
    note = (
        f"against {comparison.baseline}, paired by fold and seed, in points of percent; "
        "tasks: higher, equal or lower mean F1; cost: seconds over the baseline's"
    )
    return Table(f"{comparison.study}: {comparison.metric}", header, tuple(rows), note)


def published_table(outcome: StudyOutcome) -> Table | None:
    """Return published figures beside ours, where the study's config carries any."""
    published = outcome.study.config.get("published")
    if not published:
        return None
    ours = {plan.name: plan for plan in outcome.plans}
    rows = []
    for name, figures in published["rows"].items():
        cells = []
        for index, metric in enumerate(published["metrics"]):
            mean, sd = figures[2 * index], figures[2 * index + 1]
            own = _percent(ours[name].summary.metrics[metric]) if name in ours else "-"
            cells += [f"{mean:.2f} ± {sd:.2f}", own]
        rows.append((name, *cells))
    header = ["plan"]
    for metric in published["metrics"]:
        header += [f"{metric} published", "ours"]
    return Table("Published beside ours", tuple(header), tuple(rows), published["source"])


def elbow_table(grouping: GroupingRecord) -> Table:
    """Return inertia by number of groups."""
    rows = tuple(
        (f"{row['groups']:.0f}", f"{row['inertia']:.3f}", "knee" * (row["groups"] == grouping.knee))
        for row in grouping.elbow
    )
    return Table(f"Elbow of {grouping.origin}", ("groups", "inertia", ""), rows)


def markdown(table: Table) -> str:
    """Return a table in Markdown."""
    lines = [f"| {' | '.join(table.header)} |"]
    lines.append("|---" + "|--:" * (len(table.header) - 1) + "|")
    lines += [f"| {' | '.join(row)} |" for row in table.rows]
    return "\n".join(lines + ([f"\n{table.note}"] if table.note else []))


def _plan_row(plan: PlanOutcome) -> tuple[str, ...]:
    metrics = [_percent(plan.summary.metrics[name]) for name in MAIN_METRICS]
    count = len(plan.cells)
    cells = f"{count}" if count == plan.planned else f"{count} of {plan.planned}"
    cost = plan.cost
    seconds, memory = f"{cost.train_seconds:,.0f}", f"{cost.peak_memory_mb:,.0f}"
    return (plan.name, *metrics, seconds, f"{cost.models:.0f}", memory, cells)


def _of_task(plan: PlanOutcome, task: str, metric: str) -> Summary | None:
    return plan.summary.per_task.get(task, {}).get(metric)


def _percent(summary: Summary | None) -> str:
    if summary is None or summary.n == 0:
        return "-"
    sd = "" if summary.sd is None else f" ± {100 * summary.sd:.1f}"
    return f"{100 * summary.mean:.1f}{sd}"


def _signed(summary: Summary) -> str:
    if summary.n == 0:
        return "-"
    sd = "" if summary.sd is None else f" ± {100 * summary.sd:.1f}"
    return f"{100 * summary.mean:+.1f}{sd}"


def columns(tables: Sequence[Table]) -> int:
    """Return the largest number of columns."""
    return max((len(table.header) for table in tables), default=0)
