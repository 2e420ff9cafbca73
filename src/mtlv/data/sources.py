"""Sources: a corpus from flat files, by configuration alone.

A `FileSource` names a file (or one for each part), its text columns, and its labels or tasks;
`read_source` makes the corpus, in one pass, and one more wherever labels or classes must be found
first. CSV, TSV, JSON lines, Parquet and the datasets of Hugging Face's library all come here; the
readers know the formats, this module only knows rows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from mtlv.data.builder import CorpusBuilder
from mtlv.data.columnar import open_huggingface, open_parquet
from mtlv.data.corpus import Corpus, Part, Target
from mtlv.data.descriptions import read_descriptions
from mtlv.data.file_source import SUFFIXES, FileSource, Format
from mtlv.data.labels import LabelColumn, Labels, labels_in_columns, labels_in_list
from mtlv.data.rows import example_of, has_text
from mtlv.data.tables import Row, Table, TableOptions
from mtlv.data.task_columns import ColumnTasks, tasks_in_columns
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
    """Read a corpus from a file, or from a file for each part.

    Args:
        name: of the corpus.
        source: what to read.
        base: folder that relative paths start from; the current folder is tried after it.

    Raises:
        DataError: something is wrong with a file; the message names file, line and column.
    """
    table = open_source(source, base)
    labels, tasks = _labels(source, table), _tasks(source, table)
    descriptions = _descriptions(source, base)
    targets = _targets(labels, tasks, descriptions)
    builder = CorpusBuilder(name, targets, source=table.where)
    rows = dropped = 0
    for row in table.rows(source.columns):
        rows += 1
        if source.empty == "drop" and not has_text(row, source):
            dropped += 1
        else:
            builder.add(example_of(row, source, {**labels.read(row), **tasks.read(row)}))
    if rows == dropped:
        raise _no_examples(table, rows)
    notes = [*labels.notes, *tasks.notes, *_unused(descriptions, targets, table)]
    if dropped:
        notes.append(f"{dropped} of {rows} rows have no text and were dropped")
    return builder.build(notes)


def open_source(source: FileSource, base: Path) -> Table:
    """Find a source's files and open them with the readers of their formats.

    Raises:
        DataError: a file or one of the source's columns is not there, its format is not known, or
            it cannot be opened.
    """
    if source.parts is None:
        table = _opened(str(source.path), source, base)
        table.require(source.columns)
        return table
    tables = {part: _opened(path, source, base) for part, path in source.parts.items()}
    for table in tables.values():
        table.require(source.columns)
    return _in_parts(tables)


def find_file(path: str, base: Path) -> Path:
    """Return where a path of a config points to: from `base`, else from the current folder."""
    plain = Path(os.path.expandvars(path)).expanduser()
    beside = base / plain
    return plain if not beside.exists() and plain.exists() else beside


def _opened(written: str, source: FileSource, base: Path) -> Table:
    options = TableOptions(
        source.encoding, source.delimiter, source.quotes, source.split, source.subset
    )
    path = find_file(written, base)
    known = source.format or _format_of(path, written)
    if known == "huggingface" and source.parts is None:
        return open_huggingface(str(path) if path.exists() else written, options)
    if not path.is_file():
        raise _missing_file(written, base, path)
    return READERS[known](path, options)


def _in_parts(tables: Mapping[Part, Table]) -> Table:
    """Put the files of several parts one after the other; every file numbers its own rows."""
    shared = set.intersection(*(set(table.columns) for table in tables.values()))

    def rows(columns: Sequence[str]) -> Iterator[Row]:
        for part, table in tables.items():
            row = None
            for row in table.rows(columns):
                yield replace(row, part=part)
            if row is None:
                raise _no_examples(table, 0)

    first = next(iter(tables.values()))
    where = ", ".join(table.where for table in tables.values())
    return Table(where, tuple(name for name in first.columns if name in shared), rows)


def _format_of(path: Path, written: str) -> Format:
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    packed = suffix in (".gz", ".bz2", ".xz", ".zip")
    if path.is_dir() or (not path.exists() and not packed and HUB_NAME.fullmatch(written)):
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
        return labels_in_columns(source.labels or ())
    column = source.labels.column
    return labels_in_list(
        source.labels, _rows_used(source, table, [column]), table.class_names.get(column)
    )


def _tasks(source: FileSource, table: Table) -> ColumnTasks:
    def rows(columns: Iterable[str]) -> Iterator[Row]:
        return _rows_used(source, table, columns)

    return tasks_in_columns(source.tasks or {}, rows, table.class_names)


def _targets(labels: Labels, tasks: ColumnTasks, descriptions: Mapping[str, str]) -> list[Target]:
    targets = [*map(Target, labels.names), *tasks.targets]
    return [
        replace(own, description=own.description or descriptions.get(own.name)) for own in targets
    ]


def _rows_used(source: FileSource, table: Table, columns: Iterable[str]) -> Iterator[Row]:
    texts = [*source.text_columns, *([source.text_b] if source.text_b else [])]
    for row in table.rows([*dict.fromkeys([*texts, *columns])]):
        if source.empty == "error" or has_text(row, source):
            yield row


def _descriptions(source: FileSource, base: Path) -> Mapping[str, str]:
    if isinstance(source.descriptions, str):
        return read_descriptions(find_file(source.descriptions, base))
    return source.descriptions or {}


def _unused(descriptions: Mapping[str, str], targets: Sequence[Target], table: Table) -> list[str]:
    names = [target.name for target in targets]
    unused = [name for name in descriptions if name not in names]
    if unused and len(unused) == len(descriptions):
        raise DataError(
            "None of the descriptions belongs to a label.",
            where=table.where,
            found=f"a description of '{unused[0]}'",
            hint=nearest(unused[0], names),
        )
    return [f"descriptions of no label that is used: {', '.join(unused)}"] if unused else []


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
    places = (str(base.resolve()), str(Path.cwd()))
    return DataError(
        f"There is no file '{written}'.",
        where=str(path),
        found="a folder" if path.is_dir() else None,
        expected=f"a path relative to {' or to '.join(dict.fromkeys(places))}",
        hint=f"did you mean '{close[0]}'?" if close else "correct `path`",
    )
