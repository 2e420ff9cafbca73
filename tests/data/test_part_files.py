"""Which file is which part."""

from pathlib import Path, PurePath

import pytest

from mtlv.data.part_files import part_files, part_of_folders
from mtlv.errors import DataError


def folder(path: Path, *names: str) -> Path:
    for name in names:
        (path / name).write_text("x")
    return path


def test_whole_names_come_before_words_in_names(tmp_path):
    folder(tmp_path, "train.tsv", "train_dev.tsv", "x-train.json", "test.tsv", ".dev.tsv")
    found = part_files(tmp_path)
    assert [(part, path.name) for part, path in found] == [
        ("train", "train.tsv"),
        ("test", "test.tsv"),
    ]


def test_words_in_names(tmp_path):
    folder(tmp_path, "NCBI_corpus-train.txt", "NCBI_corpus-devel.txt", "contest.txt")
    assert [part for part, _ in part_files(tmp_path)] == ["train", "validation"]


def test_two_files_of_one_part(tmp_path):
    with pytest.raises(DataError, match="Two files may be the part 'validation'") as caught:
        part_files(folder(tmp_path, "dev.tsv", "devel.tsv"))
    assert caught.value.found == "dev.tsv, devel.tsv"


@pytest.mark.parametrize("names", [(), ("a.tsv", "b.tsv")])
def test_no_file_of_a_part(tmp_path, names):
    with pytest.raises(DataError, match="named after a part"):
        part_files(folder(tmp_path, *names))


def test_missing_files(tmp_path):
    with pytest.raises(DataError, match="no such file") as caught:
        part_files({"train": "nowhere.tsv"}, tmp_path)
    assert "nowhere.tsv" in str(caught.value)
    with pytest.raises(DataError, match="no such file"):
        part_files("nowhere", tmp_path)


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("DDICorpus/Train/MedLine/1.xml", "train"),
        ("DDICorpus/Test/Test for DDI Extraction task/DrugBank/1.xml", "test"),
        ("reference_standard_for_test_data/rel/1.rel", "test"),
        ("concept_assertion_relation_training_data/beth/txt/1.txt", "train"),
        ("chemprot_development/1.txt", "validation"),
        ("notes/train.txt", None),
    ],
)
def test_parts_of_folders(path, part):
    assert part_of_folders(PurePath(path)) == part
