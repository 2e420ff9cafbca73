"""Data parallel: two processes train one job together, and one of them writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from mtlv.store import Store

CONFIG = {
    "study": "parallel",
    "data": {"demo": {"size": 60}},
    "encoder": {
        "name": "scratch",
        "scratch": {"layers": 1, "hidden_size": 16, "attention_heads": 2, "vocabulary": 200},
    },
    "plans": ["mtl", {"gmtl": {"groups": 2, "method": "random"}}],
    "train": {"epochs": 2, "learning_rate": 1e-3, "max_length": 32, "precision": "fp32"},
    "tracking": {"mlflow": False},
}


@pytest.mark.slow
def test_two_processes_finish_a_study(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(CONFIG))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command += ["-m", "mtlv", "run", "study.yaml", "--store", "runs"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    store = Store(tmp_path / "runs")
    study = store.study("parallel")
    assert study.status == "finished"
    for job in {job for cell in study.cells for job in cell.jobs}:
        record = store.job(job)
        scores = store.predictions(job)["test"].labels().scores
        assert np.isfinite(scores).all()
        # each of the two processes saw half of the 41 training texts in each of two epochs
        assert record.cost.texts_seen < 60
    assert not list((tmp_path / "runs" / "jobs").glob(".partial-*"))
