"""`mtlv explain`: tables, marks, one JSON document, files, and errors without a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cli.shell import Shell
from explain.studies import explained_study
from mtlv.cli.explain import _coloured, _marked
from mtlv.report.figures import FIGURES
from mtlv.report.frames import FRAMES, Wanted
from mtlv.store.outcome import load_outcome
from mtlv.store.store import Store

pytestmark = pytest.mark.slow
TEXT = "report 3: edema seen"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli-explain")
    explained_study(folder, plans=["stl", "mtl"], evaluation={"seeds": [0, 1]})
    return folder


@pytest.fixture
def mtlv(folder: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(folder, capsys)


def test_a_study_is_explained_and_missing_views_are_named(mtlv: Shell) -> None:
    out = mtlv("explain", "small", "--texts", "4", "--task", "edema")
    for title in ("View 1", "Words that matter", "Agreement of words", "Similarity of encoders"):
        assert title in out
    assert "gradient_cosine" in out
    assert "features: data_map" in out


def test_one_json_document(mtlv: Shell, folder: Path) -> None:
    document = json.loads(mtlv("explain", "small", "--texts", "4", "--task", "edema", "--json"))
    assert document["study"] == "small"
    assert len(document["tables"]["words"]) == document["frames"]["words"]
    assert [own["view"] for own in document["missing"]] == ["gradient conflict", "data map"]


def test_a_text_has_words_marks_and_decisions(mtlv: Shell) -> None:
    out = mtlv("explain", "small", "--text", TEXT, "--task", "edema", "--plan", "mtl")
    lines = [line.split() for line in out.splitlines()]
    assert [line[0] for line in lines[3:8]] == ["report", "3", ":", "edema", "seen"]
    assert "= decision" in out
    assert out.splitlines()[-2].startswith("edema, mtl: report")
    assert out.splitlines()[-1].startswith("edema, mtl, seed 1 less 0: report")


def test_one_text_under_two_plans_has_their_differences(mtlv: Shell) -> None:
    plans = ("--plan", "stl", "--plan", "mtl", "--task", "edema")
    out = mtlv("explain", "small", "--text", TEXT, *plans)
    head = next(line for line in out.splitlines() if line.startswith("word"))
    assert head.split("  ")[-1].strip() == "stl, seed 1 less 0"
    assert "mtl less stl" in head
    assert "edema, mtl less stl: " in out
    document = json.loads(mtlv("explain", "small", "--text", TEXT, *plans, "--json"))
    tables = document["tables"]
    edema = {row["plan"]: row["value"] for row in tables["attributions"] if row["word"] == "edema"}
    (found,) = [
        row["value"]
        for row in tables["differences"]
        if (row["word"], row["second"]) == ("edema", "mtl")
    ]
    assert found == pytest.approx(edema["mtl"] - edema["stl"])


def test_one_plan_shows_its_views_and_names_the_others(mtlv: Shell) -> None:
    out = mtlv("explain", "small", "--plan", "stl", "--task", "edema", "--texts", "4")
    assert "View 1: held-out" not in out
    assert "View 3: test texts" in out
    missing = out.partition("Views that the study does not allow")[2]
    assert "view 1: quality on held-out texts" in missing
    assert "--plan" in missing


def test_ties_and_the_fold_are_told(mtlv: Shell) -> None:
    out = mtlv("explain", "small", "--texts", "4", "--task", "edema")
    table = out.partition("On how many texts plans disagree")[2]
    assert "tied" in table
    assert "test texts of fold 1 alone" in table
    assert "more than half of its 2 seeds" in table


def test_nothing_to_show_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = {"checkpoints": False}
    explained_study(tmp_path, plans=["mtl"], evaluation={"seeds": [0]}, store=kept)
    shell = Shell(tmp_path, capsys)
    assert shell.failing("explain", "small") == 2
    assert "Nothing of the study 'small' can be explained" in shell.err
    assert "checkpoints: true" in shell.err


def test_a_folder_takes_the_answer_and_the_tables(mtlv: Shell, folder: Path) -> None:
    mtlv("explain", "small", "--text", TEXT, "-o", "out")
    assert json.loads((folder / "out" / "small-explanation.json").read_text())["text"] == TEXT
    assert pq.read_table(folder / "out" / "attributions.parquet").num_rows == 2 * 3 * 5
    assert pq.read_table(folder / "out" / "differences.parquet").num_rows == 2 * 3 * 5


def test_stored_explanations_can_be_drawn(mtlv: Shell, folder: Path) -> None:
    mtlv("explain", "small", "--texts", "4", "--task", "edema")
    mtlv("explain", "small", "--text", f"{TEXT} Not asked before.")  # the last answer is drawn
    store = Store(folder / "runs")
    wanted = Wanted(store, load_outcome(store, "small"))
    for name in ("word-ranks", "attributions", "encoder-similarity", "cross-task"):
        data = FRAMES[name](wanted)
        assert FIGURES[name](data.frame, data.signature).data
    assert {"stl", "mtl", "mtl less stl"} < set(FRAMES["attributions"](wanted).frame.plan)


def test_a_bag_of_words_has_the_three_views(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    explained_study(tmp_path, encoder="bow", plans=["stl", "mtl"], evaluation={"seeds": [0, 1]})
    out = Shell(tmp_path, capsys)("explain", "small")
    for view in ("View 1", "View 2", "View 3"):
        assert view in out
    assert "Similarity of encoders" not in out
    store = Store(tmp_path / "runs")
    data = FRAMES["word-ranks"](Wanted(store, load_outcome(store, "small")))
    assert {"effusion", "edema"} <= set(data.frame.word)


def test_what_is_cut_off_is_warned_of(mtlv: Shell) -> None:
    out = mtlv("explain", "small", "--plan", "mtl", "--text", f"{TEXT} {'all clear ' * 30}end")
    assert "cut off" in mtlv.err
    assert "end" in mtlv.err
    lines = [line for line in out.splitlines() if ", mtl: " in line]
    assert lines
    assert all(line.rstrip().endswith(" …") and line.count("…") == 1 for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing",), "There is no study named 'nothing'"),
        (("small", "--text", ""), "The text is empty"),
        (("small", "--text", "☃☃"), "no word that the encoder knows"),
        (("small", "--text", TEXT, "--plan", "gmtl"), "no finished plan 'gmtl'"),
        (("small", "--text", TEXT, "--task", "fever"), "no task 'fever'"),
        (("small", "--text", TEXT, "--label", "yes"), "Only multiclass tasks have classes"),
        (("small", "--texts", "2"), "4"),
    ],
)
def test_errors_have_no_traceback(mtlv: Shell, arguments: tuple[str, ...], said: str) -> None:
    assert mtlv.failing("explain", *arguments) == 2
    assert said in mtlv.err
    assert "Traceback" not in mtlv.err


def test_marks_and_colours_follow_the_values() -> None:
    words = {value: {"word": "no", "value": value} for value in (0.9, -0.3, 0.01, float("nan"))}
    marks = [_marked(word, 0.9).plain for word in words.values()]
    assert marks == ["no+++", "no-", "no", "(no)"]
    styles = [str(_coloured(word, 0.9).style) for word in words.values()]
    assert styles[0] == "black on rgb(80,80,255)"
    assert styles[1].startswith("black on rgb(255,")
    assert styles[3] == "dim strike"
