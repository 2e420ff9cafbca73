"""Tables of a study, as rows of text that any renderer can show. Shares are shown in percent.

A table that is wider than the screen is parted into several with the same first column, as figures
that are cut in the middle are of no use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mtlv.evaluation.metrics import METRICS
from mtlv.evaluation.scores import Summary
from mtlv.store.comparison import Comparison
from mtlv.store.outcome import PlanOutcome, StudyOutcome

__all__ = [
    "Table",
    "chosen_table",
    "comparison_table",
    "fitting",
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
    """Return quality and cost of every plan."""
    header = ("plan", "macro-F1", "micro-F1", "subset acc.", "seconds", "models", "MiB", "n")
    whole = len(outcome.study.tasks)
    rows = tuple(_plan_row(plan, whole) for plan in outcome.plans)
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
    note = "percent, mean ± sd over n folds x seeds; positives: in the whole corpus"
    title = f"Study {outcome.study.name}: {metric} by task"
    return Table(title, ("task", "positives", *names), tuple(rows), note)


def comparison_table(comparison: Comparison) -> Table:
    """Return the difference of every plan to the baseline."""
    scale = _scale(comparison.metric)
    most = max((row.tasks for row in comparison.rows), default=0)
    drawn = {plan for null in comparison.nulls for plan in null.plans if len(null.plans) > 1}
    judged = any(row.random_share is not None for row in comparison.rows)
    rows = [
        (
            row.plan + ("" if row.tasks == most else f" ({row.tasks} tasks)"),
            _percent(row.value, scale),
            _signed(row.delta, scale),
            f"{row.better} / {row.equal} / {row.worse}",
            "" if row.cost_ratio is None else f"{row.cost_ratio:.2f}",
            str(row.value.n),
            *([_share(row.random_share)] if judged else []),
        )
        for row in comparison.rows
        if row.plan not in drawn
    ]
    header: tuple[str, ...] = (
        "plan",
        comparison.metric,
        "difference",
        "tasks + / = / -",
        "cost ratio",
        "n",
    )
    header += ("random ≥",) if judged else ()
    better = "higher" if METRICS[comparison.metric].higher_is_better else "lower"
    note = (
        f"difference to {comparison.baseline}, paired by fold and seed, mean ± sd over n"
        f"{', in percent' if scale == 100 else ''}, {better} is better; tasks: with higher, equal "
        "and lower F1 on average; cost ratio: its seconds over the baseline's"
    )
    for null in comparison.nulls if drawn else ():
        low, high = (_figure(each(null.values), scale) for each in (min, max))
        note += (
            f"; {len(null.plans)} random groupings in {null.models} models: "
            f"{_percent(null.summary, scale)} (from {low} to {high})"
        )
    if any(row.tasks < most for row in comparison.rows):
        note += "; (n tasks): both plans scored on these alone"
    if judged:
        note += "; random ≥: share of random groupings that do as well, the plan itself counted"
    title = f"Study {comparison.study} against {comparison.baseline}"
    return Table(title, header, tuple(rows), note)


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


def _plan_row(plan: PlanOutcome, whole: int) -> tuple[str, ...]:
    served = len(plan.summary.per_task)
    name = plan.name if served == whole else f"{plan.name} ({served} of {whole} tasks)"
    metrics = [_percent(plan.summary.metrics[name]) for name in MAIN_METRICS]
    count = len(plan.cells)
    cells = f"{count}" if count == plan.planned else f"{count} of {plan.planned}"
    cost = plan.cost
    seconds = f"{cost.train_seconds:,.{0 if cost.train_seconds >= 9.5 else 1}f}"
    memory = f"{cost.peak_memory_mb:,.0f}"
    return (name, *metrics, seconds, f"{cost.models:.0f}", memory, cells)


def _of_task(plan: PlanOutcome, task: str, metric: str) -> Summary | None:
    return plan.summary.per_task.get(task, {}).get(metric)


def _scale(metric: str) -> float:
    """Return what a metric is multiplied by: shares are shown in percent, losses as they are."""
    return 1 if metric == "log_loss" else 100


def _percent(summary: Summary | None, scale: float = 100) -> str:
    if summary is None or summary.n == 0:
        return "-"
    return f"{_figure(summary.mean, scale)}{_spread(summary, scale)}"


def _signed(summary: Summary, scale: float = 100) -> str:
    if summary.n == 0:
        return "-"
    return f"{_figure(summary.mean, scale, '+')}{_spread(summary, scale)}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.0f} %"


def _spread(summary: Summary, scale: float) -> str:
    return "" if summary.sd is None else f" ± {_figure(summary.sd, scale)}"


def _figure(value: float, scale: float, sign: str = "") -> str:
    return f"{scale * value:{sign}.{1 if scale == 100 else 3}f}"
