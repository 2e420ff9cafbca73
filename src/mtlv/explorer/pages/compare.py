"""Plans of several studies against one baseline, on the same test targets or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mtlv.errors import ExplorerError, MtlvError
from mtlv.explorer.asking import Asked
from mtlv.explorer.comparing import CORRECTIONS, compared, notes_of, rough, settings_of
from mtlv.explorer.grids import from_table
from mtlv.explorer.library import Library
from mtlv.explorer.pages.page import Choice, Page
from mtlv.report.baseline import usual_baseline
from mtlv.report.comparison import comparison_table, comparison_task_table, rank_table
from mtlv.report.gaps import states
from mtlv.store.comparison import Comparison
from mtlv.words import in_quotes

__all__ = ["compare"]

TESTS = [
    ("", "what the protocol asks for"),
    ("corrected_t", "corrected resampled t"),
    ("wilcoxon", "Wilcoxon signed rank"),
    ("bootstrap", "paired bootstrap"),
    ("randomisation", "approximate randomisation"),
    ("mcnemar", "McNemar"),
]


def compare(library: Library, asked: Asked) -> Page:
    """Compare the plans of one study or of several."""
    shelf = library.shelf()
    names = [study.name for study in shelf.studies]
    chosen = [asked_for for asked_for in asked.many("study") if asked_for in names]
    data: dict[str, Any] = {
        "damaged": shelf.damaged,
        "studies": Choice("study", "Studies", [(name, name) for name in names], chosen),
        "forms": [],
        "margin": asked.one("margin"),
        "grid": None,
        "ranks": None,
        "tasks": None,
        "rough": None,
        "comparison": None,
        "problem": None,
        "warnings": [],
    }
    if not chosen:
        return Page("Compare", "compare.html", data)
    outcomes = [library.outcome(name) for name in chosen]
    plans = _plan_names(library, chosen)
    data["damaged"] = (*shelf.damaged, *(own for name in chosen for own in library.damage(name)))
    if not plans:
        data["problem"] = ExplorerError(
            "No plan of these studies is finished yet.", found=", ".join(chosen)
        )
        return Page("Compare", "compare.html", data)
    try:
        baseline = asked.choice("baseline", plans, usual_baseline(plans))
        found = compared(library, chosen, baseline, asked.one("metric") or None, settings_of(asked))
        data |= _found(found, asked, chosen)
        running = [in_quotes(text) for text in states(outcomes)]
        data["warnings"] = [*running, *notes_of(library, found, chosen)]
    except MtlvError as error:
        baseline = asked.one("baseline")
        data["problem"] = error
    data["forms"] = _forms(library, asked, plans, baseline, chosen)
    return Page("Compare", "compare.html", data)


def _plan_names(library: Library, studies: Sequence[str]) -> list[str]:
    """Return the names of all finished plans; of several studies, as `STUDY:PLAN`."""
    return [
        f"{name}:{plan.name}" if len(studies) > 1 else plan.name
        for name in studies
        for plan in library.outcome(name).plans
    ]


def _found(found: Comparison, asked: Asked, studies: Sequence[str]) -> dict[str, Any]:
    rows = {row.plan: row for row in found.rows if row.findings is not None}
    plan = asked.one("plan", next(iter(rows), ""))
    by_task = comparison_task_table(found, rows[plan]) if plan in rows else None
    ranks = rank_table(found)
    return {
        "grid": from_table("plans", comparison_table(found)),
        "ranks": from_table("ranks", ranks) if ranks else None,
        "tasks": from_table("tasks", by_task) if by_task else None,
        "plan_form": Choice.of("plan", "Plan by task", list(rows), plan) if rows else None,
        "rough": rough(found, studies),
        "comparison": found.to_json(),
    }


def _forms(
    library: Library, asked: Asked, plans: list[str], baseline: str, studies: Sequence[str]
) -> list[Choice]:
    metrics = {"": "the usual one"} | {
        name: name
        for study in studies
        for plan in library.outcome(study).plans
        for name in plan.summary.metrics
    }
    return [
        Choice.of("baseline", "Baseline", plans, baseline),
        Choice("metric", "Metric", [*metrics.items()], [asked.one("metric")]),
        Choice("test", "Test", TESTS, [asked.one("test")]),
        Choice("correction", "Correction", CORRECTIONS, [asked.one("correction", "holm")]),
    ]
