"""Affinities from a file: what someone has measured elsewhere, or knows.

A table (`.csv`, or `.tsv` with tabs) names tasks in its first row and first column; the cell in row
s and column t is the effect of learning s on t, larger being better. JSON says the same as
`{"tasks": [...], "matrix": [[...]]}`. The order of tasks is free, the diagonal may be empty.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mtlv.errors import GroupingError, nearest
from mtlv.grouping.affinity_value import Affinity, check_several
from mtlv.grouping.gains import PairGains, Unit
from mtlv.tasks import TaskSet

__all__ = ["read_affinity"]

CAUTION = "Its unit and its uncertainty are not known."


@dataclass(frozen=True)
class _Table:
    """A table as it stands in a file.

    Args:
        path: of the file.
        columns: tasks of the columns.
        rows: tasks of the rows.
        cells: by row.
        lines: where each row stands; None in JSON.
    """

    path: Path
    columns: list[str]
    rows: list[str]
    cells: list[list[Any]]
    lines: list[int] | None

    def place(self, row: int, column: int) -> str:
        """Say where a cell is."""
        if self.lines is None:
            return f"{self.path}, matrix[{row}][{column}]"
        return f"{self.path}, line {self.lines[row]}, column '{self.columns[column]}'"


def read_affinity(path: Path, tasks: TaskSet) -> Affinity:
    """Read an affinity, and bring it into the order of the tasks.

    Args:
        path: of a CSV, TSV or JSON file.
        tasks: that are to be grouped.

    Raises:
        GroupingError: the file cannot be read, is for other tasks, or a cell is not a number.
    """
    check_several(tasks.names)
    table = _read_json(path) if path.suffix == ".json" else _read_table(path)
    _check_names(table, "columns", table.columns, tasks.names)
    _check_names(table, "rows", table.rows, tasks.names)
    matrix = np.full((len(tasks), len(tasks)), np.nan)
    for row, source in enumerate(table.rows):
        _check_width(table, row)
        for column, target in enumerate(table.columns):
            place = tasks.names.index(source), tasks.names.index(target)
            matrix[place] = _number(table, row, column)
    gains = PairGains(matrix, unit=Unit("in the file's unit", 1, CAUTION))
    note = f"read from {path.name}. {CAUTION}"
    return Affinity(path.stem, tasks.names, matrix, None, gains, note=note)


def _read_table(path: Path) -> _Table:
    delimiter = "\t" if path.suffix in (".tsv", ".tab") else ","
    reader = csv.reader(io.StringIO(_text(path), newline=""), delimiter=delimiter)
    try:
        read = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise GroupingError(
            "The affinity file is not a table.",
            where=f"{path}, line {reader.line_num}",
            found=str(error),
        ) from error
    rows = [(line, row) for line, row in read if any(row)]
    if len(rows) < 2 or len(rows[0][1]) < 2:
        raise GroupingError(
            "The affinity file holds no table.",
            where=str(path),
            expected="task names in the first row and the first column, separated by "
            + ("tabs" if delimiter == "\t" else "commas"),
        )
    body = rows[1:]
    names = [row[0] for _, row in body]
    return _Table(path, rows[0][1][1:], names, [row[1:] for _, row in body], [n for n, _ in body])


def _read_json(path: Path) -> _Table:
    expected = '{"tasks": [names], "matrix": [rows of numbers]}'
    try:
        data = json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise GroupingError(
            "The affinity file is not JSON.", where=f"{path}, line {error.lineno}", found=error.msg
        ) from error
    names = data.get("tasks") if isinstance(data, dict) else None
    matrix = data.get("matrix") if isinstance(data, dict) else None
    is_table = isinstance(matrix, list) and all(isinstance(row, list) for row in matrix)
    if not isinstance(names, list) or not isinstance(matrix, list) or not is_table:
        raise GroupingError("The affinity file holds no table.", where=str(path), expected=expected)
    if len(matrix) != len(names):
        raise GroupingError(
            "The affinity is not square.",
            where=f"{path}, matrix",
            found=f"{len(matrix)} rows for {len(names)} tasks",
            expected="a row per task",
        )
    named = [str(name) for name in names]
    return _Table(path, named, named, matrix, None)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise GroupingError(
            "The affinity file cannot be read.", where=str(path), found=str(error)
        ) from error


def _check_names(table: _Table, side: str, names: Sequence[str], wanted: Sequence[str]) -> None:
    unknown = [name for name in names if name not in wanted]
    missing = [name for name in wanted if name not in names]
    twice = sorted({name for name in names if list(names).count(name) > 1})
    problems = [
        f"{', '.join(named)} {verb}"
        for named, verb in ((unknown, "not known"), (missing, "missing"), (twice, "twice"))
        if named
    ]
    if problems:
        raise GroupingError(
            "This is an affinity file for other tasks.",
            where=f"{table.path}, {side}",
            found="; ".join(problems),
            expected=f"each of {', '.join(wanted)} once",
            hint=nearest(unknown[0], wanted) if unknown else None,
        )


def _check_width(table: _Table, row: int) -> None:
    found = len(table.cells[row])
    if found != len(table.columns):
        line = "" if table.lines is None else f"line {table.lines[row]}, "
        raise GroupingError(
            "The affinity is not square.",
            where=f"{table.path}, {line}row '{table.rows[row]}'",
            found=f"{found} cells",
            expected=f"{len(table.columns)} cells, one per task",
        )


def _number(table: _Table, row: int, column: int) -> float:
    cell = table.cells[row][column]
    if table.rows[row] == table.columns[column] and cell in ("", None):
        return float("nan")
    value = _parsed(cell)
    if value is None or not (np.isfinite(value) or table.rows[row] == table.columns[column]):
        raise GroupingError(
            "A cell of the affinity is not a number.",
            where=table.place(row, column),
            found=repr(cell),
            expected="a finite number; only the diagonal may be empty",
        )
    return value


def _parsed(cell: object) -> float | None:
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return None
    try:
        return float(cell)
    except (ValueError, OverflowError):
        return None
