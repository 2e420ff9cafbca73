"""The command `ui`: the explorer, and MLflow's own pages beside it. It does not import torch."""

from __future__ import annotations

from pathlib import Path

import typer

from mtlv.cli.options import STORE
from mtlv.cli.show import note

__all__ = ["TRACKER", "add_to"]
TRACKER = "sqlite:///mlflow.db"
HOST = typer.Option("127.0.0.1", help="Address to listen on; others than loopback need a token.")
PORT = typer.Option(8642, min=0, max=65535, help="Port to listen on; 0 takes one that is free.")
TOKEN = typer.Option(
    None,
    envvar="MTLV_UI_TOKEN",
    help="Token that must be shown; made up where --host is not loopback.",
    show_default=False,
)
MLFLOW = typer.Option(False, "--mlflow", help="Start MLflow's own pages too, and link to them.")
URI = typer.Option(TRACKER, help="MLflow tracking URI, with --mlflow.")


def add_to(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(ui)


def ui(
    store: Path = STORE,
    port: int = PORT,
    host: str = HOST,
    token: str | None = TOKEN,
    mlflow: bool = MLFLOW,
    uri: str = URI,
) -> None:
    """Look around in the run store with a web browser."""
    from mtlv.explorer.app import Site
    from mtlv.explorer.security import Access
    from mtlv.explorer.serving import Address, listen, serve, token_for
    from mtlv.store.tracking_uri import is_server, without_password

    bound = listen(Address(host, port))
    access = Access(host, token_for(host, token))
    if mlflow and is_server(uri):
        note(f"MLflow's pages are on {without_password(uri)}")
        serve(Site(store, access, mlflow=without_password(uri)), bound, note)
    else:
        command = (lambda free: _mlflow(uri, free)) if mlflow else None
        serve(Site(store, access), bound, note, command)


def _mlflow(uri: str, port: int) -> list[str]:
    from mtlv.store.tracking import ui_command

    return [*ui_command(uri), "--port", str(port)]
