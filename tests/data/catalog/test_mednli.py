"""MedNLI: JSON lines and both forms of TSV give the same pairs."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_pairs import PAIRS, PARTS, write_mednli

from mtlv.data import Corpus
from mtlv.data.catalog import read_known
from mtlv.errors import DataError

CLASSES = ("contradiction", "neutral", "entailment")


def read(folder: Path, **settings: object) -> Corpus:
    return read_known("mednli", {"path": str(folder), **settings})


def write_tsv(folder: Path, header: str, order: str) -> Path:
    """Write TSV files with a CSV writer, which quotes; `order` names the columns by letter."""
    for part in PARTS:
        with (folder / f"{part}.tsv").open("w", newline="") as file:
            writer = csv.writer(file, delimiter="\t", lineterminator="\n")
            writer.writerow(header.split())
            for index, (first, second, _, label) in enumerate(PAIRS):
                cells = {"i": index, "1": first, "2": second, "l": label}
                writer.writerow([cells[letter] for letter in order])
    return folder


FORMS: dict[str, Callable[[Path], Path]] = {
    "jsonl": write_mednli,
    "index first": lambda folder: write_tsv(folder, "index sentence1 sentence2 label", "i12l"),
    "label first": lambda folder: write_tsv(folder, "label id s1 s2", "li12"),
    "label first, long names": lambda folder: write_tsv(
        folder, "label id sentence1 sentence2", "li12"
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_pairs(form: str, tmp_path: Path) -> None:
    corpus = read(FORMS[form](tmp_path))
    assert corpus.texts() == [first for first, _, _, _ in PAIRS] * 3
    assert corpus.pairs() == [second for _, second, _, _ in PAIRS] * 3
    assert corpus.target("mednli").labels == CLASSES
    assert [CLASSES[int(v)] for v in corpus.values("mednli")[:4]] == [row[3] for row in PAIRS]
    assert corpus.parts is not None
    assert corpus.parts.tolist() == ["train"] * 4 + ["validation"] * 4 + ["test"] * 4
    assert corpus.notes == (
        "train: 4 (published 11,232)",
        "validation: 4 (published 1,395)",
        "test: 4 (published 1,422)",
    )


@pytest.mark.parametrize("form", FORMS)
def test_an_unknown_class(form: str, tmp_path: Path) -> None:
    FORMS[form](tmp_path)
    path = tmp_path / ("mli_dev_v1.jsonl" if form == "jsonl" else "dev.tsv")
    path.write_text(path.read_text().replace("contradiction", "contradictory"))
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    error = caught.value
    line = 2 if form == "jsonl" else 3
    column = "gold_label" if form == "jsonl" else "label"
    assert error.where == f"{path}, line {line}, column '{column}'"
    assert error.found == "'contradictory'"
    assert "did you mean 'contradiction'" in str(error.hint)


def test_files_that_were_written_without_quotes(tmp_path: Path) -> None:
    for part in PARTS:
        rows = [f"{i}\t{a}\t{b}\t{label}\n" for i, (a, b, _, label) in enumerate(PAIRS)]
        (tmp_path / f"{part}.tsv").write_text(
            "index\tsentence1\tsentence2\tlabel\n" + "".join(rows)
        )
    with pytest.raises(DataError, match="quotes: false"):
        read(tmp_path)
    assert read(tmp_path, quotes=False).texts()[3] == '"Quiet'


def test_a_missing_part(tmp_path: Path) -> None:
    (write_mednli(tmp_path) / "mli_test_v1.jsonl").unlink()
    with pytest.raises(DataError, match="part 'test' is missing"):
        read(tmp_path)


def test_a_pair_without_a_second_sentence(tmp_path: Path) -> None:
    path = write_mednli(tmp_path) / "mli_train_v1.jsonl"
    path.write_text(path.read_text().replace('"A man runs."', "null"))
    with pytest.raises(DataError, match="A side of the pair is missing") as caught:
        read(tmp_path)
    assert caught.value.where == f"{path}, line 2, column 'sentence2'"
