"""The benchmark of grouping methods: what it judges, what it counts, and what it prints."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from mtlv.grouping.features import FEATURES
from mtlv.studies.sources import EncoderSources
from small import LABELS, small_config

FILE = Path(__file__).parents[1] / "benchmarks" / "grouping_regret.py"
BUSY = 0.2
"""Processor seconds that embedding texts takes here."""


@pytest.fixture(scope="module")
def regret() -> ModuleType:
    spec = importlib.util.spec_from_file_location("grouping_regret", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def truth_of(regret: ModuleType, names: tuple[str, ...]) -> Any:
    """Return a truth in which the first two tasks gain 0.1 from each other, and all else harms."""
    groups = regret.all_groups(names)
    values = np.full((len(groups), len(names), 2), np.nan)
    for row, group in enumerate(groups):
        for name in group:
            others = [other for other in group if other != name]
            friends = set(names[:2])
            gain = sum(0.1 if {name, other} <= friends else -0.05 for other in others)
            values[row, names.index(name)] = 0.5 + gain + 0.01 * np.arange(2) * (len(group) > 1)
    return regret.Truth(names, values)


def test_regret_is_what_the_best_grouping_gains_more(regret: ModuleType) -> None:
    truth = truth_of(regret, LABELS)
    best = [["edema", "effusion"], ["fracture"]]
    assert sorted(map(sorted, truth.best)) == best
    assert truth.value(best) == pytest.approx((0.1 + 0.1 + 0.01) / 3)  # 0.005 by seed, twice
    together = (0.05 + 0.05 - 0.1) / 3 + 0.005
    found, error = truth.regret([LABELS])
    assert found == pytest.approx(truth.value(best) - together)
    assert error == pytest.approx(0.01 / 3 / 2)
    assert truth.tau(truth.gains) == pytest.approx(1)
    assert truth.tau(-truth.gains) == pytest.approx(-1)


def test_the_document_has_a_row_per_method(regret: ModuleType) -> None:
    truth = truth_of(regret, LABELS)
    split = [["edema", "effusion"], ["fracture"]]
    proposals = [
        regret.Proposal("all in one", [LABELS], [LABELS]),
        regret.Proposal("search", split, split, 1.5, 0.25),
    ]
    rows = [regret._judged(proposal, truth) for proposal in proposals]
    document = json.loads(json.dumps(regret._result(rows, truth)))
    keys = ("method", "cost_runs", "kendall_tau", "regret", "regret_share")
    together, best = ({key: row[key] for key in keys} for row in document["methods"])
    expected = truth.regret([LABELS])[0]
    share = expected / (truth.value(truth.best) - document["random_mean_gain"])
    assert list(together.values())[:3] == ["all in one", 0.0, None]
    assert (together["regret"], together["regret_share"]) == pytest.approx((expected, share))
    assert list(best.values()) == ["search", 1.5, 0.25, 0.0, 0.0]
    assert "| search | 1.50 | 0.25 |" in regret._table(document)


def test_every_kind_of_task_features_is_clustered(regret: ModuleType) -> None:
    assert set(regret.CLUSTERED) == set(FEATURES)
    assert {"counts", "pmi", "jaccard", "label_and_description"} <= set(regret.CLUSTERED)


@pytest.mark.slow
def test_embedding_texts_is_paid_for(
    regret: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(self: EncoderSources, corpus: str, settings: Any, fold: int) -> np.ndarray:
        until = time.process_time() + BUSY
        while time.process_time() < until:
            pass
        texts = len(self.inputs.splits[corpus][fold].train)
        return np.random.default_rng(0).normal(size=(texts, 4))

    monkeypatch.setattr(EncoderSources, "text_vectors", busy)
    monkeypatch.setattr(regret, "CONFIG", small_config(tmp_path, plans=["mtl"]))
    arm = regret._arm(tmp_path / "runs", 1)
    truth = truth_of(regret, arm.inputs.tasks.names)
    counts, texts = (regret._clustered(name, arm, truth) for name in ("counts", "text_embedding"))
    (together,) = regret._instruments(arm).train([arm.inputs.tasks.names], regret.OWN_SEED)
    run = arm.store.job(together.job).cost
    seconds = run.cpu_seconds + sum(run.cpu_preparations.values())
    assert texts.cost_runs >= BUSY / seconds > 0
    assert 0 < counts.cost_runs < texts.cost_runs
