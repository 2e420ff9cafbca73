"""Showing: results to stdout, as tables or as one JSON document; everything else to stderr."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from mtlv.report.tables import Table, fitting

__all__ = ["note", "print_json", "print_table", "to_json", "warn"]

_err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def print_json(value: Any) -> None:
    """Print one JSON document; what is not a number is null."""
    sys.stdout.write(to_json(value))


def to_json(value: Any) -> str:
    """Return one JSON document; what is not a number is null."""
    return json.dumps(_finite(value), indent=2, ensure_ascii=False) + "\n"


def print_table(table: Table, most: int | None = None) -> None:
    """Print a table; a wide one in parts on a terminal, whole where the output is no terminal.

    Args:
        table: to print.
        most: rows to print; how many more there are is said below them.
    """
    if most is not None and len(table.rows) > most:
        more = f"the first {most} of {len(table.rows)} rows; --json has all"
        table = replace(
            table, rows=table.rows[:most], note="; ".join(filter(None, [more, table.note]))
        )
    console = Console(highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = max(120, sum(table.widths) + 2 * len(table.header))
    for part in fitting(table, console.width):
        _print_part(console, part)


def _print_part(console: Console, table: Table) -> None:
    shown = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for index, name in enumerate(table.header):
        words = index in table.words
        shown.add_column(
            escape(name), justify="left" if words else "right", no_wrap=not words or index == 0
        )
    for row in table.rows:
        shown.add_row(*(escape(cell) for cell in row))
    console.print(f"[bold]{escape(table.title)}[/]", soft_wrap=not console.is_terminal)
    console.print(shown)
    if table.note:
        console.print(f"[dim]{escape(table.note)}[/]", soft_wrap=not console.is_terminal)
    console.print()


def note(text: str) -> None:
    """Say something to people, on stderr."""
    _err.print(escape(text))


def warn(text: str) -> None:
    """Warn people, on stderr."""
    _err.print(f"[yellow]warning:[/] {escape(text)}")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(own) for own in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
