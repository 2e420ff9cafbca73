"""Sentence similarity as regression: ClinicalSTS (MedSTS) and the STS benchmark.

Both are read in the layout of the BLUE benchmark (a header; of more than eight columns without
known names the last three are the two sentences and the score) and in their authors' own, which has
no header; there ClinicalSTS keeps the scores of its test part in another file. None of the files
quotes anything: a quotation mark is a character like any other.

The authors of ClinicalSTS published 750 training pairs; the BLUE benchmark took 75 of them for
validation. GLUE's copy of the STS benchmark hides the scores of the test part, which is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from mtlv.data.catalog.known import DATASETS, KnownDataset
from mtlv.data.catalog.pair_files import (
    TSV_PARTS,
    any_column,
    corpus_of,
    headless,
    pairs_of,
    part_paths,
    required_number,
)
from mtlv.data.corpus import Corpus, Example, Part, Target
from mtlv.data.tables import Row, Table, TableOptions
from mtlv.data.text_files import open_tsv
from mtlv.errors import DataError
from mtlv.settings import Settings

__all__ = ["UNQUOTED", "StsSettings", "from_tsv"]

COLUMNS = ("sentence1", "sentence2", "score")
BENCHMARK_COLUMNS = ("genre", "filename", "year", "id", "score", "sentence1", "sentence2")
UNQUOTED = TableOptions(quotes=False)

CLINICAL_FILES: Mapping[Part, tuple[str, ...]] = {
    "train": ("clinicalSTS.train.txt",),
    "test": ("clinicalSTS.test.txt",),
}
CLINICAL_SCORES = "clinicalSTS.test.gs.sim.txt"
BENCHMARK_FILES: Mapping[Part, tuple[str, ...]] = {
    "train": ("sts-train.csv",),
    "validation": ("sts-dev.csv",),
    "test": ("sts-test.csv",),
}

CLINICAL = Target(
    "clinicalsts",
    "regression",
    description="How close in meaning two sentences of clinical notes are, from 0 (unrelated) to 5",
    range=(0.0, 5.0),
)
BENCHMARK = Target(
    "sts-b",
    "regression",
    description="How close in meaning two sentences of news, captions or forums are, from 0 to 5",
    range=(0.0, 5.0),
)

PUBLISHED = {
    "clinicalsts": {"train": 675, "validation": 75, "test": 318},
    "clinicalsts, official": {"train": 750, "test": 318},
    "sts-b": {"train": 5749, "validation": 1500, "test": 1379},
}


class StsSettings(Settings):
    """Settings of the datasets `clinicalsts` and `sts-b`."""

    path: Path | None = None
    """The folder with a file for each part, or a folder that holds it."""


def read_clinicalsts(settings: StsSettings, source: Path) -> Corpus:
    """Read ClinicalSTS: the TSV files of BLUE, or the two files of its authors and the scores."""
    layout, paths = part_paths(source, TSV_PARTS, CLINICAL_FILES)
    if layout == 0:
        return from_tsv(CLINICAL, paths, source, PUBLISHED["clinicalsts"])
    tables = {"train": headless(paths["train"], COLUMNS), "test": _with_scores(paths["test"])}
    examples = [_scored(part, tables[part], COLUMNS, CLINICAL) for part in paths]
    return corpus_of(
        "clinicalsts",
        [CLINICAL],
        chain(*examples),
        source,
        PUBLISHED["clinicalsts, official"],
        ["the authors' own files, which have no validation part"],
    )


def read_benchmark(settings: StsSettings, source: Path) -> Corpus:
    """Read the STS benchmark: TSV files with a header, or the authors' files without one."""
    layout, paths = part_paths(source, TSV_PARTS, BENCHMARK_FILES)
    if layout == 0:
        return from_tsv(BENCHMARK, paths, source, PUBLISHED["sts-b"])
    tables = {part: headless(path, BENCHMARK_COLUMNS, more=True) for part, path in paths.items()}
    examples = [_scored(part, table, COLUMNS, BENCHMARK) for part, table in tables.items()]
    return corpus_of("sts-b", [BENCHMARK], chain(*examples), source, PUBLISHED["sts-b"])


def from_tsv(
    target: Target, paths: Mapping[Part, Path], source: Path, published: Mapping[str, int]
) -> Corpus:
    """Read the TSV files of one dataset; a test file without scores is left out and noted.

    Args:
        target: its task, which is called like the dataset.
        paths: by part.
        source: the folder.
        published: sizes by part.
    """
    notes, examples = [], []
    for part, path in paths.items():
        table = open_tsv(path, UNQUOTED)
        if part == "test" and "sentence2" in table.columns and "score" not in table.columns:
            notes.append(f"test: {path.name} has no scores and is left out")
            continue
        examples.append(_scored(part, table, _columns(table), target))
    return corpus_of(target.name, [target], chain(*examples), source, published, notes)


def _columns(table: Table) -> tuple[str, str, str]:
    if "sentence1" not in table.columns and len(table.columns) > 8:
        first, second, score = table.columns[-3:]
        table.require([first, second, score])
        return first, second, score
    first, second, score = (any_column(table, name) for name in COLUMNS)
    return first, second, score


def _scored(
    part: Part, table: Table, columns: tuple[str, str, str], target: Target
) -> Iterator[Example]:
    first, second, score = columns

    def read(row: Row) -> Mapping[str, float]:
        return {target.name: required_number(row, score, target.range or (0.0, 5.0))}

    return pairs_of(part, table, (first, second), read)


def _with_scores(path: Path) -> Table:
    """Put the scores of ClinicalSTS's test part, which are a file of their own, to its pairs."""
    beside = path.with_name(CLINICAL_SCORES)
    if not beside.is_file():
        raise DataError(
            "The scores of the part 'test' are missing.",
            where=str(path.parent),
            found=path.name,
            expected=CLINICAL_SCORES,
        )
    scores = list(headless(beside, ["score"]).rows([]))
    pairs = list(headless(path, COLUMNS[:2]).rows([]))
    if len(scores) != len(pairs):
        raise DataError(
            "There are not as many scores as pairs.",
            where=str(beside),
            found=f"{len(scores)} scores",
            expected=f"{len(pairs)}, one for each line of {path.name}",
        )
    both = [
        Row(pair.number, f"{pair.where} (score: {score.where})", {**pair.values, **score.values})
        for pair, score in zip(pairs, scores, strict=True)
    ]
    return Table(str(path), COLUMNS, lambda _: iter(both))


DATASETS.register("clinicalsts")(
    KnownDataset(
        name="clinicalsts",
        about="1,068 sentence pairs of clinical notes with a similarity from 0 to 5",
        address="the organisers of the OHNLP challenge of 2018, under a data use agreement",
        licence="data use agreement; may not be passed on",
        settings=StsSettings,
        read=read_clinicalsts,
        published=PUBLISHED["clinicalsts"],
        places=("clinicalsts", "ClinicalSTS", "MedSTS"),
    )
)
DATASETS.register("sts-b")(
    KnownDataset(
        name="sts-b",
        about="8,628 sentence pairs of news, captions and forums with a similarity from 0 to 5",
        address="http://ixa2.si.ehu.eus/stswiki (STSbenchmark), or GLUE's STS-B",
        licence="several, by source; see LICENSE.txt of the benchmark",
        settings=StsSettings,
        read=read_benchmark,
        published=PUBLISHED["sts-b"],
        places=("sts-b", "STS-B", "stsbenchmark"),
    )
)
