"""One task: every metric under every plan, thresholds, and the labels that go with it."""

from __future__ import annotations

from typing import Any

from mtlv.data import Kind
from mtlv.errors import MtlvError, StoreError, nearest
from mtlv.evaluation.metrics import TASK_METRICS
from mtlv.evaluation.summary import Summary
from mtlv.explorer.asking import Asked, study_address
from mtlv.explorer.figures import frame_of
from mtlv.explorer.grids import Cell, Column, Grid, number, summary, word
from mtlv.explorer.library import Library
from mtlv.explorer.pages.page import Choice, Page, drawings
from mtlv.explorer.pages.study import header_of
from mtlv.report.numbers import scale_of
from mtlv.store.outcome import PlanOutcome, StudyOutcome
from mtlv.store.record import TaskRecord

__all__ = ["task"]

MOST = 12
"""So many labels are shown that go with the task, or against it."""


def task(library: Library, asked: Asked) -> Page:
    """One task of a study."""
    outcome = library.outcome(asked.study)
    record = _record(outcome, asked.names["task"])
    plans = [plan for plan in outcome.plans if record.name in plan.summary.per_task]
    names = [plan.name for plan in plans]
    shown = [name for name in asked.many("plan") if name in names]
    figures = ["curves-task", *(["decisions"] if record.kind == "binary" else [])]
    data = header_of(library, asked.study) | {
        "task": record,
        "form": [Choice("plan", "Plans in figures", [(name, name) for name in names], shown)],
        "metrics": _metrics(outcome, record, plans) if plans else None,
        "correlated": _correlated(library, asked.study, record),
        "examples": study_address(asked.study, "examples", task=record.name),
        "drawings": drawings(asked.study, figures[::-1], task=record.name, plan=shown)
        if plans
        else [],
    }
    return Page(f"Task {record.name}", "task.html", data, asked.study)


def _record(outcome: StudyOutcome, name: str) -> TaskRecord:
    tasks = {own.name: own for own in outcome.study.tasks}
    if name not in tasks:
        raise StoreError(
            f"The study has no task '{name}'.",
            where=f"study '{outcome.study.name}'",
            hint=nearest(name, tasks),
        )
    return tasks[name]


def _metrics(outcome: StudyOutcome, record: TaskRecord, plans: list[PlanOutcome]) -> Grid:
    judged = plans[0].summary.judged[record.name]
    names = list(plans[0].summary.per_task[record.name])
    names.sort(key=lambda name: name != judged.metric)
    binary = record.kind == "binary"
    columns = (
        Column("plan", "word"),
        *(Column(_title(judged.kind, name)) for name in names),
        *((Column("threshold (%)", help="mean, fitted on validation"),) if binary else ()),
    )
    rows = tuple(
        (
            word(plan.name, study_address(outcome.study.name, "plans", plan.name)),
            *(
                _value(plan.summary.per_task[record.name].get(name), name, judged.kind)
                for name in names
            ),
            *((_threshold(plan, record.name),) if binary else ()),
        )
        for plan in plans
    )
    signature = plans[0].summary.signature_of(judged.metric, record.name).replace("|", ", ")
    note = f"test part, mean ± sd over folds x seeds; {signature}"
    return Grid("metrics", "Metrics under every plan", columns, rows, note)


def _value(found: Summary | None, metric: str, kind: Kind) -> Cell:
    family = TASK_METRICS[kind]
    if found is not None and metric in family and family[metric].unit == "count":
        return number(found.mean, ",.1f")
    return summary(found, scale_of(metric, kind))


def _title(kind: Kind, metric: str) -> str:
    family = TASK_METRICS[kind]
    unit = family[metric].unit if metric in family else "share"
    return f"{metric} (%)" if unit == "share" else metric


def _threshold(plan: PlanOutcome, task: str) -> Cell:
    values = [cell.scores.thresholds.values.get(task) for cell in plan.cells]
    known = [value for value in values if value is not None]
    return number(100 * sum(known) / len(known) if known else None, ".1f")


def _correlated(library: Library, study: str, record: TaskRecord) -> Grid | None:
    """Return the labels that go with the task most, or against it; None where none can be told."""
    if record.kind != "binary":
        return None
    try:
        data = frame_of(library, study, "label-correlation")
    except MtlvError:
        return None
    found: list[tuple[str, Any]] = []
    for row in data.frame.to_dict("records"):
        if record.name in (row["first"], row["second"]) and row["phi"] == row["phi"]:
            found.append((row["second" if row["first"] == record.name else "first"], row))
    found.sort(key=lambda pair: -abs(pair[1]["phi"]))
    rows = tuple(
        (
            word(name, study_address(study, "tasks", name)),
            number(row["phi"], "+.2f"),
            number(row["both"]),
            number(row["n"]),
        )
        for name, row in found[:MOST]
    )
    columns = (Column("label", "word"), Column("phi"), Column("both positive"), Column("n"))
    note = data.signature.replace("|", ", ")
    return Grid("correlated", "Labels that go with it", columns, rows, note) if rows else None
