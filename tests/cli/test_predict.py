"""`mtlv predict` on a study of all kinds: what a user gives, gets, and is told."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from cli.shell import Shell
from studies.test_mixed import study_of

ALL = """\
id,report,one,two,tokens,sentence
x1,edema seen,the heart,a lung,the heart is bone .,@A$ heart @B$
x2,"all, clear",old,old,skin lung,@A$ lung @B$
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a study of all kinds and files of new examples."""
    path = tmp_path_factory.mktemp("work")
    study_of(path, plans=["mtl"]).run()
    (path / "all.csv").write_text(ALL)
    (path / "texts.txt").write_text("edema seen\nall clear\n")
    (path / "words.jsonl").write_text('{"tokens": ["a", "heart"]}\n{"tokens": "skin lung"}\n')
    (path / "half.tsv").write_text("one\ttwo\nheart\tlung\nold\t\n")
    (path / "empty.csv").write_text("report\nedema\n  \n")
    return path


@pytest.fixture
def mtlv(folder: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(folder, capsys)


def test_one_file_can_serve_all_kinds(mtlv: Shell) -> None:
    document = json.loads(mtlv("predict", "mixed", "all.csv", "--json"))
    assert (document["study"], document["plan"]) == ("mixed", "mtl")
    assert document["unserved"] == {}
    first, second = document["predictions"]
    assert list(first) == ["id", "labels", "probabilities", "classes", "values", "tokens", "spans"]
    assert set(first["probabilities"]) == {"edema", "effusion", "fracture"}
    assert set(first["classes"]["same"]["probabilities"]) == {"yes", "no", "part"}
    assert set(first["classes"]["acts"]["probabilities"]) == {"acts", "binds", "false"}
    assert 0 <= first["values"]["similarity"] <= 5
    assert second["tokens"] == ["skin", "lung"]
    for row in (first, second):
        for span in row["spans"]["parts"]:
            assert span["text"] == " ".join(row["tokens"][span["start"] : span["end"]])
    assert mtlv.err == ""


def test_a_table_has_an_answer_for_every_task(mtlv: Shell) -> None:
    header, *rows = csv.reader(io.StringIO(mtlv("predict", "mixed", "all.csv")))
    tasks = ["similarity", "same", "parts", "acts", "edema", "effusion", "fracture"]
    assert header[:8] == ["id", *tasks]
    assert header[8:11] == ["p(same=no)", "p(same=part)", "p(same=yes)"]
    assert [row[0] for row in rows] == ["x1", "x2"]
    document = json.loads(mtlv("predict", "mixed", "all.csv", "--json"))
    for row, own in zip(rows, document["predictions"], strict=True):
        answers = dict(zip(header, row, strict=True))
        assert float(answers["similarity"]) == pytest.approx(own["values"]["similarity"], abs=1e-4)
        assert answers["same"] == own["classes"]["same"]["class"]
        assert json.loads(answers["parts"]) == own["spans"]["parts"]
        assert (answers["edema"] == "1") == ("edema" in own["labels"])


def test_tasks_that_are_not_served_are_named(mtlv: Shell) -> None:
    document = json.loads(mtlv("predict", "mixed", "words.jsonl", "--json"))
    assert set(document["predictions"][0]) == {"id", "tokens", "spans"}
    assert set(document["unserved"]) == {
        "similarity",
        "same",
        "acts",
        "edema",
        "effusion",
        "fracture",
    }
    assert "not served: similarity, same, as it takes pairs of texts" in mtlv.err
    header = mtlv("predict", "mixed", "texts.txt").splitlines()[0]
    assert header.startswith("id,acts,edema,effusion,fracture,p(acts=acts)")
    assert "not served: parts, as it takes lists of words" in mtlv.err


def test_some_tasks_can_be_chosen(mtlv: Shell) -> None:
    header = mtlv("predict", "mixed", "texts.txt", "--tasks", "fracture, edema").splitlines()[0]
    assert header == "id,edema,fracture,p(edema),p(fracture)"
    assert "not served" not in mtlv.err
    lines = mtlv("predict", "mixed", "texts.txt", "--tasks", "parts").splitlines()
    assert lines[0] == "id,parts"
    assert len(lines) == 3


def test_columns_can_be_named(mtlv: Shell) -> None:
    named = ("--text", "sentence", "--tokens", "report", "--tasks", "edema,parts", "--json")
    document = json.loads(mtlv("predict", "mixed", "all.csv", *named))
    assert document["predictions"][0]["tokens"] == ["edema", "seen"]
    usual = json.loads(mtlv("predict", "mixed", "all.csv", "--tasks", "edema,parts", "--json"))
    assert usual["predictions"][0]["probabilities"] != document["predictions"][0]["probabilities"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["half.tsv"], ["second text is empty", "half.tsv, line 3, column 'two'"]),
        (["empty.csv"], ["The text is empty", "line 3", "'report'"]),
        (["texts.txt", "--tasks", "parts,same"], ["no column 'two'", "pairs of texts for 'pairs'"]),
        (["words.jsonl", "--tasks", "edema"], ["no column 'report'", "--text"]),
        (["words.jsonl", "--tokens", "tokns"], ["no column 'tokns'", "did you mean 'tokens'"]),
        (["texts.txt", "--tasks", "simlarity"], ["no task 'simlarity'", "mean 'similarity'"]),
        (["texts.txt", "--tasks", "edema,"], ["no task ''", "known: acts"]),
        (["texts.txt", "--tasks", "edema", "--tokens", "text"], ["No task takes", "--tokens"]),
    ],
)
def test_what_cannot_be_done_is_explained(
    arguments: list[str], words: list[str], mtlv: Shell
) -> None:
    assert mtlv.failing("predict", "mixed", *arguments) == 2
    assert mtlv.err.startswith("error: ")
    for word in words:
        assert word in mtlv.err


def test_without_checkpoints_it_says_how_to_keep_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study_of(tmp_path, plans=["mtl"], store={"checkpoints": False}).run()
    (tmp_path / "texts.txt").write_text("edema seen\n")
    shell = Shell(tmp_path, capsys)
    assert shell.failing("predict", "mixed", "texts.txt") == 2
    assert "checkpoints: true" in shell.err
