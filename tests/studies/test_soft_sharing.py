"""Studies with soft sharing: true costs, stored models, starts, and plans with nothing to tie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import mtlv
from mtlv.errors import PlanError
from mtlv.model.batches import pad_batch
from mtlv.model.tokens import tokenise_texts
from mtlv.store import Store
from mtlv.store.outcome import cell_predictions, load_outcome
from mtlv.studies.config import parse_config
from mtlv.studies.inputs import read_inputs
from mtlv.studies.study import Study
from mtlv.training.restoring import load_network
from mtlv.training.settings import TrainSettings
from small import LABELS, Counter, small_config
from studies.test_mixed import study_of

GROUPS = [[label] for label in LABELS]
SOFT = {"gmhl": {"name": "soft", "groups": GROUPS, "train": {"soft_sharing": 0.1}}}
HARD = {"gmhl": {"name": "hard", "groups": GROUPS}}


def _run(folder: Path, **changes: Any) -> Store:
    mtlv.run(small_config(folder, **changes), store=folder / "runs")
    return Store(folder / "runs")


def _jobs(store: Store, plan: str) -> list[str]:
    return next(c.jobs for c in store.study("small").cells if c.plan == plan)


def test_its_cost_is_that_of_its_encoders(tmp_path: Path) -> None:
    store = _run(tmp_path, plans=["stl", HARD, SOFT])
    outcome = load_outcome(store, "small")
    stl, hard, soft = (outcome[name].cost for name in ("stl", "gmhl-hard", "gmhl-soft"))
    assert [cost.models for cost in (stl, hard, soft)] == [3, 1, 1]
    assert [cost.forward_passes for cost in (stl, hard, soft)] == [3, 1, 3]
    assert soft.parameters == stl.parameters
    encoder = (stl.parameters - hard.parameters) / 2
    assert encoder > 0.5 * hard.parameters


def test_stored_scores_come_out_again(tmp_path: Path) -> None:
    store = _run(tmp_path, plans=[SOFT])
    cell = store.study("small").cells[0]
    stored = cell_predictions(store, cell)["test"].labels()
    inputs = read_inputs(parse_config(small_config(tmp_path)), tmp_path)
    corpus = inputs.corpora["reports"]
    rows = [int(np.flatnonzero(corpus.ids == example)[0]) for example in stored.ids]
    network, source = load_network(store, store.job(cell.jobs[0]), inputs.tasks)
    assert len(network.encoders) == len(LABELS)
    table = tokenise_texts(corpus.texts(rows), source, 32)
    with torch.no_grad():
        outputs = network(pad_batch("reports", table, range(len(rows)))).heads
    scores = [network.head(i).decode(output).numpy()[:, 0] for i, output in outputs.items()]
    np.testing.assert_allclose(np.stack(scores, axis=1), stored.scores, atol=1e-4)


def test_a_plan_without_two_heads_in_a_model_has_nothing_to_tie(tmp_path: Path) -> None:
    plan = {"mtl": {"train": {"soft_sharing": 0.1}}}
    with pytest.raises(PlanError, match="no model has two heads") as error:
        _run(tmp_path, plans=[plan])
    assert "plan 'mtl'" in str(error.value.where)


def test_models_of_one_head_are_the_same_jobs_with_soft_sharing_and_without(
    tmp_path: Path,
) -> None:
    counter = Counter()
    for number, changes in enumerate(({}, {"soft_sharing": 0.1})):
        config = small_config(tmp_path, study=f"s{number}", plans=["stl"])
        config["train"] = config["train"] | changes
        Study(parse_config(config), Store(tmp_path / "runs"), watcher=counter).run()
    assert len(counter.jobs) == len(LABELS)


def test_a_setting_that_is_not_set_is_not_part_of_a_jobs_id() -> None:
    assert "soft_sharing" not in TrainSettings().model_dump(mode="json")
    assert TrainSettings(soft_sharing=0.0).model_dump(mode="json")["soft_sharing"] == 0.0


def test_single_tasks_start_from_their_own_encoders_with_other_frozen_layers(
    tmp_path: Path,
) -> None:
    """Their lower layers differ, so that the stored output of one is not that of the other."""
    tuned = {"stl": {"name": "tuned", "starts_from": "gmhl-soft", "train": {"freeze_layers": 1}}}
    study = Study(
        parse_config(small_config(tmp_path, plans=[SOFT, tuned])), Store(tmp_path / "runs")
    )
    record = study.run()
    arm = study.plan()[0]
    jobs = [
        job for cell in arm.cells if cell.title == "stl-tuned" for job in cell.jobs(arm.worker, 0)
    ]
    assert {job.lineage.starts_from for job in jobs} == set(_jobs(study.store, "gmhl-soft"))
    sources = {arm.worker.frozen_source(job).fingerprint for job in jobs}
    assert len(sources) == len(LABELS)
    assert record.status == "finished"


def test_plans_of_several_corpora_and_kinds_are_tied(tmp_path: Path) -> None:
    plan = {"mtl": {"name": "soft", "train": {"soft_sharing": 0.01, "mixing": "proportional"}}}
    study = study_of(tmp_path, plans=[plan])
    study.run()
    outcome = load_outcome(study.store, "mixed")
    heads = outcome["mtl-soft"].cells[0].cell.architecture["models"][0]
    assert len(heads) == 5
    assert outcome["mtl-soft"].cost.forward_passes == 5
