"""BIOSSES: 100 sentence pairs of biomedical articles with a similarity from 0 to 4.

Five people scored every pair; the score is their mean. The authors' documents are Word files, so
what is read is a table made of them: a column for each annotator. There are no official parts;
those of the BLUE benchmark (64, 16 and 20 pairs) are known to whoever has its files, which are read
too, and are not guessed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mtlv.data.catalog.known import DATASETS, KnownDataset
from mtlv.data.catalog.pair_files import (
    TSV_PARTS,
    corpus_of,
    pairs_of,
    part_paths,
    required_number,
)
from mtlv.data.catalog.sts import UNQUOTED, from_tsv
from mtlv.data.corpus import Corpus, Target
from mtlv.data.tables import Row
from mtlv.data.text_files import open_tsv
from mtlv.settings import Settings

__all__ = ["BiossesSettings"]

RANGE = (0.0, 4.0)
ANNOTATORS = ("A", "B", "C", "D", "E")
TARGET = Target(
    "biosses",
    "regression",
    description="How close in meaning two sentences of biomedical articles are, from 0 to 4",
    range=RANGE,
)
PUBLISHED = {"examples": 100}
BLUE_PUBLISHED = {"train": 64, "validation": 16, "test": 20}


class BiossesSettings(Settings):
    """Settings of the dataset `biosses`."""

    path: Path | None = None
    """The table of all pairs (`id`, `sentence1`, `sentence2`, `A` to `E`), the folder with BLUE's
    train.tsv, dev.tsv and test.tsv, or a folder that holds one of them."""


def read(settings: BiossesSettings, source: Path) -> Corpus:
    """Read the table with the five annotators, or the files of BLUE."""
    if source.is_dir():
        return from_tsv(TARGET, part_paths(source, TSV_PARTS).paths, source, BLUE_PUBLISHED)
    table = open_tsv(source, UNQUOTED)
    table.require(["id", "sentence1", "sentence2", *ANNOTATORS])
    examples = pairs_of(None, table, ("sentence1", "sentence2"), _mean, "id")
    notes = ["scores are the means of five annotators", "no official parts"]
    return corpus_of("biosses", [TARGET], examples, source, PUBLISHED, notes)


def _mean(row: Row) -> Mapping[str, float]:
    scores = [required_number(row, name, RANGE) for name in ANNOTATORS]
    return {TARGET.name: sum(scores) / len(scores)}


DATASETS.register("biosses")(
    KnownDataset(
        name="biosses",
        about="100 sentence pairs of biomedical articles with a similarity from 0 to 4",
        address="G. Sogancioglu, https://github.com/gizemsogancioglu/biosses",
        licence="GPL-3.0 (the authors' repository); cite Sogancioglu et al. 2017",
        settings=BiossesSettings,
        read=read,
        published=PUBLISHED,
        places=("biosses/biosses_derived.tsv", "biosses", "BIOSSES"),
    )
)
