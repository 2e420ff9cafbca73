"""MedNLI: does a clinical note support a statement? Sentence pairs in three classes.

Read from the authors' JSON lines, or from TSV in either of its two forms, told apart by the header:
`index, sentence1, sentence2, label` and `label, id, s1, s2`. The JSON lines also hold parse trees,
which are not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import chain
from pathlib import Path

from mtlv.data.catalog.known import DATASETS, KnownDataset
from mtlv.data.catalog.pair_files import (
    TSV_PARTS,
    any_column,
    corpus_of,
    pairs_of,
    part_paths,
    required_class,
)
from mtlv.data.corpus import Corpus, Part, Target
from mtlv.data.tables import Row, TableOptions
from mtlv.data.text_files import open_json_lines, open_tsv
from mtlv.settings import Settings

__all__ = ["MedNliSettings"]

CLASSES = ("contradiction", "neutral", "entailment")
TARGET = Target(
    "mednli",
    "multiclass",
    CLASSES,
    "Whether a sentence of a clinical note entails a statement, contradicts it, or does neither",
)
JSON_LINES: Mapping[Part, tuple[str, ...]] = {
    "train": ("mli_train_v1.jsonl",),
    "validation": ("mli_dev_v1.jsonl",),
    "test": ("mli_test_v1.jsonl",),
}
PUBLISHED = {"train": 11232, "validation": 1395, "test": 1422}


class MedNliSettings(Settings):
    """Settings of the dataset `mednli`."""

    path: Path | None = None
    """The folder with a file for each part, or a folder that holds it."""
    quotes: bool = True
    """Whether `"` quotes fields of the TSV files, as Python's CSV writer does it."""


def read(settings: MedNliSettings, source: Path) -> Corpus:
    """Read the JSON lines of the authors, or TSV files."""
    layout, paths = part_paths(source, JSON_LINES, TSV_PARTS)
    options = TableOptions(quotes=settings.quotes)
    reader = open_json_lines if layout == 0 else open_tsv
    examples = []
    for part, path in paths.items():
        table = reader(path, options)
        columns = any_column(table, "sentence1", "s1"), any_column(table, "sentence2", "s2")
        label = any_column(table, "gold_label", "label")
        key = any_column(table, "pairID", "id", "index")
        examples.append(pairs_of(part, table, columns, partial(_class_in, column=label), key))
    return corpus_of("mednli", [TARGET], chain(*examples), source, PUBLISHED)


def _class_in(row: Row, column: str) -> Mapping[str, int]:
    return {TARGET.name: required_class(row, column, CLASSES)}


DATASETS.register("mednli")(
    KnownDataset(
        name="mednli",
        about="14,049 sentence pairs on clinical notes: entailment, contradiction or neither",
        address="PhysioNet, https://physionet.org/content/mednli, with credentials",
        licence="PhysioNet Credentialed Health Data License; may not be passed on",
        settings=MedNliSettings,
        read=read,
        published=PUBLISHED,
        places=("mednli", "MedNLI"),
    )
)
