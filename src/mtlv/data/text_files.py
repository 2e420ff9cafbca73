"""Readers of CSV, TSV and JSON lines.

They stream, and they are strict: a broken quote, a row with a field too many, or a byte that the
encoding does not know is an error with its line, never a text that swallowed its neighbours.
"""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

from mtlv.data.tables import Row, Table, TableOptions
from mtlv.errors import DataError

__all__ = ["open_csv", "open_json_lines", "open_text", "open_tsv", "records"]

SHARE_OF_ZEROS = 0.1
"""UTF-16 has more bytes of value zero, in any text with Latin letters, digits or blanks."""
LONGEST_FIELD = 16 * 2**20
"""Characters; Python's own limit of 131,072 is too short for documents, and none at all would let
one broken quote swallow a file."""

SIGNATURES = {
    b"PAR1": ("a Parquet file", "set `format: parquet`"),
    b"PK\x03\x04": ("an Excel workbook or a zip archive", "unpack it, or save the sheet as CSV"),
    b"\x1f\x8b": ("a gzip file", "unpack it first"),
}


def open_csv(path: Path, options: TableOptions) -> Table:
    """Open a comma-separated file whose first record names the columns."""
    return _open_delimited(path, options, options.delimiter or ",")


def open_tsv(path: Path, options: TableOptions) -> Table:
    """Open a tab-separated file whose first record names the columns."""
    return _open_delimited(path, options, options.delimiter or "\t")


def open_json_lines(path: Path, options: TableOptions) -> Table:
    """Open a file with one JSON object per line; its columns are all keys of all objects."""
    read = partial(_objects, path, options.encoding)
    columns = tuple(dict.fromkeys(key for _, values in read() for key in values))
    if not columns:
        raise _empty(path, "one JSON object per line")

    def rows(_: Sequence[str]) -> Iterator[Row]:
        for number, (line, values) in enumerate(read(), 1):
            yield Row(number, f"{path}, line {line}", values)

    return Table(str(path), columns, rows)


def records(
    path: Path, options: TableOptions, delimiter: str
) -> Generator[tuple[int, list[str]], None, None]:
    """Read the records of a delimited file, each with the line where it starts, but no blank line.

    Raises:
        DataError: a broken quote, or bytes that are not in the encoding.
    """
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_FIELD))
    with open_text(path, options.encoding, newline="") as file:
        reader = csv.reader(
            file,
            delimiter=delimiter,
            quoting=csv.QUOTE_MINIMAL if options.quotes else csv.QUOTE_NONE,
            strict=True,
        )
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise DataError(
                    "A quoted field is not closed, or it is closed too early.",
                    where=f"{path}, line {line}",
                    found=str(error),
                    expected='a field that starts with " ends with ", and each " inside is doubled',
                    hint="mend the record that starts in this line, or set `quotes: false` if "
                    "quotes mean nothing in this file",
                ) from error
            if fields:
                yield line, fields


@contextmanager
def open_text(path: Path, encoding: str, newline: str | None = None) -> Iterator[IO[str]]:
    """Open a text file; whatever is wrong with its bytes while it is read becomes a DataError."""
    try:
        _check_signature(path, encoding)
        known = "utf-8-sig" if _codec(encoding) == "utf-8" else encoding
        with path.open(encoding=known, newline=newline) as file:
            yield file
    except UnicodeError as error:
        raise _wrong_encoding(path, encoding, error) from error
    except OSError as error:
        raise DataError("Cannot read the file.", where=str(path), found=error.strerror) from error


def _open_delimited(path: Path, options: TableOptions, delimiter: str) -> Table:
    read = partial(records, path, options, delimiter)
    with closing(read()) as start:
        _, header = next(start, (0, []))
    columns = tuple(name.strip() for name in header)
    if not any(columns):
        raise _empty(path, "a header with column names and one row per example")
    _check_delimiter(path, columns, delimiter)

    def rows(_: Sequence[str]) -> Iterator[Row]:
        with closing(read()) as found:
            next(found)
            for number, (line, fields) in enumerate(found, 1):
                where = f"{path}, line {line}"
                _check_width(where, fields, columns)
                yield Row(number, where, dict(zip(columns, fields, strict=True)))

    return Table(str(path), columns, rows)


def _check_width(where: str, fields: Sequence[str], columns: Sequence[str]) -> None:
    if len(fields) != len(columns):
        raise DataError(
            f"A row has too {'many' if len(fields) > len(columns) else 'few'} fields.",
            where=where,
            found=f"{len(fields)} fields, the last one {_short(fields[-1])}",
            expected=f"{len(columns)} fields, as in the header",
            hint="put fields that hold the delimiter or a line break in double quotes",
        )


def _check_delimiter(path: Path, columns: Sequence[str], delimiter: str) -> None:
    others = [mark for mark in (",", "\t", ";", "|") if mark != delimiter and mark in columns[0]]
    if len(columns) == 1 and others:
        raise DataError(
            "The header is a single column: the file seems to have another delimiter.",
            where=f"{path}, line 1",
            found=_short(columns[0]),
            expected=f"columns separated by {delimiter!r}",
            hint=f"set `delimiter: {json.dumps(others[0])}`",
        )


def _objects(path: Path, encoding: str) -> Iterator[tuple[int, dict[str, Any]]]:
    with open_text(path, encoding) as file:
        for line, text in enumerate(file, 1):
            if text.strip():
                yield line, _object(text, f"{path}, line {line}")


def _object(text: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise DataError(
            "A line is not valid JSON.",
            where=where,
            found=f"{_short(text.strip())} ({error})",
            expected="one JSON object per line",
            hint="a file that is one large JSON array must be written as lines first"
            if text.lstrip().startswith("[")
            else None,
        ) from error
    if not isinstance(value, dict):
        raise DataError(
            "A line is not a JSON object.",
            where=where,
            found=_short(text.strip()),
            expected='an object such as {"text": "…", "label": 1} in every line',
        )
    return value


def _check_signature(path: Path, encoding: str) -> None:
    with path.open("rb") as file:
        head = file.read(1024)
    for signature, (kind, hint) in SIGNATURES.items():
        if head.startswith(signature):
            raise DataError(
                "This is not a text file.", where=str(path), found=kind, expected="text", hint=hint
            )
    if b"\0" in head and not _codec(encoding).startswith(("utf-16", "utf-32")):
        many = head.count(0) > SHARE_OF_ZEROS * len(head)
        raise DataError(
            f"The file is not in the encoding {encoding}.",
            where=f"{path}, line 1" if many else f"{path}, byte {head.index(0) + 1}",
            found=f"{'bytes' if many else 'a byte'} of value zero"
            + (", as UTF-16 has them" if many else ""),
            expected=f"text in {encoding}",
            hint=f"set `encoding: {_sixteen_bit(head)}`" if many else "remove it from the file",
        )


def _sixteen_bit(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"


def _wrong_encoding(path: Path, encoding: str, error: UnicodeError) -> DataError:
    line = _first_bad_line(path, encoding)
    return DataError(
        f"The file is not in the encoding {encoding}.",
        where=f"{path}, line {line}" if line else str(path),
        found=str(error.reason) if isinstance(error, UnicodeDecodeError) else str(error),
        expected=f"text in {encoding}",
        hint="set `encoding: latin-1` (or `cp1252` for a file from Windows)"
        if _codec(encoding).startswith("utf-8")
        else "set `encoding: utf-8`, or ask where the file comes from",
    )


def _first_bad_line(path: Path, encoding: str) -> int | None:
    """Find the line: a decoder reads ahead, so its own error does not know it."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode(encoding)
            except UnicodeError:
                # Lines of UTF-16 do not end at a byte of value 10.
                return None if _codec(encoding).startswith(("utf-16", "utf-32")) else number
    return None


def _empty(path: Path, expected: str) -> DataError:
    return DataError("The file is empty.", where=str(path), expected=expected)


def _codec(encoding: str) -> str:
    return codecs.lookup(encoding).name


def _short(text: str, width: int = 60) -> str:
    return repr(text if len(text) <= width else text[: width - 1] + "…")
