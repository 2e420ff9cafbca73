"""One study: its plans with quality and cost, what may be claimed against a baseline, its tasks."""

from __future__ import annotations

from typing import Any

from mtlv.errors import MtlvError
from mtlv.evaluation.metrics import TASK_METRICS
from mtlv.explorer.asking import Asked, study_address
from mtlv.explorer.comparing import compared, notes_of, rough
from mtlv.explorer.grids import Cell, Column, Grid, from_table, number, summary, word
from mtlv.explorer.library import Library
from mtlv.explorer.pages.page import Choice, Page, drawings
from mtlv.explorer.progress import progress_of
from mtlv.report.baseline import usual_baseline
from mtlv.report.comparison import comparison_table
from mtlv.report.numbers import scale_of
from mtlv.report.quality import Column as QualityColumn
from mtlv.report.quality import quality_columns
from mtlv.report.tables import chosen_table, published_table
from mtlv.store.outcome import PlanOutcome, StudyOutcome
from mtlv.words import counted

__all__ = ["header_of", "study"]

COSTS = (
    Column("seconds", help="one fold and seed alone, choosing settings and groups included"),
    Column("search (s)", help="the part that went into choosing settings and finding groups"),
    Column("models"),
    Column("passes", help="encoder passes per text at inference"),
    Column("weights (M)", help="parameters of all its models, in millions"),
    Column("peak (MiB)", help="largest memory of its jobs"),
    Column("runs", help="folds x seeds that are scored"),
)
MOST = 5
"""So many columns of quality have room beside those of cost."""
FIGURES = ("forest", "cost", "label-frequency", "discordant", "label-correlation")
ONE_IS_NOT_ENOUGH = ("forest", "discordant")


def study(library: Library, asked: Asked) -> Page:
    """One study."""
    outcome = library.outcome(asked.study)
    names = [plan.name for plan in outcome.plans]
    baseline = asked.choice("baseline", names, usual_baseline(names)) if names else ""
    data = header_of(library, asked.study) | {
        "description": _description(outcome),
        "plans": plan_grid(outcome) if names else None,
        "form": [Choice.of("baseline", "Baseline", names, baseline)],
        "tasks": task_grid(outcome) if names else None,
        "tables": _tables(outcome),
        "drawings": _drawings(outcome, baseline),
    }
    return Page(
        asked.study, "study.html", data | _comparison(library, outcome, baseline), asked.study
    )


def header_of(library: Library, name: str) -> dict[str, Any]:
    """Return what stands above every page about results: progress, warnings and damage."""
    own = library.study(name)
    return {
        "progress": progress_of(library, own),
        "warnings": own.cautions,
        "damaged": library.damage(name),
    }


def plan_grid(outcome: StudyOutcome) -> Grid:
    """Return quality and cost of every plan."""
    quality = _quality(outcome)
    columns = (
        Column("plan", "word"),
        *(Column(f"{own.title} (%)" if own.scale == 100 else own.title) for own in quality),
        *COSTS,
    )
    rows = tuple(
        (
            word(plan.name, study_address(outcome.study.name, "plans", plan.name)),
            *(summary(own.of(plan), own.scale) for own in quality),
            *_costs(plan),
        )
        for plan in outcome.plans
    )
    signatures = [
        plan.summary.signature_of(own.metric)
        for plan in outcome.plans[:1]
        for own in quality[:1]
        if own.task is None
    ]
    note = "test part, mean ± sd over folds x seeds; " + "; ".join(signatures).replace("|", ", ")
    return Grid("plans", "Plans: quality and cost", columns, rows, note)


def _quality(outcome: StudyOutcome) -> tuple[QualityColumn, ...]:
    """Return what says how good plans are; of many tasks their means, as each stands below."""
    columns = quality_columns(outcome)
    return columns if len(columns) <= MOST else tuple(own for own in columns if own.task is None)


def task_grid(outcome: StudyOutcome) -> Grid:
    """Return what every task is judged by, under every plan."""
    name = outcome.study.name
    judged = {task: own for plan in outcome.plans for task, own in plan.summary.judged.items()}
    columns = (
        Column("task", "word"),
        Column("metric", "word"),
        Column("positives", help="in the whole corpus"),
        *(Column(plan.name) for plan in outcome.plans),
    )
    rows = []
    for task in outcome.study.targets:
        own = judged.get(task.name)
        values = [
            summary(
                plan.summary.per_task.get(task.name, {}).get(own.metric),
                scale_of(own.metric, own.kind),
            )
            if own is not None
            else number(None)
            for plan in outcome.plans
        ]
        first = word(task.name, study_address(name, "tasks", task.name))
        metric = _metric_words(own.kind, own.metric) if own is not None else "-"
        rows.append((first, word(metric), number(task.positives), *values))
    note = "test part, mean ± sd over folds x seeds, each task by what it is judged by"
    return Grid("tasks", "Tasks under every plan", columns, tuple(rows), note)


def _metric_words(kind: Any, metric: str) -> str:
    family = TASK_METRICS[kind]
    share = metric in family and family[metric].unit == "share"
    return f"{metric} (%)" if share else metric


def _costs(plan: PlanOutcome) -> tuple[Cell, ...]:
    cost, count = plan.cost, len(plan.cells)
    runs = f"{count}" if count == plan.planned else f"{count} of {plan.planned}"
    return (
        number(cost.train_seconds, ",.1f"),
        number(cost.tuning_seconds + cost.grouping_seconds, ",.1f"),
        number(cost.models),
        number(cost.forward_passes),
        number(cost.parameters / 1e6, ",.2f"),
        number(cost.peak_memory_mb),
        Cell(runs, float(count)),
    )


def _description(outcome: StudyOutcome) -> dict[str, Any]:
    own = outcome.study
    return {
        "tasks": counted(len(own.targets), "task"),
        "corpora": [f"{corpus.name} ({own.size_of(corpus)})" for corpus in own.corpora],
        "encoder": (own.config.get("encoder") or {}).get("name"),
        "started": own.started,
        "updated": own.updated,
    }


def _comparison(library: Library, outcome: StudyOutcome, baseline: str) -> dict[str, Any]:
    """Return the comparison, or why there is none."""
    nothing: dict[str, Any] = {"comparison": None, "rough": None, "gaps": []}
    if len(outcome.plans) < 2:
        few = "One plan is finished: there is nothing to compare it with."
        return nothing | {"no_comparison": few if outcome.plans else ""}
    try:
        found = compared(library, [outcome.study.name], baseline)
    except MtlvError as error:
        return nothing | {"no_comparison": str(error)}
    links = (lambda text: study_address(outcome.study.name, "plans", text.partition(" (")[0]),)
    return {
        "comparison": from_table("comparison", comparison_table(found), links),
        "no_comparison": "",
        "rough": rough(found, [outcome.study.name]),
        "gaps": notes_of(library, found, [outcome.study.name]),
    }


def _tables(outcome: StudyOutcome) -> list[Grid]:
    if not outcome.plans:
        return []
    found = [("chosen", chosen_table(outcome)), ("published", published_table(outcome))]
    return [from_table(key, table) for key, table in found if table is not None]


def _drawings(outcome: StudyOutcome, baseline: str) -> list[Any]:
    if not outcome.plans:
        return []
    wanted = [name for name in FIGURES if len(outcome.plans) > 1 or name not in ONE_IS_NOT_ENOUGH]
    if not any(task.positives is not None for task in outcome.study.targets):
        wanted = [name for name in wanted if not name.startswith("label-")]
    return drawings(outcome.study.name, wanted, baseline=baseline)
