"""ShARe/CLEFE: notes with pipe files, and the files of BLUE."""

from pathlib import Path

import pytest
from official_files import clefe_files, three, write_files

from mtlv.data.catalog import read_known
from mtlv.errors import DataError


def tags(corpus):
    rows = corpus.table["target:clefe"].to_pylist()
    return [" ".join(corpus.targets[0].labels[tag] for tag in row) for row in rows]


def test_notes_with_pipe_files(tmp_path: Path) -> None:
    write_files(tmp_path / "clefe", clefe_files())
    corpus = read_known("clefe", {}, tmp_path)
    texts = corpus.texts()
    by_text = dict(zip(texts, tags(corpus), strict=True))
    assert len(corpus) == 4 + 4 + 1
    assert corpus.parts is not None
    assert sorted(set(corpus.parts)) == ["test", "train"]
    # The two pieces of 'Left … pain' become two mentions; 'right knee pain' is one.
    train = [t for t, p in zip(tags(corpus), corpus.parts, strict=True) if p == "train"]
    assert "B-Disease O O O B-Disease O" in train
    assert by_text["Left and right knee pain ."] == "B-Disease O O O B-Disease O"
    assert by_text["No fever noted ."] == "O B-Disease O O"
    assert by_text["Normal heart ."] == "O O O"
    test = [t for t, p in zip(tags(corpus), corpus.parts, strict=True) if p == "test"]
    assert "O O B-Disease I-Disease I-Disease O" in test
    assert "train mentions: 3 (published 4,628)" in corpus.notes
    assert "validation mentions: 0 (published 1,075)" in corpus.notes
    assert "test mentions: 1 (published 5,195)" in corpus.notes
    assert "1 mentions have several pieces; each piece counts as a mention" in corpus.notes


def test_one_pipe_file_for_all_notes_and_no_parts(tmp_path: Path) -> None:
    files = {Path(name).name: text for name, text in clefe_files().items()}
    notes = {name: text for name, text in files.items() if ".pipe" not in name}
    pipes = "".join(text for name, text in files.items() if ".pipe" in name)
    write_files(tmp_path, {**notes, "all.pipe": pipes})
    corpus = read_known("clefe", {"path": str(tmp_path)})
    assert corpus.parts is None
    assert "mentions: 4" in corpus.notes


@pytest.mark.parametrize("names", [("train", "dev", "test"), ("Training", "Development", "Test")])
def test_files_of_blue(tmp_path: Path, names: tuple[str, ...]) -> None:
    lines = "No\t00098\t0\tO\nfever\t-\t3\tB\n\nPain\t00098\t9\tB\nleft\t-\t14\tI\n"
    write_files(tmp_path / "clefe", three(lines, names))
    corpus = read_known("clefe", {}, tmp_path)
    assert tags(corpus)[:2] == ["O B-Disease", "B-Disease I-Disease"]
    assert "validation mentions: 2 (published 1,075)" in corpus.notes


PIPE = "Task1Train_pipe/00098-016139-DISCHARGE_SUMMARY.pipe.txt"


@pytest.mark.parametrize(
    ("old", "new", "what", "line"),
    [
        ("||48||53", "||48||953", "beyond the text", 2),
        ("||48||53", "||48", "no annotation", 2),
        ("||48||53", "||48||x", "no annotation", 2),
        ("||Disease_Disorder||C1||", ";Disease_Disorder;C1;", "no annotation", 1),
        ("||19||23||39||43", "||19||23||39", "no annotation", 1),
        ("Disease_Disorder||CUI-less", "Drug||C9", "type of a mention", 2),
        ("00098-016139-DISCHARGE_SUMMARY.txt", "00097.txt", "'00097.txt' is annotated", 1),
    ],
)
def test_annotations_that_are_wrong(
    tmp_path: Path, old: str, new: str, what: str, line: int
) -> None:
    files = clefe_files()
    files[PIPE] = files[PIPE].replace(old, new)
    write_files(tmp_path, files)
    with pytest.raises(DataError, match=what) as caught:
        read_known("clefe", {"path": str(tmp_path)})
    assert caught.value.where == f"{tmp_path / PIPE}, line {line}"


NOTE = "Task1TrainSetCorpus2/00099-1-ECHO_REPORT.txt"


def test_a_note_without_annotations_is_not_a_note_without_disorders(tmp_path: Path) -> None:
    files = clefe_files()
    del files["Task1Train_pipe/00099-1-ECHO_REPORT.pipe.txt"]
    write_files(tmp_path, files)
    with pytest.raises(DataError, match=r"'00099-1-ECHO_REPORT\.txt' has no file") as caught:
        read_known("clefe", {"path": str(tmp_path)})
    error = caught.value
    assert error.where == str(tmp_path / NOTE)
    assert error.found == "1 note of 3 without one"
    assert error.expected is not None
    assert error.expected.startswith("a file 00099-1-ECHO_REPORT.pipe.txt, empty where")


def test_files_of_knowtator_are_named(tmp_path: Path) -> None:
    files = {name: text for name, text in clefe_files().items() if "Train_pipe" not in name}
    xml = "00099-1-ECHO_REPORT.txt.knowtator.xml"
    write_files(tmp_path, files | {f"Task1TrainSetGOLD/{xml}": "<annotations/>"})
    with pytest.raises(DataError, match="has no file of annotations") as caught:
        read_known("clefe", {"path": str(tmp_path)})
    assert (
        caught.value.found
        == f"2 notes of 3 without one, and XML of Knowtator ({xml}), which " + ("is not read")
    )


def test_an_empty_file_may_have_the_name_of_its_note(tmp_path: Path) -> None:
    files = clefe_files()
    for name in [name for name in files if "_pipe" in name]:
        files[name.replace(".pipe", "")] = files.pop(name)
    write_files(tmp_path, files)
    corpus = read_known("clefe", {"path": str(tmp_path)})
    assert len(corpus) == 4 + 4 + 1
    assert "train mentions: 3 (published 4,628)" in corpus.notes


def test_folder_without_notes(tmp_path: Path) -> None:
    (tmp_path / "readme.md").write_text("nothing")
    with pytest.raises(DataError, match="There is no note"):
        read_known("clefe", {"path": str(tmp_path)})
