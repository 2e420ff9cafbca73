"""The command `pairs`: what learning one task does to another, measured."""

from __future__ import annotations

from pathlib import Path

import typer

from mtlv.cli.options import CONFIG, JSON, SET, STORE
from mtlv.cli.show import note, print_json, print_table
from mtlv.errors import FigureError
from mtlv.files import write_text
from mtlv.report.transfer import transfer_csv, transfer_table
from mtlv.store.record import TransferRecord

__all__ = ["add_to"]

OUTPUT = typer.Option(
    None, "-o", "--output", help="Folder for the graph and the matrix (SVG and PNG, or HTML; CSV)."
)


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(pairs)


def pairs(
    config: Path = CONFIG,
    margin: float = typer.Option(0.0, help="Effects up to so much, as a share, count as none."),
    output: Path | None = OUTPUT,
    set_: list[str] = SET,
    store: Path = STORE,
    json: bool = JSON,
) -> None:
    """Train every task alone and every pair, and show what tasks do to each other."""
    from mtlv.studies.config import load_config

    checked = load_config(config, set_ or [])  # a mistake is told before torch is waited for

    from mtlv.cli.progress import ProgressBar
    from mtlv.store import Store
    from mtlv.studies.pairs import transfer

    opened = Store(store)
    with ProgressBar() as bar:
        record = transfer(checked, opened, config.parent, margin=margin, watcher=bar)
    if output is not None:
        _write(record, output)
    if record.name not in opened.study_names():
        note(f"`mtlv run {config}` adds the study itself, for `mtlv report` and `mtlv ui`")
    if json:
        said = {"interval": record.interval, "rule": record.rule, "matrix": record.matrix()}
        print_json(record.model_dump(mode="json") | said)
        return
    print_table(transfer_table(record))


def _write(record: TransferRecord, folder: Path) -> None:
    from mtlv.report.figures import transfer, transfer_matrix
    from mtlv.report.figures.output import write_figure, write_images
    from mtlv.report.frames.affinities import transfer_data

    stem, data = f"{record.name}-transfer", transfer_data(record)
    write_text(folder / f"{stem}.csv", transfer_csv(record))
    drawn = {
        folder / stem: transfer(data.frame, data.signature),
        folder / f"{stem}-matrix": transfer_matrix(data.frame, data.signature),
    }
    try:
        write_images(
            {Path(f"{path}{end}"): own for path, own in drawn.items() for end in (".svg", ".png")}
        )
    except FigureError as error:
        for path, own in drawn.items():
            write_figure(own, Path(f"{path}.html"))
        said = f"{error.what} {error.hint or ''}".rstrip()
        note(f"graph and matrix are pages and no pictures: {said}")
    note(f"graph and matrix are in {folder}; {stem}.csv can be an `affinity_file`")
