"""ClinicalSTS and the STS benchmark in all their layouts; what is wrong with a file is told."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_pairs import (
    BENCHMARK_HEADER,
    PAIRS,
    benchmark_rows,
    similarity_rows,
    write_clinicalsts,
    write_similarity,
    write_stsb,
    write_tsv,
)

from mtlv.data import Corpus
from mtlv.data.catalog import read_known
from mtlv.errors import DataError

SCORES = [score for _, _, score, _ in PAIRS]


def read(name: str, folder: Path) -> Corpus:
    return read_known(name, {"path": str(folder)})


def refused(name: str, folder: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        read(name, folder)
    return caught.value


def long_rows() -> list[list[object]]:
    return benchmark_rows([f"c{number}" for number in range(10)])


@pytest.mark.parametrize("name", ["clinicalsts", "sts-b"])
@pytest.mark.parametrize("rows", [similarity_rows, benchmark_rows, long_rows])
def test_files_of_blue_by_header_or_by_place(
    name: str, rows: Callable[[], list[list[object]]], tmp_path: Path
) -> None:
    corpus = read(name, write_similarity(tmp_path, rows()))
    assert corpus.texts() == [first for first, _, _, _ in PAIRS] * 3
    assert corpus.pairs() == [second for _, second, _, _ in PAIRS] * 3
    assert corpus.values(name).tolist() == SCORES * 3
    assert corpus.ids.tolist()[:5] == ["train-1", "train-2", "train-3", "train-4", "validation-1"]
    assert corpus.target(name).range == (0, 5)
    assert corpus.parts is not None
    assert corpus.parts.tolist() == ["train"] * 4 + ["validation"] * 4 + ["test"] * 4


def test_counts_stand_beside_the_published_ones(tmp_path: Path) -> None:
    assert read("clinicalsts", write_similarity(tmp_path)).notes == (
        "train: 4 (published 675)",
        "validation: 4 (published 75)",
        "test: 4 (published 318)",
    )


def test_the_authors_form_of_clinicalsts(tmp_path: Path) -> None:
    corpus = read("clinicalsts", write_clinicalsts(tmp_path))
    assert corpus.texts() == [first for first, _, _, _ in PAIRS] * 2
    assert corpus.pairs() == [second for _, second, _, _ in PAIRS] * 2
    assert corpus.values("clinicalsts").tolist() == SCORES * 2
    assert corpus.notes[:2] == ("train: 4 (published 750)", "test: 4 (published 318)")


def test_the_authors_form_of_the_benchmark(tmp_path: Path) -> None:
    corpus = read("sts-b", write_stsb(tmp_path))
    assert corpus.texts() == [first for first, _, _, _ in PAIRS] * 3
    assert corpus.values("sts-b").tolist() == SCORES * 3


def test_other_names_of_the_validation_file(tmp_path: Path) -> None:
    write_similarity(tmp_path)
    (tmp_path / "dev.tsv").rename(tmp_path / "devel.tsv")
    assert len(read("clinicalsts", tmp_path)) == 12


def test_a_test_part_without_scores_is_left_out(tmp_path: Path) -> None:
    write_similarity(tmp_path, benchmark_rows())
    write_tsv(tmp_path / "test.tsv", [BENCHMARK_HEADER[:-1], list(range(9))])
    corpus = read("sts-b", tmp_path)
    assert len(corpus) == 8
    assert corpus.notes[-1] == "test: test.tsv has no scores and is left out"


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("5.1", "a number out of its range"),
        ("-1", "a number out of its range"),
        ("high", "something that is no number"),
        ("nan", "something that is no number"),
        ("", "is empty"),
    ],
)
def test_scores_that_cannot_be(cell: str, problem: str, tmp_path: Path) -> None:
    write_similarity(tmp_path)
    path = write_tsv(tmp_path / "dev.tsv", [*similarity_rows(), [9, "a", "b", cell]])
    error = refused("clinicalsts", tmp_path)
    assert problem in error.what
    assert error.where == f"{path}, line 6, column 'score'"
    assert error.expected == "a number from 0 to 5"


@pytest.mark.parametrize("side", [1, 2])
def test_a_pair_with_one_side(side: int, tmp_path: Path) -> None:
    row: list[object] = [9, "a", "b", 1]
    row[side] = " "
    path = write_tsv(write_similarity(tmp_path) / "test.tsv", [*similarity_rows(), row])
    error = refused("clinicalsts", tmp_path)
    assert error.what == "A side of the pair is missing."
    assert error.where == f"{path}, line 6, column 'sentence{side}'"


def test_a_row_without_its_second_sentence(tmp_path: Path) -> None:
    path = write_tsv(write_similarity(tmp_path) / "test.tsv", [*similarity_rows(), [9, "a", 1]])
    error = refused("clinicalsts", tmp_path)
    assert error.what == "A row has too few fields."
    assert error.where == f"{path}, line 6"


def test_a_missing_part(tmp_path: Path) -> None:
    (write_similarity(tmp_path) / "dev.tsv").unlink()
    error = refused("clinicalsts", tmp_path)
    assert error.what == "The file of the part 'validation' is missing."
    assert error.where == str(tmp_path)
    assert error.found == "train.tsv, test.tsv"
    assert str(error.expected).startswith("dev.tsv or devel.tsv")


def test_a_folder_without_any_of_the_files(tmp_path: Path) -> None:
    error = refused("clinicalsts", tmp_path)
    assert "train.tsv, dev.tsv, test.tsv or clinicalSTS.train.txt" in str(error.expected)
    file = write_tsv(tmp_path / "x.tsv", similarity_rows())
    assert refused("clinicalsts", file).what == "This is no folder."


def test_a_header_without_scores_or_sentences(tmp_path: Path) -> None:
    rows = similarity_rows()
    rows[0] = ["index", "sentence1", "sentence", "score"]
    error = refused("clinicalsts", write_similarity(tmp_path, rows))
    assert error.what == "There is no column 'sentence2'."


def test_scores_of_the_clinical_test_part(tmp_path: Path) -> None:
    scores = write_clinicalsts(tmp_path) / "clinicalSTS.test.gs.sim.txt"
    scores.write_text("1\n2\n")
    error = refused("clinicalsts", tmp_path)
    assert (error.where, error.found) == (str(scores), "2 scores")
    scores.write_text("1\n2\n3\n7\n")
    assert f"{scores}, line 4" in str(refused("clinicalsts", tmp_path).where)
    scores.unlink()
    assert refused("clinicalsts", tmp_path).expected == scores.name


def test_a_line_with_other_fields(tmp_path: Path) -> None:
    path = write_tsv(write_clinicalsts(tmp_path) / "clinicalSTS.train.txt", [["a", "b"]])
    error = refused("clinicalsts", tmp_path)
    assert error.what == "A line has too few fields."
    assert error.where == f"{path}, line 1"
    write_tsv(path, [["a", "b", "1", "x"]])
    assert refused("clinicalsts", tmp_path).what == "A line has too many fields."
