"""OHSUMED: both forms of the files, the three subsets, and the real counts."""

import os
from pathlib import Path

import numpy as np
import pytest
from tiny import ohsumed_documents, write_tar

from mtlv.data.catalog import read_known
from mtlv.data.catalog.ohsumed import CATEGORIES, PUBLISHED, official_part
from mtlv.errors import DataError

NAMES = tuple(category.name for category in CATEGORIES.values())


def test_documents_and_labels(ohsumed_folder: Path) -> None:
    corpus = read_known("ohsumed", {"subset": "all"}, ohsumed_folder)
    assert corpus.target_names == NAMES
    assert len(corpus) == 230
    assert corpus.texts([0]) == ["Title 0. A sentence on 0. And another."]
    # Document 0 is in C01 and, as every tenth, in the category before (cyclically, C23).
    assert [NAMES[i] for i in np.flatnonzero(corpus.matrix()[0])] == [NAMES[0], NAMES[-1]]
    assert corpus.matrix().sum() == 230 + 23
    assert corpus.parts is None


def test_archive_is_the_same_corpus(ohsumed_folder: Path, ohsumed_tar: Path) -> None:
    corpora = [read_known("ohsumed", {}, root) for root in (ohsumed_folder, ohsumed_tar)]
    assert corpora[0].fingerprint == corpora[1].fingerprint


def test_first_documents_have_their_official_parts(ohsumed_folder: Path) -> None:
    corpus = read_known("ohsumed", {}, ohsumed_folder)
    assert len(corpus) == 200
    assert corpus.parts is not None
    assert all(official_part(i) == p for i, p in zip(corpus.ids, corpus.parts, strict=True))
    # Of the ids 1, 101, … 19901: 1, 101, 1001 … 1901, 10001 … 19901, and 2001, 3001 … 9001.
    assert (corpus.parts == "test").sum() == 2 + 10 + 100 + 8
    assert corpus.notes[:3] == (
        "documents: 200 (published 13,929)",
        "test: 120 (published 7,643)",
        "train: 80 (published 6,286)",
    )


@pytest.mark.parametrize(
    ("number", "part"),
    [
        *((1, "test"), (2, "train"), (199, "test"), (999, "train"), (1000, "test")),
        *((1999, "test"), (2000, "train"), (2001, "test"), (2002, "train"), (9001, "test")),
        *((9002, "train"), (10_000, "test"), (19_999, "test"), (20_000, "train")),
    ],
)
def test_rule_of_the_official_parts(number: int, part: str) -> None:
    assert official_part(f"{number:07}") == part


def test_sample_is_stratified_and_seeded(ohsumed_folder: Path) -> None:
    every = read_known("ohsumed", {"subset": "all"}, ohsumed_folder)
    sample = read_known("ohsumed", {"subset": "sample"}, ohsumed_folder)
    other = read_known("ohsumed", {"subset": "sample", "seed": 1}, ohsumed_folder)
    assert set(sample.ids) < set(every.ids)
    assert sample.parts is None
    assert np.abs(sample.matrix().sum(axis=0) - every.matrix().sum(axis=0) / 5).max() <= 1
    assert sample.fingerprint != other.fingerprint


def test_published_counts_add_up() -> None:
    assert len(CATEGORIES) == 23
    assert sum(c.first for c in CATEGORIES.values()) == 23166
    assert sum(c.sample for c in CATEGORIES.values()) == 11396
    first = PUBLISHED["first-20000"]
    assert first["documents"] == first["train"] + first["test"]


def broken(path: Path, **changes: str | None) -> Path:
    """Write an archive in which some files have other contents, or none."""
    files = dict(ohsumed_documents())
    for name, text in changes.items():
        files = {k: v for k, v in files.items() if not k.startswith(name)}
        files |= {name: text} if text is not None else {}
    write_tar(path / "docs.tar.gz", {f"ohsumed-all/{k}": v for k, v in files.items()})
    return path / "docs.tar.gz"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"C05": None}, "Categories of OHSUMED are missing"),
        ({"C24/0000001": "text"}, "not a document of OHSUMED"),
        ({"C01/readme": "text"}, "not a document of OHSUMED"),
        ({"C23/0000001": "another text"}, "has two texts"),
    ],
)
def test_archives_that_are_not_ohsumed(
    changes: dict[str, str | None], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_known("ohsumed", {"path": str(broken(tmp_path, **changes))})
    assert next(iter(changes)) in str(caught.value)


def test_hidden_files_are_passed_over(tmp_path: Path, ohsumed_tar: Path) -> None:
    path = broken(tmp_path, **{".DS_Store": "x", "C01/._0000001": "x"})
    corpora = [read_known("ohsumed", {"path": str(p)}) for p in (path, ohsumed_tar)]
    assert corpora[0].fingerprint == corpora[1].fingerprint


def test_file_that_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "docs.tar.gz").write_text("<html>moved</html>")
    with pytest.raises(DataError, match="archive cannot be read"):
        read_known("ohsumed", {"path": str(tmp_path / "docs.tar.gz")})


@pytest.mark.data
@pytest.mark.skipif(not os.environ.get("MTLV_DATA"), reason="MTLV_DATA is not set")
class TestRealDocuments:
    def test_first_documents_are_those_of_the_published_split(self) -> None:
        corpus = read_known("ohsumed")
        table = Path(os.environ["MTLV_DATA"]) / "ohsumed" / "first20000_split_derived.tsv"
        lines = [line.split("\t") for line in table.read_text().splitlines() if line[:1].isdigit()]
        assert corpus.parts is not None
        assert dict(zip(corpus.ids, corpus.parts, strict=True)) == dict(lines)
        assert found(corpus.notes) == PUBLISHED["first-20000"]

    def test_train_and_test_of_some_categories(self) -> None:
        corpus = read_known("ohsumed")
        for code, counts in {"C01": (423, 506), "C04": (1163, 1467), "C23": (1799, 2153)}.items():
            values = corpus.values(CATEGORIES[code].name)
            assert corpus.parts is not None
            assert tuple(int(values[corpus.parts == p].sum()) for p in ("train", "test")) == counts

    def test_sample_has_the_counts_of_the_thesis(self) -> None:
        corpus = read_known("ohsumed", {"subset": "sample"})
        counts = found(corpus.notes)
        assert 6800 <= counts.pop("documents") <= 6900
        assert counts == {k: v for k, v in PUBLISHED["sample"].items() if k != "documents"}

    def test_all_documents(self) -> None:
        assert len(read_known("ohsumed", {"subset": "all"})) == 34389


def found(notes: tuple[str, ...]) -> dict[str, int]:
    """Read the counts back out of the notes."""
    pairs = (note.split(" (published")[0].rsplit(": ", 1) for note in notes)
    return {name: int(count.replace(",", "")) for name, count in pairs}
