"""ShARe/CLEFE 2013, task 1: disorders in clinical notes (Suominen et al. 2013).

Read from the TSV files of BLUE, or from the official notes with their pipe files, in any folders
below: `NOTE.txt||Disease_Disorder||CUI||start||end`, with more starts and ends if the mention has
several pieces. A note without mentions has an empty pipe file, or a file for all notes of its part;
one with neither is not annotated, and not to be taken for a note without disorders. A folder whose
name has `train` or `test` in it tells the part. BLUE took its validation part out of the official
training notes; with the official files that is left to the splits of the study.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from mtlv.data.annotated import AnnotatedText, Mention, tagged_sentences
from mtlv.data.catalog.known import DATASETS, KnownDataset
from mtlv.data.catalog.mention_sets import (
    MentionSet,
    TaggingSettings,
    mention_corpus,
    sentences_of_files,
)
from mtlv.data.corpus import Corpus, Part
from mtlv.data.part_files import part_of_folders
from mtlv.data.sentences import Span
from mtlv.data.text_files import open_text
from mtlv.errors import DataError
from mtlv.words import counted

__all__ = ["CLEFE"]

CLEFE = MentionSet(
    "clefe",
    "Disease",
    "words that name a disease or another disorder in a clinical note",
    {"train mentions": 4628, "validation mentions": 1075, "test mentions": 5195},
)
"""Counts of BLUE."""

ANNOTATION = re.compile(r"[^|]+\|\|[^|]*\|\|[^|]*\|\|\d+\|\|\d+")
ENDS = re.compile(r"(\.pipe)?\.(txt|pipe)$")
KIND = "Disease_Disorder"


def read(settings: TaggingSettings, source: Path) -> Corpus:
    """Read BLUE's files if there is a TSV, else the notes."""
    if source.is_file() or any(source.glob("*.tsv")):
        return mention_corpus(CLEFE, sentences_of_files(source), settings, source)
    found = tagged_sentences(_notes(source))
    notes = [
        *found.notes,
        "BLUE took 1,075 of the official training mentions for validation; "
        "with the official files the study's splits do that",
    ]
    return mention_corpus(CLEFE, found.sentences, settings, source, notes)


def _notes(source: Path) -> list[AnnotatedText]:
    """Return every note with its mentions.

    A file of annotations is told by `.pipe` in its name, or by its first line, or is empty. Names
    of notes begin with a number; other texts (a licence, say) are passed over.
    """
    texts: dict[str, Path] = {}
    mentions: dict[str, list[Mention]] = defaultdict(list)
    annotations: dict[Path, bool] = {}
    for path in sorted(p for p in source.rglob("*") if p.is_file() and ENDS.search(p.name)):
        with open_text(path, "utf-8") as file:
            first = next((line for line in file if line.strip()), "")
        if ANNOTATION.match(first) or ".pipe" in path.name or not first:
            for name, mention in _mentions(path):
                mentions[name].append(mention)
            annotations[path] = bool(first)
        elif path.name[0].isdecimal():
            texts[path.name] = path
    _check_names(mentions, texts, source)
    _check_annotated(texts, annotations, source)
    return [
        AnnotatedText(
            path.stem,
            _text(path),
            tuple(mentions[name]),
            str(path),
            _part(path, source),
        )
        for name, path in texts.items()
    ]


def _text(path: Path) -> str:
    # Offsets count what is in the file: line ends are not to be changed.
    with open_text(path, "utf-8", newline="") as file:
        return file.read()


def _mentions(path: Path) -> Iterable[tuple[str, Mention]]:
    with open_text(path, "utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            fields = line.strip().split("||")
            where = f"{path}, line {number}"
            offsets = [int(field) for field in fields[3:] if field.isdecimal()]
            if len(offsets) < 2 or len(offsets) % 2 or len(offsets) != len(fields) - 3:
                raise DataError(
                    "The line is no annotation.",
                    where=where,
                    found=repr(line.strip()[:60]),
                    expected="NOTE||TYPE||CUI||start||end, with two offsets for each piece",
                )
            if fields[1] != KIND:
                raise DataError(
                    "The type of a mention is not known.",
                    where=where,
                    found=fields[1],
                    expected=KIND,
                )
            pieces = tuple(Span(*pair) for pair in zip(offsets[::2], offsets[1::2], strict=True))
            yield fields[0], Mention(tuple(sorted(pieces)), CLEFE.type, where)


def _check_names(mentions: dict[str, list[Mention]], texts: dict[str, Path], source: Path) -> None:
    if not texts:
        raise DataError(
            "There is no note.",
            where=str(source),
            expected="notes named .txt, or BLUE's train, dev and test files named .tsv",
        )
    if strangers := [name for name in mentions if name not in texts]:
        raise DataError(
            f"The note '{strangers[0]}' is annotated and not there.",
            where=mentions[strangers[0]][0].where,
            expected="a file of that name in the folder or below",
        )


def _check_annotated(texts: dict[str, Path], files: dict[Path, bool], source: Path) -> None:
    """Check that every note has a file of annotations, or its part has one for all.

    Args:
        texts: the notes by name.
        files: of annotations, and whether something stands in them.
        source: that holds them.
    """
    stems, notes = ({_stem(path) for path in paths} for paths in (files, texts.values()))
    whole = {_part(p, source) for p, full in files.items() if full and _stem(p) not in notes}
    without = [p for p in texts.values() if _stem(p) not in stems and _part(p, source) not in whole]
    if not without:
        return
    xml = next((path.name for path in sorted(source.rglob("*.xml"))), None)
    raise DataError(
        f"The note '{without[0].name}' has no file of annotations.",
        where=str(without[0]),
        found=f"{counted(len(without), 'note')} of {len(texts)} without one"
        + (f", and XML of Knowtator ({xml}), which is not read" if xml else ""),
        expected=f"a file {_stem(without[0])}.pipe.txt, empty where the note has no mention",
        hint="write the XML as lines NOTE||Disease_Disorder||CUI||start||end"
        if xml
        else "add the file, or take the note out of the folder",
    )


def _stem(path: Path) -> str:
    return ENDS.sub("", path.name)


def _part(path: Path, source: Path) -> Part | None:
    return part_of_folders(path.relative_to(source))


DATASETS.register(CLEFE.name)(
    KnownDataset(
        name=CLEFE.name,
        about="299 clinical notes of MIMIC-II with tagged disorders (ShARe/CLEF eHealth 2013)",
        address="https://physionet.org/content/shareclefehealth2013/ (after a data use agreement)",
        licence="PhysioNet credentialed data use agreement; not to be redistributed",
        settings=TaggingSettings,
        read=read,
        published=CLEFE.published,
        places=("clefe", "shareclefe", "ShAReCLEFE"),
    )
)
