"""Prediction: the stored models, the stored thresholds, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import mtlv
from mtlv.errors import DataError, EncoderError, StoreError
from mtlv.files import cache_folder
from mtlv.store import CellRecord, Store
from mtlv.store.outcome import cell_predictions, load_outcome
from mtlv.studies.config import parse_config
from mtlv.studies.inputs import read_inputs
from mtlv.usage.predict import load_predictor
from small import LABELS, small_config, small_source, write_csv
from store.fakes import fake_study

pytestmark = pytest.mark.slow


def _studied(folder: Path, **changes: Any) -> Store:
    mtlv.run(small_config(folder, **changes), store=folder / "runs")
    return Store(folder / "runs")


@pytest.mark.parametrize("plan", ["stl", "mtl"])
def test_stored_scores_come_out_again(tmp_path: Path, plan: str) -> None:
    store = _studied(tmp_path)
    corpus = read_inputs(parse_config(small_config(tmp_path)), tmp_path).corpora["reports"]
    cell = load_outcome(store, "small")[plan].cells[0].cell
    stored = cell_predictions(store, cell)["test"].labels()
    rows = [int(np.flatnonzero(corpus.ids == example)[0]) for example in stored.ids]
    predictor = load_predictor(store, "small", plan)
    again = predictor(corpus.texts(rows))
    assert tuple(again.tasks) == stored.tasks
    for column, (name, task) in enumerate(again.tasks.items()):
        np.testing.assert_allclose(task.scores, stored.scores[:, column], atol=1e-4)
        limit = predictor.thresholds.values[name]
        np.testing.assert_array_equal(task.decisions, task.scores >= limit)


def test_a_group_model_serves_its_own_tasks_only(tmp_path: Path) -> None:
    plan = {"gmtl": {"groups": [["edema", "fracture"], ["effusion"]]}}
    store = _studied(tmp_path, plans=[plan])
    predictor = load_predictor(store, "small")
    first, second = (predictor(["edema seen", "all clear"]) for _ in range(2))
    assert tuple(first.tasks) == ("edema", "effusion", "fracture")
    for name in first.tasks:
        np.testing.assert_array_equal(first[name].scores, second[name].scores)


def test_pairs_are_wanted_where_the_study_learned_from_pairs(tmp_path: Path) -> None:
    source = small_source(write_csv(tmp_path / "reports.csv")) | {"text_b": "id"}
    store = _studied(tmp_path, data={"reports": source}, plans=["mtl"])
    predictor = load_predictor(store, "small")
    with pytest.raises(DataError, match="pairs of texts"):
        predictor(["edema seen"])
    one, other = (predictor(["edema seen"], [pair])["edema"] for pair in ("r1", "r2 r3 r4"))
    assert not np.array_equal(one.scores, other.scores)


def test_pairs_are_refused_where_the_study_learned_from_texts(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="single texts"):
        load_predictor(_studied(tmp_path, plans=["mtl"]), "small")(["a"], ["b"])


def test_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no text to score"):
        load_predictor(_studied(tmp_path, plans=["mtl"]), "small")([])


def test_a_study_with_nothing_finished_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "runs")
    fake_study(store, plans=("mtl",), trained=lambda cell, model: False)
    with pytest.raises(StoreError, match="no finished plan yet"):
        load_predictor(store, "fake")


def test_a_damaged_run_is_named_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = _studied(tmp_path, plans=["stl", "mtl"])
    job = load_outcome(store, "small")["stl"].cells[0].cell.jobs[0]
    (store.job_folder(job) / "predictions.parquet").write_bytes(b"no parquet")
    assert load_predictor(store, "small").plan == "mtl"
    assert f"1 cell of stl left out: A file of the job '{job}'" in caplog.text


def test_a_scratch_encoder_lives_with_its_job(tmp_path: Path) -> None:
    store = _studied(tmp_path)
    shutil.rmtree(cache_folder() / "scratch")
    assert load_predictor(store, "small", "mtl")(["edema seen"])["edema"].scores.shape == (1,)


def test_the_best_plan_on_validation_is_the_default(tmp_path: Path) -> None:
    store = _studied(tmp_path)
    plans = load_outcome(store, "small").plans
    assert load_predictor(store, "small").plan == max(plans, key=lambda p: p.validation_value).name


def _validated(monkeypatch: pytest.MonkeyPatch, **values: dict[str, float]) -> None:
    """Let validation judge each plan's tasks by the values that are given."""

    def predictions(store: Store, cell: CellRecord) -> Any:
        return {"validation": SimpleNamespace(tasks=values[cell.plan.replace("-", "_")])}

    monkeypatch.setattr("mtlv.usage.predict.cell_predictions", predictions)
    monkeypatch.setattr("mtlv.usage.predict.validation_value", lambda value: value)


SOME: list[Any] = [
    {"stl": {"name": "rare", "tasks": ["effusion", "fracture"]}},
    {"mtl": {"name": "often", "tasks": ["edema", "effusion"]}},
    {"stl": {"name": "one", "tasks": ["effusion"]}},
]


def test_a_plan_of_some_tasks_does_not_compete_with_one_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = _studied(tmp_path, plans=["mtl", SOME[0]])
    _validated(monkeypatch, mtl=dict.fromkeys(LABELS, 0.2), stl_rare=dict.fromkeys(LABELS, 0.9))
    assert load_predictor(store, "small").tasks.names == LABELS
    assert not caplog.text
    assert load_predictor(store, "small", tasks=["fracture"]).plan == "stl-rare"


def test_plans_of_as_many_tasks_are_compared_on_those_they_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = _studied(tmp_path, plans=SOME)
    rare = {"effusion": 0.3, "fracture": 0.9}
    often = {"edema": 0.1, "effusion": 0.4}
    _validated(monkeypatch, stl_rare=rare, mtl_often=often, stl_one={"effusion": 1.0})
    assert load_predictor(store, "small").plan == "mtl-often"
    assert "The plan 'mtl-often' does not serve fracture." in caplog.text


def test_plans_are_compared_on_the_tasks_that_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = _studied(tmp_path, plans=["stl", "mtl"])
    stl = {"edema": 0.9, "effusion": 0.9, "fracture": 0.1}
    mtl = {"edema": 0.1, "effusion": 0.1, "fracture": 0.2}
    _validated(monkeypatch, stl=stl, mtl=mtl)
    assert load_predictor(store, "small").plan == "stl"
    assert load_predictor(store, "small", tasks=["fracture"]).plan == "mtl"


def test_plans_that_share_no_task_are_equal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plans = [{"stl": {"name": name, "tasks": [name]}} for name in ("fracture", "edema")]
    assert load_predictor(_studied(tmp_path, plans=plans), "small").plan == "stl-fracture"
    assert "does not serve edema, effusion" in caplog.text


def test_without_checkpoints_it_says_how_to_keep_them(tmp_path: Path) -> None:
    store = _studied(tmp_path, store={"checkpoints": False})
    with pytest.raises(StoreError, match="checkpoints: true"):
        load_predictor(store, "small", "mtl")(["edema seen"])


def test_unknown_plan_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="did you mean 'mtl'"):
        load_predictor(_studied(tmp_path), "small", "mlt")


def test_another_encoder_under_the_same_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toys import write_encoder

    folder = write_encoder(tmp_path / "encoder")
    store = _studied(tmp_path, encoder=str(folder))
    (folder / "config.json").write_text((folder / "config.json").read_text() + " ")
    with pytest.raises(EncoderError, match="not the one"):
        load_predictor(store, "small", "mtl")(["edema seen"])


def test_a_study_run_again_with_checkpoints_gets_them(tmp_path: Path) -> None:
    _studied(tmp_path, store={"checkpoints": False})
    store = _studied(tmp_path)
    assert load_predictor(store, "small", "mtl")(["edema seen"])["edema"].decisions.shape == (1,)
    assert not list((store.root / "jobs").glob(".partial-*"))
