"""Explanations: what `mtlv explain` found, as tables, and texts with what each word adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mtlv.errors import StoreError
from mtlv.explorer.asking import Asked
from mtlv.explorer.grids import from_table
from mtlv.explorer.library import Damage, Library
from mtlv.explorer.pages.page import Choice, Drawing, Page, drawings
from mtlv.explorer.progress import progress_of
from mtlv.report.explain_views import explanation_rows, study_tables, text_tables
from mtlv.store.record import ExplanationRecord

__all__ = ["explanations"]

FIGURES = {
    "word-ranks": "agreement",
    "encoder-similarity": "similarity",
    "data-map": "data_map",
    "cross-task": "cross_task",
}
"""Figures, and the table that each is drawn of; a text is shown word by word instead."""
STEPS = 4
"""Shades of a word that adds something, on either side."""
MOST_TEXTS = 12


def explanations(library: Library, asked: Asked) -> Page:
    """What was asked of a study's models."""
    study = library.study(asked.study)
    records, damaged = _records(library, asked.study)
    data: dict[str, Any] = {
        "progress": progress_of(library, study),
        "damaged": damaged,
        "form": [],
        "tables": [],
        "texts": [],
        "drawings": [],
    }
    if records:
        key = asked.choice("explanation", list(records))
        own = records[key]
        options = [(name, _title(each)) for name, each in records.items()]
        rows = explanation_rows(library.store, own)
        tables = study_tables(own, rows) if own.text is None else text_tables(rows)
        data |= {
            "form": [Choice("explanation", "Explanation", options, [key])],
            "tables": [from_table(f"table{i}", table) for i, table in enumerate(tables)],
            "drawings": _drawings(asked.study, records),
            "texts": _marked(rows) if "attributions" in rows and "texts" in rows else [],
        }
    return Page("Explanations", "explanations.html", data, asked.study)


def _records(library: Library, study: str) -> tuple[dict[str, ExplanationRecord], list[Damage]]:
    """Return the readable explanations of a study, the latest first, and the others."""
    found, damaged = [], []
    for path in (library.root / "explanations").glob("*/record.json"):
        try:
            found.append(library.store.explanation(path.parent.name))
        except StoreError as error:
            damaged.append(Damage(f"explanation {path.parent.name}", error))
    found.sort(key=lambda own: own.created, reverse=True)
    return {own.id: own for own in found if own.study == study}, damaged


def _drawings(study: str, records: Mapping[str, ExplanationRecord]) -> list[Drawing]:
    """Return the figures that the latest explanations have tables for."""
    there = {name for own in records.values() for name, rows in own.frames.items() if rows}
    articles = any(own.article is not None for own in records.values())
    names = [name for name, table in FIGURES.items() if table in there]
    names += ["word-ranks"] if articles and "word-ranks" not in names else []
    return drawings(study, names)


def _title(record: ExplanationRecord) -> str:
    when = record.created[:19].replace("T", " ")
    about = f"{len(record.plans)} plans, {len(record.tasks)} tasks"
    return f"{when}, {about}, " + ("test texts" if record.text is None else f"“{record.text[:60]}”")


def _marked(rows: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return texts word by word, each with a shade from -`STEPS` to `STEPS`."""
    words: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows["attributions"]:
        words.setdefault(_key(row), []).append(row)
    most: dict[str, float] = {}  # one scale for all plans of a task
    for row in rows["attributions"]:
        if _is_number(row["value"]):
            most[row["task"]] = max(most.get(row["task"], 0.0), abs(row["value"]))
    return [
        {"task": row["task"], "plan": row["plan"], "decision": row.get("decision")}
        | {"label": row.get("label") or "", "cut": row["cut"], "unknown": list(row["unknown"])}
        | {"words": [_shaded(each, most.get(row["task"]) or 1.0) for each in _sorted(words, row)]}
        for row in rows["texts"][:MOST_TEXTS]
    ]


def _sorted(words: Mapping[tuple[Any, ...], list[Any]], row: Mapping[str, Any]) -> list[Any]:
    return sorted(words.get(_key(row), []), key=lambda each: each["place"])


def _shaded(word: Mapping[str, Any], most: float) -> dict[str, Any]:
    """Return a word with what it adds and its shade, or why nothing is known of it."""
    value = word["value"] if _is_number(word["value"]) else None
    shade = round(STEPS * value / most) if value is not None else 0
    state = word.get("state", "not read" if value is None else "read")  # older records have none
    return {"word": word["word"], "value": value, "shade": shade, "state": state}


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["plan"], row["task"], row["seed"], row["text"]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and value == value
