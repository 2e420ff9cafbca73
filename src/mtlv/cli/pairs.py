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
    None, "-o", "--output", help="Folder for the graph (SVG and PNG, or HTML) and the matrix (CSV)."
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

    with ProgressBar() as bar:
        record = transfer(checked, Store(store), config.parent, margin=margin, watcher=bar)
    if output is not None:
        _write(record, output / f"{record.name}-transfer")
    if json:
        said = {"interval": record.interval, "rule": record.rule, "matrix": record.matrix()}
        print_json(record.model_dump(mode="json") | said)
        return
    print_table(transfer_table(record))


def _write(record: TransferRecord, stem: Path) -> None:
    from mtlv.report.figures.output import write_figure, write_images
    from mtlv.report.figures.transfer import transfer
    from mtlv.report.frames.affinities import transfer_data

    write_text(stem.with_suffix(".csv"), transfer_csv(record))
    data = transfer_data(record)
    graph = transfer(data.frame, data.signature)
    try:
        write_images({stem.with_suffix(ending): graph for ending in (".svg", ".png")})
    except FigureError as error:
        write_figure(graph, stem.with_suffix(".html"))
        note(f"the graph is a page and no picture: {error.what} {error.hint or ''}".rstrip())
    note(f"graph and matrix are in {stem.parent}; the matrix can be an `affinity_file`")
