"""Values of single cells: numbers within a range, and names of classes.

Every reader of scores and classes uses these, so that a wrong cell is always told in the same
words, with its file, line and column.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mtlv.data.tables import Row
from mtlv.errors import DataError, nearest

__all__ = ["class_in", "class_name_in", "number_in"]


def number_in(row: Row, column: str, within: tuple[float, float] | None = None) -> float | None:
    """Return the number in a cell; None where it is empty.

    Args:
        row: that holds it.
        column: of the cell.
        within: smallest and largest value; None allows every finite number.

    Raises:
        DataError: it is no number, not finite, or out of the range.
    """
    value = row.values.get(column)
    if _is_missing(value):
        return None
    number = _number(value)
    low, high = within or (-math.inf, math.inf)
    finite = number is not None and math.isfinite(number)
    if number is None or not finite or not low <= number <= high:
        problem = "a number out of its range" if finite else "something that is no number"
        raise DataError(
            f"The column '{column}' holds {problem}.",
            where=row.at(column),
            found=repr(value),
            expected=f"a number from {low:g} to {high:g}" if within else "a finite number",
        )
    return number


def class_in(
    row: Row, column: str, labels: Sequence[str], class_names: Sequence[str] | None = None
) -> int | None:
    """Return the index of the class in a cell; None where it is empty.

    Args:
        row: that holds it.
        column: of the cell.
        labels: names of the classes.
        class_names: names of the classes in the file, where the cell holds their indices.

    Raises:
        DataError: it is none of the classes.
    """
    name = class_name_in(row, column, class_names)
    if name is None:
        return None
    if name not in labels:
        raise DataError(
            f"The column '{column}' holds a class that is not known.",
            where=row.at(column),
            found=repr(row.values.get(column)),
            expected=f"one of {', '.join(labels)}",
            hint=nearest(name, labels),
        )
    return labels.index(name)


def class_name_in(row: Row, column: str, class_names: Sequence[str] | None = None) -> str | None:
    """Return the name of the class in a cell; None where it is empty.

    Raises:
        DataError: it is neither text nor a whole number.
    """
    value = row.values.get(column)
    if _is_missing(value):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str):
        return value.strip()
    if not isinstance(value, int):
        raise DataError(
            f"The column '{column}' holds something that is no class.",
            where=row.at(column),
            found=repr(value),
            expected="the name or the number of a class",
        )
    return class_names[value] if class_names and 0 <= value < len(class_names) else str(value)


def _is_missing(value: Any) -> bool:
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except ValueError:
        return None
