"""What the readers of the catalog share: a file for each part, tables of pairs, and their counts.

Files of sentence pairs differ in their names, their headers and their quotes, and in little else.
An example's id is the id in its file after the name of its part, since most files count from 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from mtlv.data.builder import CorpusBuilder
from mtlv.data.catalog.known import found_beside_published
from mtlv.data.corpus import Corpus, Example, Part, Target, Value
from mtlv.data.tables import Row, Table, TableOptions
from mtlv.data.text_files import records
from mtlv.data.values import class_in, number_in
from mtlv.errors import DataError

__all__ = [
    "PartPaths",
    "TSV_PARTS",
    "any_column",
    "corpus_of",
    "headless",
    "pairs_of",
    "part_paths",
    "required_class",
    "required_number",
]

PartNames = Mapping[Part, Sequence[str]]

TSV_PARTS: PartNames = {
    "train": ("train.tsv", "Training.tsv"),
    "validation": ("dev.tsv", "devel.tsv", "validation.tsv", "Development.tsv"),
    "test": ("test.tsv", "Test.tsv"),
}
"""Names of the parts in the layout of the BLUE benchmark and of those who use it."""


class PartPaths(NamedTuple):
    """The files of a dataset: which of the possible layouts they have (from 0), and each part."""

    layout: int
    paths: dict[Part, Path]


def part_paths(folder: Path, *layouts: PartNames) -> PartPaths:
    """Find the file of every part, in the first layout of which a file is there.

    Args:
        folder: that holds the files.
        layouts: file names by part, the likeliest first.

    Raises:
        DataError: the folder is none, it has no file of any layout, or one of a layout is missing.
    """
    for number, names in enumerate(layouts):
        found = {part: _existing(folder, own) for part, own in names.items()}
        paths = {part: path for part, path in found.items() if path is not None}
        if len(paths) == len(names):
            return PartPaths(number, paths)
        if paths:
            raise _missing(folder, names, paths)
    expected = " or ".join(", ".join(own[0] for own in names.values()) for names in layouts)
    raise DataError(
        "The files of the dataset are not there." if folder.is_dir() else "This is no folder.",
        where=str(folder),
        expected=expected,
        hint="set `path` to the folder that holds them",
    )


def headless(path: Path, columns: Sequence[str], more: bool = False) -> Table:
    """Open a tab-separated file without a header and without quotes.

    Args:
        path: of the file.
        columns: what its fields are called.
        more: whether a line may have fields beyond those.
    """

    def rows(_: Sequence[str]) -> Iterator[Row]:
        found = records(path, TableOptions(quotes=False), "\t")
        for number, (line, fields) in enumerate(found, 1):
            where = f"{path}, line {line}"
            if len(fields) < len(columns) or (len(fields) > len(columns) and not more):
                raise DataError(
                    f"A line has too {'few' if len(fields) < len(columns) else 'many'} fields.",
                    where=where,
                    found=f"{len(fields)} fields",
                    expected=f"{len(columns)}, with tabs between them: {', '.join(columns)}",
                )
            yield Row(number, where, dict(zip(columns, fields, strict=False)))

    return Table(str(path), tuple(columns), rows)


def any_column(table: Table, *names: str) -> str:
    """Return the first of some columns that a table has.

    Raises:
        DataError: it has none of them.
    """
    for name in names:
        if name in table.columns:
            table.require([name])
            return name
    raise DataError(
        f"There is no column '{names[0]}'.",
        where=table.where,
        found=", ".join(table.columns),
        expected=" or ".join(names),
    )


def pairs_of(
    part: Part | None,
    table: Table,
    columns: tuple[str, str],
    read: Callable[[Row], Mapping[str, Value]],
    key: str | None = None,
) -> Iterator[Example]:
    """Give the examples of a table of pairs.

    Args:
        part: of all its rows.
        table: the rows.
        columns: of the first and the second text.
        read: gives the targets of a row.
        key: column of the ids; None numbers the rows from 1.

    Raises:
        DataError: a text is missing.
    """
    prefix = f"{part}-" if part is not None else ""
    for row in table.rows(table.columns):
        first, second = (str(row.values.get(column) or "").strip() for column in columns)
        if not first or not second:
            raise DataError(
                "A side of the pair is missing.",
                where=row.at(columns[0] if not first else columns[1]),
                found="an empty text",
                expected="two texts",
                hint="mend the row, or remove it",
            )
        own = row.number if key is None else str(row.values[key]).strip()
        yield Example(f"{prefix}{own}", first, second, None, read(row), part, row.where)


def required_number(row: Row, column: str, within: tuple[float, float]) -> float:
    """Return the number in a cell.

    Raises:
        DataError: the cell is empty, or holds no number of that range.
    """
    number = number_in(row, column, within)
    if number is None:
        raise _empty_cell(row, column, f"a number from {within[0]:g} to {within[1]:g}")
    return number


def required_class(row: Row, column: str, labels: Sequence[str]) -> int:
    """Return the index of the class in a cell.

    Raises:
        DataError: the cell is empty, or holds no such class.
    """
    index = class_in(row, column, labels)
    if index is None:
        raise _empty_cell(row, column, f"one of {', '.join(labels)}")
    return index


def corpus_of(
    name: str,
    targets: Sequence[Target],
    examples: Iterable[Example],
    source: Path,
    published: Mapping[str, int],
    notes: Sequence[str] = (),
) -> Corpus:
    """Build a corpus whose notes put the size of every part beside the published one.

    Args:
        name: of the corpus.
        targets: of its tasks.
        examples: in order.
        source: the file or folder that they come from.
        published: sizes by part; `examples` where there are no parts.
        notes: what else people should know.
    """
    builder = CorpusBuilder(name, targets, source=str(source))
    counts: Counter[str] = Counter()
    for example in examples:
        builder.add(example)
        counts[example.part or "examples"] += 1
    return builder.build([*found_beside_published(counts, published), *notes])


def _existing(folder: Path, names: Sequence[str]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _missing(folder: Path, names: PartNames, paths: Mapping[Part, Path]) -> DataError:
    part = next(part for part in names if part not in paths)
    return DataError(
        f"The file of the part '{part}' is missing.",
        where=str(folder),
        found=", ".join(path.name for path in paths.values()),
        expected=" or ".join(names[part]),
    )


def _empty_cell(row: Row, column: str, expected: str) -> DataError:
    return DataError(
        f"The column '{column}' is empty.", where=row.at(column), found="nothing", expected=expected
    )
