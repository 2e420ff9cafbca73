"""Tables: one way to look at the rows of any file, without holding the file in memory.

A reader opens a file, tells its columns, and gives its rows as often as asked. Each row knows the
place it came from, so that every later complaint can name file and line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mtlv.data.corpus import Part
from mtlv.errors import DataError, nearest

__all__ = ["PART_NAMES", "Row", "Table", "TableOptions"]

PART_NAMES: dict[str, Part] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "devel": "validation",
    "development": "validation",
    "test": "test",
    "testing": "test",
}
"""What datasets call their official parts, in lower case."""


@dataclass(frozen=True)
class TableOptions:
    """How to read a file whose format leaves something open.

    Args:
        encoding: of text files; a byte order mark of UTF-8 is accepted either way.
        delimiter: of CSV and TSV; None means a comma or a tab.
        quotes: whether `"` quotes fields of CSV and TSV.
        split: of a Hugging Face dataset; None means all, as official parts.
        subset: of a Hugging Face dataset, called its configuration there.
    """

    encoding: str = "utf-8"
    delimiter: str | None = None
    quotes: bool = True
    split: str | None = None
    subset: str | None = None


@dataclass(frozen=True)
class Row:
    """One record.

    Args:
        number: from 1, in the order of the file.
        where: file and line (or row), for error messages.
        values: by column; text files give str, others what they hold.
        part: the official part, where the table is made of named splits.
    """

    number: int
    where: str
    values: Mapping[str, Any]
    part: Part | None = None

    def at(self, column: str) -> str:
        """Return the place of one value, for error messages."""
        return f"{self.where}, column '{column}'"


@dataclass(frozen=True)
class Table:
    """A file with named columns.

    Args:
        where: the file or dataset, for error messages.
        columns: their names in order; a name may stand twice as long as nobody asks for it.
        rows: gives the rows from the start each time it is called; a reader may leave out columns
            that are not asked for.
        class_names: names of the classes of columns that hold class indices.
    """

    where: str
    columns: tuple[str, ...]
    rows: Callable[[Sequence[str]], Iterator[Row]]
    class_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def require(self, columns: Iterable[str]) -> None:
        """Check that columns are there, once each.

        Raises:
            DataError: one is missing or stands twice.
        """
        for column in columns:
            count = self.columns.count(column)
            if count == 0:
                raise DataError(
                    f"There is no column '{column}'.",
                    where=self.where,
                    found=", ".join(self.columns) or "no columns",
                    hint=nearest(column, self.columns),
                )
            if count > 1:
                raise DataError(
                    f"The column '{column}' stands {count} times.",
                    where=self.where,
                    expected="one column of that name",
                    hint="rename or remove the others",
                )
