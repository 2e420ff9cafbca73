"""Auxiliary tasks: trained on, but not chosen for, not served and not reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mtlv.errors import ConfigError, PlanError
from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.plans import mtl, stl
from mtlv.report.tables import plan_table, task_table
from mtlv.store import Store
from mtlv.store.comparison import compare
from mtlv.store.outcome import StudyOutcome, load_outcome
from mtlv.studies.config import StudyConfig, parse_config
from mtlv.studies.roles import auxiliary_corpora, without_role
from mtlv.studies.study import Study
from mtlv.tasks import Task, TaskSet
from mtlv.training.validation import chosen_for
from small import LABELS, Counter, small_config, small_source, write_csv
from toys import tiny_source, toy_network

OLD = {f"old {label}": label for label in LABELS}
TASKS = TaskSet(
    (
        Task("new", "binary", "reports", (), "f1"),
        Task("old", "binary", "archive", (), "f1", role="auxiliary"),
    )
)


def old_labels(folder: Path, **changes: Any) -> StudyConfig:
    """Return a config with the labels of an earlier scheme beside those of the new one."""
    new = small_source(write_csv(folder / "new.csv"))
    old = small_source(write_csv(folder / "old.csv", rows=60)) | {"labels": OLD}
    data = {"new": new, "old": old | {"role": "auxiliary"}}
    return parse_config(small_config(folder, data=data, **changes))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> StudyOutcome:
    folder = tmp_path_factory.mktemp("roles")
    alone = {"mtl": {"name": "alone", "tasks": list(LABELS)}}
    config = old_labels(folder, plans=["stl", "mtl", alone])
    Study(config, Store(folder / "runs"), folder, watcher=Counter()).run()
    return load_outcome(Store(folder / "runs"), "small")


def test_stl_has_no_model_for_it_and_mtl_learns_it_without_serving_it() -> None:
    assert stl(TASKS).to_json() == {"name": "stl", "models": [[["new"]]], "serves": {"new": 0}}
    assert mtl(TASKS).to_json() == {
        "name": "mtl",
        "models": [[["new"], ["old"]]],
        "serves": {"new": 0},
    }


def test_a_plan_of_auxiliary_tasks_alone_is_refused() -> None:
    with pytest.raises(PlanError, match="learns auxiliary tasks alone"):
        mtl(TASKS.only(["old"]))


def test_no_score_summary_or_table_sees_it(outcome: StudyOutcome) -> None:
    for plan in outcome.plans:
        assert set(plan.summary.per_task) == set(LABELS)
        assert {run.tasks for run in plan.summary.runs} == {3}
    assert len(outcome["stl"].cells[0].cell.jobs) == 3
    assert outcome.to_json()["tasks"] == list(LABELS)
    assert [row[0] for row in task_table(outcome).rows] == list(LABELS)
    assert [row[0] for row in plan_table(outcome).rows] == ["stl", "mtl", "mtl-alone"]


def test_it_is_trained_on_and_its_record_says_what_it_is(outcome: StudyOutcome) -> None:
    roles = {task.name: task.role for task in outcome.study.tasks}
    assert roles == dict.fromkeys(LABELS, "target") | dict.fromkeys(OLD, "auxiliary")
    model = outcome["mtl"].cells[0].cell.as_plan().models[0]
    assert [head.tasks for head in model.heads] == [LABELS, tuple(OLD)]
    seen = {plan.name: plan.cost.texts_seen for plan in outcome.plans}
    assert seen["mtl"] > seen["mtl-alone"]


def test_the_gain_over_training_without_it_is_a_comparison_of_two_plans(
    outcome: StudyOutcome,
) -> None:
    place = Path(outcome.study.config["data"]["new"]["path"]).parent / "runs"
    found = compare(Store(place), [outcome], "mtl-alone")
    (row,) = [row for row in found.rows if row.plan == "mtl"]
    assert row.tasks == 3


def test_epochs_are_not_chosen_for_it() -> None:
    network = toy_network(tiny_source(), ("new",), ("old",), tasks=TASKS)
    ids, targets = np.array(["a", "b"], object), np.array([0.0, 1.0])
    both = Predictions(
        "validation",
        {
            task.name: TaskPredictions(task.name, "binary", ids, targets, targets, task.corpus)
            for task in TASKS
        },
    )
    assert list(chosen_for(both, network).tasks) == ["new"]
    alone = toy_network(tiny_source(), ("old",), tasks=TASKS)
    assert list(chosen_for(both.only(["old"]), alone).tasks) == ["old"], "there is nothing else"


def test_its_role_is_part_of_a_job_that_learns_it_and_of_no_other(tmp_path: Path) -> None:
    config = old_labels(tmp_path, plans=["stl", "mtl"])
    arm = Study(config, Store(tmp_path / "runs"), tmp_path).plan()[0]
    jobs = [job for cell in arm.cells for job in cell.jobs(arm.worker, 0)]
    assert [job.spec.get("auxiliary") for job in jobs] == [None, None, None, list(OLD)]


def test_a_plan_is_not_tuned_on_it(tmp_path: Path) -> None:
    groups = {"gmtl": {"groups": [list(LABELS), list(OLD)]}}
    tune = {"space": {"learning_rate": [1e-3]}}
    arm = Study(
        old_labels(tmp_path, plans=[groups], tune=tune), Store(tmp_path / "runs"), tmp_path
    ).plan()[0]
    assert len(arm.cells[0].plan.models) == 2
    assert arm.tuned_models(arm.cells[0]) == [0]


def test_roles_are_checked() -> None:
    assert auxiliary_corpora({"a": {}, "b": {"role": "auxiliary"}, "c": {"role": "target"}}) == {
        "b"
    }
    assert without_role({"path": "a.csv", "role": "auxiliary"}) == {"path": "a.csv"}
    with pytest.raises(ConfigError, match="no role 'auxilary'") as error:
        auxiliary_corpora({"a": {}, "b": {"role": "auxilary"}})
    assert error.value.where == "data 'b', key 'role'"
    assert "did you mean 'auxiliary'?" in str(error.value)
    with pytest.raises(ConfigError, match="Every corpus is auxiliary"):
        auxiliary_corpora({"a": {"role": "auxiliary"}})
