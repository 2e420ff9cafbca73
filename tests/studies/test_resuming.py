"""A killed study goes on in the middle of a job, and gives what it would have given in one go."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.numpy import load_file

from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.model.source import EncoderSource
from mtlv.store import JobRecord, Store
from mtlv.studies.config import parse_config
from mtlv.studies.jobs import AnyJob, Job, PretrainJob
from mtlv.studies.resuming import saves_of
from mtlv.studies.study import Study
from mtlv.training.observing import Step
from mtlv.training.pretrain_settings import PretrainSettings
from mtlv.training.probe_settings import ProbeSettings
from mtlv.training.settings import TrainSettings
from small import Counter, small_config
from toys import model_plan

pytestmark = pytest.mark.slow

ALWAYS = 1e-9
TRAIN = {"epochs": 3, "learning_rate": 1e-3, "precision": "fp32", "save_every": ALWAYS}
SOURCE = EncoderSource("folder", "cls", "encoder")
JOB = Job(
    model_plan(("a", "b")),
    0,
    0,
    {"toy": ("corpus", "split")},
    EncoderSettings(),
    SOURCE,
    HeadSettings(),
    TrainSettings(precision="fp32"),
)
PRETRAINING = PretrainJob(
    PretrainSettings(precision="fp32"), {"toy": ("texts",)}, EncoderSettings(), SOURCE, 0, 0
)


class LightsOutError(Exception):
    """Ends a study."""


class Watcher(Counter):
    """Hears of the steps of each job, and ends the study in one of them."""

    def __init__(self, end: int | None = None) -> None:
        super().__init__()
        self.end, self.steps = end, dict[str, list[int]]()

    def on_step(self, job: AnyJob, step: Step) -> None:
        self.steps.setdefault(job.id, []).append(step.step)
        if step.step == self.end:
            raise LightsOutError


def run(config: dict[str, Any], root: Path, watcher: Counter | None = None) -> list[JobRecord]:
    store = Store(root)
    study = Study(parse_config(config), store, watcher=watcher or Counter()).run()
    return [store.job(job) for cell in study.cells for job in cell.jobs]


def results(root: Path, job: JobRecord) -> dict[str, Any]:
    """Return what a job gave, to the last bit."""
    store = Store(root)
    weights = load_file(store.job_folder(job.id) / "model.safetensors")
    return {
        "weights": {name: value.tobytes() for name, value in weights.items()},
        "predictions": [part.to_table().to_pylist() for part in store.predictions(job.id).values()],
        "curves": store.curves(job.id).to_pylist(),
        "counts": (job.epoch, job.epochs, job.cost.texts_seen),
    }


def test_a_study_goes_on_in_the_middle_of_a_job(tmp_path: Path) -> None:
    config = small_config(tmp_path, plans=["mtl"], train=TRAIN)
    with pytest.raises(LightsOutError):
        run(config, tmp_path / "runs", Watcher(end=4))
    (folder,) = (tmp_path / "runs/partial").iterdir()
    rest = Watcher()
    (job,) = run(config, tmp_path / "runs", rest)
    assert folder.name == job.id
    assert rest.steps[job.id][0] == 4
    assert not folder.exists()
    (whole,) = run(config, tmp_path / "untroubled")
    assert results(tmp_path / "runs", job) == results(tmp_path / "untroubled", whole)


def test_the_cost_of_a_job_is_that_of_all_its_attempts(tmp_path: Path) -> None:
    class Slow(Watcher):
        def on_step(self, job: AnyJob, step: Step) -> None:
            time.sleep(0.15)
            super().on_step(job, step)

    config = small_config(tmp_path, plans=["mtl"], train=TRAIN)
    with pytest.raises(LightsOutError):
        run(config, tmp_path / "runs", Slow(end=5))
    started = time.perf_counter()
    (job,) = run(config, tmp_path / "runs")
    second = time.perf_counter() - started
    assert 4 * 0.15 < job.cost.wall_seconds < 4 * 0.15 + second + 3


def test_pretraining_goes_on_too(tmp_path: Path) -> None:
    stages = {"pretrain": {"epochs": 2, "max_length": 32} | {"save_every": ALWAYS}}
    config = small_config(tmp_path, stages=stages, plans=[{"mtl": {"starts_from": "pretrain"}}])
    with pytest.raises(LightsOutError):
        run(config, tmp_path / "runs", Watcher(end=2))
    rest = Watcher()
    run(config, tmp_path / "runs", rest)
    pretraining, training = rest.steps.values()
    assert (pretraining[0], training[0]) == (2, 1)


def test_kill_nine_costs_the_steps_since_the_last_save(tmp_path: Path) -> None:
    config = small_config(tmp_path, plans=["mtl"], train=TRAIN | {"epochs": 15})
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "mtlv", "run", "study.yaml", "--store", "runs"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    saved, deadline = set[str](), time.monotonic() + 300
    while len(saved) < 5:
        assert time.monotonic() < deadline
        assert process.poll() is None, "it ended before it was killed"
        saved |= {path.name for path in (tmp_path / "runs/partial").glob("*/*.pt")}
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()

    torch.set_num_threads(1)
    rest = Watcher()
    (job,) = run(config, tmp_path / "runs", rest)
    assert rest.steps[job.id][0] > 3
    (whole,) = run(config, tmp_path / "untroubled")
    assert results(tmp_path / "runs", job) == results(tmp_path / "untroubled", whole)
    assert list((tmp_path / "runs/partial").iterdir()) == []


@pytest.mark.parametrize("job", [JOB, PRETRAINING])
def test_how_often_a_job_is_saved_does_not_name_it(job: AnyJob) -> None:
    field = "train" if isinstance(job, Job) else "settings"
    settings = getattr(job, field)
    often, other = (
        replace(job, **{field: settings.model_copy(update={name: value})})
        for name, value in (("save_every", 1.0), ("epochs", 7))
    )
    assert often.id == job.id != other.id
    assert "save_every" not in json.dumps(job.spec)


class TestWhoStartsOver:
    def test_jobs_that_are_saved(self, tmp_path: Path) -> None:
        store = Store(tmp_path)
        for job in (JOB, PRETRAINING):
            kept = saves_of(job, store)
            assert kept is not None
            assert (kept.folder, kept.every) == (tmp_path / "partial" / job.id, 10.0)
            assert kept.about["torch"] == torch.__version__
            assert kept.about["precision"] == "fp32"

    def test_a_measuring_job_starts_over(self, tmp_path: Path) -> None:
        probe = ProbeSettings(name="data_map")
        assert saves_of(replace(JOB, probe=probe), Store(tmp_path)) is None

    def test_a_job_of_several_processes_starts_over(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WORLD_SIZE", "2")
        assert saves_of(JOB, Store(tmp_path)) is None

    def test_a_job_that_is_never_saved_starts_over(self, tmp_path: Path) -> None:
        train = TrainSettings(save_every=None, precision="fp32")
        assert saves_of(replace(JOB, train=train), Store(tmp_path)) is None
