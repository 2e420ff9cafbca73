"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import typer

__all__ = ["CONFIG", "JSON", "SET", "STORE", "STUDY"]

CONFIG = typer.Argument(help="YAML file of the study.", metavar="CONFIG", show_default=False)
STUDY = typer.Argument(help="Name of the study.", metavar="STUDY", show_default=False)
SET = typer.Option(
    None, "--set", help="Change a setting: train.epochs=3. May be repeated.", metavar="KEY=VALUE"
)
STORE = typer.Option(Path("runs"), "--store", envvar="MTLV_STORE", help="Folder of the run store.")
JSON = typer.Option(False, "--json", help="Print one JSON document.")
