"""Labels of flat files: binary values from 0/1 columns, or from one column with a list of names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from mtlv.data.tables import Row
from mtlv.errors import DataError, nearest
from mtlv.settings import Settings

__all__ = ["LabelColumn", "Labels", "binary_in", "labels_in_columns", "labels_in_list"]

BINARY: dict[str, int | None] = {"": None, "0": 0, "1": 1, "0.0": 0, "1.0": 1}


class LabelColumn(Settings):
    """One column that lists the labels of an example: `cough;fever`, or a list in JSON or Arrow."""

    column: str
    """Its name; an empty cell means that no label applies."""
    separator: str = Field(";", min_length=1)
    """What stands between two labels in text."""
    names: tuple[str, ...] | None = Field(None, min_length=1)
    """Labels to use, in this order; None means all that are found, most frequent first."""
    min_count: int = Field(1, ge=1)
    """Leave found labels out that fewer examples have; labels given in `names` stay."""


@dataclass(frozen=True)
class Labels:
    """What a source's rows say about some binary labels.

    Args:
        names: of the labels, in order.
        read: gives the values of a row by label: 0, 1, or None where missing.
        notes: what was left out.
    """

    names: tuple[str, ...]
    read: Callable[[Row], dict[str, int | None]]
    notes: tuple[str, ...] = ()


def labels_in_columns(columns: Mapping[str, str] | Iterable[str]) -> Labels:
    """Read each label from a column of its own.

    Args:
        columns: column by label name, or columns that are called like their labels.
    """
    if isinstance(columns, Mapping):
        pairs = list(columns.items())
    else:
        pairs = [(name, name) for name in columns]

    def read(row: Row) -> dict[str, int | None]:
        return {name: binary_in(row, column) for name, column in pairs}

    return Labels(tuple(name for name, _ in pairs), read)


def labels_in_list(
    settings: LabelColumn, rows: Iterable[Row], class_names: tuple[str, ...] | None = None
) -> Labels:
    """Read all labels from one column; looks at all rows once to find them.

    Args:
        settings: the column.
        rows: those that will become examples.
        class_names: names of the classes, where the column holds class indices.

    Raises:
        DataError: a given name is never found, or no label is frequent enough.
    """

    def tags(row: Row) -> set[str]:
        return set(_tags(row, settings, class_names))

    counts = Counter(tag for row in rows for tag in tags(row))
    names, notes = _chosen(settings, counts)

    def read(row: Row) -> dict[str, int | None]:
        present = tags(row)
        return {name: int(name in present) for name in names}

    return Labels(names, read, notes)


def binary_in(row: Row, column: str) -> int | None:
    """Return the 0 or 1 in a cell; None where it is empty.

    Raises:
        DataError: it holds something else.
    """
    value = row.values.get(column)
    if value is None or value != value:
        return None
    if isinstance(value, str) and value.strip() in BINARY:
        return BINARY[value.strip()]
    if isinstance(value, int | float) and value in (0, 1):
        return int(value)
    raise DataError(
        f"The label column '{column}' holds a value that is neither 0 nor 1.",
        where=row.at(column),
        found=repr(value),
        expected="0, 1, or empty where the label is not known",
        hint="for a column that lists names of labels, write `labels: {column: "
        + column
        + ', separator: ";"}`',
    )


def _tags(row: Row, settings: LabelColumn, class_names: tuple[str, ...] | None) -> list[str]:
    value = row.values.get(settings.column)
    if value is None:
        return []
    if isinstance(value, str):
        value = value.split(settings.separator)
    items = value if isinstance(value, list) else [value]
    names = [_tag(item, class_names) for item in items]
    if None in names:
        raise DataError(
            f"The label column '{settings.column}' holds something that is no list of names.",
            where=row.at(settings.column),
            found=repr(value),
            expected=f"names separated by '{settings.separator}', or a list of names",
        )
    return [name for name in names if name]


def _tag(item: Any, class_names: tuple[str, ...] | None) -> str | None:
    if isinstance(item, str):
        return item.strip()
    if isinstance(item, bool) or not isinstance(item, int):
        return None
    return class_names[item] if class_names else str(item)


def _chosen(
    settings: LabelColumn, counts: Mapping[str, int]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    where = f"column '{settings.column}'"
    if not counts:
        raise DataError("No row has a label.", where=where, hint="is it the right column?")
    if settings.names is not None:
        for name in settings.names:
            if name not in counts:
                raise DataError(
                    f"No row has the label '{name}'.", where=where, hint=nearest(name, counts)
                )
        return settings.names, _left_out(counts, settings.names, "they are not in `names`")
    ordered = sorted(counts, key=lambda name: (-counts[name], name))
    names = tuple(name for name in ordered if counts[name] >= settings.min_count)
    if not names:
        raise DataError(
            "No label is frequent enough.",
            where=where,
            found=f"'{ordered[0]}' in {counts[ordered[0]]} examples, all others in fewer",
            expected=f"at least {settings.min_count} (`min_count`)",
        )
    reason = f"fewer than {settings.min_count} examples have them"
    return names, _left_out(counts, names, reason)


def _left_out(counts: Mapping[str, int], names: Iterable[str], reason: str) -> tuple[str, ...]:
    left = len(counts) - len(set(names))
    return (f"{left} of {len(counts)} labels are left out: {reason}",) if left else ()
