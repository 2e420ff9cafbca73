"""What the datasets of relations share: their settings, and how a corpus is made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mtlv.data.builder import CorpusBuilder
from mtlv.data.catalog.known import found_beside_published
from mtlv.data.corpus import Corpus
from mtlv.data.part_files import part_files
from mtlv.data.relation_source import RelationColumns, Relations, relations_in
from mtlv.data.relations import Arguments, Relation, related_examples, relation_target
from mtlv.data.tables import TableOptions
from mtlv.errors import DataError
from mtlv.settings import Settings

__all__ = ["NEGATIVE", "RelationSet", "RelationSettings", "blue_relations", "relation_corpus"]

NEGATIVE = "false"


class RelationSettings(Settings):
    """Settings of a dataset of relations."""

    path: Path | None = None
    """The file or folder of the dataset, or a folder that holds it."""
    arguments: Arguments | None = None
    """`replace` puts placeholders in the arguments' place (`@CHEMICAL$`), `mark` puts marks around
    them (`<e1> … </e1>`). None: as the files have them, else `replace`."""
    quotes: bool = True
    """Whether `"` quotes fields of BLUE's TSV files."""


@dataclass(frozen=True)
class RelationSet:
    """A dataset of relations in one of its forms.

    Args:
        name: of the dataset, its corpus and its task.
        labels: its classes.
        description: of the task, in words.
        published: counts.
        negative: the class that says there is no relation, if there is one.
    """

    name: str
    labels: tuple[str, ...]
    description: str
    published: Mapping[str, int]
    negative: str | None = NEGATIVE


def first_of_index(index: str) -> str | None:
    """Return the document of an index that begins with it, as BLUE's `DOCUMENT.T1.T2`.

    >>> first_of_index("17429625.T9.T17"), first_of_index("12")
    ('17429625', None)
    """
    document, dot, _ = index.partition(".")
    return document if document and dot else None


def blue_relations(
    source: Path,
    settings: RelationSettings,
    prefix: str = "",
    document: Callable[[str], str | None] = first_of_index,
) -> Relations:
    """Read the TSV files of BLUE: index, sentence, label.

    Args:
        source: their folder, or one of them.
        settings: of the dataset.
        prefix: that labels bear in the files and not here.
        document: tells an index' document, where one can be told.

    Raises:
        DataError: marks are asked for, and the files have placeholders; or a file is not right.
    """
    if settings.arguments == "mark":
        raise DataError(
            "The arguments cannot be marked: the files have placeholders in their place.",
            where=str(source),
            expected="`arguments: replace`, or the official files",
        )
    options = TableOptions(quotes=settings.quotes)
    found = relations_in(part_files(source), RelationColumns(), options, document)
    named = (replace(r, label=(r.label or "").removeprefix(prefix)) for r in found.relations)
    return replace(found, relations=tuple(named))


def relation_corpus(
    dataset: RelationSet,
    relations: Iterable[Relation],
    source: Path,
    notes: Sequence[str] = (),
    tokens: Sequence[str] = (),
) -> Corpus:
    """Make a corpus of pairs, with what was found beside what was published.

    Args:
        dataset: what it is.
        relations: its pairs.
        source: its files, for errors.
        notes: what people should know.
        tokens: special tokens that cannot be told from the texts.
    """
    target = relation_target(dataset.name, dataset.labels, dataset.description, dataset.negative)
    related = related_examples(target, relations, tokens)
    builder = CorpusBuilder(dataset.name, [target], source=str(source)).extend(related.examples)
    found = dict.fromkeys(dataset.published, 0) | related.counts
    return builder.build(
        [*found_beside_published(found, dataset.published), *notes, *related.notes]
    )
