"""`mtlv report`: files, numbers that `mtlv compare` gives too, the tracker, and mistakes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from html import unescape
from pathlib import Path

import pytest

from cli.shell import Shell
from mtlv.report import markdown_page
from mtlv.store import Store, StudyRecord
from mtlv.store.tracking import Mirror
from store.fakes import fake_study

pytestmark = pytest.mark.slow


@pytest.fixture
def mtlv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs")


@pytest.fixture(autouse=True)
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test start one: pictures take seconds."""
    monkeypatch.setattr(markdown_page, "write_images", lambda figures: None)


def rows_of(page: str, caption: str) -> list[list[str]]:
    """Return the cells of the table of a caption, header first."""
    table = page[page.index(f"<caption>{caption}</caption>") :].partition("</table>")[0]
    cells = re.compile(r"<t[hd][^>]*>(.*?)</t[hd]>", re.S)
    return [[unescape(cell) for cell in cells.findall(row)] for row in table.split("<tr>")[1:]]


def test_its_numbers_are_those_of_compare(mtlv: Shell, store: Store) -> None:
    fake_study(store, plans=("stl", "mtl", "gmtl"), folds=1, seeds=(0, 1, 2))
    options = ("fake", "--baseline", "stl", "--metric", "f1_micro", "--margin", "3")
    options = (*options, "--draws", "300", "--correction", "bh")
    assert mtlv("report", *options) == ""
    assert "the report is in fake-report.html" in mtlv.err
    page = (mtlv.folder / "fake-report.html").read_text(encoding="utf-8")
    found = json.loads(mtlv("compare", *options, "--json"))
    header, *rows = rows_of(page, "Study fake against stl")
    assert header[1] == "f1_micro"
    for row, plan in zip(rows, found["plans"], strict=True):
        assert row[0] == plan["plan"]
        assert row[1].startswith(f"{100 * plan['value']['mean']:.1f} ± ")
        assert row[2].startswith(f"{100 * plan['delta']['mean']:+.1f} ± ")
        if plan["test"] is not None:
            low, high = plan["test"]["interval"]
            assert row[3] == f"{100 * low:+.1f} to {100 * high:+.1f}"
            assert row[6] == f"{plan['test']['equivalence']['p_corrected']:.3f}"
            assert row[8] == plan["test"]["verdict"]
    assert "margin of equivalence</th>" in page


def test_markdown_by_its_ending(mtlv: Shell, store: Store) -> None:
    fake_study(store, plans=("mtl",), folds=1)
    mtlv("report", "fake", "-o", "out/fake.md")
    text = (mtlv.folder / "out" / "fake.md").read_text(encoding="utf-8")
    assert text.startswith("# Study fake\n")
    assert "![cost](<fake-figures/cost.svg>)" in text
    mtlv("report", "fake", "--format", "markdown")
    assert (mtlv.folder / "fake-report.md").exists()
    assert "nothing to compare it with" in mtlv.err


def test_what_is_missing_is_told(mtlv: Shell, store: Store) -> None:
    record = fake_study(
        store, plans=("stl", "mtl"), status="running", trained=lambda cell, _: cell.plan != "stl"
    )
    job = record.cells[-1].jobs[0]
    (store.job_folder(job) / "predictions.parquet").write_bytes(b"no parquet")
    mtlv("report", "fake", "-o", "fake.html")
    for words in ("still running", "No run of 'stl' is finished", job, "'mtl' lacks 1 run of 2"):
        assert words in mtlv.err.replace("\n", " ")
    page = unescape((mtlv.folder / "fake.html").read_text(encoding="utf-8"))
    assert "No run of <code>stl</code> is finished." in page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("faek",), "did you mean 'fake'"),
        (("none",), "No plan of the study 'none' is finished yet."),
        (("fake", "--baseline", "mlt"), "did you mean 'mtl'"),
        (("fake", "--metric", "f1_marco"), "did you mean 'f1_macro'"),
        (("fake", "--test", "wilcoxon"), "these still apply"),
        (("fake", "--margin", "0"), "not a positive number"),
        (("broken",), "The record of the study 'broken' is damaged."),
        (("fake", "--store", "nowhere"), "There is no run store."),
    ],
)
def test_mistakes(arguments: tuple[str, ...], words: str, mtlv: Shell, store: Store) -> None:
    fake_study(store, plans=("stl", "mtl"), folds=1)
    fake_study(store, "none", plans=("gmtl",), trained=lambda *_: False)
    (store.root / "studies" / "broken").mkdir()
    (store.root / "studies" / "broken" / "record.json").write_text("{")
    assert mtlv.failing("report", *arguments) == 2
    assert mtlv.err.startswith("error: ")
    assert words in mtlv.err
    assert not list(mtlv.folder.glob("*.html"))


def test_a_file_that_cannot_be_written(mtlv: Shell, store: Store) -> None:
    fake_study(store, plans=("mtl",), folds=1)
    (mtlv.folder / "taken").write_text("a file, no folder")
    assert mtlv.failing("report", "fake", "-o", "taken/report.md") == 2
    assert "Cannot write to disk." in mtlv.err
    assert "taken" in mtlv.err


def test_the_page_goes_to_the_tracker(
    mtlv: Shell, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []

    def attach(mirror: Mirror, study: StudyRecord, files: Mapping[str, str]) -> bool:
        told.extend((study.name, name) for name in files)
        return True

    monkeypatch.setattr(Mirror, "attach", attach)
    untracked = {"mlflow": False, "uri": "sqlite:///mlflow.db", "experiment": "mtlv"}
    fake_study(store, "apart", plans=("mtl",), folds=1, config={"tracking": untracked})
    fake_study(store, plans=("mtl",), folds=1)
    mtlv("report", "apart")
    assert told == []
    mtlv("report", "fake")
    assert told == [("fake", "report.html")]


def test_it_needs_no_torch() -> None:
    code = (
        "import sys, mtlv.cli.report, mtlv.report.page, mtlv.report.html;"
        "print([m for m in ('torch', 'transformers', 'mlflow') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
