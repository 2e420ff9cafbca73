"""Outcomes: cells are scored from predictions alone, and a plan pays for all that it took."""

import json
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import average_precision_score

from mtlv.errors import ProtocolError, StoreError
from mtlv.evaluation.judging import validation_value
from mtlv.evaluation.predictions import ScoredPart
from mtlv.evaluation.scoring import ScoringSettings, score
from mtlv.report.tables import plan_table
from mtlv.store import CellRecord, Store, StudyRecord
from mtlv.store.outcome import cell_predictions, load_outcome, load_whole, score_cell
from mtlv.store.record import GroupingRecord, JobRecord, RecommendationRecord
from store.fakes import MIXED, TASKS, fake_cell, fake_job_id, fake_study, write_fake_job


def never(cell: CellRecord, model: int) -> bool:
    return False


def cell_with(store: Store, **changes: Any) -> tuple[StudyRecord, CellRecord]:
    """Write a study of one cell, changed."""
    record = fake_study(store, plans=("mtl",), folds=1)
    cell = record.cells[0].model_copy(update=changes)
    study = record.model_copy(update={"cells": [cell]})
    store.write_study(study)
    return study, cell


class TestWhatIsShown:
    def test_every_plan_with_every_fold_and_seed(self, store: Store) -> None:
        fake_study(store, folds=2, seeds=(0, 1, 2))
        outcome = load_outcome(store, "fake")
        assert [plan.name for plan in outcome.plans] == ["stl", "mtl", "gmhl", "gmtl"]
        assert {(len(plan.cells), plan.planned) for plan in outcome.plans} == {(6, 6)}
        assert outcome["gmtl"].summary.metrics["f1_macro"].n == 6

    def test_a_plan_without_a_finished_cell_is_not_shown(self, store: Store) -> None:
        fake_study(store, trained=lambda cell, model: cell.plan != "stl" or model > 0)
        outcome = load_outcome(store, "fake")
        assert [plan.name for plan in outcome.plans] == ["mtl", "gmhl", "gmtl"]
        with pytest.raises(StoreError, match="no finished plan 'stl'"):
            outcome["stl"]

    def test_a_plan_with_some_finished_cells_is_shown_in_part(self, store: Store) -> None:
        fake_study(store, trained=lambda cell, model: cell.plan != "gmtl" or cell.fold == 1)
        plan = load_outcome(store, "fake")["gmtl"]
        assert [cell.cell.fold for cell in plan.cells] == [1]
        assert (plan.to_json()["cells"], plan.to_json()["planned_cells"]) == (1, 2)
        assert plan.summary.metrics["f1_macro"].sd is None

    def test_nothing_is_finished(self, store: Store) -> None:
        record = fake_study(store, trained=never)
        assert load_outcome(store, "fake").plans == ()
        assert score_cell(store, record, record.cells[0]) is None

    def test_a_study_that_is_not_there(self, store: Store) -> None:
        with pytest.raises(StoreError, match="no study named 'fake'"):
            load_outcome(store, "fake")


class TestScores:
    def test_they_follow_from_predictions_alone(self, store: Store) -> None:
        """Jobs of one id with other scores give other metrics; nothing else has to change."""
        record = fake_study(store, plans=("mtl",), folds=1, trained=never)
        write_fake_job(store, [list(TASKS)], scores=lambda task, part: perfect(store, task, part))
        perfect_scores = load_outcome(store, "fake")["mtl"].cells[0].scores
        assert perfect_scores.metrics["f1_macro"] == 1.0
        again = score_cell(Store(store.root, create=False), record, record.cells[0])
        assert again is not None
        assert again.scores == perfect_scores

    def test_they_are_those_of_the_protocol(self, store: Store) -> None:
        record = fake_study(store, plans=("gmtl",), folds=1)
        outcome = load_outcome(store, "fake")["gmtl"].cells[0]
        parts = cell_predictions(store, record.cells[0])
        models = [["edema", "nodule"], ["opacity", "effusion"]]
        expected = score(parts["validation"], parts["test"], ScoringSettings(), models)
        assert outcome.scores == expected
        precision = [outcome.scores.per_task[task]["average_precision"] for task in TASKS]
        assert outcome.scores.metrics["average_precision_macro"] == np.mean(precision)

    def test_the_validation_value_is_of_the_validation_part(self, store: Store) -> None:
        study, cell = cell_with(store)
        outcome = score_cell(store, study, cell)
        assert outcome is not None
        matrix = cell_predictions(store, cell)["validation"].labels()
        columns = zip(matrix.scores.T, matrix.targets.T, strict=True)
        expected = np.mean([average_precision_score(y, scores) for scores, y in columns])
        assert outcome.validation_value == pytest.approx(expected)

    @pytest.mark.parametrize(
        ("variant", "signature"),
        [
            ({}, "per_label(validation,shrinkage=20)"),
            ({"train.epochs": 2}, "per_label(validation,shrinkage=20)"),
            ({"evaluation.thresholds": "fixed"}, "fixed"),
            ({"evaluation.shrinkage": 5.0}, "per_label(validation,shrinkage=5)"),
            ({"evaluation": {"thresholds": "global"}}, "global(validation)"),
        ],
    )
    def test_thresholds_are_those_of_the_point_of_the_sweep(
        self, store: Store, variant: dict[str, Any], signature: str
    ) -> None:
        study, cell = cell_with(store, variant=variant)
        outcome = score_cell(store, study, cell)
        assert outcome is not None
        assert outcome.scores.thresholds.describe() == signature

    def test_a_score_that_is_missing_is_refused(self, store: Store) -> None:
        fake_study(store, plans=("mtl",), folds=1, trained=never)
        write_fake_job(store, [list(TASKS)], scores=lambda task, part: np.full(40, np.nan))
        with pytest.raises(ProtocolError, match="without a score"):
            load_outcome(store, "fake")

    @pytest.mark.parametrize("part", ["validation", "test"])
    def test_a_part_without_predictions_is_named(self, store: Store, part: ScoredPart) -> None:
        record = fake_study(store, plans=("mtl",))
        job = record.cells[0].jobs[0]
        other = next(own for name, own in store.predictions(job).items() if name != part)
        pq.write_table(other.to_table(), store.job_folder(job) / "predictions.parquet")
        with pytest.raises(StoreError, match=f"no predictions of the {part} part") as caught:
            cell_predictions(store, record.cells[0])
        assert str(store.job_folder(job)) in str(caught.value)
        assert "only this job is trained" in str(caught.value)
        outcome, left_out = load_whole(store, "fake")
        assert [cell.cell.fold for cell in outcome["mtl"].cells] == [1]
        assert left_out[0].startswith(f"1 cell of mtl left out: The job '{job}'")

    def test_a_damaged_job_is_named(self, store: Store) -> None:
        record = fake_study(store, plans=("mtl",), folds=1)
        path = store.job_folder(record.cells[0].jobs[0]) / "predictions.parquet"
        path.write_bytes(b"PAR1")
        with pytest.raises(StoreError, match=record.cells[0].jobs[0]):
            load_outcome(store, "fake")


class TestOtherKinds:
    def test_a_study_may_mix_kinds(self, store: Store) -> None:
        fake_study(store, tasks=MIXED)
        for plan in load_outcome(store, "fake").plans:
            assert set(plan.summary.judged) == set(MIXED)
            values = [plan.summary.primary(task).mean for task in MIXED]
            assert plan.summary.metrics["primary_mean"].mean == pytest.approx(np.mean(values))

    def test_a_study_may_have_no_binary_task(self, store: Store) -> None:
        fake_study(store, tasks=MIXED[2:])
        plan = load_outcome(store, "fake")["gmtl"]
        assert list(plan.summary.metrics) == ["primary_mean"]
        assert plan.to_json()["judged_by"]["disease"]["metric"] == "entity_f1"

    def test_the_validation_value_is_the_mean_over_tasks(self, store: Store) -> None:
        record = fake_study(store, plans=("mtl",), folds=1, tasks=MIXED)
        tasks = cell_predictions(store, record.cells[0])["validation"].tasks
        expected = np.mean([validation_value(tasks[name]) for name in MIXED])
        found = load_outcome(store, "fake")["mtl"].validation_value
        assert found == pytest.approx(expected)

    def test_json_of_binary_tasks_is_as_it_was(self, store: Store) -> None:
        fake_study(store, plans=("mtl",), folds=1)
        (plan,) = load_outcome(store, "fake").to_json()["plans"]
        assert "judged_by" not in plan
        assert "primary_mean" not in plan["metrics"]


class TestServing:
    def test_each_task_is_served_by_its_own_model(self, store: Store) -> None:
        record = fake_study(store, plans=("gmtl",), folds=1)
        cell = record.cells[0]
        parts = cell_predictions(store, cell)
        for job, tasks in zip(cell.jobs, (TASKS[:2], TASKS[2:]), strict=True):
            own = store.predictions(job)
            for part in ("validation", "test"):
                for task in tasks:
                    served = parts[part].tasks[task].scores
                    np.testing.assert_array_equal(served, own[part].tasks[task].scores)
        assert list(parts["test"].tasks) == list(TASKS)

    def test_a_task_of_two_models_is_served_by_the_one_that_the_plan_names(
        self, store: Store
    ) -> None:
        """Model 1 also learns `edema`, but the plan serves it from model 0."""
        models = [[["edema"]], [["edema", "nodule"]]]
        jobs = [write_fake_job(store, model).id for model in models]
        cell = fake_cell("mtl", 0, 0).model_copy(
            update={
                "architecture": {
                    "name": "two",
                    "models": models,
                    "serves": {"edema": 0, "nodule": 1},
                },
                "jobs": jobs,
            }
        )
        test = cell_predictions(store, cell)["test"].tasks
        first, second = (store.predictions(job)["test"].tasks for job in jobs)
        np.testing.assert_array_equal(test["edema"].scores, first["edema"].scores)
        assert not np.array_equal(test["edema"].scores, second["edema"].scores)
        np.testing.assert_array_equal(test["nodule"].scores, second["nodule"].scores)


class TestCosts:
    """A fake job takes 10 s for each task, its preparation 2 s, a grouping 5 s."""

    @pytest.mark.parametrize(
        ("plan", "seconds", "models", "memory"),
        [
            ("stl", 4 * 10 + 2, 4, 101),
            ("mtl", 40 + 2, 1, 104),
            ("gmhl", 40 + 2 + 5, 1, 104),
            ("gmtl", 2 * 20 + 2 + 5, 2, 102),
        ],
    )
    def test_jobs_and_grouping_and_preparation_once(
        self, store: Store, plan: str, seconds: float, models: int, memory: float
    ) -> None:
        fake_study(store, folds=1)
        cost = load_outcome(store, "fake")[plan].cells[0].cost
        assert cost.train_seconds == seconds
        assert (cost.models, cost.forward_passes, cost.parameters) == (
            models,
            models,
            1000 * models,
        )
        assert cost.peak_memory_mb == memory
        assert cost.cpu_seconds == 80
        assert cost.texts_seen == models * 240
        assert cost.grouping_seconds == (5 if plan.startswith("gm") else 0)
        assert cost.tuning_seconds == 0

    def test_different_preparations_are_counted_each(self, store: Store) -> None:
        fake_study(store, plans=("stl",), folds=1, trained=never)
        for task, seconds in zip(TASKS, (2.0, 3.0, 0.0, 3.0), strict=True):
            write_fake_job(store, [[task]], preparation=seconds)
        cost = load_outcome(store, "fake")["stl"].cells[0].cost
        assert cost.train_seconds == 40 + 2 + 3

    def test_the_jobs_of_rejected_settings_are_paid_for(self, store: Store) -> None:
        """The jobs of the chosen settings are the cell's own, and not counted twice."""
        fake_study(store, plans=("gmtl",), folds=1, tuned=True)
        cost = load_outcome(store, "fake")["gmtl"].cells[0].cost
        assert cost.tuning_seconds == 40
        assert cost.train_seconds == 40 + 40 + 2 + 5
        assert cost.cpu_seconds == 160
        assert cost.texts_seen == 2 * 240 + 2 * 80
        assert (cost.models, cost.parameters) == (2, 2000)

    def test_a_trial_whose_job_is_gone_costs_nothing_that_is_known(self, store: Store) -> None:
        record = fake_study(store, plans=("mtl",), folds=1, tuned=True)
        tuning = record.cells[0].tuning
        assert tuning is not None
        store.job_folder(tuning.trials[0]["jobs"][0]).rename(store.root / "away")
        assert load_outcome(store, "fake")["mtl"].cells[0].cost.tuning_seconds == 0

    def test_a_plan_costs_the_mean_of_its_cells(self, store: Store) -> None:
        grouping = GroupingRecord(origin="given", groups=[list(TASKS)], seconds=9.0)
        record = fake_study(store, plans=("mtl",), folds=2)
        cells = [record.cells[0].model_copy(update={"grouping": grouping}), record.cells[1]]
        store.write_study(record.model_copy(update={"cells": cells}))
        plan = load_outcome(store, "fake")["mtl"]
        assert plan.cost.train_seconds == 42 + 9 / 2
        assert plan.to_json()["cost"]["grouping_seconds"] == 4.5

    def test_a_model_that_stands_twice_is_trained_once(self, store: Store) -> None:
        job: JobRecord = write_fake_job(store, [["edema"]])
        study, cell = cell_with(store)
        plan = {"name": "mtl", "models": [[["edema"]]] * 2, "serves": {"edema": 1}}
        cell = cell.model_copy(update={"architecture": plan, "jobs": [job.id, job.id]})
        outcome = score_cell(store, study, cell)
        assert outcome is not None
        assert outcome.cost.train_seconds == 12
        assert (outcome.cost.models, outcome.cost.forward_passes) == (2, 1)


class TestJson:
    def test_the_whole_study(self, store: Store) -> None:
        fake_study(store, plans=("mtl", "gmtl"), folds=1, tuned=True)
        data = load_outcome(store, "fake").to_json()
        assert (data["study"], data["status"], data["tasks"]) == ("fake", "finished", list(TASKS))
        mtl, gmtl = data["plans"]
        assert mtl["tuned"] == [{"learning_rate": 0.001}]
        assert (mtl["groups"], gmtl["groups"]) == ([], [[list(TASKS[:2]), list(TASKS[2:])]])
        assert mtl["signatures"]["f1_macro"].startswith("f1_macro|thresholds:per_label")


def perfect(store: Store, task: str, part: Any) -> np.ndarray[Any, Any]:
    """Return the targets of a task, which as scores make no mistake."""
    model = [["probe", task]]
    job = write_fake_job(store, model)
    return store.predictions(job.id)[part].tasks[task].targets


PRETRAINED = [[TASKS[0], TASKS[2]]]


class TestLineage:
    def test_plans_name_what_they_start_from_and_what_teaches_them(self, store: Store) -> None:
        study = fake_study(store, folds=1)
        by_plan = {cell.plan: cell for cell in study.cells}
        (refined,) = by_plan["mtl"].jobs
        _change_specs(store, by_plan["stl"], starts_from=refined)
        write_fake_job(store, PRETRAINED)  # a job of no plan
        pretrained = fake_job_id(PRETRAINED, 0, 0)
        _change_specs(store, by_plan["gmhl"], starts_from=pretrained, teachers=[refined])
        outcome = load_outcome(store, "fake")
        words = {plan: own.words for plan, own in outcome.lineage.items() if own.words}
        assert words == {
            "stl": "starts from mtl",
            "gmhl": "starts from pretrain and is taught by mtl",
        }
        shown = {plan["plan"]: plan["starts_from"] for plan in outcome.to_json()["plans"]}
        assert shown == {"stl": ("mtl",), "mtl": (), "gmhl": ("pretrain",), "gmtl": ()}
        assert "stl starts from mtl" in plan_table(outcome).note


def _change_specs(store: Store, cell: CellRecord, **changes: Any) -> None:
    for job in cell.jobs:
        path = store.job_folder(job) / "record.json"
        record = json.loads(path.read_text())
        record["spec"] |= changes
        path.write_text(json.dumps(record))


class TestCautions:
    @pytest.mark.parametrize(
        ("leave", "groups", "told"),
        [(False, 2, True), (True, 2, False), (False, 1, False)],
        ids=["advised against", "advised", "one model"],
    )
    def test_groups_that_their_own_search_advises_against(
        self, store: Store, *, leave: bool, groups: int, told: bool
    ) -> None:
        study = fake_study(store, plans=("gmtl",), folds=2)
        advice = RecommendationRecord(
            words="", predicted={}, gain_over_mtl=0.1, error=0.2, leave_mtl=leave
        )
        found = GroupingRecord(
            origin="search", groups=[list(TASKS)] * groups, recommendation=advice
        )
        cells = [cell.model_copy(update={"grouping": found}) for cell in study.cells]
        cautions = study.model_copy(update={"cells": cells}).cautions
        assert len(cautions) == told
        assert all("gmtl" in text and "in 2 of 2 folds" in text for text in cautions)
