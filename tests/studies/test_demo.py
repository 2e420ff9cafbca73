"""The demo study on the real MiniLM: its plans, its groups, its data, without training."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtlv.data.catalog import DATASETS
from mtlv.store import Store
from mtlv.studies.arms import Arm
from mtlv.studies.config import load_config
from mtlv.studies.forecast import forecast
from mtlv.studies.shipped import shipped_config
from mtlv.studies.study import Study

pytestmark = [pytest.mark.minilm, pytest.mark.slow]


@pytest.fixture(scope="module")
def arm(tmp_path_factory: pytest.TempPathFactory) -> Arm:
    config = load_config(shipped_config("demo"))
    (found,) = Study(config, Store(tmp_path_factory.mktemp("runs"))).plan()
    return found


def test_it_compares_the_four_architectures(arm: Arm) -> None:
    kinds = [plan.plan.partition("-")[0] for plan in forecast([arm]).plans]
    assert set(kinds) == {"stl", "mtl", "gmhl", "gmtl"}


def test_its_groups_are_found_by_description(arm: Arm) -> None:
    found = [cell.grouping for cell in arm.cells if cell.grouping is not None]
    assert len({str(grouping.groups) for grouping in found}) == 1, "both plans see the same groups"
    labels = sorted(task for group in found[0].groups for task in group)
    assert labels == sorted(arm.inputs.tasks.names)
    (elbow,) = found[0].numbers
    assert elbow.groups == list(range(1, len(labels) + 1))
    assert found[0].seconds > 0


def test_everything_it_needs_is_known(arm: Arm) -> None:
    assert set(arm.inputs.corpora) <= set(DATASETS)
    assert arm.inputs.warnings == []


def test_the_config_in_the_repository_is_the_one_in_the_package() -> None:
    own = shipped_config("demo").read_text()
    beside = Path(__file__).parents[2] / "configs" / "demo.yaml"
    assert beside.read_text() == own
