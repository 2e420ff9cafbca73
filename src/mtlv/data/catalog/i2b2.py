"""i2b2 2010: relations of problems, treatments and tests in clinical notes (Uzuner et al. 2011).

Read from the TSV files of BLUE, or from the official files: `NAME.txt` with a sentence per line and
blanks between words, `NAME.con` with its concepts, `NAME.rel` with the relations, in any folders
below; a folder whose name has `train` or `test` in it tells the part. As in BLUE, all pairs of
concepts of one line are examples, whatever their types, the one that comes first as first argument.
In a line that opens with a blank, word 0 is the empty one before it, as the annotators counted.
BLUE took a few training pairs for validation; with the official files the study's splits do that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from mtlv.data.annotated import check_span
from mtlv.data.catalog.known import DATASETS, KnownDataset
from mtlv.data.catalog.relation_sets import (
    NEGATIVE,
    RelationSet,
    RelationSettings,
    blue_relations,
    relation_corpus,
)
from mtlv.data.corpus import Corpus, Part
from mtlv.data.part_files import part_of_folders
from mtlv.data.relations import Argument, Arguments, Relation, show_arguments
from mtlv.data.sentences import Span
from mtlv.data.text_files import open_text
from mtlv.errors import DataError

__all__ = ["I2B2"]

I2B2 = RelationSet(
    "i2b2",
    ("PIP", "TeCP", "TeRP", "TrAP", "TrCP", "TrIP", "TrNAP", "TrWP", NEGATIVE),
    "how a medical problem, treatment or test bears on another in a line of a clinical note",
    {"train positives": 3110, "validation positives": 11, "test positives": 6293},
)
"""Counts of BLUE."""

TYPES = ("problem", "test", "treatment")
SPAN = r'c="(?P<text{0}>.*)" (?P<line{0}>\d+):(?P<start{0}>\d+) (?P<last{0}>\d+):(?P<end{0}>\d+)'
CONCEPT = re.compile(SPAN.format("") + r'\|\|t="(?P<type>[^"]*)"\s*')
RELATION = re.compile(SPAN.format(1) + r'\|\|r="(?P<label>[^"]*)"\|\|' + SPAN.format(2) + r"\s*")
WORD = re.compile(r"\S+")

Key = tuple[Part | None, str]
"""Part and name of a note."""
Place = tuple[int, int, int]
"""Line, first and last word of a concept, as the files count: lines from 1, words from 0."""


@dataclass
class _Note:
    path: Path
    part: Part | None
    lines: list[str]
    concepts: dict[int, dict[Place, Argument]] = field(default_factory=dict)
    gold: dict[frozenset[Place], str] = field(default_factory=dict)
    long: int = 0
    lost: int = 0


def read(settings: RelationSettings, source: Path) -> Corpus:
    """Read BLUE's files if there is a TSV, else the notes."""
    if source.suffix == ".tsv" or any(source.glob("*.tsv")):
        found = blue_relations(source, settings)
        return relation_corpus(I2B2, found.relations, source, found.notes)
    notes = _notes(source)
    relations = [r for note in notes for r in _pairs(note, settings.arguments or "replace")]
    said = ["BLUE took 11 of the training relations for validation; here the study's splits do it"]
    gold = sum(len(note.gold) + note.lost for note in notes)
    if lost := gold - sum(r.label != NEGATIVE for r in relations):
        said.append(f"{lost:,} relations are of concepts that are not listed, and were left out")
    if long := sum(note.long for note in notes):
        said.append(f"{long:,} concepts go over several lines and were left out")
    return relation_corpus(I2B2, relations, source, said)


def _notes(source: Path) -> list[_Note]:
    """Return the notes that are annotated."""
    notes: dict[Key, _Note] = {}
    for path in sorted(source.rglob("*.txt")):
        with open_text(path, "utf-8") as file:
            lines = [line.rstrip("\n") for line in file]
        key = _key(path, source)
        notes[key] = _Note(path, key[0], lines)
    annotated = _annotate(notes, source, ".con", _add_concept)
    annotated |= _annotate(notes, source, ".rel", _add_relation)
    if not annotated:
        raise DataError(
            "There is no annotated note.",
            where=str(source),
            expected="files .txt, .con and .rel, or BLUE's train, dev and test files named .tsv",
        )
    return [note for key, note in notes.items() if key in annotated]


def _annotate(
    notes: dict[Key, _Note], source: Path, suffix: str, add: Callable[[_Note, str, str], None]
) -> set[Key]:
    """Add all lines of the files with a suffix to their notes; return which notes those are."""
    found: set[Key] = set()
    for path in sorted(source.rglob(f"*{suffix}")):
        key = _key(path, source)
        if key not in notes:
            raise DataError(
                "A note is annotated and not there.",
                where=str(path),
                expected=f"a file {path.stem}.txt of the same part",
            )
        found.add(key)
        with open_text(path, "utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    add(notes[key], line.strip(), f"{path}, line {number}")
    return found


def _key(path: Path, source: Path) -> Key:
    return part_of_folders(path.relative_to(source)), path.stem


def _add_concept(note: _Note, line: str, where: str) -> None:
    found = _match(CONCEPT, line, where, 'c="…" 1:0 1:2||t="problem"')
    if found["type"] not in TYPES:
        raise DataError(
            "The type of a concept is not known.",
            where=where,
            found=repr(found["type"]),
            expected=", ".join(TYPES),
        )
    if found["line"] != found["last"]:
        note.long += 1
        return
    place = _place(found, "")
    argument = _argument(note, place, found["type"], where, found["text"])
    note.concepts.setdefault(place[0], {})[place] = argument


def _add_relation(note: _Note, line: str, where: str) -> None:
    found = _match(RELATION, line, where, 'c="…" 1:0 1:2||r="TrAP"||c="…" 1:5 1:5')
    if found["label"] not in I2B2.labels[:-1]:
        raise DataError(
            "The type of a relation is not known.",
            where=where,
            found=repr(found["label"]),
            expected=", ".join(I2B2.labels[:-1]),
        )
    if any(found[f"line{number}"] != found[f"last{number}"] for number in "12"):
        note.lost += 1
        return
    places = [_place(found, number) for number in "12"]
    for place, number in zip(places, "12", strict=True):
        _argument(note, place, "", where, found[f"text{number}"])
    note.gold.setdefault(frozenset(places), found["label"])


def _match(pattern: re.Pattern[str], line: str, where: str, expected: str) -> re.Match[str]:
    found = pattern.fullmatch(line)
    if found is None:
        raise DataError(
            "The line is no annotation.", where=where, found=repr(line[:80]), expected=expected
        )
    return found


def _place(found: re.Match[str], number: str) -> Place:
    return int(found[f"line{number}"]), int(found[f"start{number}"]), int(found[f"end{number}"])


def _argument(note: _Note, place: Place, kind: str, where: str, written: str) -> Argument:
    """Return the stretch of a concept in its line, in characters; it holds what is written."""
    line, start, end = place
    text = note.lines[line - 1] if 0 < line <= len(note.lines) else ""
    words = _words(text)
    if not start <= end < len(words):
        raise DataError(
            "The offsets of a concept lie beyond the text.",
            where=where,
            found=f"line {line}, words {start} to {end}",
            expected=f"words 0 to {len(words) - 1} of line {line} in {note.path}"
            if words
            else f"a line of {note.path} with words",
        )
    span = Span(words[start].start, words[end].end)
    check_span(span, text, where, written)
    return Argument(span.start, span.end, kind)


def _words(line: str) -> list[Span]:
    words = [Span(*found.span()) for found in WORD.finditer(line)]
    return [Span(0, 0), *words] if words and words[0].start else words


def _pairs(note: _Note, how: Arguments) -> Iterator[Relation]:
    for line, concepts in sorted(note.concepts.items()):
        where = f"{note.path}, line {line}"
        for number, (one, two) in enumerate(combinations(sorted(concepts), 2), 1):
            text = show_arguments(note.lines[line - 1], concepts[one], concepts[two], how)
            label = note.gold.get(frozenset((one, two)), NEGATIVE)
            name = f"{note.path.stem}_l{line}_p{number}"
            yield Relation(name, text, label, where, note.part, note.path.stem)


DATASETS.register(I2B2.name)(
    KnownDataset(
        name=I2B2.name,
        about="relations of problems, treatments and tests in clinical notes (i2b2/VA 2010)",
        address="https://portal.dbmi.hms.harvard.edu/projects/n2c2-nlp/ (after an agreement)",
        licence="n2c2 data use agreement; not to be redistributed",
        settings=RelationSettings,
        read=read,
        published=I2B2.published,
        places=("i2b2", "i2b2-2010", "i2b2_2010", "i2b2-2010-re"),
    )
)
