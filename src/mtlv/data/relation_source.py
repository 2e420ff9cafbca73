"""Relation TSV by configuration alone: an index, a sentence with its arguments shown, and a class.

That is the form of BLUE (`index`, `sentence`, `label`); the columns may have other names. An index
often counts from 0 in every part, so ids begin with the part; and BLUE writes a pair that has two
classes as two rows of one index, so the second id ends in `#2`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from mtlv.data.builder import CorpusBuilder
from mtlv.data.corpus import Corpus
from mtlv.data.part_files import PartFile, PathOrParts, part_files
from mtlv.data.relations import Relation, related_examples, relation_target
from mtlv.data.tables import Row, Table, TableOptions
from mtlv.data.text_files import open_csv, open_tsv
from mtlv.errors import DataError
from mtlv.settings import Settings

__all__ = ["RelationColumns", "RelationSource", "Relations", "read_relations", "relations_in"]


@dataclass(frozen=True)
class Relations:
    """Pairs, each with an id of its own, and what people should know of them."""

    relations: tuple[Relation, ...]
    notes: tuple[str, ...] = ()


class RelationColumns(Settings):
    """Columns of a file of relations."""

    index: str | None = "index"
    """Of the ids, which get the part before them; None numbers the rows."""
    sentence: str = "sentence"
    """Of the text, its arguments replaced or marked."""
    label: str = "label"
    """Of the class."""


class RelationSource(Settings):
    """Files of relations."""

    path: PathOrParts
    """One file, a folder of files named train, dev (or devel, development, validation) and test, or
    `{train: FILE, validation: FILE, test: FILE}`."""
    task: str | None = None
    """Name of the task; None takes the name of the corpus."""
    description: str | None = None
    """What the task means, in words."""
    columns: RelationColumns = RelationColumns()
    """`{index: …, sentence: …, label: …}`."""
    labels: Annotated[tuple[str, ...], Field(min_length=2)] | None = None
    """Names of the classes; None: those in the files, in alphabetical order."""
    negative: str | None = "false"
    """The class that says there is no relation, which F1 does not count; None: there is none."""
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    """Between columns; None: a tab, or a comma in a file named .csv."""
    quotes: bool = True
    """Whether `"` quotes fields."""
    encoding: str = "utf-8"
    """Of the files."""

    @property
    def options(self) -> TableOptions:
        """How to read the files."""
        return TableOptions(self.encoding, self.delimiter, self.quotes)


def read_relations(name: str, source: RelationSource, base: Path) -> Corpus:
    """Read a corpus of relations.

    Args:
        name: of the corpus.
        source: what to read.
        base: folder that relative paths start from; the current folder is tried after it.

    Raises:
        DataError: something is wrong with a file; the message names file and line.
    """
    files = part_files(source.path, base)
    found = relations_in(files, source.columns, source.options)
    labels = source.labels or sorted({r.label for r in found.relations if r.label is not None})
    target = relation_target(source.task or name, labels, source.description, source.negative)
    related = related_examples(target, found.relations)
    builder = CorpusBuilder(name, [target], source=str(source.path))
    counts = [f"{what}: {count:,}" for what, count in related.counts.items()]
    return builder.extend(related.examples).build([*counts, *found.notes, *related.notes])


def relations_in(
    files: Iterable[PartFile],
    columns: RelationColumns,
    options: TableOptions,
    document: Callable[[str], str | None] = lambda index: None,
) -> Relations:
    """Return the relations of some files.

    Args:
        files: of a dataset.
        columns: of the files.
        options: how to read the files.
        document: tells an index' document, where one can be told.

    Raises:
        DataError: a column is missing, or a class is empty.
    """
    seen: Counter[str] = Counter()
    relations: list[Relation] = []
    for relation in _rows(files, columns, options, document):
        seen[relation.id] += 1
        again = f"#{seen[relation.id]}" if seen[relation.id] > 1 else ""
        relations.append(replace(relation, id=relation.id + again))
    repeated = len(relations) - len(seen)
    note = f"{repeated:,} rows repeat an index, as of a pair with two classes; ids end in #2, #3, …"
    return Relations(tuple(relations), (note,) if repeated else ())


def _rows(
    files: Iterable[PartFile],
    columns: RelationColumns,
    options: TableOptions,
    document: Callable[[str], str | None],
) -> Iterator[Relation]:
    for part, path in files:
        table = _open(path, options)
        wanted = [c for c in (columns.index, columns.sentence, columns.label) if c is not None]
        table.require(wanted)
        for row in table.rows(wanted):
            index = None if columns.index is None else _cell(row, columns.index)
            prefix = f"{part}-" if part is not None else ""
            yield Relation(
                id=f"{part or path.stem}-{row.number}" if index is None else f"{prefix}{index}",
                text=_cell(row, columns.sentence),
                label=_cell(row, columns.label),
                where=row.where,
                part=part,
                document=None if index is None else document(index),
            )


def _open(path: Path, options: TableOptions) -> Table:
    return (open_csv if path.suffix.lower() == ".csv" else open_tsv)(path, options)


def _cell(row: Row, column: str) -> str:
    value = str(row.values[column]).strip()
    if not value:
        raise DataError(
            f"The column '{column}' is empty.", where=row.at(column), expected="something"
        )
    return value
