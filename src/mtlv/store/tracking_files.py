"""Files that a tracker shows beside a run: text, JSON, CSV and SVG; none needs a network."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from mtlv.evaluation.counts import classification_report
from mtlv.evaluation.predictions import Predictions, ScoredPart
from mtlv.evaluation.summary import Summary
from mtlv.store.number_plot import number_svg
from mtlv.store.outcome import CellOutcome, StudyOutcome
from mtlv.store.record import CellRecord, StudyRecord
from mtlv.store.tracking_uri import without_password

__all__ = [
    "SHOWN_METRICS",
    "cell_files",
    "comparison_files",
    "comparison_text",
    "study_files",
]

Files = dict[str, str]
"""Name to contents."""

SHOWN_METRICS = (
    "f1_macro",
    "f1_micro",
    "average_precision_macro",
    "subset_accuracy",
    "example_f1",
    "primary_mean",
)
"""Of the tasks together; a study has those that its kinds of tasks have."""


def study_files(study: StudyRecord) -> Files:
    """Return the configuration, the tasks and the corpora."""
    config = yaml.safe_dump(study.config, sort_keys=False, allow_unicode=True)
    data = study.model_dump(mode="json", include={"tasks", "corpora"})
    return {
        "config.yaml": without_password(config),
        "tasks.json": _json(data["tasks"]),
        "data.json": _json({"corpora": data["corpora"], "warnings": study.cautions}),
    }


def cell_files(outcome: CellOutcome, predictions: Mapping[ScoredPart, Predictions]) -> Files:
    """Return what a cell's models are and were chosen by, and how they did on test."""
    cell, scores = outcome.cell, outcome.scores
    files = {
        "plan.json": _json(cell.architecture),
        "scores.json": _json(scores.to_json()),
        "thresholds.json": _json(scores.thresholds.to_json()),
    }
    matrix = predictions["test"].labels()
    if matrix.tasks:
        decisions = scores.thresholds.decide(matrix)  # (N, T)
        report = classification_report(decisions, matrix.targets, matrix.tasks)
        files["classification_report.json"] = _json(report)
        files["confusion.csv"] = _confusion(report)
    return files | _choices(cell)


def comparison_files(outcome: StudyOutcome) -> Files:
    """Return all plans side by side, to read and to compute with."""
    return {
        "comparison.md": comparison_text(outcome),
        "comparison.json": _json(outcome.to_json()),
    }


def comparison_text(outcome: StudyOutcome) -> str:
    """Return quality and cost of every plan as a table in Markdown."""
    known = {name for plan in outcome.plans for name in plan.summary.metrics}
    shown = [name for name in SHOWN_METRICS if name in known]
    lines = [
        f"| {' | '.join(['plan', *shown])} | seconds | models | cells |",
        "|---" + "|--:" * (len(shown) + 3) + "|",
    ]
    for plan in outcome.plans:
        metrics = [_percent(plan.summary.metrics.get(name)) for name in shown]
        cost = [f"{plan.cost.train_seconds:,.0f}", f"{plan.cost.models:g}"]
        cells = f"{len(plan.cells)} of {plan.planned}"
        lines.append(f"| {' | '.join([plan.name, *metrics, *cost, cells])} |")
    if outcome.plans:
        lines += ["", "Test part, percent, mean ± sd over folds and seeds.", ""]
        summary = outcome.plans[0].summary
        lines += [f"- `{summary.signature_of(name)}`" for name in shown if name in summary.metrics]
    return "\n".join(lines) + "\n"


def _choices(cell: CellRecord) -> Files:
    files: Files = {}
    if cell.tuning is not None:
        files["tuning.json"] = _json(cell.tuning.model_dump(mode="json"))
    if cell.grouping is not None:
        files["grouping.json"] = _json(cell.grouping.model_dump(mode="json"))
        for table in cell.grouping.numbers:
            files[f"{table.method}.svg"] = number_svg(table)
            rows = zip(table.groups, table.values, strict=True)
            files[f"{table.method}.csv"] = _csv(
                ("groups", "value"), [{"groups": k, "value": value} for k, value in rows]
            )
    return files


def _confusion(report: Sequence[Mapping[str, Any]]) -> str:
    rows = [row | {"task": row["name"]} for row in map(dict, report) if row["row"] == "task"]
    return _csv(("task", "tn", "fp", "fn", "tp"), rows)


def _csv(header: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _percent(summary: Summary | None) -> str:
    if summary is None or summary.n == 0:
        return "-"
    sd = "" if summary.sd is None else f" ± {100 * summary.sd:.1f}"
    return f"{100 * summary.mean:.1f}{sd}"


def _json(value: Any) -> str:
    return json.dumps(_finite(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    """Return JSON-like data in which what is not a number is None."""
    if isinstance(value, Mapping):
        return {key: _finite(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(own) for own in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
