"""The command `compare`: plans of one study, or of several, against a baseline."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mtlv.cli.options import JSON, STORE
from mtlv.cli.show import print_json, print_table, warn

if TYPE_CHECKING:
    from mtlv.store.comparison import Comparison
    from mtlv.store.outcome import StudyOutcome

__all__ = ["compare"]

STUDIES = typer.Argument(
    help="Names of studies; with several, plans are named STUDY:PLAN.",
    metavar="STUDY...",
    show_default=False,
)
BASELINE = typer.Option(
    None, help="Plan to compare with; mtl if absent, or else the first.", show_default=False
)
METRIC = typer.Option(
    None,
    help="Metric to compare; f1_macro if absent, or the mean of what tasks are judged by.",
    show_default=False,
)
TEST = typer.Option(
    None,
    help="corrected_t, wilcoxon, randomisation, bootstrap or mcnemar; if absent, what the protocol "
    "asks for: corrected_t over several test parts, bootstrap on one, randomisation of one run.",
    show_default=False,
)
CORRECTION = typer.Option("holm", help="For many tests at once: holm, or bh.")
MARGIN = typer.Option(
    None,
    help="Largest difference that does not matter, in points (0.5); set it beforehand.",
    show_default=False,
)
DRAWS = typer.Option(10_000, help="Of bootstrap and randomisation.")
TASKS = typer.Option(False, "--tasks", help="Show every task of every plan too.")


class Form(StrEnum):
    """How a comparison is printed."""

    TABLE = "table"
    MARKDOWN = "markdown"
    LATEX = "latex"
    CSV = "csv"


FORM = typer.Option(Form.TABLE, "--format", help="How to print it; all but table show every task.")


def compare(  # noqa: PLR0913  (options of a command)
    studies: list[str] = STUDIES,
    baseline: str | None = BASELINE,
    metric: str | None = METRIC,
    test: str | None = TEST,
    correction: str = CORRECTION,
    margin: float | None = MARGIN,
    draws: int = DRAWS,
    tasks: bool = TASKS,
    format_: Form = FORM,
    store: Path = STORE,
    json: bool = JSON,
) -> None:
    """Compare plans with one of them, on the same test targets: is the difference shown?"""
    from mtlv.report.baseline import usual_baseline
    from mtlv.report.gaps import check_finished
    from mtlv.store.comparison import CompareSettings, together
    from mtlv.store.comparison import compare as compare_plans
    from mtlv.store.outcome import load_whole
    from mtlv.store.store import Store

    place = Store(store, create=False)
    loaded = [load_whole(place, study) for study in studies]
    for own, left_out in loaded:
        check_finished(own, left_out)
        for note in left_out:
            warn(note)
    outcomes = [own for own, _ in loaded]
    outcome = together(place, outcomes).outcome
    settings = CompareSettings(test, correction, margin, draws)
    base = baseline or usual_baseline([plan.name for plan in outcome.plans])
    found = compare_plans(place, outcomes, base, metric, settings)
    _warn(found, outcomes)
    if json:
        print_json(found.to_json())
    elif format_ is Form.TABLE:
        _show(found, tasks)
    else:
        typer.echo(_written(found, outcome, format_).rstrip("\n"))


def _warn(found: Comparison, outcomes: list[StudyOutcome]) -> None:
    """Say what is missing, and how the test can mislead."""
    from mtlv.report.comparison_notes import cautions_of_tests
    from mtlv.report.gaps import gaps
    from mtlv.words import in_quotes

    for note in [*gaps(found, outcomes), *cautions_of_tests(found)]:
        warn(in_quotes(note))


def _show(found: Comparison, tasks: bool) -> None:
    from mtlv.report.comparison import comparison_table, comparison_task_table, rank_table

    print_table(comparison_table(found))
    ranks = rank_table(found)
    if ranks is not None:
        print_table(ranks)
    for row in found.rows if tasks else ():
        if row.findings is not None:
            print_table(comparison_task_table(found, row))


def _written(found: Comparison, outcome: StudyOutcome, form: Form) -> str:
    from mtlv.report.comparison_paper import comparison_csv, comparison_latex, comparison_markdown

    if form is Form.CSV:
        return comparison_csv(found)
    write = comparison_latex if form is Form.LATEX else comparison_markdown
    return write(found, outcome)
