"""`mtlv group`: what it prints, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from cli.shell import Shell
from mtlv.evaluation.judging import validation_value
from mtlv.store import Store
from small import small_config


@pytest.fixture
def mtlv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    grouped = {"gmtl": {"groups": 2, "features": "counts"}}
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(small_config(tmp_path, plans=["mtl", grouped])))
    return path


def test_groups_numbers_and_stability_are_shown(mtlv: Shell, config: Path) -> None:
    shown = mtlv("group", str(config))
    assert "kmedoids on counts, 2 groups" in shown
    assert "inertia" in shown
    assert "adjusted Rand index" in shown
    assert "groupings/" in mtlv.err


def test_an_affinity_is_shown_with_its_advice(mtlv: Shell, config: Path) -> None:
    shown = mtlv("group", str(config), "--method", "phi", "--budget", "2")
    assert "Affinity phi" in shown
    assert "3 tasks" in shown
    assert "phi" in shown


def test_a_search_takes_its_settings_as_options(mtlv: Shell, config: Path) -> None:
    asked = ("--method", "phi", "--budget", "2", "--overlap", "--every", "3")
    (found,) = json.loads(
        mtlv("group", str(config), *asked, "--seeds", "4", "--seeds", "5", "--json")
    )
    given = {key: found["settings"][key] for key in ("overlap", "every", "seeds")}
    assert given == {"overlap": True, "every": 3, "seeds": [4, 5]}


def test_a_file_is_written_that_a_plan_can_name(mtlv: Shell, config: Path, tmp_path: Path) -> None:
    mtlv("group", str(config), "-o", "groups.yaml")
    plans = f"plans=[{{gmtl: {{grouping: {tmp_path / 'groups.yaml'}}}}}]"
    assert "gmtl-groups" in mtlv("check", str(config), "--set", plans)


def test_json_is_one_document(mtlv: Shell, config: Path) -> None:
    (found,) = json.loads(mtlv("group", str(config), "--json"))
    assert found["grouping"]["numbers"][0]["method"] == "elbow"
    assert found["fold"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--method", "kmedoid", "--groups", "2"], "did you mean 'kmedoids'"),
        (["--features", "counts", "--groups", "seven"], "key 'groups'"),
        (["--features", "counts", "--groups", "7"], "7 groups for 3 tasks"),
        (["--method", "phi"], "needs a budget"),
        (["--method", "phi", "--budget", "0"], "key 'budget'"),
        (["--fold", "4"], "no such fold"),
        (["--method", "phi", "--budget", "2", "--groups", "4"], "does not use `groups`"),
        (["--groups", "2", "--features", "counts", "--overlap"], "does not use `overlap`"),
        (["--method", "lookahead", "--budget", "2", "--every", "999"], "every 999 steps"),
    ],
)
def test_what_cannot_be_grouped_is_explained(
    arguments: list[str], words: str, mtlv: Shell, config: Path
) -> None:
    assert mtlv.failing("group", str(config), *arguments) == 2
    assert words in mtlv.err


def test_other_tasks_are_another_grouping(mtlv: Shell, config: Path) -> None:
    """Also where the data are the same, and nothing describes the tasks."""
    by_tasks = {}
    for tasks in (["edema", "effusion"], ["effusion", "fracture"], ["effusion", "edema"]):
        asked = ("--set", f"tasks={json.dumps(tasks)}", "--groups", "2", "--features", "counts")
        (found,) = json.loads(mtlv("group", str(config), *asked, "--json"))
        assert sorted(t for group in found["grouping"]["groups"] for t in group) == sorted(tasks)
        by_tasks[tuple(tasks)] = found["id"]
    assert len(set(by_tasks.values())) == 2
    assert by_tasks["edema", "effusion"] == by_tasks["effusion", "edema"]


@pytest.mark.slow
def test_what_is_told_is_in_the_unit_that_stands_beside_it(mtlv: Shell, config: Path) -> None:
    asked = ("--method", "exhaustive", "--budget", "2")
    (found,) = json.loads(mtlv("group", str(config), *asked, "--json"))
    affinity, advice = (found["grouping"][key] for key in ("affinity", "recommendation"))
    assert affinity["unit"] == "points of average precision"
    runs = [json.loads(p.read_text()) for p in (mtlv.folder / "runs/jobs").glob("*/record.json")]
    assert len(runs) == 7
    store = Store(mtlv.folder / "runs")
    worth = {
        tuple(task for head in run["model"] for task in head): {
            task: validation_value(store.predictions(run["id"])["validation"].tasks[task])
            for head in run["model"]
            for task in head
        }
        for run in runs
    }
    groups = {task: tuple(g) for g in found["grouping"]["groups"] for task in g}
    for task, group in groups.items():
        gain = 100 * (worth[group][task] - worth[(task,)][task])
        assert advice["predicted"][task] == pytest.approx(gain, abs=1e-9)
    assert len(affinity["subsets"]) == 4
    for subset in affinity["subsets"]:
        together = next(group for group in worth if set(group) == set(subset))
        for task, gain in subset.items():
            expected = 100 * (worth[together][task] - worth[(task,)][task])
            assert gain == pytest.approx(expected, abs=1e-9)
