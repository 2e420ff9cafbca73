"""PubTator: title and abstract in a line each, and a line for every mention, by offset.

    227508|t|Naloxone reverses the antihypertensive effect of clonidine.
    227508|a|In unanesthetized, spontaneously hypertensive rats ...
    227508	0	8	Naloxone	Chemical	D009270

Offsets run over the title, one blank, and the abstract. Lines of relations are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mtlv.data.annotated import AnnotatedText, Mention, check_span
from mtlv.data.corpus import Part
from mtlv.data.sentences import Span
from mtlv.data.text_files import open_text
from mtlv.errors import DataError

__all__ = ["read_pubtator"]

TEXT = re.compile(r"(?P<id>[^|\t]+)\|(?P<kind>[ta])\|(?P<text>.*)")


@dataclass
class _Document:
    texts: dict[str, str] = field(default_factory=dict)
    mentions: list[tuple[Mention, str]] = field(default_factory=list)


def read_pubtator(
    path: Path, kinds: Iterable[str], known: Iterable[str], part: Part | None
) -> Iterator[AnnotatedText]:
    """Give the documents of a file with their mentions of some types.

    Args:
        path: of the file.
        kinds: types of mentions to keep.
        known: types of mentions that may stand there.
        part: that the file is.

    Raises:
        DataError: a line is none of PubTator's, a type is not known, or a mention is not where its
            offsets say; names file and line.
    """
    kept, allowed = set(kinds), set(known)
    documents: dict[str, _Document] = {}
    with open_text(path, "utf-8") as file:
        for number, line in enumerate(file, 1):
            _read(line.rstrip("\n"), f"{path}, line {number}", documents, allowed)
    for name, document in documents.items():
        text = f"{document.texts.get('t', '')} {document.texts.get('a', '')}"
        for mention, written in document.mentions:
            check_span(mention.pieces[0], text, mention.where, written)
        mentions = tuple(mention for mention, _ in document.mentions if mention.type in kept)
        yield AnnotatedText(name, text, mentions, str(path), part)


def _read(line: str, where: str, documents: dict[str, _Document], allowed: set[str]) -> None:
    if not line.strip():
        return
    if found := TEXT.fullmatch(line):
        documents.setdefault(found["id"], _Document()).texts[found["kind"]] = found["text"]
        return
    fields = line.split("\t")
    document = documents.get(fields[0])
    if document is None or len(fields) < 4:
        raise _no_line(where, line)
    if len(fields) == 4 and not fields[1].isdecimal():
        return
    if len(fields) < 5 or not (fields[1].isdecimal() and fields[2].isdecimal()):
        raise _no_line(where, line)
    if fields[4] not in allowed:
        raise DataError(
            "The type of a mention is not known.",
            where=where,
            found=fields[4],
            expected=", ".join(sorted(allowed)),
        )
    span = Span(int(fields[1]), int(fields[2]))
    document.mentions.append((Mention((span,), fields[4], where), fields[3]))


def _no_line(where: str, line: str) -> DataError:
    return DataError(
        "The line is none of PubTator's.",
        where=where,
        found=repr(line[:60]),
        expected="ID|t|TITLE, ID|a|ABSTRACT, or ID, start, end, text and type with tabs between",
    )
