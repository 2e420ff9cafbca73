"""Commands as a user meets them: what they print, for people and for programs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cli.shell import Shell
from small import LABELS, small_config

pytestmark = pytest.mark.slow

GIVEN = [["edema", "effusion"], ["fracture"]]
PLANS = ["stl", "mtl", {"gmhl": {"groups": GIVEN}}, {"gmtl": {"groups": 2, "method": "random"}}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which a small study was run."""
    from mtlv import run

    path = tmp_path_factory.mktemp("work")
    config = small_config(path, plans=PLANS)
    (path / "study.yaml").write_text(yaml.safe_dump(config))
    run(config, store=path / "runs")
    return path


@pytest.fixture
def mtlv(folder: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(folder, capsys)


def test_show_json_has_the_documented_shape(mtlv: Shell) -> None:
    shown = json.loads(mtlv("show", "small", "--json"))
    assert shown["study"] == "small"
    names = [plan["plan"] for plan in shown["plans"]]
    assert [name.partition("-")[0] for name in names] == ["stl", "mtl", "gmhl", "gmtl"]
    for plan in shown["plans"]:
        for metric in ("f1_macro", "f1_micro", "subset_accuracy"):
            assert {"mean", "sd", "n"} <= set(plan["metrics"][metric])
        assert set(plan["per_task"]) == set(LABELS)
        assert {"mean", "sd"} <= set(plan["per_task"]["edema"]["f1"])
        assert {"train_seconds", "models", "parameters", "peak_memory_mb"} <= set(plan["cost"])
    assert [plan["cost"]["models"] for plan in shown["plans"]] == [3, 1, 1, 2]


def test_run_again_prints_the_same_as_show(mtlv: Shell) -> None:
    assert json.loads(mtlv("run", "study.yaml", "--json")) == json.loads(
        mtlv("show", "small", "--json")
    )


def test_show_tasks_and_groups(mtlv: Shell) -> None:
    shown = mtlv("show", "small", "--tasks", "--groups")
    for word in ("macro-F1", "subset acc.", "edema", "given", "random", "thresholds:per_label"):
        assert word in shown


def test_compare_is_paired_with_the_baseline(mtlv: Shell) -> None:
    compared = json.loads(mtlv("compare", "small", "--baseline", "stl", "--json"))
    by_plan = {plan["plan"]: plan for plan in compared["plans"]}
    assert by_plan["stl"]["delta"]["mean"] == 0
    difference = by_plan["mtl"]["value"]["mean"] - by_plan["stl"]["value"]["mean"]
    assert by_plan["mtl"]["delta"]["mean"] == pytest.approx(difference)
    assert "| stl |" in mtlv("compare", "small", "--baseline", "stl", "--format", "markdown")


def test_list_names_the_study(mtlv: Shell) -> None:
    assert json.loads(mtlv("list", "--json"))[0]["name"] == "small"
    assert "small" in mtlv("list")


def test_check_counts_jobs_and_trains_nothing(mtlv: Shell, folder: Path) -> None:
    before = sorted((folder / "runs" / "jobs").iterdir())
    forecast = json.loads(mtlv("check", "study.yaml", "--json"))
    assert forecast["different_jobs"] == len(before)
    assert sorted((folder / "runs" / "jobs").iterdir()) == before


def test_data_check_of_a_config(mtlv: Shell) -> None:
    shown = json.loads(mtlv("data", "check", "study.yaml", "--json"))["reports"]
    assert shown["examples"] == 40
    assert "fracture" in mtlv("data", "check", "study.yaml")


def test_data_list_names_the_catalog(mtlv: Shell) -> None:
    names = {dataset["name"] for dataset in json.loads(mtlv("data", "list", "--json"))}
    assert {"demo", "openi", "ohsumed"} <= names


def test_config_schema_and_show(mtlv: Shell, folder: Path) -> None:
    mtlv("config", "schema", "--output", "schema.json")
    assert "plans" in json.loads((folder / "schema.json").read_text())["properties"]
    assert yaml.safe_load(mtlv("config", "show", "study.yaml"))["train"]["batch_size"] == 16


def test_check_counts_what_is_finished(mtlv: Shell) -> None:
    forecast = json.loads(mtlv("check", "study.yaml", "--json"))
    assert forecast["finished_jobs"] == forecast["different_jobs"] > 0
    anew = json.loads(mtlv("check", "study.yaml", "--store", "nowhere", "--json"))
    assert (anew["finished_jobs"], anew["different_jobs"]) == (0, forecast["different_jobs"])
    shown = mtlv("check", "study.yaml")
    assert "gmtl-2-random-0" in shown
    assert f"finished of them: {forecast['finished_jobs']}" in shown


class TestPredict:
    @pytest.fixture(autouse=True)
    def texts(self, folder: Path) -> None:
        (folder / "texts.txt").write_text("edema seen\n\nall clear\n")
        (folder / "texts.jsonl").write_text('{"note": "edema seen"}\n{"note": "all clear"}\n')
        (folder / "texts.csv").write_text("id,report\nx1,edema seen\nx2,all clear\n")

    def test_every_format_is_scored_alike(self, mtlv: Shell) -> None:
        found = []
        for arguments in (["texts.txt"], ["texts.jsonl", "--text", "note"], ["texts.csv"]):
            document = json.loads(mtlv("predict", "small:mtl", *arguments, "--json"))
            assert (document["study"], document["plan"]) == ("small", "mtl")
            found.append([row["probabilities"] for row in document["predictions"]])
        assert found[0] == found[1] == found[2]
        assert [row["id"] for row in document["predictions"]] == ["x1", "x2"]

    def test_what_is_printed_can_be_read(self, mtlv: Shell) -> None:
        header, *rows = mtlv("predict", "small:stl", "texts.txt").splitlines()
        assert header == "id,edema,effusion,fracture,p(edema),p(effusion),p(fracture)"
        assert [row.split(",")[0] for row in rows] == ["1", "3"]
        assert "2 texts scored by stl" in mtlv.err

    @pytest.mark.parametrize("name", ["out.csv", "out.json", "out.jsonl", "out.txt"])
    def test_the_suffix_decides_the_form(self, name: str, mtlv: Shell, folder: Path) -> None:
        assert mtlv("predict", "small:stl", "texts.txt", "-o", name) == ""
        content = (folder / name).read_text()
        start = {"out.csv": "id,edema", "out.json": "[", "out.jsonl": "{"}
        assert content.startswith(start.get(name, ""))
        assert name in mtlv.err

    def test_one_document_goes_into_a_file_too(self, mtlv: Shell, folder: Path) -> None:
        mtlv("predict", "small", "texts.txt", "--json", "-o", "whole.json")
        assert json.loads((folder / "whole.json").read_text())["study"] == "small"

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["small:mlt", "texts.txt"], "did you mean 'mtl'"),
            (["smal", "texts.txt"], "did you mean 'small'"),
            (["small", "nowhere.txt"], "no such file"),
            (["small", "texts.jsonl"], "no column 'report'"),
            (["small", "texts.txt", "-o", "texts.txt/out.csv"], "Cannot write"),
        ],
    )
    def test_what_cannot_be_done_is_explained(
        self, arguments: list[str], words: str, mtlv: Shell
    ) -> None:
        assert mtlv.failing("predict", *arguments) == 2
        assert mtlv.err.startswith("error: ")
        assert words in mtlv.err


@pytest.mark.parametrize(
    "arguments", [["--help"], ["show", "small"], ["list"], ["compare", "small"], ["data", "list"]]
)
def test_looking_needs_no_torch(arguments: list[str], folder: Path) -> None:
    code = (
        "import sys\nfrom mtlv.cli.app import main\n"
        f"sys.argv = ['mtlv', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit as stopped:\n    assert not stopped.code\n"
        "assert 'torch' not in sys.modules and 'mlflow' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
