"""Stores that are empty, damaged, newer or not finished: what can be shown is shown."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from explorer.conftest import asking
from explorer.worlds import write_world
from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.store import Store
from store.fakes import fake_study

pytestmark = pytest.mark.slow


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs")


def test_no_store_and_an_empty_one_say_how_to_begin(tmp_path: Path) -> None:
    with asking(tmp_path / "runs") as client:
        assert "There is no run store" in client.get("/studies").text
        Store(tmp_path / "runs")
        page = client.get("/studies").text
        assert "The run store is empty." in page
        assert "mtlv demo" in page
        fake_study(Store(tmp_path / "runs"))
        assert "/studies/fake" in client.get("/studies").text


def test_a_damaged_and_a_newer_record_are_named_and_passed_over(store: Store) -> None:
    fake_study(store, "good")
    for name in ("damaged", "newer"):
        fake_study(store, name)
    record = store.root / "studies" / "newer" / "record.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"version": 99}))
    (store.root / "studies" / "damaged" / "record.json").write_text("{")
    with asking(store.root) as client:
        found = client.get("/studies.json").json()
        assert [row["study"] for row in found["grid"]["rows"]] == ["good"]
        problems = {own["name"]: own["what"] for own in found["damaged"]}
        assert "damaged" in problems["damaged"]
        assert "newer version" in problems["newer"]
        page = client.get("/studies").text
        assert "upgrade with" in page
        assert client.get("/studies/good").status_code == 200
        assert client.get("/studies/newer").status_code == 404


def test_a_fold_without_predictions_is_named_and_left_out(store: Store) -> None:
    study = fake_study(store)
    job = study.cells[1].jobs[0]  # mtl of the first fold
    (store.job_folder(job) / "predictions.parquet").unlink()
    with asking(store.root) as client:
        found = client.get("/studies/fake.json").json()
        assert [own["name"] for own in found["damaged"]] == ["plan 'mtl', fold 1, seed 0"]
        rows = {row["plan"]: row["runs"] for row in found["plans"]["rows"]}
        assert rows == {"stl": 2, "mtl": 1, "gmhl": 2, "gmtl": 2}
        assert "1 of 2" in client.get("/studies/fake").text
        for path in ("jobs", "groups", "examples", "plans/mtl", "tasks/edema"):
            assert client.get(f"/studies/fake/{path}").status_code == 200


def test_a_fold_without_a_test_part_is_named_and_left_out(store: Store) -> None:
    study = fake_study(store)
    job = study.cells[1].jobs[0]
    validation = store.predictions(job)["validation"]
    pq.write_table(validation.to_table(), store.job_folder(job) / "predictions.parquet")
    with asking(store.root) as client:
        (damaged,) = client.get("/studies/fake.json").json()["damaged"]
        assert damaged["name"] == "plan 'mtl', fold 1, seed 0"
        assert damaged["what"] == f"The job '{job}' has no predictions of the test part."


def test_damage_of_another_study_costs_no_figure(tmp_path: Path) -> None:
    store = write_world(tmp_path / "runs")
    for shelf in ("groupings", "explanations"):
        (store.root / shelf / "bad").mkdir()
        (store.root / shelf / "bad" / "record.json").write_text("{")
    with asking(store.root) as client:
        for name in ("attributions", "alluvial", "group-numbers", "feature-map"):
            assert client.get(f"/studies/reports/figures/{name}.json").json()["figure"], name
        found = client.get("/studies/reports/explanations.json").json()
        assert [own["name"] for own in found["damaged"]] == ["explanation bad"]
        assert found["texts"]


def test_differences_are_of_the_runs_that_both_plans_have(store: Store) -> None:
    fake_study(store, status="running", trained=lambda cell, _: cell.plan != "mtl" or cell.fold < 1)
    with asking(store.root) as client:
        rows = client.get("/studies/fake/plans/gmtl.json?baseline=mtl").json()["tasks"]["rows"]
        compared = client.get("/compare.json?study=fake&baseline=mtl&plan=gmtl").json()
    (plan,) = (own for own in compared["comparison"]["plans"] if own["plan"] == "gmtl")
    assert len(rows) == 4
    for row in rows:
        assert plan["per_task"][row["task"]]["n"] == 1
        assert row["difference"] == pytest.approx(100 * plan["per_task"][row["task"]]["mean"])
    unpaired = [row["gmtl"] - row["mtl (baseline)"] for row in rows]
    assert unpaired != pytest.approx([row["difference"] for row in rows])


def test_plans_on_other_targets_have_no_difference(store: Store) -> None:
    study = fake_study(store, plans=("stl", "mtl"), folds=1)
    job = study.cells[1].jobs[0]
    parts = store.predictions(job).values()
    fewer = [
        Predictions(own.part, {n: _without_last(t) for n, t in own.tasks.items()}) for own in parts
    ]
    table = pa.concat_tables([own.to_table() for own in fewer])
    pq.write_table(table, store.job_folder(job) / "predictions.parquet")
    with asking(store.root) as client:
        found = client.get("/studies/fake/plans/stl.json").json()
        assert {row["difference"] for row in found["tasks"]["rows"]} == {None}
        assert found["no_comparison"]
        assert found["no_comparison"].split("\n")[0] in client.get("/studies/fake/plans/stl").text


def _without_last(task: TaskPredictions) -> TaskPredictions:
    return replace(task, ids=task.ids[:-1], targets=task.targets[:-1], scores=task.scores[:-1])


def test_a_damaged_job_is_named_among_the_jobs(store: Store) -> None:
    study = fake_study(store)
    job = study.cells[1].jobs[0]
    (store.job_folder(job) / "record.json").write_text("nonsense")
    with asking(store.root) as client:
        rows = client.get("/studies/fake/jobs.json").json()["grid"]["rows"]
        assert {row["job"]: row["status"] for row in rows}[job[:10]] == "damaged"
        assert client.get("/studies/fake").status_code == 200


def test_a_damaged_grouping_is_named(store: Store) -> None:
    fake_study(store)
    place = store.root / "groupings" / "bad"
    place.mkdir(parents=True)
    (place / "record.json").write_text("[]")
    with asking(store.root) as client:
        found = client.get("/studies/fake/groups.json").json()
        assert [own["name"] for own in found["damaged"]] == ["grouping bad"]


def test_one_plan_has_nothing_to_be_compared_with(store: Store) -> None:
    fake_study(store, plans=["mtl"])
    with asking(store.root) as client:
        found = client.get("/studies/fake.json").json()
        assert found["comparison"] is None
        assert "nothing to compare" in found["no_comparison"]
        assert client.get("/studies/fake/examples").status_code == 200


def test_one_pair_is_no_test_and_no_error(store: Store) -> None:
    fake_study(store, folds=1)
    with asking(store.root) as client:
        assert client.get("/studies/fake").status_code == 200
        assert client.get("/compare?study=fake").status_code == 200


def test_a_study_that_has_just_begun(store: Store) -> None:
    fake_study(store, status="running", trained=lambda cell, model: False)
    with asking(store.root) as client:
        page = client.get("/studies/fake").text
        assert "No plan is finished yet." in page
        assert 'data-live="/studies/fake/progress.json"' in page
        for path in ("jobs", "groups", "examples", "transfer"):
            assert client.get(f"/studies/fake/{path}").status_code == 200
        assert client.get("/studies/fake/progress.json").json()["percent"] == 0


def test_a_failed_study_says_why(store: Store) -> None:
    fake_study(store, status="failed", trained=lambda cell, model: cell.plan != "gmtl")
    with asking(store.root) as client:
        assert "KeyboardInterrupt" in client.get("/studies/fake").text


def test_texts_that_are_not_there_are_told(store: Store) -> None:
    fake_study(store)
    with asking(store.root) as client:
        found = client.get("/studies/fake/examples.json").json()
        assert found["missing"] == ["fake"]
        assert found["rows"][0]["segments"] == []
        assert "are not on this machine" in client.get("/studies/fake/examples").text
