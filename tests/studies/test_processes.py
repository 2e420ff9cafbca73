"""Several jobs at once: the same results as one by one, and nothing lost when one fails."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mtlv.api import run
from mtlv.errors import TrainingError
from mtlv.store import Store
from mtlv.studies.executors import LocalExecutor
from mtlv.studies.processes import ProcessExecutor, make_executor
from small import Counter, small_config

pytestmark = pytest.mark.slow

TWO = {"workers": 2}
DIVERGES = {"mtl": {"name": "mtl-diverges", "train": {"learning_rate": 1e30}}}


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    """Let there be threads to share; a process gets one of them."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


class Heard(Counter):
    """Counts what is told of running jobs."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[str] = []
        self.examples: dict[str, int] = {}
        self.epochs: list[tuple[str, int]] = []

    def on_job(self, job: Any) -> None:
        self.started.append(job.id)

    def on_step(self, job: Any, step: Any) -> None:
        self.examples[job.id] = self.examples.get(job.id, 0) + step.examples

    def on_epoch(self, job: Any, epoch: int, points: list[Any]) -> None:
        self.epochs.append((job.id, epoch))


def test_two_at_once_give_what_one_after_another_gives(tmp_path: Path) -> None:
    heard = Heard()
    config = small_config(tmp_path)
    run(config | {"executor": TWO}, store=tmp_path / "two", watcher=heard)
    torch.set_num_threads(1)
    run(config, store=tmp_path / "one")
    one, two = Store(tmp_path / "one"), Store(tmp_path / "two")
    jobs = {job for cell in one.study("small").cells for job in cell.jobs}
    assert jobs == {job for cell in two.study("small").cells for job in cell.jobs}
    assert set(heard.started) == set(heard.jobs) == jobs
    assert len(heard.jobs) == 4
    assert {job for job, _ in heard.epochs} == jobs
    for job in jobs:
        assert heard.examples[job] == two.job(job).cost.texts_seen
        assert two.job(job).environment["threads"] == "1"
        for part in ("validation", "test"):
            own, other = (s.predictions(job)[part].tasks for s in (one, two))
            for task in own:
                np.testing.assert_array_equal(own[task].scores, other[task].scores)


def test_when_one_fails_the_others_finish_and_its_error_is_raised(tmp_path: Path) -> None:
    config = small_config(tmp_path, plans=["mtl", DIVERGES], executor=TWO)
    with pytest.raises(TrainingError, match="no longer a number") as caught:
        run(config, store=tmp_path / "runs")
    assert caught.value.hint is not None
    assert "learning_rate" in caught.value.hint
    store = Store(tmp_path / "runs")
    done = {cell.plan: store.has_job(cell.jobs[0]) for cell in store.study("small").cells}
    assert done == {"mtl": True, "mtl-diverges": False}
    assert multiprocessing.active_children() == []


def test_a_process_that_dies_is_named(tmp_path: Path) -> None:
    class Killer(Counter):
        def on_job(self, job: Any) -> None:
            for process in multiprocessing.active_children():
                assert process.pid is not None
                os.kill(process.pid, signal.SIGKILL)

    config = small_config(tmp_path, executor=TWO)
    with pytest.raises(TrainingError, match="died") as caught:
        run(config, store=tmp_path / "runs", watcher=Killer())
    assert caught.value.found == "exit code -9"
    assert run(config, store=tmp_path / "runs").study.status == "finished"


def test_an_interrupt_stops_all_processes(tmp_path: Path) -> None:
    class Impatient(Counter):
        def on_epoch(self, job: Any, epoch: int, points: list[Any]) -> None:
            raise KeyboardInterrupt

    config = small_config(tmp_path, executor=TWO)
    with pytest.raises(KeyboardInterrupt):
        run(config, store=tmp_path / "runs", watcher=Impatient())
    assert multiprocessing.active_children() == []
    assert Store(tmp_path / "runs").study("small").failure == "interrupted"


def test_who_runs_the_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(make_executor(1), LocalExecutor)
    assert isinstance(make_executor(2), ProcessExecutor)
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert isinstance(make_executor(2), LocalExecutor)
