"""What a study promises: its own inputs at every point, earlier work kept, limits told in time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mtlv.errors import DataError, EncoderError, NewerStoreError
from mtlv.model.limits import longest_input
from mtlv.store import Store, StudyRecord
from mtlv.store.outcome import load_outcome
from mtlv.studies.config import parse_config
from mtlv.studies.study import Study
from small import Counter, cells_by_plan, small_config, write_csv
from toys import tiny_source

GROUPED = {"gmtl": {"groups": 2, "features": "phi"}}


def run(config: dict[str, Any], root: Path, base: Path = Path()) -> StudyRecord:
    return Study(parse_config(config), Store(root), base, watcher=Counter()).run()


def test_a_sweep_over_tasks_learns_those_tasks_at_each_point(tmp_path: Path) -> None:
    sweep = {"tasks": [["fracture"], ["edema", "effusion"]]}
    config = small_config(tmp_path, plans=["mtl"], sweep=sweep)
    study = run(config, tmp_path / "runs")
    learned = {plan: set(cells[0].as_plan().serves) for plan, cells in cells_by_plan(study).items()}
    assert sorted(map(sorted, learned.values())) == [["edema", "effusion"], ["fracture"]]
    assert [task.name for task in study.tasks] == ["fracture", "edema", "effusion"]
    outcome = load_outcome(Store(tmp_path / "runs"), "small")
    for plan in outcome.plans:
        assert set(plan.summary.per_task) == learned[plan.name]


def test_what_grouping_cost_stays_when_a_finished_study_is_run_again(tmp_path: Path) -> None:
    config = small_config(tmp_path, plans=[GROUPED])
    store = Store(tmp_path / "runs")
    first = run(config, store.root)
    path = store.root / "studies/small/record.json"
    written = json.loads(path.read_text())
    written["cells"][0]["grouping"]["seconds"] = 1234.5
    path.write_text(json.dumps(written))
    again = run(config, store.root)
    assert again.cells[0].grouping is not None
    assert again.cells[0].grouping.seconds == 1234.5
    assert again.cells[0].jobs == first.cells[0].jobs


def test_where_jobs_run_is_not_part_of_the_question(tmp_path: Path) -> None:
    config = small_config(tmp_path, plans=["mtl"])
    first = run(config, tmp_path / "runs")
    again = run(config | {"executor": {"workers": 2}}, tmp_path / "runs")
    assert again.repeats(first)
    assert not (tmp_path / "runs/studies/small/earlier").exists()
    assert not again.repeats(run(config | {"plans": ["stl"]}, tmp_path / "other"))


def test_a_record_of_a_newer_version_is_never_moved_away(tmp_path: Path) -> None:
    config = small_config(tmp_path, plans=["mtl"])
    run(config, tmp_path / "runs")
    path = tmp_path / "runs/studies/small/record.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 99}))
    before = path.read_text()
    with pytest.raises(NewerStoreError, match="newer version"):
        run(config, tmp_path / "runs")
    assert path.read_text() == before


def test_a_store_says_which_version_its_reader_needs(tmp_path: Path) -> None:
    store = Store(tmp_path / "runs")
    marker = store.root / "store.json"
    current = marker.read_text()
    marker.write_text('{"version": 1}')
    Store(store.root, create=False)
    assert marker.read_text() == '{"version": 1}', "whoever only reads writes nothing"
    Store(store.root)
    assert marker.read_text() == current


def test_what_a_plan_sets_itself_is_not_tuned(tmp_path: Path) -> None:
    plans = ["mtl", {"mtl": {"name": "slow", "train": {"learning_rate": 1e-5}}}]
    tune = {"space": {"learning_rate": [1e-3, 2e-3]}}
    study = run(small_config(tmp_path, plans=plans, tune=tune), tmp_path / "runs")
    cells, store = cells_by_plan(study), Store(tmp_path / "runs")
    assert cells["mtl"][0].tuning is not None
    assert cells["mtl-slow"][0].tuning is None
    assert store.job(cells["mtl-slow"][0].jobs[0]).spec["train"]["learning_rate"] == 1e-5


@pytest.mark.parametrize(
    ("train", "where"),
    [({"max_length": 1024}, "train.max_length"), ({"freeze_layers": 9}, "train.freeze_layers")],
)
def test_limits_of_the_encoder_are_told_before_training(
    tmp_path: Path, train: dict[str, Any], where: str
) -> None:
    config = small_config(tmp_path, train={"epochs": 1} | train)
    with pytest.raises(EncoderError) as caught:
        Study(parse_config(config), Store(tmp_path / "runs")).plan()
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("family", "longest"), [("bert", 64), ("roberta", 63), ("modernbert", None)]
)
def test_the_longest_input_of_a_family(family: str, longest: int | None) -> None:
    assert longest_input(tiny_source(family)) == longest


def test_an_encoder_folder_is_relative_to_the_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tiny_source("bert").address, tmp_path / "study/own")
    config = small_config(tmp_path, plans=["mtl"], encoder={"name": "./own"})
    study = run(config, tmp_path / "runs", tmp_path / "study")
    monkeypatch.chdir(tmp_path.parent)
    spec = Store(tmp_path / "runs").job(study.cells[0].jobs[0]).spec
    assert spec["encoder_name"] == str((tmp_path / "study/own").resolve())


def test_a_job_of_other_data_is_refused(tmp_path: Path) -> None:
    config = parse_config(small_config(tmp_path, plans=["mtl"]))
    planned = Study(config, Store(tmp_path / "runs")).plan()[0]
    job = planned.cells[0].jobs(planned.worker, 0)[0]
    write_csv(tmp_path / "reports.csv", rows=44)
    other = Study(config, Store(tmp_path / "runs")).plan()[0]
    with pytest.raises(DataError, match="changed while the study ran"):
        other.worker.run(job)
