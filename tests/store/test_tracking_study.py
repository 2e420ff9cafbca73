"""The mirror of a study, told to a tracker in memory: complete, live, the same however it came."""

import logging
from collections.abc import Sequence

import numpy as np
import pytest

import mtlv.store.tracking_study
from mtlv.store import Store, StudyRecord
from mtlv.store.tracking_memory import Memory
from mtlv.store.tracking_study import StudyMirror, Tracker
from store.fakes import FINISHED, MIXED, TASKS, fake_cell, fake_job, fake_study, write_fake_job
from store.trackers import FakeTracker, TrackerDownError

pytestmark = pytest.mark.slow

GMTL = "gmtl/fold 1/seed 0"


def mirror(store: Store, tracker: Tracker, study: StudyRecord) -> StudyMirror:
    """Return the mirror that a new process would have."""
    return StudyMirror(store, tracker, Memory(store, study.name, "key"), study)


def running(study: StudyRecord) -> StudyRecord:
    return study.model_copy(update={"status": "running"})


def live(
    store: Store,
    plans: Sequence[str] = ("gmtl",),
) -> StudyRecord:
    """Return a study that starts: all is planned and nothing trained."""
    return fake_study(
        store, plans=plans, folds=1, status="running", trained=lambda cell, model: False
    )


class TestWhatIsMirrored:
    def test_a_run_for_the_study_each_cell_and_each_model(self, store: Store) -> None:
        study, tracker = fake_study(store, folds=2), FakeTracker()
        mirror(store, tracker, study).update(study)
        assert tracker.tree() == {
            "fake": {
                f"{plan}/fold {fold}/seed 0": models
                for fold in (1, 2)
                for plan, models in {
                    "stl": list(TASKS),
                    "mtl": ["edema, nodule, opacity, effusion"],
                    "gmhl": ["edema, nodule, opacity, effusion"],
                    "gmtl": ["edema, nodule", "opacity, effusion"],
                }.items()
            }
        }
        assert {run.status for run in tracker.runs.values()} == {"FINISHED"}

    def test_a_study_of_all_kinds_of_tasks(self, store: Store) -> None:
        study, tracker = fake_study(store, plans=("mtl",), folds=1, tasks=MIXED), FakeTracker()
        mirror(store, tracker, study).update(study)
        told = {number.name for run in tracker.runs.values() for number in run.numbers}
        assert {"primary_mean", "f1_macro", "mtl/primary_mean", "mtl/primary/nli"} <= told
        assert {"pearson/similarity", "entity_f1/disease", "accuracy/nli"} <= told
        assert {run.status for run in tracker.runs.values()} == {"FINISHED"}

    def test_a_model_of_many_tasks_is_counted(self, store: Store) -> None:
        tasks = [f"a task with a long name {i}" for i in range(6)]
        study = fake_study(store, plans=("stl", "gmtl"), tasks=tasks, folds=1)
        tracker = FakeTracker()
        mirror(store, tracker, study).update(study)
        assert tracker.tree()["fake"][GMTL] == ["model 1 (3 tasks)", "model 2 (3 tasks)"]
        assert tracker.tree()["fake"]["stl/fold 1/seed 0"] == tasks

    def test_what_each_level_tells(self, store: Store) -> None:
        study, tracker = fake_study(store, folds=1, tuned=True), FakeTracker()
        mirror(store, tracker, study).update(study)
        parent = tracker.named("fake")
        assert parent.params["train.learning_rate"] == "0.001"
        assert set(parent.files) == {
            "config.yaml",
            "tasks.json",
            "data.json",
            "comparison.md",
            "comparison.json",
        }
        assert parent.tags["mlflow.note.content"] == parent.files["comparison.md"]
        assert "gmtl/f1_macro" in {number.name for number in parent.numbers}
        cell = tracker.named("fake", GMTL)
        assert cell.params["tuned.learning_rate"] == "0.001"
        assert {"f1_macro", "f1/edema", "cost/train_seconds"} <= {n.name for n in cell.numbers}
        assert {"thresholds.json", "elbow.svg", "confusion.csv"} <= set(cell.files)
        model = tracker.named("fake", GMTL, "edema, nodule")
        assert model.tags["mtlv.job"] == study.cells[3].jobs[0]
        assert model.tags["mtlv.env.torch"] == "2.9"
        steps = {n.step for n in model.numbers if n.name == "validation/label/nodule/f1"}
        assert steps == {1, 2, 3}

    def test_a_job_of_two_plans_is_under_both(self, store: Store) -> None:
        tasks = ["edema", "nodule"]
        study = fake_study(store, plans=("stl", "gmtl"), tasks=tasks, folds=1)
        tracker = FakeTracker()
        mirror(store, tracker, study).update(study)
        assert tracker.tree()["fake"] == {"stl/fold 1/seed 0": tasks, GMTL: tasks}
        first = tracker.named("fake", "stl/fold 1/seed 0", "edema")
        second = tracker.named("fake", GMTL, "edema")
        assert first.tags["mtlv.job"] == second.tags["mtlv.job"]
        assert first.numbers == second.numbers

    def test_points_of_a_sweep_whose_plans_share_a_name(self, store: Store) -> None:
        job = write_fake_job(store, [list(TASKS)])
        base = fake_study(store, plans=("mtl",), folds=1)
        cells = [
            base.cells[0].model_copy(update={"variant": {"encoder.name": name}, "jobs": [job.id]})
            for name in ("a/tiny", "b/tiny")
        ]
        study, tracker = base.model_copy(update={"cells": cells}), FakeTracker()
        mirror(store, tracker, study).update(study)
        variants = [run.params.get("variant.encoder.name") for run in tracker.runs.values()]
        assert [name for name in variants if name] == ["a/tiny", "b/tiny"]


class TestWhileItRuns:
    def test_a_model_appears_as_soon_as_its_job_is_there(self, store: Store) -> None:
        study, tracker = live(store), FakeTracker()
        mirrored = mirror(store, tracker, study)
        mirrored.update(study)
        assert tracker.tree() == {"fake": {}}
        assert tracker.named("fake").params["evaluation.folds"] == "1"
        write_fake_job(store, [list(TASKS[2:])])
        mirrored.update(study)
        assert tracker.tree() == {"fake": {GMTL: ["opacity, effusion"]}}
        cell = tracker.named("fake", GMTL)
        assert (cell.status, cell.numbers, cell.params["models"]) == ("RUNNING", set(), "2")
        assert tracker.named("fake", GMTL, "opacity, effusion").status == "FINISHED"

    def test_a_cell_is_scored_once_when_its_last_job_is_there(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        scored: list[str] = []
        score_cell = mtlv.store.tracking_study.score_cell

        def counted(*args: object) -> object:
            scored.append(args[2].plan)  # type: ignore[attr-defined]
            return score_cell(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(mtlv.store.tracking_study, "score_cell", counted)
        study, tracker = live(store, plans=("mtl", "gmtl")), FakeTracker()
        mirrored = mirror(store, tracker, study)
        for model in ([list(TASKS)], [list(TASKS[:2])], [list(TASKS[2:])]):
            write_fake_job(store, model)
            mirrored.update(study)
        assert scored == ["mtl", "gmtl"]
        mirrored.update(study.model_copy(update={"status": "finished"}))
        assert scored == ["mtl", "gmtl"]
        assert tracker.named("fake", GMTL).status == "FINISHED"
        assert "comparison.md" in tracker.named("fake").files

    def test_cells_that_are_planned_later_are_added(self, store: Store) -> None:
        """Cells of tuned plans are published when their settings are chosen."""
        whole, tracker = fake_study(store, folds=1), FakeTracker()
        mirrored = mirror(store, tracker, whole)
        mirrored.update(running(whole).model_copy(update={"cells": whole.cells[:1]}))
        mirrored.update(whole)
        assert len(tracker.tree()["fake"]) == 4

    def test_the_study_fails_and_goes_on(self, store: Store) -> None:
        study, tracker = live(store), FakeTracker()
        write_fake_job(store, [list(TASKS[:2])])
        mirror(store, tracker, study).update(study)
        failed = study.model_copy(update={"status": "failed"})
        mirror(store, tracker, failed).update(failed)
        assert tracker.named("fake").status == "FAILED"
        assert tracker.named("fake", GMTL).status == "KILLED"
        mirror(store, tracker, study).update(study)
        assert tracker.named("fake").status == "RUNNING"
        assert tracker.named("fake", GMTL).status == "RUNNING"
        write_fake_job(store, [list(TASKS[2:])])
        finished = study.model_copy(update={"status": "finished"})
        mirror(store, tracker, finished).update(finished)
        assert {run.status for run in tracker.runs.values()} == {"FINISHED"}
        assert len(tracker.runs) == 4

    def test_times_are_those_of_the_records(self, store: Store) -> None:
        study, tracker = fake_study(store, plans=("mtl",), folds=1), FakeTracker()
        mirror(store, tracker, study).update(study)
        ended = mtlv.store.tracking_study.milliseconds(FINISHED)
        assert {run.ended for run in tracker.runs.values()} == {ended}


class TestAgain:
    def test_what_was_told_is_not_told_again(self, store: Store) -> None:
        study, tracker = fake_study(store), FakeTracker()
        mirror(store, tracker, study).update(study)
        calls = tracker.calls
        again = mirror(store, tracker, study)
        again.update(study)
        again.update(study)
        assert tracker.calls == calls + 1  # whether the run of the study is still there

    def test_a_mirror_that_broke_off_anywhere_goes_on(self, store: Store) -> None:
        """Whichever call fails, the next process tells the rest and nothing twice."""
        study, whole = fake_study(store, plans=("mtl", "gmtl"), folds=1), FakeTracker()
        mirror(store, whole, study).update(study)
        for calls in range(whole.calls):
            (store.root / "studies" / "fake" / "tracking.json").unlink(missing_ok=True)
            tracker = FakeTracker(calls)
            with pytest.raises(TrackerDownError):
                mirror(store, tracker, study).update(study)
            tracker.calls_left = None
            mirror(store, tracker, study).update(study)
            assert tracker.content() == whole.content()

    def test_a_tracker_that_lost_everything_is_told_anew(self, store: Store) -> None:
        study, first, second = fake_study(store), FakeTracker(), FakeTracker()
        mirror(store, first, study).update(study)
        mirror(store, second, study).update(study)
        assert second.content() == first.content()

    def test_an_open_cell_that_was_lost_is_started_anew(self, store: Store) -> None:
        study, tracker = live(store), FakeTracker()
        write_fake_job(store, [list(TASKS[:2])])
        mirror(store, tracker, study).update(study)
        for run in [run for run, own in tracker.runs.items() if own.parent is not None]:
            del tracker.runs[run]
        mirror(store, tracker, study).update(study)
        assert tracker.tree() == {"fake": {GMTL: ["edema, nodule"]}}

    def test_a_finished_cell_that_was_deleted_stays_deleted(self, store: Store) -> None:
        study, tracker = fake_study(store, folds=1), FakeTracker()
        mirror(store, tracker, study).update(study)
        for run in [r for r, own in tracker.runs.items() if own.tags.get("mtlv.plan") == "gmtl"]:
            del tracker.runs[run]
        mirror(store, tracker, study).update(study)
        assert GMTL not in tracker.tree()["fake"]

    def test_a_cell_whose_jobs_changed_is_replaced(self, store: Store) -> None:
        """As when a newer version groups or trains differently under the same configuration."""
        study, tracker = fake_study(store, plans=("mtl", "gmtl"), folds=1), FakeTracker()
        mirror(store, tracker, study).update(study)
        groups = [["edema", "opacity"], ["nodule", "effusion"]]
        jobs = [write_fake_job(store, [group]).id for group in groups]
        serves = {task: i for i, group in enumerate(groups) for task in group}
        plan = {"name": "gmtl", "models": [[group] for group in groups], "serves": serves}
        cell = fake_cell("gmtl", 0, 0).model_copy(update={"architecture": plan, "jobs": jobs})
        changed = study.model_copy(update={"cells": [study.cells[0], cell]})
        before = tracker.named("fake").files["comparison.json"]
        mirror(store, tracker, changed).update(changed)
        assert tracker.tree()["fake"][GMTL] == ["edema, opacity", "nodule, effusion"]
        assert len(tracker.runs) == 1 + 2 + 3
        assert tracker.named("fake").files["comparison.json"] != before


class TestWhatCannotBeScored:
    def test_it_is_said_once_and_the_rest_is_mirrored(
        self, store: Store, caplog: pytest.LogCaptureFixture
    ) -> None:
        diverged = fake_job([list(TASKS)])
        write_fake_job(store, [list(TASKS)], scores=lambda task, part: np.full(40, np.nan))
        study, tracker = fake_study(store, plans=("mtl", "gmtl"), folds=1), FakeTracker()
        assert study.cells[0].jobs == [diverged.id]
        mirrored = mirror(store, tracker, study)
        with caplog.at_level(logging.WARNING):
            mirrored.update(running(study))
            mirrored.update(study)
        assert len(caplog.records) == 1
        assert "mtl/fold 1/seed 0 cannot be scored" in caplog.text
        assert tracker.named("fake", "mtl/fold 1/seed 0").status == "FAILED"
        assert tracker.named("fake", GMTL).status == "FINISHED"
        table = tracker.named("fake").files["comparison.md"]
        assert "| gmtl |" in table
        assert "| mtl |" not in table
