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
from mtlv.usage.predict import load_predictor, read_texts
from small import small_config


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
    assert again.tasks == stored.tasks
    np.testing.assert_allclose(again.probabilities, stored.scores, atol=1e-4)
    limits = [predictor.thresholds.values[task] for task in again.tasks]
    np.testing.assert_array_equal(again.decisions, again.probabilities >= limits)


def test_a_scratch_encoder_lives_with_its_job(tmp_path: Path) -> None:
    store = _studied(tmp_path)
    shutil.rmtree(cache_folder() / "scratch")
    assert load_predictor(store, "small", "mtl")(["edema seen"]).probabilities.shape == (1, 3)


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


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("texts.csv", "report\nhello\n", "no column 'text'"),
        ("texts.txt", "\n \n", "holds no text"),
        ("texts.jsonl", "{broken\n", "cannot be read"),
    ],
)
def test_unusable_files_are_refused(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        read_texts(tmp_path / name)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_texts(tmp_path / "nowhere.txt")


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
    assert load_predictor(store, "small", "mtl")(["edema seen"]).decisions.shape == (1, 3)
    assert not list((store.root / "jobs").glob(".partial-*"))
