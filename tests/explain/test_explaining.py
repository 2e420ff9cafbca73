"""Every view of a small trained study, one text under all plans, and what cannot be explained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explain.studies import explained_study
from mtlv.errors import DataError, StoreError
from mtlv.explain.asked import Asked
from mtlv.explain.explaining import explain_study
from mtlv.explain.one_text import explain_text
from mtlv.explain.study_views import StudyViews
from mtlv.store import Store
from mtlv.store.outcome import load_outcome
from mtlv.store.record import ExplanationRecord
from mtlv.store.record_explain import FRAMES
from mtlv.usage.predict import load_predictor
from small import LABELS, small_source, write_csv

pytestmark = pytest.mark.slow
TEXT = "report 3: edema seen, fracture seen"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("explained")


@pytest.fixture(scope="module")
def store(folder: Path) -> Store:
    return explained_study(folder)


@pytest.fixture(scope="module")
def found(store: Store, folder: Path) -> ExplanationRecord:
    return explain_study(store, "small", Asked(texts=6, base=folder))


def rows(store: Store, record: ExplanationRecord, name: str) -> list[dict[str, Any]]:
    return list(store.explanation_frame(record.id, name).to_pylist())


def test_all_views_are_there_with_the_columns_that_the_store_describes(
    store: Store, found: ExplanationRecord
) -> None:
    assert [own for own in found.missing if own.view != "cross-task matrix"] == []
    assert {"words", "agreement", "texts", "similarity", "conflict", "data_map"} <= set(
        found.frames
    )
    for name, count in found.frames.items():
        table = store.explanation_frame(found.id, name)
        assert table.num_rows == count
        described = FRAMES[name].split(": ")[1].split(", ")
        assert set(table.column_names) <= set(described)


def test_attributions_of_test_texts_converge(store: Store, found: ExplanationRecord) -> None:
    texts = rows(store, found, "texts")
    assert len(texts) == 4 * 3 * 2 * 6  # plans, tasks, seeds, texts
    assert max(abs(row["delta"]) for row in texts) < 0.01


def test_seeds_of_a_plan_are_the_ceiling(store: Store, found: ExplanationRecord) -> None:
    agreement = rows(store, found, "agreement")
    same = [row for row in agreement if row["first"] == row["second"]]
    assert {(row["first"], row["task"]) for row in same} == {
        (plan, task) for plan in ("stl", "mtl", "gmtl-angles", "gmtl-maps") for task in LABELS
    }
    assert all((row["first_seed"], row["second_seed"]) == (0, 1) for row in same)


def test_a_model_is_similar_to_itself_in_another_plan(
    store: Store, found: ExplanationRecord
) -> None:
    cells = {own.plan: own for own in store.study("small").cells if own.seed == 0}
    for row in rows(store, found, "similarity"):
        jobs = [
            cells[row[own]].jobs[cells[row[own]].as_plan().serves[row["task"]]]
            for own in ("first", "second")
        ]
        if jobs[0] == jobs[1] and row["first_seed"] == row["second_seed"] == 0:
            assert row["cka"] == pytest.approx(1)
        assert row["cka"] < 1 + 1e-9


def test_the_data_map_is_of_training_texts(store: Store, found: ExplanationRecord) -> None:
    maps = rows(store, found, "data_map")
    test = {str(own) for own in _test_ids(store)}
    assert {row["task"] for row in maps} == set(LABELS)
    assert not {row["text"] for row in maps} & test
    assert all(row["words"].startswith(f"report {row['text'][1:]}:") for row in maps)


def _test_ids(store: Store) -> list[str]:
    job = store.study("small").cells[0].jobs[0]
    return [str(own) for own in store.predictions(job)["test"].tasks["edema"].ids]


def test_the_same_question_is_answered_from_the_store(
    store: Store, found: ExplanationRecord, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StudyViews, "frames", lambda _: pytest.fail("was made again"))
    assert explain_study(store, "small", Asked(texts=6, base=folder)) == found
    with pytest.raises(pytest.fail.Exception):
        explain_study(store, "small", Asked(texts=7, base=folder))


def test_data_that_are_gone_cost_the_views_that_need_them(store: Store, tmp_path: Path) -> None:
    asked = Asked(plans=("mtl",), tasks=("edema",), texts=4, base=tmp_path)
    write_csv(tmp_path / "reports.csv", rows=30)
    record = store.study("small")
    config = record.config | {"data": {"reports": small_source(Path("reports.csv"))}}
    moved = record.model_copy(update={"name": "moved", "config": config})
    store.write_study(moved)
    found = explain_study(store, "moved", asked)
    reasons = {own.view: own.reason for own in found.missing}
    assert "not the one that the study learned from" in reasons["word importance"]
    assert "conflict" in found.frames


class TestOneText:
    def test_probabilities_and_decisions_are_those_of_the_predictor(self, store: Store) -> None:
        record = explain_text(store, "small", TEXT)
        for row in rows(store, record, "texts"):
            predictor = load_predictor(store, "small", row["plan"], [row["task"]])
            said = predictor([TEXT])[row["task"]]
            assert row["probability"] == pytest.approx(float(said.scores[0]), abs=1e-4)
            assert row["decision"] == str(int(said.decisions[0]))

    def test_words_stand_side_by_side_and_add_up(self, store: Store) -> None:
        record = explain_text(store, "small", TEXT, Asked(plans=("stl", "mtl")))
        words = rows(store, record, "attributions")
        by_plan = {
            plan: [own["word"] for own in words if (own["plan"], own["task"]) == (plan, "edema")]
            for plan in ("stl", "mtl")
        }
        assert by_plan["stl"] == by_plan["mtl"]
        assert by_plan["stl"] == ["report", "3", ":", "edema", "seen", ",", "fracture", "seen"]
        for row in rows(store, record, "texts"):
            own = [w for w in words if (w["plan"], w["task"]) == (row["plan"], row["task"])]
            total = sum(word["value"] for word in own)
            assert total == pytest.approx(row["difference"] + row["delta"], abs=1e-6)
            assert np.sign(row["score"]) == np.sign(row["probability"] - 0.5)

    def test_an_answer_is_kept(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        first = explain_text(store, "small", TEXT)
        monkeypatch.setattr("mtlv.explain.one_text._frames", lambda *_: pytest.fail("made again"))
        assert explain_text(store, "small", TEXT) == first


class TestRefused:
    def test_an_empty_text(self, store: Store) -> None:
        with pytest.raises(DataError, match="The text is empty"):
            explain_text(store, "small", " ")

    def test_unknown_names(self, store: Store) -> None:
        with pytest.raises(StoreError, match="no finished plan 'mlt'") as caught:
            explain_text(store, "small", TEXT, Asked(plans=("mlt",)))
        assert "did you mean 'mtl'" in str(caught.value)
        with pytest.raises(DataError, match="no task 'oedema'"):
            explain_study(store, "small", Asked(tasks=("oedema",)))

    def test_a_plan_that_has_no_model_for_a_task(self, folder: Path) -> None:
        plans = [{"stl": {"tasks": ["edema"]}}]
        store = explained_study(folder, study="one", plans=plans, evaluation={"seeds": [0]})
        with pytest.raises(StoreError, match="No model for the task 'fracture'") as caught:
            explain_text(store, "one", TEXT, Asked(tasks=("fracture",)))
        assert caught.value.found == "models for edema"
        assert "stl" in str(load_outcome(store, "one").plans[0].name)

    def test_a_study_without_checkpoints_says_how_to_keep_them(self, tmp_path: Path) -> None:
        plans, evaluation = ["stl", "mtl"], {"seeds": [0]}
        store = explained_study(
            tmp_path, plans=plans, evaluation=evaluation, store={"checkpoints": False}
        )
        with pytest.raises(StoreError, match="kept no checkpoint") as caught:
            explain_text(store, "small", TEXT)
        assert "checkpoints: true" in str(caught.value.hint)
        found = explain_study(store, "small", Asked(texts=4, base=tmp_path))
        missing = {own.view: own.setting for own in found.missing}
        assert "checkpoints: true" in missing["word importance"]
        assert "gradient_cosine" in missing["gradient conflict"]
        assert "features: data_map" in missing["data map"]
