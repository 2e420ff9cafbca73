"""The command `mtlv predict`: a study's stored models on new texts."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from mtlv.cli.options import JSON, STORE
from mtlv.cli.show import note, print_json, to_json
from mtlv.files import write_text

__all__ = ["predict"]

STUDY = typer.Argument(
    help="The plan is the one that is best on validation if none is named.",
    metavar="STUDY[:PLAN]",
    show_default=False,
)
FILE = typer.Argument(
    help="Texts: .txt (one per line), .csv, .tsv, .jsonl, .json or .parquet.",
    metavar="FILE",
    show_default=False,
)
OUTPUT = typer.Option(
    None, "--output", "-o", help="File: .csv, .json, .jsonl, or .txt (labels alone). Else stdout."
)
TEXT = typer.Option(None, "--text", help="Column of the texts; the study's own if absent.")
FORMS = ("csv", "json", "jsonl", "txt")


def predict(
    study: str = STUDY,
    file: Path = FILE,
    output: Path | None = OUTPUT,
    text: str | None = TEXT,
    store: Path = STORE,
    json: bool = JSON,
) -> None:
    """Score new texts with a study's stored models, at the stored thresholds."""
    from mtlv.store import Store
    from mtlv.usage.predict import load_predictor
    from mtlv.usage.texts import Reading, read_texts, rendered

    name, _, plan = study.partition(":")
    place = Store(store, create=False)
    given = read_texts(file, Reading.of_study(place.study(name), text))
    predictor = load_predictor(place, name, plan or None)
    results = predictor(given.texts, given.pairs)
    document = {"study": name, "plan": predictor.plan, "predictions": results.to_json(given.ids)}
    form = _form(output)
    if output is not None:
        write_text(output, to_json(document) if json else rendered(results, given, form))
        note(f"{len(given.texts):,} texts scored by {predictor.plan}; written to {output}")
    elif json:
        print_json(document)
    else:
        sys.stdout.write(rendered(results, given, form))
        note(f"{len(given.texts):,} texts scored by {predictor.plan}")


def _form(output: Path | None) -> str:
    suffix = "" if output is None else output.suffix.lower().lstrip(".")
    return suffix if suffix in FORMS else "csv"
