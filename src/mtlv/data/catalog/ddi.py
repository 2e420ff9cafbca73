"""DDI 2013: drug-drug interactions in DrugBank texts and MEDLINE abstracts (SemEval-2013 task 9).

Read from the official XML, zipped or not, or from the TSV files of BLUE. Every pair of drugs in a
sentence is an example, and only its own two drugs are replaced or marked. The official test part is
that of the interaction task; the one of the drug name task has no interactions and is passed over.
There is no official validation part: BLUE took one out of the training documents, and with the
official files that is left to the splits of the study. Of a drug name in several pieces only the
first one is used, as in BLUE.

One positive pair of the training part, `DDI-DrugBank.d236.s29.p0`, has no type. It has no class
here unless the setting `untyped` gives it one; any other positive pair without a type is an error.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from mtlv.data.annotated import check_span
from mtlv.data.catalog.known import DATASETS, KnownDataset
from mtlv.data.catalog.relation_sets import (
    NEGATIVE,
    RelationSet,
    RelationSettings,
    blue_relations,
    relation_corpus,
)
from mtlv.data.catalog.xml_files import parse_xml
from mtlv.data.catalog.zips import members_of
from mtlv.data.corpus import Corpus, Part
from mtlv.data.part_files import part_of_folders
from mtlv.data.relations import Argument, Arguments, Relation, show_arguments
from mtlv.data.sentences import Span
from mtlv.errors import DataError, nearest

__all__ = ["PUBLISHED", "UNTYPED", "DdiSettings"]

LABELS = ("advise", "effect", "int", "mechanism", NEGATIVE)
DRUGS = ("brand", "drug", "drug_n", "group")
UNTYPED = "DDI-DrugBank.d236.s29.p0"
PUBLISHED = {
    "official": {
        "train pairs": 27792,
        "train positives": 4021,
        "test pairs": 5716,
        "test positives": 979,
    },
    "blue": {"train positives": 2937, "validation positives": 1004, "test positives": 979},
}
DESCRIPTION = "how one drug acts on another in a sentence: advice, effect, mechanism or bare fact"
DRUG_NAMES_ONLY = "DrugNER"


class DdiSettings(RelationSettings):
    """Settings of the dataset `ddi`."""

    untyped: Literal["advise", "effect", "int", "mechanism"] | None = None
    """Class of the one positive pair that the corpus gives none; None leaves it without."""


def read(settings: DdiSettings, source: Path) -> Corpus:
    """Read the official XML, or BLUE's files if there is a TSV."""
    if source.suffix == ".tsv" or (source.is_dir() and any(source.glob("*.tsv"))):
        dataset = RelationSet("ddi", LABELS, DESCRIPTION, PUBLISHED["blue"])
        found = blue_relations(source, settings, "DDI-", _document)
        return relation_corpus(dataset, found.relations, source, found.notes)
    dataset = RelationSet("ddi", LABELS, DESCRIPTION, PUBLISHED["official"])
    relations = [
        relation
        for name, data in members_of(source, ".xml")
        if not any(DRUG_NAMES_ONLY in folder for folder in name.parts)
        for relation in _of_document(
            parse_xml(data, str(source / name)),
            str(source / name),
            part_of_folders(name),
            settings,
        )
    ]
    notes = ["a validation part is not official; the study's splits take it out of train"]
    if settings.untyped is None and any(relation.label is None for relation in relations):
        notes.append(f"the positive pair {UNTYPED} has no type, and no class here")
    return relation_corpus(dataset, relations, source, notes)


def _of_document(
    root: ET.Element, where: str, part: Part | None, settings: DdiSettings
) -> Iterator[Relation]:
    for sentence in root.iter("sentence"):
        text = sentence.get("text", "")
        drugs = {e.get("id", ""): _drug(e, text, where) for e in sentence.iter("entity")}
        for pair in sentence.iter("pair"):
            name = pair.get("id", "")
            place = f"{where}, pair '{name}'"
            first, second = (_argument(pair, key, drugs, place) for key in ("e1", "e2"))
            how: Arguments = settings.arguments or "replace"
            shown = show_arguments(text, first, second, how)
            label = _label(pair, place, settings)
            yield Relation(name, shown, label, place, part, _document(name))


def _document(pair: str) -> str | None:
    """Return the document of a pair such as `DDI-DrugBank.d1.s0.p0`."""
    return pair.rpartition(".s")[0] or None


def _drug(entity: ET.Element, text: str, where: str) -> Argument:
    place = f"{where}, entity '{entity.get('id')}'"
    kind, written = entity.get("type", ""), entity.get("charOffset", "")
    if kind not in DRUGS:
        raise DataError(
            "The type of a drug is not known.",
            where=place,
            found=repr(kind),
            expected=", ".join(DRUGS),
            hint=nearest(kind, DRUGS),
        )
    first, *others = written.split(";")
    ends = first.split("-")
    if len(ends) != 2 or not all(end.isdecimal() for end in ends):
        raise DataError(
            "The offsets of a drug are none.", where=place, found=repr(written), expected="12-20"
        )
    span = Span(int(ends[0]), int(ends[1]) + 1)
    check_span(span, text, place, None if others else entity.get("text"))
    return Argument(span.start, span.end, kind)


def _argument(pair: ET.Element, key: str, drugs: Mapping[str, Argument], where: str) -> Argument:
    name = pair.get(key, "")
    if name not in drugs:
        raise DataError(
            "A pair names a drug that is not in its sentence.",
            where=where,
            found=f"{key}={name!r}",
            expected=", ".join(drugs) or "a sentence with drugs",
        )
    return drugs[name]


def _label(pair: ET.Element, where: str, settings: DdiSettings) -> str | None:
    if pair.get("ddi") not in ("true", "false"):
        raise DataError(
            "A pair does not say whether it interacts.",
            where=where,
            found=f"ddi={pair.get('ddi')!r}",
            expected="ddi='true' or ddi='false'",
        )
    if pair.get("ddi") == "false":
        return NEGATIVE
    if pair.get("type") is None and pair.get("id") == UNTYPED:
        return settings.untyped
    if pair.get("type") not in LABELS[:-1]:
        raise DataError(
            "The type of an interaction is not known.",
            where=where,
            found=repr(pair.get("type")),
            expected=", ".join(LABELS[:-1]),
        )
    return pair.get("type")


DATASETS.register("ddi")(
    KnownDataset(
        name="ddi",
        about="33,508 pairs of drugs in sentences of DrugBank and MEDLINE, interacting or not",
        address="https://github.com/isegura/DDICorpus (DDICorpus-2013.zip)",
        licence="CC BY-NC 4.0",
        settings=DdiSettings,
        read=read,
        published=PUBLISHED["official"],
        places=("ddi2013/DDICorpus-2013.zip", "ddi2013/DDICorpus", "ddi2013-type", "DDICorpus"),
    )
)
