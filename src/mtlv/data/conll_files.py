"""Files of tagged words: one word per line, an empty line between sentences.

Two columns (word, tag) or more, or the four columns of the BLUE benchmark (word, document, offset,
tag), where the document stands at the first word of a sentence and is `-` after it. `-DOCSTART-`
lines begin a document. Some files were written by a CSV writer, which turns the word `"` into four
of them; quotes of that kind are undone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from mtlv.data.part_files import PartFile
from mtlv.data.tagging import TaggedSentence
from mtlv.data.text_files import open_text
from mtlv.errors import DataError

__all__ = ["Columns", "Layout", "read_sentences"]

BLUE_COLUMNS = ("token", "document", "offset", "tag")
DOCUMENT_START = "-DOCSTART-"
BLANKS = re.compile(r"[ \t]+")

Role = Literal["token", "tag", "document"]
Columns = Annotated[tuple[str, ...], Field(min_length=2)] | dict[Role, int]


@dataclass(frozen=True)
class Layout:
    """How the lines of a file are to be read; see the fields of `ConllSource`."""

    columns: Columns | None = None
    separator: str | None = None
    encoding: str = "utf-8"


class _Line(NamedTuple):
    number: int
    fields: list[str]


class _Places(NamedTuple):
    """Where the columns are."""

    width: int
    token: int
    tag: int
    document: int | None


def read_sentences(files: Iterable[PartFile], layout: Layout) -> list[TaggedSentence]:
    """Return the sentences of some files.

    A sentence is called `DOCUMENT_s3`, counted within its document, which bears the file's name and
    a number where `-DOCSTART-` lines part them; without documents it is called `FILE-3`, as a file
    is no document whose sentences belong together.

    Raises:
        DataError: a line has too few or too many columns, or no word; a file holds no sentence.
    """
    counts: Counter[str] = Counter()
    return [sentence for file in files for sentence in _sentences(file, layout, counts)]


def _sentences(file: PartFile, layout: Layout, counts: Counter[str]) -> Iterator[TaggedSentence]:
    document, documents = None, 0
    places: _Places | None = None
    for lines in _blocks(file.path, layout):
        if lines[0].fields[0] == DOCUMENT_START:
            documents += 1
            document = f"{file.path.stem}.d{documents}"
            continue
        if places is None:
            places = _places(layout.columns, lines[0], file.path)
        for line in lines:
            _check(line, places, file.path)
        if places.document is not None and lines[0].fields[places.document] != "-":
            document = lines[0].fields[places.document]
        stem = f"{file.path.stem}-" if document is None else f"{document}_s"
        counts[stem] += 1
        yield _sentence(lines, places, file, f"{stem}{counts[stem]}")
    if places is None:
        raise DataError(
            "The file holds no sentence.",
            where=str(file.path),
            expected="a word and its tag per line, an empty line between sentences",
        )


def _sentence(lines: Sequence[_Line], places: _Places, file: PartFile, name: str) -> TaggedSentence:
    return TaggedSentence(
        id=name,
        tokens=tuple(_unquoted(line.fields[places.token]) for line in lines),
        tags=tuple(line.fields[places.tag] for line in lines),
        where=str(file.path),
        lines=tuple(line.number for line in lines),
        part=file.part,
    )


def _blocks(path: Path, layout: Layout) -> Iterator[list[_Line]]:
    """Give the lines of each sentence; a `-DOCSTART-` line stands by itself."""
    block: list[_Line] = []
    for line in _lines(path, layout):
        start = line is not None and line.fields[0] == DOCUMENT_START
        if block and (line is None or start):
            yield block
            block = []
        if line is not None and start:
            yield [line]
        elif line is not None:
            block.append(line)
    if block:
        yield block


def _lines(path: Path, layout: Layout) -> Iterator[_Line | None]:
    """Give every line, None for an empty one."""
    separator = layout.separator
    with open_text(path, layout.encoding) as file:
        for number, text in enumerate(file, 1):
            content = text.rstrip("\n")
            if not content.strip(" \t"):
                yield None
                continue
            if separator is None and not content.startswith(DOCUMENT_START):
                separator = "\t" if "\t" in content else " "
            yield _Line(number, _fields(content, separator))


def _fields(content: str, separator: str | None) -> list[str]:
    if separator is None or separator == " ":
        return BLANKS.split(content.strip(" \t"))
    return [field.strip(" ") for field in content.split(separator)]


def _places(columns: Columns | None, first: _Line, path: Path) -> _Places:
    fields = first.fields
    width = len(fields)
    if columns is None:
        four = width == len(BLUE_COLUMNS) and fields[2].isdecimal()
        columns = BLUE_COLUMNS if four else {"token": 0, "tag": -1}
    if isinstance(columns, tuple):
        width = len(columns)
        columns = {role: columns.index(role) for role in _roles(columns)}
    if width < 2 or any(not -width <= place < width for place in columns.values()):
        raise DataError(
            "A line has too few columns.",
            where=f"{path}, line {first.number}",
            found=f"{width}: {' '.join(fields)[:60]!r}",
            expected="a word and its tag, and every column that `columns` names",
            hint="set `separator` and `columns`",
        )
    document = columns.get("document")
    token, tag = columns["token"] % width, columns["tag"] % width
    return _Places(width, token, tag, None if document is None else document % width)


def _roles(columns: Sequence[str]) -> list[Role]:
    roles: tuple[Role, ...] = ("token", "tag", "document")
    return [role for role in roles if role in columns]


def _check(line: _Line, places: _Places, path: Path) -> None:
    if len(line.fields) != places.width:
        raise DataError(
            f"A line has too {'many' if len(line.fields) > places.width else 'few'} columns.",
            where=f"{path}, line {line.number}",
            found=f"{len(line.fields)}: {' '.join(line.fields)[:60]!r}",
            expected=f"{places.width}, as in the lines before, or an empty line",
            hint="mend the line, or set `separator`",
        )
    if not line.fields[places.token]:
        raise DataError(
            "A line has a tag and no word.",
            where=f"{path}, line {line.number}",
            found=repr(" ".join(line.fields)[:60]),
            expected="a word and its tag",
        )


def _unquoted(token: str) -> str:
    """Undo the quotes of a CSV writer; they are told by the doubled quotes inside."""
    inner = token[1:-1]
    if len(token) > 2 and token[0] == token[-1] == '"' and '""' in inner:
        return token if '"' in inner.replace('""', "") else inner.replace('""', '"')
    return token
