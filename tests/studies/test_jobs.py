"""Jobs: one id for one result, and for no other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.model.source import EncoderSource
from mtlv.studies.jobs import PROBE_VERSIONS, Job, Lineage, PretrainJob
from mtlv.training.pretrain_settings import PretrainSettings
from mtlv.training.probe_settings import ProbeSettings
from mtlv.training.settings import TrainSettings
from toys import model_plan

SOURCE = EncoderSource("/models/minilm", "mean", "weights print")
JOB = Job(
    model=model_plan(["a", "b"], ["c"]),
    fold=0,
    seed=0,
    data={"reports": ("corpus print", "split print")},
    encoder=EncoderSettings(name="minilm"),
    source=SOURCE,
    head=HeadSettings(),
    train=TrainSettings(),
)


@pytest.mark.parametrize(
    "change",
    [
        {"model": model_plan(["a", "b", "c"])},
        {"model": model_plan(["a", "b"])},
        {"seed": 1},
        {"data": {"reports": ("corpus print", "another split")}},
        {"data": {"reports": ("another corpus", "split print")}},
        {"source": replace(SOURCE, fingerprint="other weights")},
        {"source": replace(SOURCE, pooling="cls")},
        {"encoder": EncoderSettings(name="minilm", dropout=0.3)},
        {"head": HeadSettings(layers=1)},
        {"heads": (HeadSettings(), HeadSettings(layers=1))},
        {"train": TrainSettings(epochs=3)},
        {"train": TrainSettings(weighting="sum")},
        {"lineage": Lineage("another job")},
        {"lineage": Lineage("another job", keep_heads=True)},
        {"lineage": Lineage(teachers=("another job",))},
        {"probe": ProbeSettings(name="lookahead")},
    ],
    ids=str,
)
def test_what_decides_the_result_decides_the_id(change: dict[str, Any]) -> None:
    assert replace(JOB, **change).id != JOB.id


def test_a_job_whose_heads_are_alike_says_nothing_of_each() -> None:
    """So the ids of jobs from before heads had settings of their own stay."""
    assert "heads" not in JOB.spec
    assert len(replace(JOB, heads=(HeadSettings(), HeadSettings(layers=1))).spec["heads"]) == 2


def test_equal_weights_of_a_corpus_with_one_head_are_the_sum() -> None:
    one = replace(JOB, model=model_plan(["a", "b", "c"]))
    assert one.spec["train"]["weighting"]["name"] == "sum"
    assert one.id == replace(one, train=TrainSettings(weighting="sum")).id
    assert JOB.spec["train"]["weighting"]["name"] == "equal"
    soft = replace(JOB, train=TrainSettings(soft_sharing=0.1))
    assert soft.spec["train"]["weighting"]["name"] == "sum", "each head has an encoder to itself"
    by_task = [TrainSettings(weighting={"name": own, "over": "tasks"}) for own in ("equal", "sum")]
    assert len({one.id, *(replace(one, train=own).id for own in by_task)}) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"fold": 3},
        {"encoder": EncoderSettings(name="/models/minilm")},
        {"encoder": EncoderSettings(name="minilm", pooling="mean")},
        {"source": replace(SOURCE, address="/elsewhere")},
    ],
    ids=["the split says the fold", "weights say the encoder", "auto is mean here", "address"],
)
def test_what_does_not_is_only_for_people(change: dict[str, Any]) -> None:
    assert replace(JOB, **change).id == JOB.id


def test_what_a_probe_measured_by_other_rules_stays_unused(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = {name: replace(JOB, probe=ProbeSettings(name=name)) for name in ("subset", "pooled")}
    before = {name: job.id for name, job in jobs.items()}
    monkeypatch.setitem(PROBE_VERSIONS, "subset", 9)
    after = {name: replace(job).id for name, job in jobs.items()}
    assert after["subset"] != before["subset"]
    assert after["pooled"] == before["pooled"]
    assert replace(JOB).id == JOB.id


def test_pretraining_with_another_pooling_is_another_job() -> None:
    """Its checkpoint is read with the pooling of its record."""
    job = PretrainJob(PretrainSettings(), {"reports": ("print",)}, JOB.encoder, SOURCE, 0, 0)
    assert replace(job, encoder=EncoderSettings(name="/models/minilm")).id == job.id
    assert replace(job, source=replace(SOURCE, pooling="cls")).id != job.id


@pytest.mark.parametrize(
    ("tasks", "title"),
    [
        (["edema"], "edema; fold 2, seed 0"),
        (["edema", "nodule"], "edema, nodule; fold 2, seed 0"),
        (["edema", "nodule", "mass", "scar"], "edema, nodule and 2 more; fold 2, seed 0"),
    ],
)
def test_titles_name_the_first_tasks(tasks: list[str], title: str) -> None:
    assert replace(JOB, model=model_plan(tasks), fold=1).title == title
