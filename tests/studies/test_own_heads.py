"""Heads of an explicit plan with settings of their own: planned, trained, kept and restored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mtlv.model.settings import HeadSettings
from mtlv.store import Store
from mtlv.studies.config import parse_config
from mtlv.studies.jobs import Job
from mtlv.studies.study import Study
from mtlv.training.restoring import load_network
from mtlv.usage.predict import load_predictor
from small import Counter, small_config

FRACTURE = {"tasks": ["fracture"], "layers": 1, "learning_rate_factor": 5.0}
PAIR = ["edema", "effusion"]


def study_of(folder: Path, *plans: Any, **changes: Any) -> Study:
    config = parse_config(small_config(folder, plans=list(plans), **changes))
    return Study(config, Store(folder / "runs"), folder, watcher=Counter())


def jobs_of(folder: Path, *plans: Any, **changes: Any) -> list[list[Job]]:
    """Return the jobs of every plan, for one seed."""
    (arm,) = study_of(folder, *plans, **changes).plan()
    return [cell.jobs(arm.worker, 0) for cell in arm.cells]


def explicit(*models: Any, **more: Any) -> dict[str, Any]:
    return {"plan": {"models": list(models)} | more}


@pytest.mark.parametrize("written", [[PAIR, FRACTURE], [FRACTURE, PAIR[::-1]]])
def test_what_a_head_sets_stands_over_the_plan_and_the_study(
    written: list[Any], tmp_path: Path
) -> None:
    plan = explicit(written, head={"dropout": 0.0, "layers": 2})
    (((job),),) = jobs_of(tmp_path, plan, head={"hidden_size": 8})
    common = HeadSettings(dropout=0.0, layers=2, hidden_size=8)
    own = common.model_copy(update={"layers": 1, "learning_rate_factor": 5.0})
    assert job.model.to_json() == [PAIR, ["fracture"]]
    assert job.heads == (common, own)


def test_heads_of_equal_settings_are_equal_jobs_however_they_are_written(tmp_path: Path) -> None:
    alike = [{"tasks": PAIR, "layers": 1}, {"tasks": ["fracture"], "layers": 1}]
    ((gmhl,), (mine,), (said,)) = jobs_of(
        tmp_path,
        {"gmhl": {"groups": [PAIR, ["fracture"]], "head": {"layers": 1}}},
        explicit(alike),
        explicit([PAIR, {"tasks": ["fracture"], "layers": 1}], name="b", head={"layers": 1}),
    )
    assert gmhl.id == mine.id == said.id
    assert "heads" not in gmhl.spec


def test_models_differ_in_their_heads_alone(tmp_path: Path) -> None:
    models = [[PAIR], [{"tasks": PAIR, "layers": 1}], [["fracture"]]]
    plan = explicit(*models, serves={"edema": 0, "effusion": 1})
    ((plain, deep, other), (stl,)) = jobs_of(tmp_path, plan, {"stl": {"tasks": ["fracture"]}})
    assert [job.head.layers for job in (plain, deep, other)] == [0, 1, 0]
    assert plain.id != deep.id
    assert other.id == stl.id


def test_what_a_head_sets_is_not_tuned(tmp_path: Path) -> None:
    tune = {"space": {"head.layers": [0, 2]}}
    (arm,) = study_of(tmp_path, explicit([PAIR, FRACTURE]), tune=tune).plan()
    (job,) = arm.cells[0].jobs(arm.worker, 0, {"head.layers": 2})
    assert [own.layers for own in job.heads] == [2, 1]


@pytest.mark.slow
def test_a_trained_model_comes_back_with_its_heads(tmp_path: Path) -> None:
    study = study_of(tmp_path, explicit([PAIR, FRACTURE]))
    record = study.run()
    (job,) = record.cells[0].jobs
    spec = study.store.job(job).spec
    assert [own["layers"] for own in spec["heads"]] == [0, 1]
    (arm,) = study.plan()
    network, _ = load_network(study.store, study.store.job(job), arm.inputs.tasks)
    depths = [network.head(i).settings.layers for i in range(2)]
    assert depths == [0, 1]
    stored = study.store.predictions(job)["test"].labels()
    corpus = arm.inputs.corpora["reports"]
    rows = [int(np.flatnonzero(corpus.ids == name)[0]) for name in stored.ids]
    again = load_predictor(study.store, "small")(corpus.texts(rows))
    for place, task in enumerate(stored.tasks):
        np.testing.assert_allclose(again[task].scores, stored.scores[:, place], atol=1e-5)


@pytest.mark.slow
def test_a_factor_of_its_own_moves_a_head_further(tmp_path: Path) -> None:
    """Heads start alike, so what differs is how far they went."""
    slow = FRACTURE | {"layers": 0, "learning_rate_factor": 1e-9}
    study = study_of(tmp_path, explicit([PAIR, slow], train={"learning_rate": 1e-2}))
    (job,) = study.run().cells[0].jobs
    (arm,) = study.plan()
    (planned,) = arm.cells[0].jobs(arm.worker, 0)
    start = arm.worker.network(planned).state_dict()
    after = load_network(study.store, study.store.job(job), arm.inputs.tasks)[0].state_dict()
    moved = [
        float((after[name] - start[name]).abs().max())
        for name in ("heads.0.layers.1.weight", "heads.1.layers.1.weight")
    ]
    assert moved[0] > 1e-4
    assert moved[1] < 1e-8
