"""Tables of texts that were typed: what each word adds under a plan, and what plans differ by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mtlv.report.explain_rows import Rows, distinct
from mtlv.report.tables import Table

__all__ = ["difference_name", "text_tables"]


def text_tables(rows: Mapping[str, Rows]) -> list[Table]:
    """Return, for each task, what each word of a text adds under every plan, and differences."""
    tables = []
    for task in distinct(rows["texts"], "task"):
        texts, words, differences = (
            [row for row in rows.get(name, ()) if row["task"] == task]
            for name in ("texts", "attributions", "differences")
        )
        known = {row["plan"] for row in texts}
        without = [plan for plan in distinct(rows["texts"], "plan") if plan not in known]
        tables.append(_text(task, texts, words, differences, without))
    return tables


def difference_name(row: Mapping[str, Any]) -> str:
    """Return what people see of two models whose words are compared, as `mtl less stl`."""
    if row["first"] == row["second"]:
        return f"{row['first']}, seed {row['second_seed']} less {row['first_seed']}"
    return f"{row['second']} less {row['first']}"


def _text(task: str, texts: Rows, words: Rows, differences: Rows, without: Sequence[str]) -> Table:
    plans = [row["plan"] for row in texts]
    compared = list(dict.fromkeys(map(difference_name, differences)))
    cells = {(row["place"], row["plan"]): row for row in words}
    cells |= {(row["place"], difference_name(row)): row for row in differences}
    named = {row["place"]: row["word"] for row in words}
    lines = [
        (word, *(_signed(cells.get((place, name))) for name in (*plans, *compared)))
        for place, word in named.items()
    ]
    for name in ("score", "probability", "decision"):
        values = [_shown(row[name]) for row in texts]
        lines.append((f"= {name}", *values, *[""] * len(compared)))
    header = ("word", *plans, *compared)
    return Table(_title(task, texts), header, tuple(lines), _told(texts, differences, without))


def _told(texts: Rows, differences: Rows, without: Sequence[str]) -> str:
    """Return what must be known to read what words add."""
    worst = max(texts, key=lambda row: abs(row["delta"]))
    seeds = distinct(texts, "seed")
    said = (
        f"of each plan one model, of the first fold and seed {', '.join(map(str, seeds))}; "
        "what each word adds to the score, in logits or in the unit of the task, against a text of "
        f"baseline tokens; largest convergence delta {worst['delta']:+.2g} of "
        f"{worst['difference']:+.3g} with {worst['steps']} steps"
    )
    if any(row["first"] == row["second"] for row in differences):
        said += "; what two seeds of one plan differ by is no difference between plans"
    elif differences:
        said += "; by how much two seeds of one plan would differ is not known here"
    apart = {row["plan"] for row in texts[1:]} - {row["second"] for row in differences}
    if apart:
        said += f"; no difference for {', '.join(sorted(apart))}, which finds another class"
        said += " likeliest: name one with --label"
    if without:
        said += f"; no model for this task: {', '.join(without)}"
    return said


def _title(task: str, texts: Rows) -> str:
    labels = distinct([row for row in texts if row["label"]], "label")
    return f"{task}, {' and '.join(labels)}" if labels else task


def _signed(word: Mapping[str, Any] | None) -> str:
    """Return what a word adds, or why nothing is known of it."""
    if word is None:
        return "-"
    value = word["value"]
    known = value is not None and not math.isnan(value)
    said = [f"{value:+.3f}"] if known else []
    state = word.get("state", "read" if known else "not read")  # older records have none
    said += [] if state == "read" else [state]
    return ", ".join(said)


def _shown(value: Any) -> str:
    return "-" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
