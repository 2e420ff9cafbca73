"""Sources: a corpus from a flat file, by configuration alone.

A `FileSource` names a file, its text columns and its labels; `read_source` makes the corpus, in one
pass (two, where the labels must be found first). CSV, TSV, JSON lines, Parquet and the datasets of
Hugging Face's library all come here; the readers know the formats, this module only knows rows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from mtlv.data.builder import CorpusBuilder
from mtlv.data.columnar import open_huggingface, open_parquet
from mtlv.data.corpus import Corpus, Example, Part, Target
from mtlv.data.descriptions import read_descriptions
from mtlv.data.file_source import SUFFIXES, FileSource, Format
from mtlv.data.labels import LabelColumn, Labels, labels_in_columns, labels_in_list
from mtlv.data.tables import PART_NAMES, Row, Table, TableOptions
from mtlv.data.text_files import open_csv, open_json_lines, open_tsv
from mtlv.errors import DataError, nearest

__all__ = ["FileSource", "Format", "find_file", "open_source", "read_source"]

READERS: dict[str, Callable[[Path, TableOptions], Table]] = {
    "csv": open_csv,
    "tsv": open_tsv,
    "jsonl": open_json_lines,
    "parquet": open_parquet,
}
HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")


def read_source(name: str, source: FileSource, base: Path) -> Corpus:
    """Read a corpus of binary labels from a file.

    Args:
        name: of the corpus.
        source: what to read.
        base: folder that relative paths start from; the current folder is tried after it.

    Raises:
        DataError: something is wrong with the file; the message names file, line and column.
    """
    table = open_source(source, base)
    table.require(source.columns)
    labels = _labels(source, table)
    descriptions = _descriptions(source, base)
    targets = [Target(n, "binary", description=descriptions.get(n)) for n in labels.names]
    builder = CorpusBuilder(name, targets, source=table.where)
    rows = dropped = 0
    for row in table.rows(source.columns):
        rows += 1
        if source.empty == "drop" and not _has_text(row, source):
            dropped += 1
        else:
            builder.add(_example(row, source, labels))
    if rows == dropped:
        raise _no_examples(table, rows)
    notes = [*labels.notes, *_unused(descriptions, labels, table)]
    if dropped:
        notes.append(f"{dropped} of {rows} rows have no text and were dropped")
    return builder.build(notes)


def open_source(source: FileSource, base: Path) -> Table:
    """Find a source's file and open it with the reader of its format.

    Raises:
        DataError: there is no such file, its format is not known, or it cannot be opened.
    """
    options = TableOptions(
        source.encoding, source.delimiter, source.quotes, source.split, source.subset
    )
    path = find_file(source.path, base)
    known = source.format or _format_of(path, source.path)
    if known == "huggingface":
        return open_huggingface(str(path) if path.exists() else source.path, options)
    if not path.is_file():
        raise _missing_file(source.path, base, path)
    return READERS[known](path, options)


def find_file(path: str, base: Path) -> Path:
    """Return where a path of a config points to: from `base`, else from the current folder."""
    plain = Path(os.path.expandvars(path)).expanduser()
    beside = base / plain
    return plain if not beside.exists() and plain.exists() else beside


def _format_of(path: Path, written: str) -> Format:
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    if path.is_dir() or (not path.exists() and HUB_NAME.fullmatch(written)):
        return "huggingface"
    raise DataError(
        "The format of the file cannot be told from its name.",
        where=str(path),
        found=suffix or "no suffix",
        expected=", ".join(SUFFIXES),
        hint="set `format` to csv, tsv, jsonl, parquet or huggingface",
    )


def _labels(source: FileSource, table: Table) -> Labels:
    if not isinstance(source.labels, LabelColumn):
        return labels_in_columns(source.labels)
    column = source.labels.column
    return labels_in_list(
        source.labels, _rows_with_text(source, table, column), table.class_names.get(column)
    )


def _rows_with_text(source: FileSource, table: Table, column: str) -> Iterator[Row]:
    texts = [*source.text_columns, *([source.text_b] if source.text_b else [])]
    for row in table.rows([*dict.fromkeys([*texts, column])]):
        if _has_text(row, source):
            yield row


def _descriptions(source: FileSource, base: Path) -> Mapping[str, str]:
    if isinstance(source.descriptions, str):
        return read_descriptions(find_file(source.descriptions, base))
    return source.descriptions or {}


def _unused(descriptions: Mapping[str, str], labels: Labels, table: Table) -> list[str]:
    unused = [name for name in descriptions if name not in labels.names]
    if unused and len(unused) == len(descriptions):
        raise DataError(
            "None of the descriptions belongs to a label.",
            where=table.where,
            found=f"a description of '{unused[0]}'",
            hint=nearest(unused[0], labels.names),
        )
    return [f"descriptions of no label that is used: {', '.join(unused)}"] if unused else []


def _example(row: Row, source: FileSource, labels: Labels) -> Example:
    return Example(
        id=_id(row, source),
        text=_text(row, source.text_columns),
        text_b=None if source.text_b is None else _text(row, (source.text_b,)),
        targets=labels.read(row),
        part=row.part if source.part is None else _part(row, source.part),
        where=row.where,
    )


def _has_text(row: Row, source: FileSource) -> bool:
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
    if source.id is None:
        return str(row.number)
    value = row.values.get(source.id)
    if value is None or not str(value).strip():
        raise DataError(
            "An example has no id.",
            where=row.at(source.id),
            found="an empty cell",
            expected="an id in every row",
            hint="leave `id` out to number the rows",
        )
    return str(value).strip()


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


def _no_examples(table: Table, rows: int) -> DataError:
    return DataError(
        "The file holds no example.",
        where=table.where,
        found=f"{rows} rows, none with text" if rows else "column names and no row",
        expected="one row per example",
    )


def _missing_file(written: str, base: Path, path: Path) -> DataError:
    siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    close = get_close_matches(path.name, siblings, n=1)
    return DataError(
        f"There is no file '{written}'.",
        where=str(path),
        found="a folder" if path.is_dir() else None,
        expected=f"a path relative to {base.resolve()} or to {Path.cwd()}",
        hint=f"did you mean '{close[0]}'?" if close else "correct `path`",
    )
