"""Hallmarks of cancer: the benchmark's rows and the authors' documents give the same corpus."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_pairs import HALLMARKS, write_hoc, write_hoc_documents, write_lines

from mtlv.data.catalog import read_known
from mtlv.data.catalog.hoc import LABELS, document_of
from mtlv.data.catalog.known import load_yaml
from mtlv.errors import DataError


def refused(folder: Path, **settings: object) -> DataError:
    with pytest.raises(DataError) as caught:
        read_known("hoc", {"path": str(folder), **settings})
    return caught.value


@pytest.mark.parametrize("write", [write_hoc, write_hoc_documents])
def test_sentences_and_their_labels(write: Callable[[Path], Path], tmp_path: Path) -> None:
    corpus = read_known("hoc", {"path": str(write(tmp_path))})
    assert corpus.target_names == LABELS
    assert len(corpus) == 3 * len(HALLMARKS)
    values = dict(zip(corpus.ids, corpus.matrix().tolist(), strict=True))
    assert values["0105_s0"] == [0] * 10
    assert values["1100_s1"] == [1, 1, *[0] * 8]
    assert [document_of(name) for name in corpus.ids[:3]] == ["0100", "0100", "0101"]
    assert corpus.parts is not None
    assert set(corpus.parts) == {"train", "validation", "test"}
    assert "validation documents: 6 (published 157)" in corpus.notes
    assert "test sentences: 11" in corpus.notes


def test_both_forms_give_the_same_corpus(tmp_path: Path) -> None:
    first, second = write_hoc(tmp_path / "a"), write_hoc_documents(tmp_path / "b")
    corpora = [read_known("hoc", {"path": str(folder)}) for folder in (first, second)]
    assert corpora[0].fingerprint == corpora[1].fingerprint


def test_a_file_may_lack_its_header(tmp_path: Path) -> None:
    path = write_hoc(tmp_path) / "dev.tsv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    assert len(read_known("hoc", {"path": str(tmp_path)})) == 3 * len(HALLMARKS)


def test_quotes_are_a_setting(tmp_path: Path) -> None:
    path = write_hoc(tmp_path) / "train.tsv"
    path.write_text(path.read_text().replace("Nothing to say.", '"No," she said.'))
    assert "quotes: false" in str(refused(tmp_path).hint)
    corpus = read_known("hoc", {"path": str(tmp_path), "quotes": False})
    assert '"No," she said.' in corpus.texts()


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("0999_s0\tText\tcellular energetic", "A label is no hallmark of cancer."),
        ("0999_s0\tText", "This is no sentence of the corpus."),
        ("0999\tText\t", "This is no sentence of the corpus."),
    ],
)
def test_rows_that_cannot_be(line: str, what: str, tmp_path: Path) -> None:
    path = write_hoc(tmp_path) / "train.tsv"
    path.write_text(path.read_text() + line + "\n")
    error = refused(tmp_path)
    assert error.what == what
    assert error.where == f"{path}, line 13"


def test_an_unknown_label_names_the_nearest(tmp_path: Path) -> None:
    path = write_hoc_documents(tmp_path) / "HoCCorpus" / "0100.txt"
    write_lines(path, ["Text\t['cellular energetics', 'inducing angiogenesys']"])
    error = refused(tmp_path)
    assert error.where == f"{path}, line 1"
    assert "did you mean 'inducing angiogenesis'" in str(error.hint)


def test_a_sentence_without_labels_and_a_missing_document(tmp_path: Path) -> None:
    path = write_hoc_documents(tmp_path) / "HoCCorpus" / "0100.txt"
    write_lines(path, ["Text\t[]", "Text"])
    error = refused(tmp_path)
    assert (error.what, error.where) == ("A sentence has no list of labels.", f"{path}, line 2")
    path.unlink()
    error = refused(tmp_path)
    assert error.what == "The document '0100' is missing."
    assert error.where == f"{tmp_path / 'train_docid.txt'}, line 1"


@pytest.mark.parametrize("name", ["train.tsv", "dev_docid.txt"])
def test_a_missing_part(name: str, tmp_path: Path) -> None:
    write = write_hoc if name.endswith("tsv") else write_hoc_documents
    (write(tmp_path) / name).unlink()
    assert "is missing" in refused(tmp_path).what


def test_descriptions_are_for_known_labels() -> None:
    assert tuple(load_yaml("hoc")) == LABELS
