"""Every view of a small trained study, one text under all plans, and what cannot be explained."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explain.studies import explained_study
from mtlv.errors import DataError, StoreError
from mtlv.explain.asked import Asked
from mtlv.explain.explaining import explain_study
from mtlv.explain.one_text import explain_text
from mtlv.explain.roles import COMPARED
from mtlv.explain.states import layer_states
from mtlv.explain.study_views import StudyViews
from mtlv.store import Store
from mtlv.store.outcome import load_outcome
from mtlv.store.record import ExplanationRecord
from mtlv.store.record_explain import FRAMES
from mtlv.studies.config import parse_config
from mtlv.studies.study import Study
from mtlv.usage.predict import load_predictor
from small import LABELS, small_config, small_source, write_csv

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
    return list(store.explanations.frame(record.id, name).to_pylist())


def test_all_views_are_there_with_the_columns_that_the_store_describes(
    store: Store, found: ExplanationRecord
) -> None:
    assert [own for own in found.missing if own.view != "cross-task matrix"] == []
    assert {"words", "agreement", "texts", "similarity", "conflict", "data_map"} <= set(
        found.frames
    )
    for name, count in found.frames.items():
        table = store.explanations.frame(found.id, name)
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
    monkeypatch.setattr(StudyViews, "answers", lambda *_: pytest.fail("was made again"))
    assert explain_study(store, "small", Asked(texts=6, base=folder)) == found
    with pytest.raises(pytest.fail.Exception):
        explain_study(store, "small", Asked(texts=7, base=folder))


def test_data_that_are_gone_cost_views_until_they_are_back(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    write_csv(tmp_path / "reports.csv")
    with monkeypatch.context() as patched:
        patched.setattr(StudyViews, "_conflict", lambda _: pytest.fail("was made again"))
        again = explain_study(store, "moved", asked)
    assert again.id == found.id
    assert {"conflict", "words", "data_map"} <= set(again.frames)
    missing = {own.view for own in again.missing}
    assert "word importance" not in missing
    assert "disagreement of plans" in missing, "one plan alone"
    for name, count in again.frames.items():
        assert store.explanations.frame(again.id, name).num_rows == count


@pytest.mark.parametrize(("plan", "other"), [("stl", "mtl"), ("mtl", "stl")])
def test_one_plan_shows_what_it_allows_and_the_rest_is_named(
    store: Store, folder: Path, plan: str, other: str
) -> None:
    asked = Asked(plans=(plan,), tasks=("edema", "effusion"), texts=4, base=folder)
    found = explain_study(store, "small", asked)
    assert {"words", "agreement", "similarity", "cross_task"} <= set(found.frames)
    assert found.article is not None
    assert found.article["held_out"] == []
    missing = {own.view: own for own in found.missing}
    assert set(missing) == {"disagreement of plans", *COMPARED}
    for view in COMPARED:
        assert f"only `{plan}`" in missing[view].reason
        assert missing[view].setting == f"name `{other}` too, with --plan"


def test_a_damaged_run_is_named_and_left_out(
    store: Store, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = Store(shutil.copytree(store.root, tmp_path / "runs"))
    job = load_outcome(made, "small")["mtl"].cells[0].cell.jobs[0]
    (made.job_folder(job) / "predictions.parquet").write_bytes(b"no parquet")
    asked = Asked(plans=("stl", "mtl"), tasks=("edema",), texts=4, base=folder)
    found = explain_study(made, "small", asked)
    assert found.plans == ["stl", "mtl"]
    assert f"left out: A file of the job '{job}'" in caplog.text


def test_nothing_is_stored_where_nothing_can_be_shown(tmp_path: Path) -> None:
    kept = {"checkpoints": False}
    store = explained_study(tmp_path, plans=["mtl"], evaluation={"seeds": [0]}, store=kept)
    with pytest.raises(StoreError, match="Nothing of the study 'small' can be explained") as caught:
        explain_study(store, "small", Asked(texts=4, base=tmp_path))
    assert "word importance: " in str(caught.value.found)
    assert "checkpoints: true" in str(caught.value.hint)
    assert store.explanations.of("small") == []


def test_a_bag_with_another_head_has_words_by_attributions(tmp_path: Path) -> None:
    store = explained_study(
        tmp_path,
        encoder={"name": "bow", "bow": {"hidden_size": 4}},
        head={"layers": 1},
        plans=["stl", "mtl"],
        evaluation={"seeds": [0]},
    )
    found = explain_study(store, "small", Asked(tasks=("edema",), texts=4, base=tmp_path))
    assert found.article is not None
    assert found.article["words"] is None
    assert "edema" in {row["word"] for row in rows(store, found, "words")}
    assert max(abs(row["delta"]) for row in rows(store, found, "texts")) < 0.01


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

    def test_differences_are_of_two_plans_and_of_two_seeds_of_the_first(self, store: Store) -> None:
        asked = Asked(plans=("stl", "mtl"), tasks=("edema",))
        record = explain_text(store, "small", TEXT, asked)
        values = {(r["plan"], r["place"]): r["value"] for r in rows(store, record, "attributions")}
        assert {plan for plan, _ in values} == {"stl", "mtl"}
        differences = rows(store, record, "differences")
        assert set(differences[0]) == set(FRAMES["differences"].split(": ")[1].split(", "))
        pairs = {
            (row["first"], row["first_seed"], row["second"], row["second_seed"])
            for row in differences
        }
        assert pairs == {("stl", 0, "mtl", 0), ("stl", 0, "stl", 1)}
        for row in (own for own in differences if own["second"] == "mtl"):
            expected = values["mtl", row["place"]] - values["stl", row["place"]]
            assert row["value"] == pytest.approx(expected)

    def test_one_plan_differs_from_itself_by_its_seeds_alone(self, store: Store) -> None:
        record = explain_text(store, "small", TEXT, Asked(plans=("mtl",), tasks=("edema",)))
        (pair,) = {(r["first"], r["second"]) for r in rows(store, record, "differences")}
        assert pair == ("mtl", "mtl")

    def test_an_answer_is_kept(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        first = explain_text(store, "small", TEXT)
        again = "mtlv.explain.one_text._attributions"
        monkeypatch.setattr(again, lambda *_: pytest.fail("was made again"))
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


@pytest.mark.parametrize(
    ("asked", "models", "each"), [(None, 4, 50), (None, 20, 20), (None, 76, 8), (30, 76, 30)]
)
def test_many_models_get_fewer_texts_unless_they_are_asked_for(
    asked: int | None, models: int, each: int
) -> None:
    assert Asked(texts=asked).texts_each(models) == each
    assert Asked(texts=asked).settings(models)["texts"] == each


@pytest.mark.slow
def test_tasks_of_one_model_are_encoded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Similarity of two seeds of one model for all tasks: two passes, however many tasks."""
    config = small_config(tmp_path, plans=["mtl"], evaluation={"seeds": [0, 1]})
    store = Store(tmp_path / "runs")
    Study(parse_config(config), store).run()
    encoded: list[str] = []

    def counting(network: Any, *given: Any) -> Any:
        encoded.append("pass")
        return layer_states(network, *given)

    monkeypatch.setattr("mtlv.explain.model_views.layer_states", counting)
    found = explain_study(store, "small", Asked(texts=4, base=tmp_path))
    assert found.frames["similarity"] == 3  # tasks, of one layer
    assert len(encoded) == 2
