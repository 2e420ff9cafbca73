"""`mtlv group`: what it prints, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from cli.shell import Shell
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
    ],
)
def test_what_cannot_be_grouped_is_explained(
    arguments: list[str], words: str, mtlv: Shell, config: Path
) -> None:
    assert mtlv.failing("group", str(config), *arguments) == 2
    assert words in mtlv.err
