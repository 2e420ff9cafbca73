"""i2b2 2010: notes with concepts and relations, and the files of BLUE."""

from pathlib import Path

import pytest
from official_files import blue_rows, i2b2_files, three, write_files

from mtlv.data.catalog import read_known
from mtlv.data.relations import noted_tokens
from mtlv.errors import DataError

TRAIN = "concept_assertion_relation_training_data/beth"


def test_official_files(tmp_path: Path) -> None:
    write_files(tmp_path / "i2b2", i2b2_files())
    corpus = read_known("i2b2", {}, tmp_path)
    [target] = corpus.targets
    assert target.negative == "false"
    labels = [target.labels[int(value)] for value in corpus.values("i2b2")]
    # Four concepts in line 2, one in line 3: six pairs for each note.
    texts = {
        (text, label)
        for text, label, part in zip(corpus.texts(), labels, corpus.parts, strict=True)
        if part == "train"
    }
    assert texts == {
        ("@problem-problem$ was treated with aspirin , then an ECG .", "false"),
        ("@problem$ was treated with @treatment$ , then an ECG .", "TrAP"),
        ("@problem$ was treated with aspirin , then @test$ .", "TeCP"),
        ("His @problem$ pain was treated with @treatment$ , then an ECG .", "false"),
        ("His @problem$ pain was treated with aspirin , then @test$ .", "false"),
        ("His chest pain was treated with @treatment$ , then @test$ .", "false"),
    }
    assert sorted(corpus.parts) == ["test"] * 6 + ["train"] * 6
    assert corpus.ids[0].startswith(("0001_l2_p", "record-1_l2_p"))
    assert "train positives: 2 (published 3,110)" in corpus.notes
    assert "test positives: 0 (published 6,293)" in corpus.notes
    assert not any("left out" in note for note in corpus.notes)
    assert "@problem-problem$" in noted_tokens(corpus.notes)


def test_marks(tmp_path: Path) -> None:
    write_files(tmp_path / "i2b2", i2b2_files())
    texts = read_known("i2b2", {"arguments": "mark"}, tmp_path).texts()
    assert "<e1> His <e2> chest </e2> pain </e1> was treated with aspirin , then an ECG ." in texts


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    files = i2b2_files()
    files[f"{TRAIN}/rel/record-1.rel"] += 'c="ecg" 2:10 2:10||r="TeRP"||c="pain" 2:2 2:2\n'
    files[f"{TRAIN}/rel/record-1.rel"] += 'c="ecg . no" 2:10 3:0||r="TeRP"||c="pain" 2:2 2:2\n'
    files[f"{TRAIN}/concept/record-1.con"] += 'c="ecg . no" 2:10 3:0||t="test"\n'
    write_files(tmp_path / "i2b2", files)
    notes = read_known("i2b2", {}, tmp_path).notes
    assert "2 relations are of concepts that are not listed, and were left out" in notes
    assert "1 concepts go over several lines and were left out" in notes


def test_an_empty_word_comes_before_a_blank_at_the_start(tmp_path: Path) -> None:
    files = {
        "train/a.txt": " Pain after aspirin .\nNone .\n",
        "train/a.con": 'c="pain" 1:1 1:1||t="problem"\nc="aspirin" 1:3 1:3||t="treatment"\n',
        "train/a.rel": 'c="aspirin" 1:3 1:3||r="TrAP"||c="pain" 1:1 1:1\n',
    }
    files |= {name.replace("a.", "b."): text for name, text in files.items()}
    write_files(tmp_path / "i2b2", files)
    corpus = read_known("i2b2", {}, tmp_path)
    assert corpus.texts() == [" @problem$ after @treatment$ ."] * 2


@pytest.mark.parametrize("folder", ["i2b2", "i2b2-2010-re"])
def test_files_of_blue(folder: str, tmp_path: Path) -> None:
    files = {
        name: blue_rows("PIP", "false", start=10 * number) for number, name in enumerate(three(""))
    }
    write_files(tmp_path / folder, files)
    corpus = read_known("i2b2", {}, tmp_path)
    assert corpus.values("i2b2").tolist() == [0, 8] * 3
    assert "validation positives: 1 (published 11)" in corpus.notes


def test_a_pair_with_two_relations_is_two_rows_of_blue(tmp_path: Path) -> None:
    index = "0001.0001.con.l0.0001.con.l3"
    row = f"{index}\t@problem$ and @test$\t"
    text = f"index\tsentence\tlabel\n{row}TeRP\n{row}TeCP\n"
    write_files(tmp_path / "i2b2", three(text))
    corpus = read_known("i2b2", {}, tmp_path)
    assert list(corpus.ids[:2]) == [f"train-{index}", f"train-{index}#2"]
    assert corpus.groups is not None
    assert set(corpus.groups) == {"0001"}


@pytest.mark.parametrize(
    ("file", "old", "new", "what", "line"),
    [
        ("concept/record-1.con", "2:6 2:6", "2:6 2:60", "beyond the text", 2),
        ("concept/record-1.con", "3:1 3:1", "9:1 9:1", "beyond the text", 5),
        ("concept/record-1.con", "2:6 2:6", "2:6", "no annotation", 2),
        ("concept/record-1.con", "treatment", "drug", "type of a concept", 2),
        ("rel/record-1.rel", "TeCP", "TeXX", "type of a relation", 2),
        ("rel/record-1.rel", "2:9 2:10", "2:99 2:100", "beyond the text", 2),
        ("rel/record-1.rel", '||r="TrAP"', "", "no annotation", 1),
        ("concept/record-1.con", 'c="aspirin"', 'c="ibuprofen"', "is not the mention", 2),
        ("rel/record-1.rel", 'c="an ecg"', 'c="the ecg"', "is not the mention", 2),
    ],
)
def test_annotations_that_are_wrong(
    tmp_path: Path, file: str, old: str, new: str, what: str, line: int
) -> None:
    files = i2b2_files()
    name = f"{TRAIN}/{file}"
    files[name] = files[name].replace(old, new)
    write_files(tmp_path, files)
    with pytest.raises(DataError, match=what) as caught:
        read_known("i2b2", {"path": str(tmp_path)})
    assert caught.value.where == f"{tmp_path / name}, line {line}"


def test_annotations_without_their_note(tmp_path: Path) -> None:
    files = i2b2_files()
    del files["test_data/0001.txt"]
    write_files(tmp_path, files)
    with pytest.raises(DataError, match="annotated and not there") as caught:
        read_known("i2b2", {"path": str(tmp_path)})
    assert "0001.con" in str(caught.value.where)


def test_notes_without_annotations(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.txt": "text\n"})
    with pytest.raises(DataError, match="no annotated note"):
        read_known("i2b2", {"path": str(tmp_path)})
