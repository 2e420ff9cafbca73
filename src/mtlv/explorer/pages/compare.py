"""Plans of several studies against one baseline, on the same test targets or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mtlv.errors import ExplorerError, MtlvError
from mtlv.explorer.asking import Asked
from mtlv.explorer.grids import from_table
from mtlv.explorer.library import Library
from mtlv.explorer.pages.page import Choice, Page
from mtlv.report.comparison import comparison_table, comparison_task_table, gap_notes
from mtlv.store.comparison import CompareSettings, Comparison

__all__ = ["compare"]

TESTS = [
    ("", "what the protocol asks for"),
    ("corrected_t", "corrected resampled t"),
    ("wilcoxon", "Wilcoxon signed rank"),
    ("bootstrap", "paired bootstrap"),
    ("randomisation", "approximate randomisation"),
    ("mcnemar", "McNemar"),
]
CORRECTIONS = [("holm", "Holm"), ("bh", "Benjamini-Hochberg")]


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
        "tasks": None,
        "comparison": None,
        "problem": None,
        "warnings": [],
    }
    if not chosen:
        return Page("Compare", "compare.html", data)
    plans = _plan_names(library, chosen)
    data["damaged"] = (*shelf.damaged, *(own for name in chosen for own in library.damage(name)))
    if not plans:
        data["problem"] = ExplorerError(
            "No plan of these studies is finished yet.", found=", ".join(chosen)
        )
        return Page("Compare", "compare.html", data)
    try:
        baseline = asked.choice("baseline", plans, _usual(plans))
        found = library.comparison(
            tuple(chosen), baseline, asked.one("metric") or None, _settings(asked)
        )
        data |= _found(found, asked)
        data["warnings"] = gap_notes(found, [library.study(name) for name in chosen])
    except MtlvError as error:
        baseline = asked.one("baseline")
        data["problem"] = error
    data["forms"] = _forms(asked, plans, baseline)
    return Page("Compare", "compare.html", data)


def _plan_names(library: Library, studies: Sequence[str]) -> list[str]:
    """Return the names of all finished plans; of several studies, as `STUDY:PLAN`."""
    return [
        f"{name}:{plan.name}" if len(studies) > 1 else plan.name
        for name in studies
        for plan in library.outcome(name).plans
    ]


def _usual(plans: Sequence[str]) -> str:
    bare = [name.rpartition(":")[2].partition("@")[0] for name in plans]
    return plans[bare.index("mtl")] if "mtl" in bare else plans[0]


def _settings(asked: Asked) -> CompareSettings:
    text = asked.one("margin")
    try:
        margin = float(text) if text else None
    except ValueError as error:
        raise ExplorerError(
            "The margin is no number.", found=repr(text[:40]), expected="points, such as 0.5"
        ) from error
    correction = asked.choice("correction", [key for key, _ in CORRECTIONS])
    return CompareSettings(asked.one("test") or None, correction, margin)


def _found(found: Comparison, asked: Asked) -> dict[str, Any]:
    rows = {row.plan: row for row in found.rows if row.findings is not None}
    plan = asked.one("plan", next(iter(rows), ""))
    by_task = comparison_task_table(found, rows[plan]) if plan in rows else None
    return {
        "grid": from_table("plans", comparison_table(found)),
        "tasks": from_table("tasks", by_task) if by_task else None,
        "plan_form": Choice.of("plan", "Plan by task", list(rows), plan) if rows else None,
        "comparison": found.to_json(),
    }


def _forms(asked: Asked, plans: list[str], baseline: str) -> list[Choice]:
    return [
        Choice.of("baseline", "Baseline", plans, baseline),
        Choice("test", "Test", TESTS, [asked.one("test")]),
        Choice("correction", "Correction", CORRECTIONS, [asked.one("correction", "holm")]),
    ]
