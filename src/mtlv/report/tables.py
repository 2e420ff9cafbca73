"""Tables of a study, as rows of text that any renderer can show. Shares are shown in percent.

A table that is wider than the screen is parted into several with the same first column, as figures
that are cut in the middle are of no use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mtlv.evaluation.summary import Summary
from mtlv.report.numbers import percent, scale_of
from mtlv.report.quality import Column, quality_columns
from mtlv.store.outcome import PlanOutcome, StudyOutcome
from mtlv.words import counted

__all__ = [
    "Table",
    "chosen_table",
    "fitting",
    "markdown",
    "plan_table",
    "published_table",
    "task_table",
]


@dataclass(frozen=True)
class Table:
    """A table ready to be shown.

    Args:
        title: of the whole.
        header: names of the columns.
        rows: cells as text.
        note: what must be known to read it.
        words: which columns hold words; the others hold figures.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    words: tuple[int, ...] = (0,)

    @property
    def widths(self) -> list[int]:
        """Characters that each column needs."""
        columns = zip(self.header, *self.rows, strict=True)
        return [max(map(len, column)) for column in columns]


def fitting(table: Table, width: int, gap: int = 2) -> list[Table]:
    """Part a table of figures so that no part is wider than the screen.

    Args:
        table: what to part; one with several columns of words is left whole, as words can wrap.
        width: of the screen, in characters.
        gap: what stands around each column.
    """
    if len(table.words) > 1:
        return [table]
    first, *others = [own + gap for own in table.widths]
    chunks: list[list[int]] = [[]]
    used = first
    for index, own in enumerate(others, start=1):
        if chunks[-1] and used + own > width:
            chunks.append([])
            used = first
        chunks[-1].append(index)
        used += own
    parts = [_columns(table, [0, *chunk]) for chunk in chunks]
    return [*parts[:-1], replace(parts[-1], note=table.note)]


def _columns(table: Table, wanted: Sequence[int]) -> Table:
    header = tuple(table.header[i] for i in wanted)
    return Table(table.title, header, tuple(tuple(row[i] for i in wanted) for row in table.rows))


def plan_table(outcome: StudyOutcome) -> Table:
    """Return quality and cost of every plan.

    Quality is that of the binary tasks together. Where tasks have metrics of their own it is the
    mean of those, and each of them where they are few.
    """
    columns = quality_columns(outcome)
    header = ("plan", *(c.title for c in columns), "seconds", "models", "MiB", "n")
    whole = len(outcome.study.targets)
    rows = tuple(_plan_row(plan, columns, whole) for plan in outcome.plans)
    note = _plan_note(outcome, columns) if outcome.plans else ""
    return Table(f"Study {outcome.study.name}", header, rows, note)


def task_table(outcome: StudyOutcome, metric: str | None = None) -> Table:
    """Return one metric of every task under every plan; by default what each is judged by."""
    judged = {task: own for plan in outcome.plans for task, own in plan.summary.judged.items()}
    named = metric or (None if _own_metrics(outcome) else "f1")
    rows = []
    for task in outcome.study.targets:
        support = "" if task.positives is None else f"{task.positives:,}"
        own = named or (judged[task.name].metric if task.name in judged else "-")
        scale = scale_of(own, judged[task.name].kind) if task.name in judged else 100
        cells = [percent(_of_task(plan, task.name, own), scale) for plan in outcome.plans]
        rows.append((task.name if named else f"{task.name}, {own}", support, *cells))
    note = "percent, mean ± sd over n folds x seeds; positives: in the whole corpus"
    if named is None:
        note += "; each task by its own metric, errors as they are"
    title = f"Study {outcome.study.name}: {named or 'primary metric'} by task"
    first = "task" if named else "task, metric"
    names = [plan.name for plan in outcome.plans]
    return Table(title, (first, "positives", *names), tuple(rows), note)


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
            with_sd = len(figures) == 2 * len(published["metrics"])
            mean = figures[2 * index if with_sd else index]
            spread = f" ± {figures[2 * index + 1]:.2f}" if with_sd else ""
            own = percent(*_named(ours[name], metric)) if name in ours else "-"
            cells += [f"{mean:.2f}{spread}", own]
        rows.append((name, *cells))
    header = ["plan"]
    for metric in published["metrics"]:
        header += [f"{metric} published", "ours"]
    return Table("Published beside ours", tuple(header), tuple(rows), published["source"])


def chosen_table(outcome: StudyOutcome) -> Table | None:
    """Return the settings that were chosen for every plan, by fold where they differ."""
    rows = []
    for plan in outcome.plans:
        chosen = {c.cell.fold: c.cell.tuning.best for c in plan.cells if c.cell.tuning is not None}
        by_settings: dict[str, list[str]] = {}
        for fold, best in chosen.items():
            settings = ", ".join(f"{key} {value}" for key, value in best.items())
            by_settings.setdefault(settings, []).append(str(fold + 1))
        for settings, folds in by_settings.items():
            rows.append((plan.name, settings, ", ".join(folds) if len(by_settings) > 1 else "all"))
    if not rows:
        return None
    header = ("plan", "settings", "folds")
    return Table("Chosen on validation", header, tuple(rows), words=(0, 1, 2))


def markdown(table: Table) -> str:
    """Return a table in Markdown."""
    lines = [f"| {' | '.join(table.header)} |"]
    rules = ["---" if i in table.words else "--:" for i in range(len(table.header))]
    lines.append(f"|{'|'.join(rules)}|")
    lines += [
        f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in table.rows
    ]
    return "\n".join(lines + ([f"\n{table.note}"] if table.note else []))


def _plan_row(plan: PlanOutcome, columns: Sequence[Column], whole: int) -> tuple[str, ...]:
    served = len(plan.summary.per_task)
    name = plan.name if served == whole else f"{plan.name} ({served} of {counted(whole, 'task')})"
    metrics = [percent(column.of(plan), column.scale) for column in columns]
    count = len(plan.cells)
    cells = f"{count}" if count == plan.planned else f"{count} of {plan.planned}"
    cost = plan.cost
    seconds = f"{cost.train_seconds:,.{0 if cost.train_seconds >= 9.5 else 1}f}"
    memory = f"{cost.peak_memory_mb:,.0f}"
    return (name, *metrics, seconds, f"{cost.models:.0f}", memory, cells)


def _plan_note(outcome: StudyOutcome, columns: Sequence[Column]) -> str:
    judged = [f"{column.title}: {column.metric}" for column in columns if column.task is not None]
    parts = [
        "test part, percent, mean ± sd over n folds x seeds",
        _protocol(outcome),
        ", ".join(judged),
        "seconds: one fold and seed alone, choosing settings and groups included",
        *(f"{name} {own.words}" for name, own in outcome.lineage.items() if own.words),
        _where_trained(outcome),
    ]
    missing = sum(plan.cost.missing_jobs > 0 for plan in outcome.plans)
    if missing:
        parts.append(
            f"too few for {counted(missing, 'plan')}, whose tuning jobs the store no longer has"
        )
    return "; ".join(part for part in parts if part)


def _protocol(outcome: StudyOutcome) -> str:
    """Return how figures came about; where plans differ in that, how each one's did."""
    metric = "primary_mean" if _own_metrics(outcome) else "f1_macro"
    told = {
        plan.name: plan.summary.signature_of(metric).partition("|")[2].replace("|", ", ")
        for plan in outcome.plans
    }
    different = dict.fromkeys(told.values())
    if len(different) == 1:
        return next(iter(different))
    return "; ".join(
        f"{', '.join(name for name in told if told[name] == own)}: {own}" for own in different
    )


def _where_trained(outcome: StudyOutcome) -> str:
    at_once = outcome.study.config.get("executor", {}).get("workers", 1)
    beside = f", {at_once} jobs at a time" if at_once > 1 else ""
    found = sorted({p for plan in outcome.plans for cell in plan.cells for p in cell.places})
    if len(found) > 1:
        return f"not comparable, as they were taken on {' and on '.join(found)}{beside}"
    return f"on {found[0]}{beside}" if found else ""


def _own_metrics(outcome: StudyOutcome) -> bool:
    return any(plan.summary.own_metrics for plan in outcome.plans)


def _named(plan: PlanOutcome, name: str) -> tuple[Summary | None, float]:
    """Return a metric and its scale; the name of a task stands for what it is judged by."""
    if name in plan.summary.per_task:
        judged = plan.summary.judged[name]
        return plan.summary.primary(name), scale_of(judged.metric, judged.kind)
    return plan.summary.metrics.get(name), scale_of(name)


def _of_task(plan: PlanOutcome, task: str, metric: str) -> Summary | None:
    return plan.summary.per_task.get(task, {}).get(metric)
