"""Texts to predict, read from files, and predictions, written to files.

The readers are those of the data layer, so whatever is wrong with a file is said with its line.
Where nothing else is said, columns are called as in the study's own data.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mtlv.data.file_source import SUFFIXES, FileSource
from mtlv.data.sources import READERS
from mtlv.data.tables import Row, Table, TableOptions
from mtlv.data.text_files import open_text
from mtlv.errors import DataError
from mtlv.store.record import StudyRecord
from mtlv.usage.decided import Decided

__all__ = ["Reading", "Texts", "read_texts", "rendered", "source_of"]

LINES = (".txt", ".text", "")
"""Suffixes of files with a text in every line."""


@dataclass(frozen=True)
class Texts:
    """New texts, what to call them, and the second segments of pairs."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    pairs: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Reading:
    """Where the texts stand in a file.

    Args:
        text: columns that make a text, joined by a blank line.
        text_b: column of the second segment of a pair.
        id: column of the ids; rows are numbered where it is absent.
        options: encoding, delimiter and quotes.
    """

    text: tuple[str, ...] = ("text",)
    text_b: str | None = None
    id: str | None = None
    options: TableOptions = field(default_factory=TableOptions)

    @classmethod
    def of_study(cls, study: StudyRecord, text: str | None = None) -> Reading:
        """Return how the study's own data were read; `text` names another column."""
        source = source_of(study)
        if source is None:
            return cls((text or "text",))
        options = TableOptions(source.encoding, source.delimiter, source.quotes)
        reading = cls(source.text_columns, source.text_b, source.id, options)
        return reading if text is None else replace(reading, text=(text,))


def source_of(study: StudyRecord) -> FileSource | None:
    """Return the file that a study learned from; None for a known dataset or several."""
    entries = list(study.config["data"].values())
    if len(entries) != 1 or "text" not in entries[0]:
        return None
    return FileSource.model_validate(entries[0])


def read_texts(path: Path, reading: Reading | None = None) -> Texts:
    """Read texts to predict: lines of a .txt file, or columns of CSV, TSV, JSON (lines), Parquet.

    Blank lines of a .txt file are passed over; its ids are the numbers of its lines.

    Raises:
        DataError: the file or a column is not there, a text is empty, or there is none at all.
    """
    reading = reading or Reading()
    if not path.is_file():
        raise DataError("There is no such file.", where=str(path))
    suffix = path.suffix.lower()
    if suffix == ".json":
        table = _json_array(path, reading)
    elif suffix in SUFFIXES:
        table = READERS[SUFFIXES[suffix]](path, reading.options)
    elif suffix in LINES:
        table, reading = _lines(path, reading), Reading(("text",), id="line")
    else:
        raise DataError(
            "The format of the file cannot be told from its name.",
            where=str(path),
            found=suffix,
            expected=", ".join([".txt", ".json", *SUFFIXES]),
        )
    texts = _of_table(table, reading)
    if not texts.texts:
        raise DataError("The file holds no text.", where=str(path))
    return texts


def rendered(results: Decided, given: Texts, form: str) -> str:
    """Return predictions as text.

    Args:
        results: of the texts.
        given: the texts.
        form: `csv` (decisions and probabilities), `json`, `jsonl`, or `txt` (the labels that apply,
            with a semicolon between them).
    """
    rows = results.to_json(given.ids)
    if form == "json":
        return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
    if form == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if form == "txt":
        return "".join(";".join(row["labels"]) + "\n" for row in rows)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["id", *results.tasks, *(f"p({task})" for task in results.tasks)])
    for example, decided, scores in zip(
        given.ids, results.decisions, results.probabilities, strict=True
    ):
        writer.writerow([example, *map(int, decided), *(f"{score:.4f}" for score in scores)])
    return file.getvalue()


def _of_table(table: Table, reading: Reading) -> Texts:
    own_id = reading.id if reading.id in table.columns else None
    second = [reading.text_b] if reading.text_b is not None else []
    columns = dict.fromkeys([*reading.text, *second, *([own_id] if own_id else [])])
    table.require(columns)
    ids, texts, pairs = [], [], []
    for row in table.rows(list(columns)):
        ids.append(str(row.values[own_id] if own_id else row.number))
        texts.append(_segment(row, reading.text))
        if second:
            pairs.append(_segment(row, tuple(second)))
    return Texts(tuple(ids), tuple(texts), tuple(pairs) if second else None)


def _segment(row: Row, columns: tuple[str, ...]) -> str:
    values = [row.values.get(column) for column in columns]
    for column, value in zip(columns, values, strict=True):
        if not isinstance(value, str | None):
            raise DataError(
                "This is no text.", where=row.at(column), found=repr(value), expected="text"
            )
    found = [value for value in values if value and value.strip()]
    if not found:
        raise DataError(
            "The text is empty.",
            where=row.at(" and ".join(columns)),
            expected="some text in every row",
            hint="remove the row",
        )
    return "\n\n".join(found)


def _lines(path: Path, reading: Reading) -> Table:
    def rows(_: Any) -> Iterator[Row]:
        with open_text(path, reading.options.encoding) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    where = f"{path}, line {number}"
                    yield Row(number, where, {"line": number, "text": line.rstrip("\r\n")})

    return Table(str(path), ("line", "text"), rows)


def _json_array(path: Path, reading: Reading) -> Table:
    try:
        with open_text(path, reading.options.encoding) as file:
            items = json.load(file)
    except json.JSONDecodeError as error:
        raise DataError(
            "The file is not valid JSON.",
            where=f"{path}, line {error.lineno}",
            found=error.msg,
            hint="call a file with one object per line .jsonl",
        ) from error
    if not isinstance(items, list) or not all(isinstance(item, str | dict) for item in items):
        raise DataError(
            "The file holds no list of texts.",
            where=str(path),
            expected='["a text", …] or [{"text": "a text"}, …]',
        )
    found = [{reading.text[0]: item} if isinstance(item, str) else item for item in items]
    columns = tuple(dict.fromkeys(key for item in found for key in item))

    def rows(_: Any) -> Iterator[Row]:
        for number, item in enumerate(found, 1):
            yield Row(number, f"{path}, item {number}", item)

    return Table(str(path), columns, rows)
