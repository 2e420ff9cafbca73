"""Prediction: the stored models, the stored thresholds, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mtlv
from mtlv.errors import DataError, EncoderError, StoreError
from mtlv.files import cache_folder
from mtlv.store import Store
from mtlv.store.outcome import cell_predictions, load_outcome
from mtlv.studies.config import parse_config
from mtlv.studies.inputs import read_inputs
from mtlv.usage.predict import load_predictor
from small import small_config, small_source, write_csv
from store.fakes import fake_study


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


def test_a_scratch_encoder_lives_with_its_job(tmp_path: Path) -> None:
    store = _studied(tmp_path)
    shutil.rmtree(cache_folder() / "scratch")
    assert load_predictor(store, "small", "mtl")(["edema seen"])["edema"].scores.shape == (1,)


def test_the_best_plan_on_validation_is_the_default(tmp_path: Path) -> None:
    store = _studied(tmp_path)
    plans = load_outcome(store, "small").plans
    assert load_predictor(store, "small").plan == max(plans, key=lambda p: p.validation_value).name


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
