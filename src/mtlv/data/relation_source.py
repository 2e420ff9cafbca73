"""Relation TSV by configuration alone: an index, a sentence with its arguments shown, and a class.

That is the form of BLUE (`index`, `sentence`, `label`); the columns may have other names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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

__all__ = ["RelationColumns", "RelationSource", "read_relations", "relations_in"]


class RelationColumns(Settings):
    """Columns of a file of relations."""

    index: str | None = "index"
    """Of the ids; None numbers the rows."""
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
    relations = list(relations_in(files, source.columns, source.options))
    labels = source.labels or sorted({r.label for r in relations if r.label is not None})
    target = relation_target(source.task or name, labels, source.description, source.negative)
    related = related_examples(target, relations)
    builder = CorpusBuilder(name, [target], source=str(source.path))
    counts = [f"{what}: {count:,}" for what, count in related.counts.items()]
    return builder.extend(related.examples).build([*counts, *related.notes])


def relations_in(
    files: Iterable[PartFile], columns: RelationColumns, options: TableOptions
) -> Iterator[Relation]:
    """Give the relations of some files.

    Raises:
        DataError: a column is missing, or a class is empty.
    """
    for part, path in files:
        table = _open(path, options)
        wanted = [c for c in (columns.index, columns.sentence, columns.label) if c is not None]
        table.require(wanted)
        for row in table.rows(wanted):
            number = f"{part or path.stem}-{row.number}"
            yield Relation(
                id=number if columns.index is None else _cell(row, columns.index),
                text=_cell(row, columns.sentence),
                label=_cell(row, columns.label),
                where=row.where,
                part=part,
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
