"""Commands about configs: `mtlv config schema` and `mtlv config show`."""

from __future__ import annotations

import json
from pathlib import Path

import typer
import yaml

from mtlv.cli.options import CONFIG, SET
from mtlv.files import write_text

__all__ = ["app"]

OUTPUT = typer.Option(None, "--output", "-o", help="File; stdout if absent.")

app = typer.Typer(help="About configs.", no_args_is_help=True)


@app.command()
def schema(output: Path | None = OUTPUT) -> None:
    """Write the JSON schema of a config, for editors."""
    from mtlv.studies.schema import json_schema

    text = json.dumps(json_schema(), indent=2) + "\n"
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_text(output, text)


@app.command()
def show(config: Path = CONFIG, set_: list[str] = SET) -> None:
    """Print a config with all its defaults filled in."""
    from mtlv.studies.config import load_config

    resolved = load_config(config, set_ or []).model_dump(mode="json")
    typer.echo(yaml.safe_dump(resolved, sort_keys=False, allow_unicode=True), nl=False)
