"""The README shows the tree as it is, and its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from mtlv.studies.config import parse_config

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def _shown() -> set[str]:
    block = README.split("## The tree")[1].split("```")[1]
    return {line.split()[0] for line in block.strip().splitlines()}


def test_tree_shows_every_package_and_folder() -> None:
    packages = {p.parent for p in (ROOT / "src/mtlv").glob("*/__init__.py")}
    folders = {p for p in ROOT.iterdir() if p.is_dir() and p.name in _tracked()}
    expected = {str(p.relative_to(ROOT)) for p in packages | folders} - {"src"}
    assert _shown() == expected


@pytest.mark.parametrize("name", sorted(re.findall(r"\]\((?!http)([^)#]+)\)", README)))
def test_every_link_leads_somewhere(name: str) -> None:
    assert (ROOT / name).exists()


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", README, re.DOTALL))
def test_every_config_is_one(block: str) -> None:
    """A part of a config is filled up; no data are read."""
    shown = yaml.safe_load(block)
    data = {"reports": {"path": "labels.csv", "text": "report", "labels": ["edema", "fracture"]}}
    config = parse_config({"study": "shown", "data": data, "plans": ["mtl"]} | shown)
    assert config.specs()


def _tracked() -> set[str]:
    return {"configs", "examples", "benchmarks", "docs", "tests", "src"}
