"""Hallmarks of cancer: sentences of PubMed abstracts with ten binary labels (Baker et al. 2016).

Read in the layout of the BLUE benchmark (`DOCUMENT_sNUMBER`, sentence, names with commas between
them) or from the authors' files (one per abstract, a sentence and its list of names in each line)
with BLUE's lists of the documents of each part. The header of BLUE's files has a column more than
their rows in one release, so the columns go by place.

Sentences are what is learned; the benchmark scores abstracts, with the union of the labels of their
sentences. `document_of` tells which abstract a sentence belongs to.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from mtlv.data.builder import CorpusBuilder
from mtlv.data.catalog.known import DATASETS, KnownDataset, describe, found_beside_published
from mtlv.data.catalog.pair_files import TSV_PARTS, part_paths
from mtlv.data.corpus import Corpus, Example, Part
from mtlv.data.tables import TableOptions
from mtlv.data.text_files import open_text, records
from mtlv.errors import DataError, nearest
from mtlv.settings import Settings

__all__ = ["LABELS", "HocSettings", "document_of"]

LABELS = (
    "activating invasion and metastasis",
    "avoiding immune destruction",
    "cellular energetics",
    "enabling replicative immortality",
    "evading growth suppressors",
    "genomic instability and mutation",
    "inducing angiogenesis",
    "resisting cell death",
    "sustaining proliferative signaling",
    "tumor promoting inflammation",
)
DOCUMENTS: Mapping[Part, tuple[str, ...]] = {
    "train": ("train_docid.txt",),
    "validation": ("dev_docid.txt",),
    "test": ("test_docid.txt",),
}
"""Lists of the documents of each part, beside the authors' files."""
FOLDERS = ("HoCCorpus", "original/HoCCorpus", ".")
PUBLISHED = {"train documents": 1108, "validation documents": 157, "test documents": 315}
SENTENCE = re.compile(r".+_s\d+")
NAMES = re.compile(r"\[(.*)\]")


class HocSettings(Settings):
    """Settings of the dataset `hoc`."""

    path: Path | None = None
    """The folder with train.tsv, dev.tsv and test.tsv, or with the lists of documents and the
    folder HoCCorpus; or a folder around it."""
    quotes: bool = True
    """Whether `"` quotes fields of the TSV files, as Python's CSV writer does it."""


def read(settings: HocSettings, source: Path) -> Corpus:
    """Read the sentences of all parts."""
    layout, paths = part_paths(source, TSV_PARTS, DOCUMENTS)
    builder = CorpusBuilder("hoc", describe("hoc", LABELS), source=str(source))
    documents: set[tuple[str, str]] = set()
    counts: Counter[str] = Counter()
    for part, path in paths.items():
        found = _rows(part, path, settings.quotes) if layout == 0 else _listed(part, path)
        for example in found:
            builder.add(example)
            counts[f"{part} sentences"] += 1
            documents.add((part, document_of(example.id)))
    counts.update(f"{part} documents" for part, _ in documents)
    return builder.build(found_beside_published(dict(sorted(counts.items())), PUBLISHED))


def document_of(example: str) -> str:
    """Return the document of a sentence.

    >>> document_of("11302726_s4")
    '11302726'
    """
    return example.rpartition("_s")[0]


def _rows(part: Part, path: Path, quotes: bool) -> Iterator[Example]:
    for line, fields in records(path, TableOptions(quotes=quotes), "\t"):
        where = f"{path}, line {line}"
        if line == 1 and not SENTENCE.fullmatch(fields[0]):
            continue
        if len(fields) != 3 or not SENTENCE.fullmatch(fields[0]):
            raise DataError(
                "This is no sentence of the corpus.",
                where=where,
                found=f"{len(fields)} fields, the first {fields[0][:40]!r}",
                expected="DOCUMENT_sNUMBER, a sentence, and its labels with commas between them",
            )
        name, text, labels = fields
        yield Example(
            name, text, targets=_targets(labels.split(","), where), part=part, where=where
        )


def _listed(part: Part, path: Path) -> Iterator[Example]:
    folders = [path.parent / name for name in FOLDERS]
    with open_text(path, "utf-8") as file:
        for number, line in enumerate(file, 1):
            name = line.strip()
            files = [folder / f"{name}.txt" for folder in folders]
            document = next((own for own in files if own.is_file()), None)
            if name and document is None:
                raise DataError(
                    f"The document '{name}' is missing.",
                    where=f"{path}, line {number}",
                    expected=f"{name}.txt in the folder {FOLDERS[0]}",
                )
            if document is not None:
                yield from _sentences(part, document)


def _sentences(part: Part, document: Path) -> Iterator[Example]:
    with open_text(document, "utf-8") as file:
        for number, line in enumerate(file):
            where = f"{document}, line {number + 1}"
            text, _, listed = line.rstrip("\n").partition("\t")
            names = NAMES.fullmatch(listed.strip())
            if names is None:
                raise DataError(
                    "A sentence has no list of labels.",
                    where=where,
                    found=repr(listed[:60]),
                    expected="a tab, and names in brackets: ['cellular energetics']",
                )
            targets = _targets([own.strip(" '\"") for own in names[1].split(",")], where)
            yield Example(f"{document.stem}_s{number}", text, None, None, targets, part, where)


def _targets(names: list[str], where: str) -> dict[str, int]:
    present = {name.strip().lower() for name in names} - {""}
    for name in sorted(present):
        if name not in LABELS:
            raise DataError(
                "A label is no hallmark of cancer.",
                where=where,
                found=repr(name),
                hint=nearest(name, LABELS),
            )
    return {label: int(label in present) for label in LABELS}


DATASETS.register("hoc")(
    KnownDataset(
        name="hoc",
        about="Sentences of 1,580 PubMed abstracts with ten hallmarks of cancer as binary labels",
        address="S. Baker, https://github.com/sb895/Hallmarks-of-Cancer; parts by BLUE, "
        "https://github.com/ncbi-nlp/BLUE_Benchmark",
        licence="GPL-3.0 (the authors' repository); cite Baker et al. 2016",
        settings=HocSettings,
        read=read,
        published=PUBLISHED,
        places=("hoc", "HoC"),
    )
)
