"""Grids: tables whose cells have a text for people, a value to sort by, and perhaps a link."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mtlv.evaluation.summary import Summary
from mtlv.report.numbers import percent
from mtlv.report.tables import Table

__all__ = ["Cell", "Column", "Grid", "from_table", "number", "summary", "word"]

Value = float | str | None
NUMBER = re.compile(r"^[+-]?[\d,]*\.?\d+(e[+-]?\d+)?")


@dataclass(frozen=True)
class Cell:
    """One cell.

    Args:
        text: that is shown.
        value: to sort by, and in JSON; None where there is nothing.
        href: where the text links to.
        tone: how it is to be read, where colour says it too.
    """

    text: str
    value: Value = None
    href: str | None = None
    tone: Literal["", "good", "bad", "quiet"] = ""


@dataclass(frozen=True)
class Column:
    """One column.

    Args:
        title: with the unit.
        kind: numbers stand right.
        help: what it means, in a sentence.
    """

    title: str
    kind: Literal["word", "number"] = "number"
    help: str = ""


@dataclass(frozen=True)
class Grid:
    """A table of a page.

    Args:
        key: unique in its page; names it in the page's address.
        caption: what it shows.
        columns: of every row.
        rows: cells.
        note: what must be known to read it.
    """

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the table as JSON-like data: rows of values by column."""
        titles = [column.title for column in self.columns]
        rows = [dict(zip(titles, map(_plain, row), strict=True)) for row in self.rows]
        return {"caption": self.caption, "note": self.note, "rows": rows}


def word(text: object, href: str | None = None, tone: Any = "") -> Cell:
    """Return a cell of words."""
    return Cell(str(text), str(text), href, tone)


def number(value: float | None, form: str | Callable[[float], str] = ",.0f") -> Cell:
    """Return a cell with a number; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return Cell("-", None)
    return Cell(form(value) if callable(form) else format(value, form), float(value))


def summary(value: Summary | None, scale: float = 100) -> Cell:
    """Return a cell with mean ± sd."""
    if value is None or not value.n:
        return Cell("-", None)
    return Cell(percent(value, scale), scale * value.mean)


def from_table(key: str, table: Table, links: Sequence[Callable[[str], str | None]] = ()) -> Grid:
    """Return a table of the report as a grid; figures are sorted by the number they begin with.

    Args:
        key: of the grid.
        table: of the report.
        links: for each of the first columns, where a text of it links to.
    """
    columns = tuple(
        Column(title, "word" if index in table.words or _wordy(table, index) else "number")
        for index, title in enumerate(table.header)
    )
    rows = tuple(
        tuple(
            Cell(
                text,
                text if columns[i].kind == "word" else _leading(text),
                links[i](text) if i < len(links) else None,
                _tone(text),
            )
            for i, text in enumerate(row)
        )
        for row in table.rows
    )
    return Grid(key, table.title, columns, rows, table.note)


def _tone(text: str) -> Any:
    return {"better": "good", "worse": "bad"}.get(text, "")


def _wordy(table: Table, index: int) -> bool:
    """Tell whether no text of a column begins with a number."""
    texts = [row[index] for row in table.rows]
    return any(texts) and all(_leading(text) is None for text in texts if text != "-")


def _leading(text: str) -> float | None:
    found = NUMBER.match(text)
    return float(found[0].replace(",", "")) if found else None


def _plain(cell: Cell) -> Value:
    return cell.value
