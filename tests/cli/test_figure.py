"""The command `figure`: a file, a list, and mistakes told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cli.shell import Shell
from mtlv.report.figures import FIGURES
from mtlv.store import Store
from store.fakes import fake_study

pytestmark = pytest.mark.slow


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    fake_study(Store(tmp_path / "runs"), plans=("stl", "mtl"))
    return Shell(tmp_path, capsys)


def test_a_page_is_written(shell: Shell) -> None:
    assert shell("figure", "fake", "forest", "-o", "forest.html") == ""
    assert "forest.html" in shell.err
    assert "Difference to mtl by task" in (shell.folder / "forest.html").read_text(encoding="utf-8")


def test_a_file_of_its_name_where_none_is_named(shell: Shell) -> None:
    shell("figure", "fake", "cost", "--theme", "dark")
    assert "#16181C" in (shell.folder / "fake-cost.html").read_text(encoding="utf-8")


def test_plans_and_tasks_can_be_named(shell: Shell) -> None:
    shell("figure", "fake", "forest", "--baseline", "stl", "--plan", "mtl", "--task", "edema")
    text = (shell.folder / "fake-forest.html").read_text(encoding="utf-8")
    assert "edema (9)" in text
    assert "nodule (9)" not in text


def test_all_figures_are_listed(shell: Shell) -> None:
    listed = shell("figure", "fake", "--list")
    for name in FIGURES:
        assert name in listed
    assert "no grouping with an affinity" in listed


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nothing", "forest"), "There is no study named 'nothing'"),
        (("fake",), "No figure is named"),
        (("fake", "forrest"), "did you mean 'forest'?"),
        (("fake", "affinity"), "no grouping with an affinity"),
        (("fake", "forest", "-o", "a.jpeg"), ".html, .pdf, .png, .svg"),
        (("fake", "forest", "--task", "oedema"), "no task 'oedema'"),
        (("fake", "forest", "--baseline", "best"), "no finished plan 'best'"),
    ],
)
def test_mistakes_are_told(shell: Shell, arguments: tuple[str, ...], told: str) -> None:
    assert shell.failing("figure", *arguments) == 2
    assert told in shell.err
    assert "Traceback" not in shell.err


def test_damage_is_named_and_the_rest_is_drawn(shell: Shell) -> None:
    store = Store(shell.folder / "runs")
    job = store.study("fake").cells[-1].jobs[0]
    (store.job_folder(job) / "predictions.parquet").write_bytes(b"no parquet")
    for shelf in ("groupings", "explanations"):
        (store.root / shelf / "bad").mkdir(parents=True)
        (store.root / shelf / "bad" / "record.json").write_text("{")
    listed = shell("figure", "fake", "--list")
    assert "warning: 1 cell of mtl left out" in shell.err
    assert shell.err.count("The record of the explanation 'bad' is damaged") == 1
    assert shell.err.count("The record of the grouping 'bad' is damaged") == 1
    assert "is damaged" not in listed
    shell("figure", "fake", "forest")
    assert job in shell.err
    assert (shell.folder / "fake-forest.html").exists()


def test_help_needs_neither_plotly_nor_pandas() -> None:
    code = "import sys, mtlv.cli.app; print([m for m in ('plotly', 'pandas') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
