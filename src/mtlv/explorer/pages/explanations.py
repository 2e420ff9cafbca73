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
    when = record.created[:16].replace("T", " ")
    return f"{when}, " + ("the whole study" if record.text is None else f"“{record.text[:60]}”")


def _marked(rows: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return texts word by word, each with a shade from -`STEPS` to `STEPS`."""
    words: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows["attributions"]:
        words.setdefault(_key(row), []).append(row)
    texts = []
    for row in rows["texts"][:MOST_TEXTS]:
        own = sorted(words.get(_key(row), []), key=lambda each: each["place"])
        values = [each["value"] if _is_number(each["value"]) else 0.0 for each in own]
        most = max((abs(value) for value in values), default=0.0) or 1.0
        shades = [round(STEPS * value / most) for value in values]
        texts.append(
            {"task": row["task"], "plan": row["plan"], "decision": row.get("decision")}
            | {"label": row.get("label") or ""}
            | {
                "words": [
                    {"word": each["word"], "value": value, "shade": shade}
                    for each, value, shade in zip(own, values, shades, strict=True)
                ]
            }
        )
    return texts


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["plan"], row["task"], row["seed"], row["text"]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and value == value
