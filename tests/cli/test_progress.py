"""Progress: lines where there is no terminal, two bars where there is one; stdout stays free."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mtlv.cli.progress import ProgressBar
from mtlv.evaluation.curves import CurvePoint
from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.model.source import EncoderSource
from mtlv.store import JobRecord
from mtlv.studies.jobs import Job
from mtlv.training.observing import Step
from mtlv.training.settings import TrainSettings
from store.fakes import fake_job
from toys import model_plan

JOB = Job(
    model_plan(["edema", "[bold]"]),
    0,
    0,
    {},
    EncoderSettings(),
    EncoderSource("folder", "cls", "print"),
    HeadSettings(),
    TrainSettings(),
)
RECORD: JobRecord = fake_job([["edema"]])


def watched(jobs: int = 2, *, finished: bool = True) -> None:
    """Let a bar see a stage of some jobs; they may still run when it is left."""
    with ProgressBar() as bar:
        bar.on_stage("training", jobs)
        for seed in range(jobs):
            job = replace(JOB, seed=seed)
            bar.on_job(job)
            bar.on_step(job, Step(1, 1, 4, 8, 0.5))
            bar.on_epoch(job, 1, [CurvePoint(1, "validation", "model", "model", "f1_macro", 0.625)])
            if finished:
                bar.on_job_end(job, RECORD)


def test_pipes_get_a_line_per_job(capsys: pytest.CaptureFixture[str]) -> None:
    watched()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        f"training {i}/2: edema, [bold]; fold 1, seed {i - 1}: 10.0 s, 24 texts/s macro-F1 62.5"
        for i in (1, 2)
    ]


def test_terminals_get_bars(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    watched(finished=False)
    running = capsys.readouterr()
    assert running.out == ""
    for word in ("training", "0/2", "edema", "[bold]", "seed 0", "seed 1", "loss 0.500", "texts/s"):
        assert word in running.err
    watched()
    assert "2/2" in capsys.readouterr().err


def test_a_stage_without_jobs_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    watched(0)
    assert capsys.readouterr() == ("", "")
