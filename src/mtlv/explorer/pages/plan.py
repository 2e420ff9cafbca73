"""One plan: its models, heads and tasks, the settings that were chosen, and how it learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from mtlv.errors import MtlvError, StoreError
from mtlv.evaluation.summary import Summary
from mtlv.explorer.asking import Asked, study_address
from mtlv.explorer.comparing import compared
from mtlv.explorer.grids import Column, Grid, number, summary, word
from mtlv.explorer.library import Library
from mtlv.explorer.pages.page import Choice, Page, drawings
from mtlv.explorer.pages.study import header_of
from mtlv.report.baseline import usual_baseline
from mtlv.report.numbers import scale_of
from mtlv.store.outcome import CellOutcome, PlanOutcome, StudyOutcome

__all__ = ["architecture", "plan"]

FIGURES = ("curves-model", "curves-head", "curves-task", "job-times", "decisions")


def plan(library: Library, asked: Asked) -> Page:
    """One plan of a study."""
    outcome = library.outcome(asked.study)
    own = outcome[asked.names["plan"]]
    folds = sorted({cell.cell.fold for cell in own.cells})
    fold = int(asked.choice("fold", [str(fold + 1) for fold in folds])) - 1
    cell = next(cell for cell in own.cells if cell.cell.fold == fold)
    names = [each.name for each in outcome.plans]
    baseline = asked.choice("baseline", names, usual_baseline(names))
    differences: Mapping[str, Summary] = {}
    no_comparison = ""
    try:
        differences = _differences(library, asked.study, own.name, baseline)
    except MtlvError as error:
        no_comparison = str(error)
    data = header_of(library, asked.study) | {
        "plan": own.name,
        "form": [
            Choice.of("fold", "Fold", [str(fold + 1) for fold in folds], str(fold + 1)),
            Choice.of("baseline", "Baseline", names, baseline),
        ],
        "models": architecture(asked.study, cell),
        "origin": cell.cell.grouping.origin if cell.cell.grouping else None,
        "groups": study_address(asked.study, "groups", plan=own.name),
        "jobs": study_address(asked.study, "jobs", find=f"jobs:{own.name}"),
        "settings": _settings(library, outcome, cell),
        "trials": _trials(cell),
        "tasks": _tasks(outcome, own, outcome[baseline], differences),
        "no_comparison": no_comparison,
        "drawings": drawings(asked.study, FIGURES, plan=own.name),
    }
    return Page(f"Plan {own.name}", "plan.html", data, asked.study)


def architecture(study: str, cell: CellOutcome) -> list[dict[str, Any]]:
    """Return the models of a cell: their heads, and in each the tasks with what they link to."""
    own = cell.cell.as_plan()
    return [
        {
            "job": cell.cell.jobs[index],
            "href": study_address(study, "jobs", job=cell.cell.jobs[index]),
            "heads": [
                [
                    {
                        "task": task,
                        "href": study_address(study, "tasks", task),
                        "served": own.serves.get(task) == index,
                    }
                    for task in head.tasks
                ]
                for head in model.heads
            ],
        }
        for index, model in enumerate(own.models)
    ]


def _settings(library: Library, outcome: StudyOutcome, cell: CellOutcome) -> list[tuple[str, str]]:
    """Return the settings that the plan's models were trained with, the chosen ones among them."""
    config, spec = outcome.study.config, _spec(library, cell.cell.jobs)
    trained = {section: spec.get(section, {}) for section in ("head", "train")}
    settings = {
        f"{section}.{key}": value
        for section in ("encoder", "head", "train")
        for key, value in ((config.get(section) or {}) | trained.get(section, {})).items()
        if value is not None
    }
    for tasks, own in zip(spec.get("model", ()), spec.get("heads", ()), strict=False):
        for key in (key for key in own if own[key] != spec["head"].get(key)):
            settings[f"head.{key} ({', '.join(tasks)})"] = own[key]
    settings |= {str(key): value for key, value in cell.cell.variant.items()}
    lineage = outcome.lineage[cell.cell.plan]
    if lineage.words:
        settings["lineage"] = lineage.words
    chosen = cell.cell.tuning.best if cell.cell.tuning else {}
    settings |= {f"train.{key}" if "." not in key else key: v for key, v in chosen.items()}
    return [(key, str(value)) for key, value in settings.items()]


def _spec(library: Library, jobs: Sequence[str]) -> Mapping[str, Any]:
    """Return the spec of the first of some jobs that can be read; empty if there is none."""
    for job in jobs:
        with suppress(StoreError):
            return library.store.job(job).spec
    return {}


def _trials(cell: CellOutcome) -> Grid | None:
    tuning = cell.cell.tuning
    if tuning is None:
        return None
    columns = (Column("settings", "word"), Column(tuning.metric), Column("", "word"))
    rows = tuple(
        (
            word(", ".join(f"{key} {value}" for key, value in trial["changes"].items())),
            number(trial.get("value"), ".4f"),
            word("chosen" if index == tuning.chosen else ""),
        )
        for index, trial in enumerate(tuning.trials)
    )
    return Grid("trials", "Settings that were tried", columns, rows, "on the validation part")


def _differences(library: Library, study: str, name: str, baseline: str) -> Mapping[str, Summary]:
    """Return the paired differences of a plan to the baseline, by task.

    Raises:
        ProtocolError: the plans of the study cannot be compared.
    """
    found = compared(library, [study], baseline)
    return next(row.per_task for row in found.rows if row.plan == name)


def _tasks(
    outcome: StudyOutcome, own: PlanOutcome, base: PlanOutcome, differences: Mapping[str, Summary]
) -> Grid:
    """Return every task under the plan: its metric, the baseline's, threshold and model."""
    positives = {task.name: task.positives for task in outcome.study.tasks}
    columns = [
        Column("task", "word"),
        Column("metric", "word"),
        Column("positives"),
        Column(own.name),
        Column(f"{base.name} (baseline)"),
        Column("difference", help="of the folds and seeds that both plans have finished"),
        Column("threshold (%)", help="mean over folds and seeds, fitted on validation"),
        Column("n", help="test examples with a target, of one run"),
    ]
    rows = []
    for task, judged in own.summary.judged.items():
        scale = scale_of(judged.metric, judged.kind)
        against = base.summary.per_task.get(task, {}).get(judged.metric)
        difference = differences.get(task)
        thresholds = [cell.scores.thresholds.values.get(task) for cell in own.cells]
        known = [value for value in thresholds if value is not None]
        rows.append(
            (
                word(task, study_address(outcome.study.name, "tasks", task)),
                word(judged.metric),
                number(positives.get(task)),
                summary(own.summary.primary(task), scale),
                summary(against, scale),
                number(None if difference is None else scale * difference.mean, "+.1f"),
                number(100 * sum(known) / len(known) if known else None, ".1f"),
                number(judged.n),
            )
        )
    note = (
        "test part, mean ± sd over folds x seeds; shares in percent; differences in points, of the "
        "folds and seeds that both plans have finished"
    )
    return Grid("tasks", "Tasks", tuple(columns), tuple(rows), note)
