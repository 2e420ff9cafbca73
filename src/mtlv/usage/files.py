"""Files of new examples, opened as tables: those of the data layer, lines, JSON and CoNLL.

The readers are those of the data layer, so whatever is wrong with a file is said with its line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mtlv.data.file_source import SUFFIXES
from mtlv.data.sources import READERS
from mtlv.data.tables import Row, Table, TableOptions
from mtlv.data.text_files import open_text
from mtlv.errors import DataError

__all__ = ["open_examples"]

DOCUMENT_START = "-DOCSTART-"


def open_examples(path: Path, options: TableOptions) -> Table:
    """Open a file of new examples.

    Lines of a .txt file have one column, `text`; the sentences of a .conll file have `tokens`, the
    first word of every line. A .json file holds a list of objects, of texts, or of lists of words.

    Raises:
        DataError: the file is not there, or its format is not known.
    """
    if not path.is_file():
        raise DataError("There is no such file.", where=str(path))
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return READERS[SUFFIXES[suffix]](path, options)
    if suffix not in OTHERS:
        raise DataError(
            "The format of the file cannot be told from its name.",
            where=str(path),
            found=suffix,
            expected=", ".join([*(own for own in OTHERS if own), *SUFFIXES]),
        )
    return OTHERS[suffix](path, options)


def _lines(path: Path, options: TableOptions) -> Table:
    """Open a file with a text in every line; rows are numbered as lines, blank ones passed over."""

    def rows(_: Any) -> Iterator[Row]:
        with open_text(path, options.encoding) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield Row(number, f"{path}, line {number}", {"text": line.rstrip("\r\n")})

    return Table(str(path), ("text",), rows)


def _sentences(path: Path, options: TableOptions) -> Table:
    """Open a file with a word in every line and a blank line between sentences."""

    def rows(_: Any) -> Iterator[Row]:
        words: list[str] = []
        number = start = 0
        with open_text(path, options.encoding) as file:
            for line_number, line in enumerate([*file, ""], 1):
                fields = line.split()
                if fields and fields[0] != DOCUMENT_START:
                    start = line_number if not words else start
                    words.append(fields[0])
                elif words:
                    number += 1
                    yield Row(number, f"{path}, line {start}", {"tokens": words})
                    words = []

    return Table(str(path), ("tokens",), rows)


def _json_array(path: Path, options: TableOptions) -> Table:
    try:
        with open_text(path, options.encoding) as file:
            items = json.load(file)
    except json.JSONDecodeError as error:
        raise DataError(
            "The file is not valid JSON.",
            where=f"{path}, line {error.lineno}",
            found=error.msg,
            hint="call a file with one object per line .jsonl",
        ) from error
    if not isinstance(items, list) or not all(
        isinstance(item, str | list | dict) for item in items
    ):
        raise DataError(
            "The file holds no list of texts.",
            where=str(path),
            expected='["a text", …], [{"text": "a text"}, …] or [["some", "words"], …]',
        )
    found = [_values(item) for item in items]
    columns = tuple(dict.fromkeys(key for item in found for key in item))

    def rows(_: Any) -> Iterator[Row]:
        for number, item in enumerate(found, 1):
            yield Row(number, f"{path}, item {number}", item)

    return Table(str(path), columns, rows)


def _values(item: str | list[Any] | dict[str, Any]) -> dict[str, Any]:
    if isinstance(item, dict):
        return item
    return {"text" if isinstance(item, str) else "tokens": item}


OTHERS: dict[str, Callable[[Path, TableOptions], Table]] = {
    ".txt": _lines,
    ".text": _lines,
    "": _lines,
    ".json": _json_array,
    ".conll": _sentences,
    ".bio": _sentences,
    ".iob": _sentences,
}
