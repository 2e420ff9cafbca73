"""`mtlv compare`: forms, options and mistakes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from cli.shell import Shell
from mtlv.store import Store
from store.fakes import fake_study

pytestmark = pytest.mark.slow

QUICK = ("--draws", "200")


@pytest.fixture
def mtlv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs")


def test_every_form(mtlv: Shell, store: Store) -> None:
    fake_study(store, folds=3)
    shown = mtlv("compare", "fake", "--tasks")
    assert "gmtl against mtl by task" in shown
    assert "Ranks of the plans over the tasks" in shown
    assert "corrected_t over 3 test parts" in shown
    written = mtlv("compare", "fake", "--format", "markdown")
    assert "### Differences in f1_macro" in written
    assert "### Ranks of the plans over the tasks" in written
    assert r"\toprule" in mtlv("compare", "fake", "--format", "latex")
    lines = list(csv.DictReader(io.StringIO(mtlv("compare", "fake", "--format", "csv"))))
    assert {line["verdict"] for line in lines} <= {"better", "worse", "no difference shown"}


def test_options_reach_the_comparison(mtlv: Shell, store: Store) -> None:
    fake_study(store, folds=1, seeds=(0, 1, 2))
    options = ("--margin", "60", "--correction", "bh", "--test", "randomisation", *QUICK)
    found = json.loads(mtlv("compare", "fake", "--baseline", "stl", *options, "--json"))
    assert (found["baseline"], found["margin"], found["test"]) == ("stl", 60, "randomisation")
    assert found["correction"]["method"] == "bh"
    plan = found["plans"][-1]
    assert plan["draws"] == 200
    assert plan["test"]["verdict"] == "equivalent within 60"


def test_several_studies(mtlv: Shell, store: Store) -> None:
    fake_study(store, "one", plans=("stl", "mtl"))
    fake_study(store, "two", plans=("gmtl",))
    found = json.loads(mtlv("compare", "one", "two", "--json"))
    assert found["baseline"] == "one:mtl"
    assert [plan["plan"] for plan in found["plans"]] == ["one:stl", "one:mtl", "two:gmtl"]


def test_gaps_are_told_on_stderr(mtlv: Shell, store: Store) -> None:
    fake_study(store, folds=3, trained=lambda cell, model: cell.plan != "gmtl" or cell.fold < 2)
    json.loads(mtlv("compare", "fake", "--json"))
    told = mtlv.err.replace("\n", " ")
    assert "'gmtl' lacks 1 run of 3: fold 3, seed 0." in told
    assert "'gmtl' against 'mtl': 1 run is left out, without a partner: fold 3, seed 0." in told
    assert "'stl'" not in told


def test_a_test_that_folds_mislead_is_warned_of(mtlv: Shell, store: Store) -> None:
    fake_study(store, folds=3)
    found = json.loads(mtlv("compare", "fake", "--test", "bootstrap", *QUICK, "--json"))
    told = mtlv.err.replace("\n", " ")
    assert "warning: 'stl', 'gmhl' and 'gmtl': overlapping folds" in told
    assert "corrected_t is made for this" in told
    assert all(("caution" in plan) for plan in found["plans"])
    mtlv("compare", "fake")
    assert "overlapping folds" not in mtlv.err


def test_one_plan_is_no_comparison(mtlv: Shell, store: Store) -> None:
    fake_study(store, plans=("mtl",))
    mtlv("compare", "fake")
    assert "nothing to compare it with" in mtlv.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fake", "--baseline", "mlt"], "did you mean 'mtl'"),
        (["fake", "--metric", "f1_marco"], "did you mean 'f1_macro'"),
        (["fake", "--test", "t"], "known: bootstrap, corrected_t"),
        (["fake", "--test", "wilcoxon"], "these still apply"),
        (["fake", "--test", "mcnemar", "--metric", "f1_macro"], "about accuracy"),
        (["fake", "fake"], "named twice"),
        (["fake", "faek"], "did you mean 'fake'"),
    ],
)
def test_mistakes(arguments: list[str], words: str, mtlv: Shell, store: Store) -> None:
    fake_study(store, folds=1)
    assert mtlv.failing("compare", *arguments) == 2
    assert mtlv.err.startswith("error: ")
    assert words in mtlv.err


def test_a_damaged_file_is_named(mtlv: Shell, store: Store) -> None:
    record = fake_study(store, folds=2)
    job = record.cells[-1].jobs[0]
    (store.job_folder(job) / "predictions.parquet").write_bytes(b"no parquet")
    found = json.loads(mtlv("compare", "fake", "--json"))
    assert job in mtlv.err
    assert "'gmtl' lacks 1 run of 2" in mtlv.err
    assert {row["plan"]: row["value"]["n"] for row in found["plans"]}["gmtl"] == 1
