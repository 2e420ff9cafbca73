"""From a row of a flat file to an example, as the file's source says."""

from __future__ import annotations

from collections.abc import Mapping

from mtlv.data.corpus import Example, Part, Value
from mtlv.data.file_source import FileSource
from mtlv.data.tables import PART_NAMES, Row
from mtlv.errors import DataError

__all__ = ["example_of", "has_text"]


def example_of(row: Row, source: FileSource, targets: Mapping[str, Value]) -> Example:
    """Return the example that a row stands for.

    Raises:
        DataError: a text is no text, an id is empty, or a part is not known.
    """
    return Example(
        id=_id(row, source),
        text=_text(row, source.text_columns),
        text_b=None if source.text_b is None else _text(row, (source.text_b,)),
        targets=targets,
        part=row.part if source.part is None else _part(row, source.part),
        where=row.where,
    )


def has_text(row: Row, source: FileSource) -> bool:
    """Tell whether a row has all the texts that an example needs."""
    first = _text(row, source.text_columns).strip()
    return bool(first) and (source.text_b is None or bool(_text(row, (source.text_b,)).strip()))


def _text(row: Row, columns: tuple[str, ...]) -> str:
    segments = []
    for column in columns:
        value = row.values.get(column)
        if not isinstance(value, str | None):
            raise DataError(
                f"The text column '{column}' holds something that is no text.",
                where=row.at(column),
                found=repr(value),
                expected="text",
            )
        if value and value.strip():
            segments.append(value)
    return "\n\n".join(segments)


def _id(row: Row, source: FileSource) -> str:
    prefix = f"{row.part}-" if source.parts is not None else ""
    if source.id is None:
        return f"{prefix}{row.number}"
    value = row.values.get(source.id)
    if value is None or not str(value).strip():
        raise DataError(
            "An example has no id.",
            where=row.at(source.id),
            found="an empty cell",
            expected="an id in every row",
            hint="leave `id` out to number the rows",
        )
    return prefix + str(value).strip()


def _part(row: Row, column: str) -> Part:
    value = row.values.get(column)
    part = PART_NAMES.get(str(value).strip().lower())
    if part is None:
        raise DataError(
            f"The column '{column}' holds no part that is known.",
            where=row.at(column),
            found=repr(value),
            expected="train, validation (or dev, devel, val) or test",
        )
    return part
