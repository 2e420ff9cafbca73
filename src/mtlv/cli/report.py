"""The command `report`: a study on one page to read, to print and to send. It imports no torch."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mtlv.cli.compare import BASELINE, CORRECTION, DRAWS, MARGIN, METRIC, TEST
from mtlv.cli.options import STORE, STUDY
from mtlv.cli.show import note, warn

if TYPE_CHECKING:
    from mtlv.report.page import Evidence
    from mtlv.report.page_parts import Report

__all__ = ["add_to"]


class Form(StrEnum):
    """How a report is written."""

    HTML = "html"
    MARKDOWN = "markdown"


ENDINGS = {Form.HTML: ".html", Form.MARKDOWN: ".md"}
OUTPUT = typer.Option(
    None,
    "-o",
    "--output",
    help="File to write; STUDY-report.html or .md if absent.",
    show_default=False,
)
FORM = typer.Option(
    None,
    "--format",
    help="One HTML page, or Markdown with figures beside it; by the ending of the file if absent.",
    show_default=False,
)


TEXTS = typer.Option(
    False, "--texts", help="Show texts and their words too, where the study was explained."
)


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(report)


def report(  # noqa: PLR0913  (options of a command)
    study: str = STUDY,
    output: Path | None = OUTPUT,
    format_: Form | None = FORM,
    baseline: str | None = BASELINE,
    metric: str | None = METRIC,
    test: str | None = TEST,
    correction: str = CORRECTION,
    margin: float | None = MARGIN,
    draws: int = DRAWS,
    texts: bool = TEXTS,
    store: Path = STORE,
) -> None:
    """Write the report of a study: question, answer, tables, figures, and how to reproduce it."""
    from mtlv.report.comparison_notes import cautions_of_tests
    from mtlv.report.gaps import gaps
    from mtlv.report.page import gather, make_report
    from mtlv.store.comparison import CompareSettings
    from mtlv.store.store import Store
    from mtlv.words import in_quotes

    form = format_ or _form_of(output)
    settings = CompareSettings(test, correction, margin, draws)
    evidence = gather(Store(store, create=False), study, baseline, metric, settings)
    told = [*evidence.damaged, *gaps(evidence.comparison, [evidence.outcome])]
    for text in [*told, *cautions_of_tests(evidence.comparison)]:
        warn(in_quotes(text))
    path = output or Path(f"{study}-report{ENDINGS[form]}")
    _write(make_report(evidence, texts=texts), path, form, evidence)
    note(f"the report is in {path}")


def _form_of(output: Path | None) -> Form:
    written = output is not None and output.suffix.lower() in (".md", ".markdown")
    return Form.MARKDOWN if written else Form.HTML


def _write(made: Report, path: Path, form: Form, evidence: Evidence) -> None:
    from mtlv.files import write_text
    from mtlv.report.html import page_html
    from mtlv.report.markdown_page import write_markdown

    if form is Form.MARKDOWN:
        missing = write_markdown(made, path)
        if missing is not None:
            warn(f"figures are left out: {missing}")
        return
    text = page_html(made)
    write_text(path, text)
    _log(evidence, text)


def _log(evidence: Evidence, text: str) -> None:
    """Add the page to the study's run in its tracker, if it was mirrored to one."""
    tracking = evidence.study.config.get("tracking", {})
    if not tracking.get("mlflow"):
        return
    from mtlv.store.tracking import Mirror

    mirror = Mirror(evidence.store, tracking["uri"], tracking["experiment"])
    mirror.attach(evidence.study, {"report.html": text})
