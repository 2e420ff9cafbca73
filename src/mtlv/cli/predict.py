"""The command `mtlv predict`: a study's stored models on new examples."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mtlv.cli.options import JSON, STORE
from mtlv.cli.show import note, print_json, to_json, warn
from mtlv.files import write_text

if TYPE_CHECKING:
    from mtlv.usage.columns import Slot
    from mtlv.usage.decided import Decided

__all__ = ["predict"]

STUDY = typer.Argument(
    help="The plan is the one that is best on validation if none is named.",
    metavar="STUDY[:PLAN]",
    show_default=False,
)
FILE = typer.Argument(
    help="New examples: .txt (one per line), .csv, .tsv, .jsonl, .json, .parquet or .conll.",
    metavar="FILE",
    show_default=False,
)
OUTPUT = typer.Option(
    None, "--output", "-o", help="File: .csv, .json, .jsonl, or .txt (answers alone). Else stdout."
)
TASKS = typer.Option(None, "--tasks", help="Predict these alone.", metavar="A,B")
TEXT = typer.Option(None, "--text", help="Column of the texts; the study's own if absent.")
TEXT_B = typer.Option(None, "--text-b", help="Column of the second texts of pairs.")
TOKENS = typer.Option(
    None, "--tokens", help="Column of lists of words, or of words with blanks between them."
)
FORMS = ("csv", "json", "jsonl", "txt")


def predict(  # noqa: PLR0913  (options of a command)
    study: str = STUDY,
    file: Path = FILE,
    output: Path | None = OUTPUT,
    tasks: str | None = TASKS,
    text: str | None = TEXT,
    text_b: str | None = TEXT_B,
    tokens: str | None = TOKENS,
    store: Path = STORE,
    json: bool = JSON,
) -> None:
    """Predict for new examples with a study's stored models, at the stored thresholds.

    Tasks of every kind are served whose texts, pairs or lists of words the file has.
    """
    from mtlv.store import Store
    from mtlv.usage.predict import load_predictor
    from mtlv.usage.rendered import rendered
    from mtlv.usage.texts import read_examples

    name, _, plan = study.partition(":")
    wanted = None if tasks is None else [task.strip() for task in tasks.split(",")]
    predictor = load_predictor(Store(store, create=False), name, plan or None, wanted)
    readings = predictor.readings(_named(text, text_b, tokens))
    given = read_examples(file, readings, every=wanted is not None)
    results = predictor.predict(given)
    document = {
        "study": name,
        "plan": predictor.plan,
        "predictions": results.to_json(given.ids),
        "unserved": dict(results.unserved),
    }
    if output is not None:
        shown = to_json(document) if json else rendered(results, given.ids, _form(output))
        write_text(output, shown)
    elif json:
        print_json(document)
    else:
        sys.stdout.write(rendered(results, given.ids, "csv"))
    _warn_of_unserved(results)
    if output is not None or not json:
        place = "" if output is None else f"; written to {output}"
        note(f"{len(given):,} texts scored by {predictor.plan}{place}")


def _named(text: str | None, text_b: str | None, tokens: str | None) -> dict[Slot, str]:
    columns: dict[Slot, str | None] = {"text": text, "text_b": text_b, "tokens": tokens}
    return {slot: column for slot, column in columns.items() if column is not None}


def _form(output: Path) -> str:
    suffix = output.suffix.lower().lstrip(".")
    return suffix if suffix in FORMS else "csv"


def _warn_of_unserved(results: Decided) -> None:
    """Name the tasks that are not served, together where the reason is the same."""
    for why in dict.fromkeys(results.unserved.values()):
        tasks = [task for task, own in results.unserved.items() if own == why]
        warn(f"not served: {', '.join(tasks)}, as {why}")
