"""Studies: equal jobs once, finished jobs never, and a killed study goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from mtlv.errors import MtlvError, PlanError
from mtlv.files import SCRAP
from mtlv.store import Store, StudyRecord
from mtlv.store.outcome import load_outcome
from mtlv.studies.config import parse_config
from mtlv.studies.study import Study
from mtlv.studies.watching import StudyWatcher, Watchers
from small import LABELS, Counter, cells_by_plan, small_config, small_source, write_csv

pytestmark = pytest.mark.slow

GIVEN = [["edema", "effusion"], ["fracture"]]


def run(config: dict[str, Any], root: Path, watcher: Counter | None = None) -> StudyRecord:
    return Study(parse_config(config), Store(root), watcher=watcher or Counter()).run()


def test_four_architectures_share_equal_jobs(tmp_path: Path) -> None:
    plans = ["stl", "mtl", {"gmhl": {"groups": GIVEN}}, {"gmtl": {"groups": GIVEN}}]
    counter = Counter()
    study = run(small_config(tmp_path, plans=plans), tmp_path / "runs", counter)
    cells = cells_by_plan(study)
    assert len(counter.jobs) == len(set(counter.jobs)) == 3 + 1 + 1 + 1
    assert cells["gmtl-given-2"][0].jobs[1] == cells["stl"][0].jobs[2], "a group of one is STL"
    assert set(cells) == {"stl", "mtl", "gmhl-given-2", "gmtl-given-2"}


def test_one_group_is_mtl_and_groups_of_one_are_stl(tmp_path: Path) -> None:
    plans = [
        "mtl",
        {"gmtl": {"groups": [list(LABELS)]}},
        "stl",
        {"gmtl": {"groups": [[x] for x in LABELS]}},
    ]
    cells = cells_by_plan(run(small_config(tmp_path, plans=plans), tmp_path / "runs"))
    assert cells["gmtl-given-1"][0].jobs == cells["mtl"][0].jobs
    assert cells["gmtl-given-3"][0].jobs == cells["stl"][0].jobs


def test_a_finished_study_trains_nothing_and_touches_no_job(tmp_path: Path) -> None:
    config = small_config(tmp_path)
    run(config, tmp_path / "runs")
    files = {p: p.stat().st_mtime_ns for p in (tmp_path / "runs/jobs").rglob("*")}
    again = Counter()
    study = run(config, tmp_path / "runs", again)
    assert again.jobs == []
    assert study.status == "finished"
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "runs/jobs").rglob("*")} == files


def test_folds_and_seeds_make_cells(tmp_path: Path) -> None:
    config = small_config(tmp_path, plans=["mtl"], evaluation={"folds": 2, "seeds": [0, 1]})
    study = run(config, tmp_path / "runs")
    assert {(cell.fold, cell.seed) for cell in study.cells} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert len({cell.jobs[0] for cell in study.cells}) == 4
    summary = load_outcome(Store(tmp_path / "runs"), "small")["mtl"].summary.metrics["f1_macro"]
    assert summary.n == 4
    assert summary.sd is not None


def test_an_explicit_plan_serves_an_overlapping_task_from_the_named_model(tmp_path: Path) -> None:
    models = [[["edema", "effusion"]], [["effusion"], ["fracture"]]]
    plan = {"plan": {"name": "mine", "models": models, "serves": {"effusion": 1}}}
    study = run(small_config(tmp_path, plans=[plan]), tmp_path / "runs")
    assert study.cells[0].as_plan().serves == {"edema": 0, "effusion": 1, "fracture": 1}


def test_a_sweep_names_its_points(tmp_path: Path) -> None:
    config = small_config(tmp_path, plans=["mtl"], sweep={"train.learning_rate": [1e-3, 2e-3]})
    assert set(cells_by_plan(run(config, tmp_path / "runs"))) == {"mtl@0.001", "mtl@0.002"}


def test_another_config_under_the_same_name_keeps_the_earlier_record(tmp_path: Path) -> None:
    for plan in ("mtl", "stl", "mtl", "stl"):
        run(small_config(tmp_path, plans=[plan]), tmp_path / "runs")
    assert len(list((tmp_path / "runs/studies/small/earlier").glob("*.json"))) == 3
    assert set(cells_by_plan(Store(tmp_path / "runs").study("small"))) == {"stl"}


def test_changed_data_under_the_same_name_keep_the_earlier_record(tmp_path: Path) -> None:
    config = small_config(tmp_path, plans=["mtl"])
    first = run(config, tmp_path / "runs")
    path = Path(config["data"]["reports"]["path"])
    path.write_text(path.read_text().replace("report 3:", "note 3:"))
    counter = Counter()
    second = run(config, tmp_path / "runs", counter)
    assert len(counter.jobs) == 1, "other texts are another job"
    (kept,) = (tmp_path / "runs/studies/small/earlier").glob("*.json")
    assert StudyRecord.model_validate_json(kept.read_text()) == first
    assert first.corpora[0].fingerprint != second.corpora[0].fingerprint


def test_a_study_remembers_when_it_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(range(10_000, 99_999))
    monkeypatch.setattr("mtlv.studies.study.now", lambda: f"time {next(times)}")
    config = small_config(tmp_path, plans=["mtl"])
    first, again = (run(config, tmp_path / "runs") for _ in range(2))
    other = run(config | {"plans": ["stl"]}, tmp_path / "runs")
    assert first.started == again.started < again.updated
    assert other.started > again.updated


def test_the_config_that_was_run_is_kept_with_all_its_defaults(tmp_path: Path) -> None:
    config = small_config(tmp_path, plans=["mtl"])
    study = run(config, tmp_path / "runs")
    assert study.config["train"]["batch_size"] == 16
    assert parse_config(study.config) == parse_config(config)
    assert Store(tmp_path / "runs").study("small").config == study.config


def test_other_seeds_and_splits_are_other_jobs(tmp_path: Path) -> None:
    def jobs(**evaluation: Any) -> list[str]:
        counter = Counter()
        run(
            small_config(tmp_path, plans=["mtl"], evaluation=evaluation), tmp_path / "runs", counter
        )
        return counter.jobs

    assert len(jobs()) == 1
    assert len(jobs(seeds=[1])) == 1
    assert len(jobs(split_seed=1)) == 1
    assert len(jobs(seeds=[0, 1])) == 0
    assert len(jobs(folds=2, repeats=2, scheme="cross_validation")) == 4
    assert len(jobs(thresholds="global")) == 0, "thresholds are no matter of training"


def test_two_corpora_have_heads_of_their_own_in_one_model(tmp_path: Path) -> None:
    first = small_source(write_csv(tmp_path / "a.csv"))
    second = small_source(write_csv(tmp_path / "b.csv", rows=60))
    second["labels"] = {f"late {label}": label for label in LABELS[:2]}
    config = small_config(tmp_path, data={"a": first, "b": second})
    cells = cells_by_plan(run(config, tmp_path / "runs"))
    mtl = cells["mtl"][0].as_plan().models[0].to_json()
    assert mtl == [list(LABELS), ["late edema", "late effusion"]]
    outcome = load_outcome(Store(tmp_path / "runs"), "small")
    assert set(outcome["mtl"].summary.per_task) == {*LABELS, "late edema", "late effusion"}
    assert outcome["stl"].cost.models == 5


def test_a_random_grouping_follows_its_draw(tmp_path: Path) -> None:
    def groups(root: str) -> list[Any]:
        plan = {"gmtl": {"groups": 2, "method": "random", "draw": [0, 1, 2, 3]}}
        study = run(small_config(tmp_path, plans=[plan]), tmp_path / root)
        return [cell.grouping.groups for cell in study.cells if cell.grouping]

    assert groups("one") == groups("other")
    assert len({str(found) for found in groups("one")}) > 1


def test_the_watcher_hears_of_everything_in_order(tmp_path: Path) -> None:
    heard: list[str] = []

    class Listener(StudyWatcher):
        def on_study(self, study: StudyRecord) -> None:
            heard.append(study.status)

        def on_stage(self, stage: str, jobs: int) -> None:
            heard.append(f"{stage}: {jobs}")

        def on_job(self, job: Any) -> None:
            heard.append("job")

        def on_epoch(self, job: Any, epoch: int, points: list[Any]) -> None:
            heard.append(f"epoch {epoch}")

        def on_job_end(self, job: Any, record: Any) -> None:
            heard.append("end")

    tune = {"space": {"learning_rate": [1e-4, 1e-3]}}
    config = small_config(tmp_path, plans=["mtl"], tune=tune)
    Study(parse_config(config), Store(tmp_path / "runs"), watcher=Watchers([Listener()])).run()
    job = ["job", "epoch 1", "end"]
    assert heard == [
        "running",
        *["tuning: 2", *job, *job],
        "running",
        "training: 0",
        "finished",
    ]


def test_a_full_disk_does_not_hide_what_went_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(Counter):
        def on_job(self, job: Any) -> None:
            monkeypatch.setattr(os, "fsync", _no_space)
            raise MtlvError("the lights went out")

    with pytest.raises(MtlvError, match="lights"):
        run(small_config(tmp_path), tmp_path / "runs", Failing())


def _no_space(_: int) -> None:
    raise OSError(28, "No space left on device")


def test_tuning_chooses_the_best_trial_and_counts_its_cost(tmp_path: Path) -> None:
    tune = {"space": {"learning_rate": [1e-6, 5e-3], "head.layers": [0, 1]}, "models": 2}
    study = run(small_config(tmp_path, plans=["stl"], tune=tune), tmp_path / "runs")
    tuning = study.cells[0].tuning
    assert tuning is not None
    assert len(tuning.trials) == 4
    values = [trial["value"] for trial in tuning.trials]
    assert values[tuning.chosen] == max(values)
    assert all(len(trial["jobs"]) == 2 for trial in tuning.trials)
    cost = load_outcome(Store(tmp_path / "runs"), "small")["stl"].cost
    assert 0 < cost.tuning_seconds < cost.train_seconds


def test_optuna_tunes_too(tmp_path: Path) -> None:
    space = {"learning_rate": {"low": 1e-5, "high": 1e-2, "log": True}}
    tune = {"space": space, "method": "optuna", "trials": 3}
    study = run(small_config(tmp_path, plans=["mtl"], tune=tune), tmp_path / "runs")
    tuning = study.cells[0].tuning
    assert tuning is not None
    assert len({trial["changes"]["learning_rate"] for trial in tuning.trials}) == 3


def test_tuning_once_for_all_folds(tmp_path: Path) -> None:
    tune = {"space": {"learning_rate": [1e-4, 1e-3]}, "scope": "study"}
    config = small_config(tmp_path, plans=["mtl"], tune=tune, evaluation={"folds": 2})
    first, second = run(config, tmp_path / "runs").cells
    assert first.tuning == second.tuning


def test_a_failed_study_says_so_and_keeps_what_is_finished(tmp_path: Path) -> None:
    class Failing(Counter):
        def on_job_end(self, job: Any, record: Any) -> None:
            super().on_job_end(job, record)
            if len(self.jobs) == 2:
                raise MtlvError("the lights went out")

    config = small_config(tmp_path)
    with pytest.raises(MtlvError, match="lights"):
        run(config, tmp_path / "runs", Failing())
    study = Store(tmp_path / "runs").study("small")
    assert (study.status, study.failure) == ("failed", "the lights went out")
    rest = Counter()
    run(config, tmp_path / "runs", rest)
    assert len(rest.jobs) == 2, "four jobs in all, two were kept"


def test_a_finished_study_that_is_cut_off_in_another_run_keeps_its_results(tmp_path: Path) -> None:
    class Failing(Counter):
        def on_stage(self, stage: str, jobs: int) -> None:
            raise MtlvError("the lights went out")

    tune = {"space": {"learning_rate": [1e-4, 1e-3]}}
    config = small_config(
        tmp_path, plans=["mtl", {"gmtl": {"groups": 2, "method": "random"}}], tune=tune
    )
    before = run(config, tmp_path / "runs")
    with pytest.raises(MtlvError, match="lights"):
        run(config, tmp_path / "runs", Failing())
    cut_off = Store(tmp_path / "runs").study("small")
    assert cut_off.status == "failed"
    assert {cell.place for cell in cut_off.cells} == {cell.place for cell in before.cells}
    again = run(config, tmp_path / "runs")
    assert again.cells == before.cells, "the cost of the groups is that of when they were found"


def test_a_plan_that_leaves_out_a_task_is_refused_before_training(tmp_path: Path) -> None:
    counter = Counter()
    config = small_config(tmp_path, plans=[{"plan": {"name": "half", "models": [[["edema"]]]}}])
    with pytest.raises(PlanError, match="leaves out 'effusion', 'fracture'"):
        run(config, tmp_path / "runs", counter)
    assert counter.jobs == []


def test_kill_nine_loses_nothing(tmp_path: Path) -> None:
    config = small_config(
        tmp_path, train={"epochs": 30, "learning_rate": 1e-3, "precision": "fp32"}
    )
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "mtlv", "run", "study.yaml", "--store", "runs"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    jobs = tmp_path / "runs" / "jobs"
    deadline = time.monotonic() + 120
    while not _finished(jobs):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()

    (jobs / f"{SCRAP}0123456789abcdef-deadbeef").mkdir()  # as of a job that was being written
    (jobs / f"{SCRAP}0123456789abcdef-deadbeef" / "record.json").write_text("{")
    store = Store(tmp_path / "runs")
    finished = _finished(jobs)
    assert store.study("small").status == "running"
    for job in finished:
        store.predictions(job), store.curves(job)
    rest = Counter()
    run(config, tmp_path / "runs", rest)
    assert not set(rest.jobs) & set(finished)
    assert len(rest.jobs) + len(finished) == 4
    assert _finished(jobs).items() >= finished.items()

    run(config, tmp_path / "untroubled")
    for plan in ("stl", "mtl"):
        resumed = load_outcome(store, "small")[plan].summary.to_json()
        assert (
            resumed == load_outcome(Store(tmp_path / "untroubled"), "small")[plan].summary.to_json()
        )


def _finished(jobs: Path) -> dict[str, int]:
    """Return when each finished job was written."""
    records = [p for p in jobs.glob("*/record.json") if not p.parent.name.startswith(SCRAP)]
    return {p.parent.name: p.stat().st_mtime_ns for p in records}
