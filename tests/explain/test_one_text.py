"""One text where a plan lacks a task, and where a file of the study is damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from explain.studies import explained_study
from mtlv.errors import StoreError
from mtlv.explain.asked import Asked
from mtlv.explain.one_text import explain_text
from mtlv.store import Store
from mtlv.store.record import ExplanationRecord
from small import LABELS

pytestmark = pytest.mark.slow
TEXT = "report 3: edema seen, fracture seen"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A study whose plan `stl-one` has one task of the three that `mtl` has."""
    plans = [{"stl": {"name": "one", "tasks": ["edema"]}}, "mtl"]
    return explained_study(tmp_path_factory.mktemp("text"), plans=plans, evaluation={"seeds": [0]})


def pairs(store: Store, record: ExplanationRecord) -> set[tuple[str, str]]:
    """Return the plan and task of every text that was scored."""
    rows = store.explanations.frame(record.id, "texts").to_pylist()
    return {(row["plan"], row["task"]) for row in rows}


def test_a_plan_that_lacks_a_task_is_named(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    asked = Asked(plans=("stl-one", "mtl"), tasks=("edema", "fracture"))
    found = explain_text(store, "small", TEXT, asked)
    assert pairs(store, found) == {("stl-one", "edema"), ("mtl", "edema"), ("mtl", "fracture")}
    (gap,) = found.missing
    assert gap.reason == "The plan 'stl-one' has no model for fracture."
    assert gap.reason in caplog.messages
    assert store.explanations[found.id] == found


def test_one_answer_of_the_same_models_has_a_gap_and_the_other_none(store: Store) -> None:
    named = explain_text(store, "small", TEXT, Asked(plans=("stl-one", "mtl")))
    unnamed = explain_text(store, "small", TEXT)
    assert named.tasks == unnamed.tasks == list(LABELS)
    assert (len(named.missing), unnamed.missing) == (1, [])


def test_a_named_plan_without_the_task_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="The plan 'stl-one' has no model for fracture"):
        explain_text(store, "small", TEXT, Asked(plans=("stl-one", "mtl"), tasks=("fracture",)))


def test_a_damaged_file_costs_its_plan_and_not_the_others(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(store.root, tmp_path / "runs")
    damaged = Store(tmp_path / "runs")
    cells = {cell.plan: cell for cell in damaged.study("small").cells}
    for file in damaged.job_folder(cells["stl-one"].jobs[0]).glob("*.parquet"):
        file.write_bytes(b"damaged")
    found = explain_text(damaged, "small", TEXT, Asked(tasks=("edema",)))
    assert pairs(damaged, found) == {("mtl", "edema")}
    (warning,) = caplog.messages
    assert warning.startswith("1 cell of stl-one left out: ")
