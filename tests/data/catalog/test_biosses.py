"""BIOSSES: the mean of five annotators, or the scores of BLUE's files."""

import os
from pathlib import Path

import pytest
from tiny_pairs import PAIRS, benchmark_rows, write_biosses, write_similarity

from mtlv.data.catalog import read_known
from mtlv.errors import DataError


def test_the_score_is_the_mean_of_the_annotators(tmp_path: Path) -> None:
    corpus = read_known("biosses", {"path": str(write_biosses(tmp_path))})
    assert corpus.values("biosses").tolist() == [3.8, 0.2, 2.2, 4.0]
    assert corpus.ids.tolist() == ["1", "2", "3", "4"]
    assert corpus.texts()[0] == PAIRS[0][0]
    assert corpus.pairs()[0] == PAIRS[0][1]
    assert corpus.parts is None
    assert corpus.target("biosses").range == (0, 4)
    assert corpus.notes[0] == "examples: 4 (published 100)"


def test_files_of_blue(tmp_path: Path) -> None:
    rows = benchmark_rows()
    rows[0][0] = ""  # as in BLUE's files: the first column has no name
    for row in rows[1:]:
        row[-1] = min(float(str(row[-1])), 4.0)
    corpus = read_known("biosses", {"path": str(write_similarity(tmp_path, rows))})
    assert len(corpus) == 12
    assert corpus.notes[2] == "test: 4 (published 20)"


def test_an_annotator_out_of_range(tmp_path: Path) -> None:
    path = write_biosses(tmp_path) / "biosses_derived.tsv"
    path.write_text(path.read_text().replace("\t0\t0\t1\t0\t0\t", "\t0\t0\t5\t0\t0\t"))
    with pytest.raises(DataError, match="out of its range") as caught:
        read_known("biosses", {"path": str(path)})
    assert caught.value.where == f"{path}, line 3, column 'C'"
    assert caught.value.expected == "a number from 0 to 4"


def test_a_missing_annotator(tmp_path: Path) -> None:
    path = write_biosses(tmp_path) / "biosses_derived.tsv"
    path.write_text(path.read_text().replace("\tC\t", "\tX\t"))
    with pytest.raises(DataError, match="no column 'C'"):
        read_known("biosses", {"path": str(path)})


@pytest.mark.data
@pytest.mark.skipif(not os.environ.get("MTLV_DATA"), reason="MTLV_DATA is not set")
def test_real_pairs() -> None:
    corpus = read_known("biosses")
    values = corpus.values("biosses")
    assert len(corpus) == 100
    assert (values.min(), values.max()) == (0, 4)
    assert values.mean() == pytest.approx(2.198, abs=5e-4)
    assert corpus.notes[0] == "examples: 100 (published 100)"
