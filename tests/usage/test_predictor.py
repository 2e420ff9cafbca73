"""The predictor: stored scores come out again, in whatever precision their job was run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mtlv
from mtlv.store import Store
from mtlv.store.outcome import cell_predictions, load_outcome
from mtlv.studies.config import parse_config
from mtlv.studies.inputs import read_inputs
from mtlv.usage.predict import load_predictor
from small import small_config


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_scores_come_out_again_in_the_precision_of_the_job(tmp_path: Path, precision: str) -> None:
    config = small_config(tmp_path, plans=["mtl"])
    config["train"] |= {"precision": precision}
    mtlv.run(config, store=tmp_path / "runs")
    store = Store(tmp_path / "runs")
    cell = load_outcome(store, "small")["mtl"].cells[0].cell
    assert store.job(cell.jobs[0]).precision == precision
    stored = cell_predictions(store, cell)["test"].labels()
    corpus = read_inputs(parse_config(config), tmp_path).corpora["reports"]
    rows = [int(np.flatnonzero(corpus.ids == example)[0]) for example in stored.ids]
    again = load_predictor(store, "small", "mtl")(corpus.texts(rows))
    for column, task in enumerate(again.tasks.values()):
        np.testing.assert_allclose(task.scores, stored.scores[:, column], atol=1e-6)
