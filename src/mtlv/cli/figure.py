"""The command `figure`: one figure of a study, as a page or a picture. It does not import torch."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mtlv.cli.options import STORE, STUDY
from mtlv.cli.show import note, print_table, warn
from mtlv.errors import ConfigError, MtlvError

if TYPE_CHECKING:
    from mtlv.report.frames import Wanted

__all__ = ["add_to"]


class Ground(StrEnum):
    """What a figure stands on."""

    LIGHT = "light"
    DARK = "dark"


NAME = typer.Argument(None, help="Name of the figure.", metavar="[NAME]", show_default=False)
LIST = typer.Option(False, "--list", help="List the figures, and which the study has data for.")
OUTPUT = typer.Option(
    None,
    "-o",
    "--output",
    help="File to write: .html, .svg, .png or .pdf; STUDY-NAME.html if absent.",
    show_default=False,
)
BASELINE = typer.Option(
    None, help="Plan to compare with; mtl if absent, or else the first.", show_default=False
)
PLANS = typer.Option(None, "--plan", help="Only this plan. May be repeated.", show_default=False)
TASKS = typer.Option(None, "--task", help="Only this task. May be repeated.", show_default=False)
THEME = typer.Option(Ground.LIGHT, "--theme", help="Ground to stand on.")


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(figure)


def figure(  # noqa: PLR0913  (options of a command)
    study: str = STUDY,
    name: str | None = NAME,
    list_: bool = LIST,
    output: Path | None = OUTPUT,
    baseline: str | None = BASELINE,
    plan: list[str] = PLANS,
    task: list[str] = TASKS,
    theme: Ground = THEME,
    store: Path = STORE,
) -> None:
    """Draw a figure of a study."""
    from mtlv.report.figures import FIGURES, write_figure
    from mtlv.report.frames import FRAMES, Wanted
    from mtlv.store.outcome import load_whole
    from mtlv.store.store import Store

    place = Store(store, create=False)
    outcome, left_out = load_whole(place, study)
    for text in left_out:
        warn(text)
    wanted = Wanted(place, outcome, baseline, tuple(plan or ()), tuple(task or ()))
    if list_:
        _list(wanted)
        return
    if name is None:
        raise ConfigError(
            "No figure is named.", expected=", ".join(FIGURES), hint=f"mtlv figure {study} --list"
        )
    draw = FIGURES[name]
    data = FRAMES[name](wanted)
    path = output or Path(f"{study}-{name}.html")
    write_figure(draw(data.frame, data.signature), path, theme.value)
    note(f"the figure is in {path}")


def _list(wanted: Wanted) -> None:
    from mtlv.report.figures import FIGURES
    from mtlv.report.tables import Table

    rows = []
    for name in FIGURES:
        title = (FIGURES[name].__doc__ or "").partition("\n")[0].partition(";")[0].rstrip(".")
        rows.append((name, _missing(wanted, name) or "yes", title))
    header = ("figure", "data", "what it shows")
    print_table(
        Table(f"Figures of {wanted.outcome.study.name}", header, tuple(rows), words=(0, 1, 2))
    )


def _missing(wanted: Wanted, name: str) -> str | None:
    """Return what the study lacks for a figure, None if it has all."""
    from mtlv.report.frames import FRAMES

    try:
        FRAMES[name](wanted)
    except MtlvError as error:
        return str(error.found or error.what)
    return None
