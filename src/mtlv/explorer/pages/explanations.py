"""Explanations: what `mtlv explain` found, as tables, and texts with what each word adds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mtlv.errors import StoreError
from mtlv.explain.conflict import has_gradients
from mtlv.explorer.asking import Asked
from mtlv.explorer.grids import from_table
from mtlv.explorer.groupings import known_groupings
from mtlv.explorer.library import Damage, Library
from mtlv.explorer.pages.page import Choice, Page, drawings
from mtlv.explorer.progress import progress_of
from mtlv.report.explain_rows import explanation_rows
from mtlv.report.explain_texts import difference_name, text_tables
from mtlv.report.explain_views import study_tables
from mtlv.store.record import ExplanationRecord
from mtlv.words import counted

__all__ = ["explanations"]

FIGURES = {
    "word-ranks": "agreement",
    "encoder-similarity": "similarity",
    "data-map": "data_map",
    "cross-task": "cross_task",
}
"""Figures, and the table that each is drawn of; a text is shown word by word instead."""
CONFLICT = "gradient-conflict"
"""A figure of what probes recorded, whether or not anything was explained."""
FIRST = ""
"""No task is chosen: figures show the first ones."""
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
        options = [(name, _title(each)) for name, each in records.items()]
        data |= _shown(library, asked, records[key])
        data["form"] = [Choice("explanation", "Explanation", options, [key]), *data["form"]]
    data["drawings"] = [*data["drawings"], *drawings(asked.study, _recorded(library, asked.study))]
    return Page("Explanations", "explanations.html", data, asked.study)


def _shown(library: Library, asked: Asked, own: ExplanationRecord) -> dict[str, Any]:
    """Return what is shown of the explanation that is chosen, and of no other."""
    rows = explanation_rows(library.store, own)
    tables = study_tables(own, rows) if own.text is None else text_tables(rows)
    names = _figures(own)
    task = asked.one("task") if asked.one("task") in own.tasks else FIRST
    choice = Choice(
        "task",
        "Task in figures",
        [(FIRST, "the first ones"), *((name, name) for name in own.tasks)],
        [task],
    )
    return {
        "form": [choice] if names and len(own.tasks) > 1 else [],
        "tables": [from_table(f"table{i}", table) for i, table in enumerate(tables)],
        "drawings": drawings(asked.study, names, explanation=own.id, task=task or None),
        "texts": list(_marked(rows)) if "attributions" in rows and "texts" in rows else [],
    }


def _records(library: Library, study: str) -> tuple[dict[str, ExplanationRecord], list[Damage]]:
    """Return the readable explanations of a study, the latest first, and the others."""
    shelf = library.store.explanations.contents()
    own = [record for record in shelf.records if record.study == study]
    own.sort(key=lambda record: record.created, reverse=True)
    damaged = [Damage(f"explanation {key}", error) for key, error in shelf.damaged.items()]
    return {record.id: record for record in own}, damaged


def _figures(record: ExplanationRecord) -> list[str]:
    """Return the figures that an explanation has tables or ranks for."""
    ranks = ((record.article or {}).get("words") or {}).get("scatters")
    return [
        name
        for name, table in FIGURES.items()
        if record.frames.get(table) or (name == "word-ranks" and ranks)
    ]


def _recorded(library: Library, study: str) -> list[str]:
    """Return the figures of what a probe recorded for an affinity of the study."""
    known = known_groupings(library, study).groupings.values()
    jobs = dict.fromkeys(job for own in known for job in own.grouping.jobs)
    return [CONFLICT] if any(_probed(library, job) for job in jobs) else []


def _probed(library: Library, job: str) -> bool:
    try:
        return has_gradients(library.store.job(job))
    except StoreError:  # damaged, or not there yet; the page of jobs names it
        return False


def _title(record: ExplanationRecord) -> str:
    when = record.created[:19].replace("T", " ")
    about = f"{counted(len(record.plans), 'plan')}, {counted(len(record.tasks), 'task')}"
    return f"{when}, {about}, " + ("test texts" if record.text is None else f"“{record.text[:60]}”")


def _marked(rows: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield texts word by word, each word with a shade from -`STEPS` to `STEPS`.

    Behind the plans of a task stands what they differ by, on the same scale.
    """
    words: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows["attributions"]:
        words.setdefault(_key(row), []).append(row)
    most: dict[str, float] = {}  # one scale for all plans of a task
    for row in rows["attributions"]:
        if _is_number(row["value"]):
            most[row["task"]] = max(most.get(row["task"], 0.0), abs(row["value"]))
    texts = rows["texts"][:MOST_TEXTS]
    for task in dict.fromkeys(row["task"] for row in texts):
        for row in (own for own in texts if own["task"] == task):
            shown = {"task": task, "plan": row["plan"], "decision": row.get("decision")}
            shown |= {"label": row.get("label") or "", "cut": row["cut"]}
            shown |= {"unknown": list(row["unknown"]), "difference": False}
            yield shown | {"words": _shades(words.get(_key(row), []), most)}
        for name, own in _differences(rows, task).items():
            shown = {"task": task, "plan": name, "decision": None, "label": "", "cut": ""}
            yield shown | {"unknown": [], "difference": True, "words": _shades(own, most)}


def _differences(rows: Mapping[str, Any], task: str) -> dict[str, list[Any]]:
    """Return the words of every two models that are compared, by what people see of them."""
    found: dict[str, list[Any]] = {}
    for row in rows.get("differences", ()):
        if row["task"] == task:
            found.setdefault(difference_name(row), []).append(row)
    return found


def _shades(words: list[Any], most: Mapping[str, float]) -> list[dict[str, Any]]:
    return [
        _shaded(row, most.get(row["task"]) or 1.0)
        for row in sorted(words, key=lambda each: each["place"])
    ]


def _shaded(word: Mapping[str, Any], most: float) -> dict[str, Any]:
    """Return a word with what it adds and its shade, or why nothing is known of it."""
    value = word["value"] if _is_number(word["value"]) else None
    shade = max(-STEPS, min(STEPS, round(STEPS * value / most))) if value is not None else 0
    state = word.get("state", "not read" if value is None else "read")  # older records have none
    return {"word": word["word"], "value": value, "shade": shade, "state": state}


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["plan"], row["task"], row["seed"], row["text"]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and value == value
