"""What commands print: on terminals of all widths, into pipes, and when something stops them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.shell import Shell
from mtlv.store import Store
from small import small_config
from store.fakes import fake_study

pytestmark = pytest.mark.slow

ESCAPE = "\x1b"
LONG = [f"a label with a rather long name {i}" for i in range(3)]


@pytest.fixture
def mtlv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that makes stdout a terminal of a width."""

    def of_width(width: int) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("COLUMNS", str(width))

    return of_width


class TestTables:
    @pytest.mark.parametrize("width", [60, 80, 200])
    @pytest.mark.parametrize(
        "command",
        [["show", "fake", "--tasks", "--groups"], ["compare", "fake"], ["list"], ["data", "list"]],
        ids=lambda command: command[0],
    )
    def test_nothing_is_cut_or_runs_over_the_edge(
        self, width: int, command: list[str], mtlv: Shell, store: Store, terminal: Any
    ) -> None:
        fake_study(store, tasks=LONG)
        terminal(width)
        shown = mtlv(*command)
        assert "…" not in shown
        assert max(len(_plain(line)) for line in shown.splitlines()) <= width
        assert ESCAPE in shown

    def test_wide_tables_are_parted_with_the_plan_in_each_part(
        self, mtlv: Shell, store: Store, terminal: Any
    ) -> None:
        fake_study(store)
        terminal(50)
        lines = [_plain(line) for line in mtlv("show", "fake").splitlines()]
        assert sum(line.startswith("gmtl ") for line in lines) == 2
        assert sum("test part" in line for line in lines) == 1, "the note stands once"

    def test_pipes_get_plain_whole_lines(self, mtlv: Shell, store: Store) -> None:
        fake_study(store, tasks=LONG)
        shown = mtlv("show", "fake", "--tasks", "--groups")
        assert ESCAPE not in shown
        assert "…" not in shown
        assert re.search(f"^1 +1  {LONG[0]}  {LONG[0]} *$", shown, re.MULTILINE)
        assert any(len(line) > 120 for line in shown.splitlines()), "notes are not wrapped"

    def test_names_with_marks_are_shown_as_they_are(self, mtlv: Shell, store: Store) -> None:
        fake_study(store, tasks=["[bold]edema[/]", "[red]", ":b:", "y\\"])
        shown = mtlv("show", "fake", "--tasks", "--groups")
        for name in ("[bold]edema[/]", "[red]", ":b:", "y\\"):
            assert name in shown

    def test_groups_of_folds_are_told_where_they_differ(self, mtlv: Shell, store: Store) -> None:
        record = fake_study(store, plans=("gmtl",))
        assert mtlv("show", "fake", "--groups").count("gmtl: kmedoids") == 1
        first = record.cells[0]
        assert first.grouping is not None
        groups = {"groups": [["edema"], ["nodule", "opacity", "effusion"]]}
        other = first.model_copy(update={"grouping": first.grouping.model_copy(update=groups)})
        store.write_study(record.model_copy(update={"cells": [other, *record.cells[1:]]}))
        shown = mtlv("show", "fake", "--groups")
        assert "gmtl, fold 1: kmedoids" in shown
        assert "gmtl, fold 2: kmedoids" in shown


class TestStates:
    def test_list_counts_finished_cells(self, mtlv: Shell, store: Store) -> None:
        fake_study(store, trained=lambda cell, model: cell.fold == 0, status="running")
        assert "running  4 of 8" in mtlv("list")

    def test_a_stopped_study_says_so_on_stderr(
        self, mtlv: Shell, store: Store, capsys: pytest.CaptureFixture[str]
    ) -> None:
        fake_study(store, status="failed")
        shown = mtlv("show", "fake")
        assert "Study fake" in shown
        assert "warning" not in shown
        assert "the last run stopped: KeyboardInterrupt; run it again" in mtlv.err

    def test_a_damaged_file_is_named_and_the_rest_is_shown(self, mtlv: Shell, store: Store) -> None:
        job = fake_study(store, plans=("stl", "mtl")).cells[-1].jobs[0]
        (store.job_folder(job) / "predictions.parquet").write_bytes(b"no parquet")
        found = json.loads(mtlv("show", "fake", "--json"))
        assert {plan["plan"]: plan["cells"] for plan in found["plans"]} == {"stl": 2, "mtl": 1}
        assert f"warning: 1 cell of mtl left out: A file of the job '{job}'" in mtlv.err

    def test_nothing_finished_is_said_without_a_table(self, mtlv: Shell, store: Store) -> None:
        fake_study(store, trained=lambda cell, model: False)
        assert mtlv("show", "fake") == ""
        assert "no plan of 'fake' is finished yet" in mtlv.err
        assert json.loads(mtlv("show", "fake", "--json"))["plans"] == []


class TestComparing:
    def test_mtl_is_the_baseline_where_it_is_there(self, mtlv: Shell, store: Store) -> None:
        fake_study(store)
        assert json.loads(mtlv("compare", "fake", "--json"))["baseline"] == "mtl"

    def test_or_else_the_first_plan(self, mtlv: Shell, store: Store) -> None:
        fake_study(store, plans=("stl", "gmtl"))
        assert json.loads(mtlv("compare", "fake", "--json"))["baseline"] == "stl"

    def test_json_is_json_where_nothing_is_defined(self, mtlv: Shell, store: Store) -> None:
        """One label: ROC and correlation-like figures may be undefined, and NaN is no JSON."""
        fake_study(store, plans=("mtl",), tasks=("edema",), folds=1, examples=2)
        for command in (["show", "fake", "--json"], ["compare", "fake", "--json"]):
            json.loads(mtlv(*command), parse_constant=pytest.fail)


class TestStarting:
    @pytest.mark.parametrize(
        "arguments", [["--version"], ["config", "schema"], ["config", "show", "study.yaml"]]
    )
    def test_configs_need_no_torch(self, arguments: list[str], tmp_path: Path) -> None:
        (tmp_path / "study.yaml").write_text(yaml.safe_dump(small_config(tmp_path)))
        code = (
            "import sys\nfrom mtlv.cli.app import main\n"
            f"sys.argv = ['mtlv', *{arguments!r}]\n"
            "try:\n    main()\nexcept SystemExit as stopped:\n    assert not stopped.code\n"
            "heavy = {'torch', 'transformers', 'mlflow', 'sklearn'} & set(sys.modules)\n"
            "assert not heavy, heavy"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    @pytest.mark.parametrize("arguments", [["--help"], ["show", "fake"], ["list"]])
    def test_looking_is_quick(self, arguments: list[str], tmp_path: Path, store: Store) -> None:
        fake_study(store)
        seconds = []
        for _ in range(3):
            started = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "mtlv", *arguments],
                cwd=tmp_path,
                check=True,
                capture_output=True,
            )
            seconds.append(time.perf_counter() - started)
        assert min(seconds) < 2.5, "0.8 s on a quiet machine"

    def test_a_wrong_option_is_a_usage_error(self, mtlv: Shell) -> None:
        assert mtlv.failing("show", "--frobnicate") == 2
        assert "No such option" in mtlv.err

    def test_a_closed_pipe_is_no_error(self, tmp_path: Path, store: Store) -> None:
        fake_study(store)
        command = f"{sys.executable} -m mtlv show fake --tasks --json | head -c 1"
        done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True)
        assert (done.stdout, done.stderr) == ("{", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_says_that_it_goes_on(tmp_path: Path, number: int) -> None:
    config = small_config(tmp_path, train={"epochs": 300, "precision": "fp32"})
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(config))
    process = subprocess.Popen(
        [sys.executable, "-m", "mtlv", "run", "study.yaml"],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_hear_interrupts,
    )
    record = tmp_path / "runs" / "studies" / "small" / "record.json"
    while not record.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "interrupted; finished jobs are kept" in err
    assert "Traceback" not in err
    study = Store(tmp_path / "runs").study("small")
    assert (study.status, study.failure) == ("failed", "interrupted")


def _hear_interrupts() -> None:
    """Undo that shells let their background jobs, and with them these tests, ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _plain(line: str) -> str:
    from rich.text import Text

    return Text.from_ansi(line).plain.rstrip()
