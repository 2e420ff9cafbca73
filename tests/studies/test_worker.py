"""The worker: equal trainings are equal jobs, and a job's cost is all of what it took."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.store import Store
from mtlv.studies.config import parse_config
from mtlv.studies.inputs import read_inputs
from mtlv.studies.jobs import Job
from mtlv.studies.overrides import ModelSettings
from mtlv.studies.worker import Worker
from mtlv.training.pretrain_settings import PretrainSettings
from small import LABELS, small_config
from toys import model_plan, write_encoder


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    inputs = read_inputs(parse_config(small_config(tmp_path)), tmp_path)
    return Worker(inputs, Store(tmp_path / "runs"))


def _job(worker: Worker, encoder: Any) -> Job:
    config = parse_config(small_config(worker.inputs.base, encoder=encoder))
    settings = ModelSettings(config.encoder, HeadSettings(), config.train)
    return worker.job(model_plan(LABELS), 0, 0, settings)


def test_auto_pooling_is_the_pooling_that_it_stands_for(worker: Worker, tmp_path: Path) -> None:
    folder = str(write_encoder(tmp_path / "encoder"))
    auto, cls, mean = (
        EncoderSettings(name=folder, pooling=pooling) for pooling in ("auto", "cls", "mean")
    )
    ids = [_job(worker, own.model_dump()).id for own in (auto, cls, mean)]
    assert ids[0] == ids[1] != ids[2]
    texts = [worker.pretrain_job(PretrainSettings(), own, 0, 0).id for own in (auto, cls, mean)]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.minilm
def test_a_known_name_and_a_folder_of_its_weights_are_two_jobs(worker: Worker) -> None:
    """One is pooled as its authors do, of the other nobody knows how."""
    named = _job(worker, "minilm")
    assert _job(worker, named.source.address).id != named.id
    assert _job(worker, {"name": named.source.address, "pooling": "mean"}).id == named.id


def test_asking_teachers_is_a_part_of_the_cost(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(_worker: Worker, data: Any, _job: Job) -> Any:
        time.sleep(30.0)
        return data

    clock = time.perf_counter
    passed = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock() + passed[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: passed.append(passed.pop() + seconds))
    monkeypatch.setattr(Worker, "_taught", ask)
    record = worker.run(_job(worker, small_config(worker.inputs.base)["encoder"]))
    assert record.cost.wall_seconds > 30
