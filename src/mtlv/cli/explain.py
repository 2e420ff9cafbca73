"""The command `explain`: what changed inside, from plan to plan, and what a text's words add."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import typer
from rich.console import Console
from rich.text import Text

from mtlv.cli.options import JSON, STORE, STUDY
from mtlv.cli.show import note, print_json, print_table, to_json, warn
from mtlv.files import write_text
from mtlv.store.store import Store

if TYPE_CHECKING:
    from mtlv.explain.asked import Asked
    from mtlv.report.explain_rows import Rows
    from mtlv.store.record import ExplanationRecord

__all__ = ["add_to"]


class Baseline(StrEnum):
    """What stands for every word where a path begins."""

    MASK = "mask"
    PAD = "pad"


TASKS = typer.Option(None, "--task", help="Only this task. May be repeated.", show_default=False)
PLANS = typer.Option(None, "--plan", help="Only this plan. May be repeated.", show_default=False)
TEXT = typer.Option(None, "--text", help="A text to explain, in place of the study.")
TEXTS = typer.Option(
    None, "--texts", min=4, help="Test texts of each task to attribute; 50, or fewer of many."
)
LABEL = typer.Option(None, "--label", help="Class to explain; the likeliest if absent.")
BASELINE = typer.Option(Baseline.MASK, "--baseline", help="Token where attributions begin.")
DATA = typer.Option(Path(), "--base", help="Folder that the config's paths are relative to.")
OUTPUT = typer.Option(
    None, "-o", "--output", help="Folder to write tables (Parquet) and the answer (JSON) to."
)
MOST = 40
"""Rows of a table that are printed: of many tasks and plans there are hundreds."""
STRONGEST = 3
"""Marks of the word that adds most, where there is no colour."""


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(explain)


def explain(  # noqa: PLR0913  (options of a command)
    study: str = STUDY,
    task: list[str] = TASKS,
    plan: list[str] = PLANS,
    text: str | None = TEXT,
    texts: int | None = TEXTS,
    label: str | None = LABEL,
    baseline: Baseline = BASELINE,
    base: Path = DATA,
    output: Path | None = OUTPUT,
    store: Path = STORE,
    json: bool = JSON,
) -> None:
    """Show what the models of a study look at, or what each word of a text adds.

    What cannot be shown is named with the reason: views of a study, and tasks that a text is not
    explained for, as they take pairs or have a score for every word.
    """
    place = Store(store, create=False)
    place.study(study)  # a wrong name is told before torch is waited for

    from mtlv.explain.asked import Asked
    from mtlv.explain.attribution_settings import AttributionSettings
    from mtlv.report.explain_rows import explanation_rows
    from mtlv.report.explain_texts import text_tables
    from mtlv.report.explain_views import study_tables

    settings = AttributionSettings(baseline=baseline.value)
    asked = Asked(tuple(plan or ()), tuple(task or ()), texts, settings, base)
    record = _explained(place, study, text, asked, label)
    rows = explanation_rows(place, record)
    document = record.model_dump(mode="json") | {"tables": rows}
    if output is not None:
        _write(place, record, document, output)
    if json:
        print_json(document)
        return
    for table in text_tables(rows) if text is not None else study_tables(record, rows):
        print_table(table, None if text is not None else MOST)
    if text is not None:
        _print_texts(rows)
        _warn_of_words(rows)


def _explained(
    store: Store, study: str, text: str | None, asked: Asked, label: str | None
) -> ExplanationRecord:
    if text is None:
        from mtlv.explain.explaining import explain_study

        return explain_study(store, study, asked, note)
    from mtlv.explain.one_text import explain_text

    return explain_text(store, study, text, asked, label)


def _print_texts(rows: dict[str, Rows]) -> None:
    """Print the text once for each task and plan or difference, with colours or marks.

    All lines of a task have one scale, so that a small difference looks small.
    """
    console = Console(highlight=False, emoji=False)
    most: dict[str, float] = {}
    for word in filter(_known, rows["attributions"]):
        most[word["task"]] = max(most.get(word["task"], 0.0), abs(word["value"]))
    for (task, name), words in _lines(rows).items():
        scale = most.get(task) or 1.0
        line = Text(f"{task}, {name}: ", style="bold")
        for word in words:
            if word["state"] == "cut off":
                line.append("…")
                break
            shown = _coloured(word, scale) if console.is_terminal else _marked(word, scale)
            line.append_text(shown)
            line.append(" ")
        console.print(line, soft_wrap=True)


def _lines(rows: dict[str, Rows]) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    """Return the words of the text by task, and by plan or what people see of two plans."""
    from mtlv.report.explain_texts import difference_name

    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows["attributions"]:
        found.setdefault((row["task"], row["plan"]), []).append(row)
    for row in rows.get("differences", ()):
        found.setdefault((row["task"], difference_name(row)), []).append(row)
    return found


def _coloured(word: Mapping[str, Any], most: float) -> Text:
    if not _known(word):
        return Text(word["word"], style="dim strike")
    share = min(abs(word["value"]) / most, 1.0)
    faint = int(255 - 175 * share)
    ground = f"{faint},{faint},255" if word["value"] > 0 else f"255,{(255 + faint) // 2},{faint}"
    return Text(word["word"], style=f"black on rgb({ground})")


def _marked(word: Mapping[str, Any], most: float) -> Text:
    if not _known(word):
        return Text(f"({word['word']})")
    count = round(STRONGEST * min(abs(word["value"]) / most, 1.0))
    return Text(word["word"] + ("+" if word["value"] > 0 else "-") * count)


def _known(word: Mapping[str, Any]) -> bool:
    value = word["value"]
    return value is not None and value == value  # NaN marks what was cut off


def _warn_of_words(rows: dict[str, Rows]) -> None:
    for cut in dict.fromkeys(row["cut"] for row in rows["texts"] if row["cut"]):
        warn(f"the text is longer than the models' inputs; cut off: {cut}")
    for unknown in dict.fromkeys(w for row in rows["texts"] for w in row["unknown"]):
        warn(f"the encoder's vocabulary has nothing for '{unknown}'")


def _write(store: Store, record: ExplanationRecord, document: Any, output: Path) -> None:
    write_text(output / f"{record.study}-explanation.json", to_json(document))
    for name in record.frames:
        pq.write_table(store.explanations.frame(record.id, name), output / f"{name}.parquet")
    note(f"the answer and {len(record.frames)} tables are in {output}")
