"""The `mtlv` command: its groups, and how errors are shown."""

from __future__ import annotations

import logging
import os
import sys

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape

from mtlv.cli import config, data, explain, figure, group, look, pairs, report, runs, ui
from mtlv.cli.predict import predict
from mtlv.errors import MtlvError
from mtlv.version import __version__

__all__ = ["app", "main"]

app = typer.Typer(
    name="mtlv",
    help="Multi-task learning on text, made visible: which tasks belong together, at what cost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (runs, group, pairs, look, explain, figure, report, ui):
    commands.add_to(app)
app.command()(predict)
app.add_typer(data.app, name="data")
app.add_typer(config.app, name="config")


@app.callback(invoke_without_command=True)
def _options(
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Show what is going on."),
    version: bool = typer.Option(False, "--version", help="Print the version."),
) -> None:
    handler = RichHandler(
        console=Console(stderr=True, emoji=False),
        show_time=False,
        show_path=False,
        show_level=verbose,
    )
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(message)s", handlers=[handler], force=True)
    for noisy in ("alembic", "httpx", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line; an error that a user can mend is shown without a traceback."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        app()
    except MtlvError as error:
        console = Console(stderr=True, emoji=False)
        lines = str(error).split("\n")
        console.print(f"[bold red]error:[/] {escape(lines[0])}", highlight=False, soft_wrap=True)
        for line in lines[1:]:
            console.print(escape(line), highlight=False, soft_wrap=True)
        sys.exit(2)
