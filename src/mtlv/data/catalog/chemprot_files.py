"""The official files of ChemProt, and those of SciBERT's repository, as pairs with a class."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mtlv.data.annotated import check_span
from mtlv.data.corpus import Part
from mtlv.data.part_files import part_files
from mtlv.data.relations import Argument, Arguments, Relation, show_arguments
from mtlv.data.sentences import Span, sentence_spans
from mtlv.data.tables import PART_NAMES, Row, TableOptions
from mtlv.data.text_files import open_json_lines, open_text
from mtlv.errors import DataError

__all__ = ["OFFICIAL", "Found", "official_relations", "scibert_relations"]

OFFICIAL = re.compile(
    r"chemprot_(?P<part>training|development|test)_(?P<kind>abstracts|entities|gold_standard)"
    r"(_gs)?\.tsv"
)
PLACEHOLDERS = {"CHEMICAL": "CHEMICAL", "GENE": "GENE", "GENE-Y": "GENE", "GENE-N": "GENE"}
BOTH = "CHEM-GENE"
SCIBERT_MARKS = (re.compile(r"<< (.*?) >>"), re.compile(r"\[\[ (.*?) \]\]"))


@dataclass(frozen=True)
class Found:
    """Pairs, and what people should know of them."""

    relations: list[Relation]
    notes: list[str]
    tokens: tuple[str, ...] = ()


@dataclass
class _Abstract:
    text: str
    where: str
    entities: dict[str, Argument] = field(default_factory=dict)
    gold: dict[tuple[str, str], str] = field(default_factory=dict)


def official_relations(source: Path, how: Arguments, groups: Sequence[str]) -> Found:
    """Return every chemical and gene of one sentence, with their group; the last group is none.

    Raises:
        DataError: a file is missing, a line is not what it should be, or an offset is wrong; names
            file and line.
    """
    files: dict[Part, dict[str, Path]] = defaultdict(dict)
    for path in sorted(source.rglob("*.tsv")):
        if found := OFFICIAL.fullmatch(path.name):
            files[PART_NAMES[found["part"]]][found["kind"]] = path
    relations: list[Relation] = []
    counts: Counter[str] = Counter()
    for part in sorted(files, key=("train", "validation", "test").index):
        abstracts = _abstracts(files[part], source, groups[:-1], counts)
        for name, abstract in abstracts.items():
            own = list(_pairs(name, abstract, how, groups[-1], part))
            relations += own
            counts["across"] += len(abstract.gold) - sum(r.label != groups[-1] for r in own)
    notes = ["sentences were found by simple rules of this project, so pairs differ from BLUE's"]
    if counts["across"]:
        notes.append(f"{counts['across']:,} gold relations cross sentences and were left out")
    if counts["twice"]:
        notes.append(f"{counts['twice']:,} pairs have a second group, which was left out")
    return Found(relations, notes)


def scibert_relations(source: Path, how: Arguments) -> Found:
    """Return the pairs of SciBERT's files; `mark` leaves their marks as they are.

    Raises:
        DataError: a line is no JSON, lacks a text or a label, or has no marks.
    """
    relations = [
        _scibert(row, how, f"{file.part or file.path.stem}-{row.number}", file.part)
        for file in part_files(source)
        for row in open_json_lines(file.path, TableOptions()).rows([])
    ]
    notes = ["SciBERT's form: 13 relations, and no pair without one"]
    return Found(relations, notes, ("<<", ">>", "[[", "]]") if how == "mark" else ())


def _abstracts(
    files: dict[str, Path], source: Path, groups: Sequence[str], counts: Counter[str]
) -> dict[str, _Abstract]:
    if missing := {"abstracts", "entities", "gold_standard"} - files.keys():
        raise DataError(
            "A file of ChemProt is missing.",
            where=str(next(iter(files.values())).parent if files else source),
            found=", ".join(path.name for path in files.values()),
            expected=f"one named …_{min(missing)}.tsv beside them",
        )
    abstracts: dict[str, _Abstract] = {}
    for where, (name, title, abstract) in _lines(files["abstracts"], 3):
        abstracts[name] = _Abstract(f"{title} {abstract}", where)
    for where, (name, number, kind, start, end, written) in _lines(files["entities"], 6):
        entity = _entity(_known(abstracts, name, where).text, where, kind, (start, end, written))
        abstracts[name].entities[number] = entity
    for where, (name, group, *arguments) in _lines(files["gold_standard"], 4):
        own = _known(abstracts, name, where)
        pair = _gold(own, where, group, arguments, groups)
        counts["twice"] += pair in own.gold
        own.gold.setdefault(pair, group)
    return abstracts


def _lines(path: Path, width: int) -> Iterator[tuple[str, list[str]]]:
    with open_text(path, "utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            # Blanks at the ends of a title count in the offsets.
            fields = line.rstrip("\n").split("\t")
            where = f"{path}, line {number}"
            if len(fields) != width:
                raise DataError(
                    f"A line has too {'many' if len(fields) > width else 'few'} columns.",
                    where=where,
                    found=f"{len(fields)}: {line.strip()[:60]!r}",
                    expected=f"{width}, with tabs between",
                )
            yield where, fields


def _known(abstracts: dict[str, _Abstract], name: str, where: str) -> _Abstract:
    if name not in abstracts:
        raise DataError(
            f"The abstract '{name}' is annotated and not there.",
            where=where,
            expected="an abstract of that number in the file of abstracts",
        )
    return abstracts[name]


def _entity(text: str, where: str, kind: str, rest: tuple[str, str, str]) -> Argument:
    start, end, written = rest
    if kind not in PLACEHOLDERS:
        raise DataError(
            "The type of an entity is not known.",
            where=where,
            found=repr(kind),
            expected=", ".join(PLACEHOLDERS),
        )
    if not (start.isdecimal() and end.isdecimal()):
        raise DataError("The offsets are no numbers.", where=where, found=f"{start!r}, {end!r}")
    check_span(Span(int(start), int(end)), text, where, written)
    return Argument(int(start), int(end), PLACEHOLDERS[kind])


def _gold(
    abstract: _Abstract, where: str, group: str, arguments: list[str], groups: Sequence[str]
) -> tuple[str, str]:
    names = [argument.partition(":")[2].strip() for argument in arguments]
    if group not in groups:
        raise DataError(
            "The group of a relation is not known.",
            where=where,
            found=repr(group),
            expected=", ".join(groups),
        )
    kinds = [abstract.entities[n].type if n in abstract.entities else "unknown" for n in names]
    if sorted(kinds) != ["CHEMICAL", "GENE"]:
        raise DataError(
            "A relation is not of a chemical and a gene of its abstract.",
            where=where,
            found=", ".join(f"{n} ({kind})" for n, kind in zip(arguments, kinds, strict=True)),
            expected="Arg1:T1 and Arg2:T2, both among the entities",
        )
    return (names[0], names[1]) if kinds[0] == "CHEMICAL" else (names[1], names[0])


def _pairs(
    name: str, abstract: _Abstract, how: Arguments, none: str, part: Part
) -> Iterator[Relation]:
    whole = [Span(e.start, e.end) for e in abstract.entities.values()]
    for start, end in sentence_spans(abstract.text, whole):
        inside = {n: e for n, e in abstract.entities.items() if start <= e.start and e.end <= end}
        moved = {n: Argument(e.start - start, e.end - start, e.type) for n, e in inside.items()}
        for chemical, first in moved.items():
            for gene, second in moved.items():
                if first.type == "CHEMICAL" and second.type == "GENE":
                    text = show_arguments(abstract.text[start:end], first, second, how, BOTH)
                    label = abstract.gold.get((chemical, gene), none)
                    pair = f"{name}.{chemical}.{gene}"
                    where = f"{abstract.where}, pair '{pair}'"
                    yield Relation(pair, text, label, where, part, pair.partition(".")[0])


def _scibert(row: Row, how: Arguments, name: str, part: Part | None) -> Relation:
    text, label = row.values.get("text"), row.values.get("label")
    found = [mark.search(text) for mark in SCIBERT_MARKS] if isinstance(text, str) else []
    if not isinstance(text, str) or not isinstance(label, str) or None in found:
        raise DataError(
            "The line is no relation of SciBERT's form.",
            where=row.where,
            found=repr(text)[:80],
            expected='{"text": "<< … >> … [[ … ]]", "label": "…"}',
        )
    if how == "replace":
        first, second = (Argument(*m.span(), f"ARG{n}") for n, m in enumerate(found, 1) if m)
        text = show_arguments(text, first, second, "replace")
    return Relation(name, text, label, row.where, part)
