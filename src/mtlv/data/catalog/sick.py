"""SICK: sentence pairs with two tasks on the same inputs (SemEval 2014, task 1; Marelli et al.).

Every pair has a relatedness from 1 to 5, the mean of ten people, and one of three classes of
entailment. The trial part of the challenge is the validation part here.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from mtlv.data.catalog.known import DATASETS, KnownDataset
from mtlv.data.catalog.pair_files import (
    corpus_of,
    pairs_of,
    part_paths,
    required_class,
    required_number,
)
from mtlv.data.corpus import Corpus, Part, Target, Value
from mtlv.data.tables import Row, TableOptions
from mtlv.data.text_files import open_tsv
from mtlv.settings import Settings

__all__ = ["SickSettings"]

CLASSES = ("CONTRADICTION", "NEUTRAL", "ENTAILMENT")
RANGE = (1.0, 5.0)
TARGETS = (
    Target(
        "sick-relatedness",
        "regression",
        description="How related the meanings of two sentences about everyday scenes are, 1 to 5",
        range=RANGE,
    ),
    Target(
        "sick-entailment",
        "multiclass",
        tuple(name.lower() for name in CLASSES),
        "Whether one sentence about an everyday scene entails or contradicts the other, or neither",
    ),
)
FILES: Mapping[Part, tuple[str, ...]] = {
    "train": ("SICK_train.txt",),
    "validation": ("SICK_trial.txt",),
    "test": ("SICK_test_annotated.txt",),
}
COLUMNS = ("pair_ID", "sentence_A", "sentence_B", "relatedness_score", "entailment_judgment")
PUBLISHED = {"train": 4500, "validation": 500, "test": 4927}


class SickSettings(Settings):
    """Settings of the dataset `sick`."""

    path: Path | None = None
    """The folder with SICK_train.txt, SICK_trial.txt and SICK_test_annotated.txt, or one around."""


def read(settings: SickSettings, source: Path) -> Corpus:
    """Read the three files of the challenge."""
    examples = []
    for part, path in part_paths(source, FILES).paths.items():
        table = open_tsv(path, TableOptions(quotes=False))
        table.require(COLUMNS)
        examples.append(pairs_of(part, table, ("sentence_A", "sentence_B"), _targets, "pair_ID"))
    return corpus_of("sick", TARGETS, chain(*examples), source, PUBLISHED)


def _targets(row: Row) -> Mapping[str, Value]:
    return {
        "sick-relatedness": required_number(row, "relatedness_score", RANGE),
        "sick-entailment": required_class(row, "entailment_judgment", CLASSES),
    }


DATASETS.register("sick")(
    KnownDataset(
        name="sick",
        about="9,927 sentence pairs about everyday scenes, with relatedness and entailment",
        address="SemEval 2014 task 1, https://zenodo.org/record/2787612",
        licence="CC BY-NC-SA 3.0; cite Marelli et al. 2014",
        settings=SickSettings,
        read=read,
        published=PUBLISHED,
        places=("sick2014", "sick", "SICK"),
    )
)
