"""The forecast: as many jobs as a run then trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mtlv.store import Store
from mtlv.studies.config import parse_config
from mtlv.studies.forecast import Forecast, forecast
from mtlv.studies.study import Study
from small import Counter, small_config

pytestmark = pytest.mark.slow

GIVEN = [["edema", "effusion"], ["fracture"]]
RATES = {"learning_rate": [1e-4, 1e-3]}


def expect(config: dict[str, Any], root: Path) -> Forecast:
    return forecast(Study(parse_config(config), Store(root)).plan())


@pytest.mark.parametrize(
    ("changes", "jobs"),
    [
        ({}, 3 + 1),
        ({"plans": ["stl", {"gmtl": {"groups": GIVEN}}]}, 3 + 1),
        ({"plans": ["mtl"], "evaluation": {"folds": 2, "seeds": [0, 1]}}, 4),
        ({"plans": ["mtl"], "sweep": {"train.epochs": [1, 2]}}, 2),
        ({"plans": ["mtl"], "tune": {"space": RATES}}, 2),
        ({"plans": ["stl"], "tune": {"space": RATES, "models": 1}}, 2 + 2),
        (
            {
                "plans": ["mtl"],
                "tune": {"space": RATES, "scope": "study"},
                "evaluation": {"folds": 2},
            },
            3,
        ),
        ({"plans": [{"mtl": {"tune": False}}], "tune": {"space": RATES}}, 1),
    ],
    ids=["two", "shared", "folds", "sweep", "grid", "some", "once", "untuned"],
)
def test_it_comes_true(tmp_path: Path, changes: dict[str, Any], jobs: int) -> None:
    config = small_config(tmp_path, **changes)
    expected = expect(config, tmp_path / "runs")
    assert (expected.different_jobs, expected.finished_jobs) == (jobs, 0)
    counter = Counter()
    Study(parse_config(config), Store(tmp_path / "runs"), watcher=counter).run()
    assert len(counter.jobs) == jobs
    assert expect(config, tmp_path / "runs").finished_jobs == jobs


def test_every_plan_is_counted_on_its_own(tmp_path: Path) -> None:
    plans = ["stl", {"gmhl": {"groups": GIVEN}}, {"gmtl": {"groups": GIVEN}}]
    evaluation = {"folds": 2, "seeds": [0, 1]}
    tune = {"space": RATES, "models": 2}
    config = small_config(tmp_path, plans=plans, evaluation=evaluation, tune=tune)
    rows = {plan.plan: plan for plan in expect(config, tmp_path / "runs").plans}
    told = {
        name: (row.models, row.heads, row.training_jobs, row.tuning_jobs)
        for name, row in rows.items()
    }
    assert told == {
        "stl": (3, 3, 12, 8),
        "gmhl-given-2": (1, 2, 4, 4),
        "gmtl-given-2": (2, 2, 8, 8),
    }


def test_optuna_counts_all_its_trials(tmp_path: Path) -> None:
    space = {"learning_rate": {"low": 1e-5, "high": 1e-2}}
    tune = {"space": space, "method": "optuna", "trials": 5}
    config = small_config(tmp_path, plans=["mtl"], tune=tune)
    assert expect(config, tmp_path / "runs").different_jobs == 5


def test_it_has_the_notes_of_the_readers(tmp_path: Path) -> None:
    """A tag that continues nothing is repaired, and told before anything is trained."""
    conll = "".join(f"word{i} I-X\nother O\n\n" for i in range(30))
    (tmp_path / "tags.txt").write_text(conll)
    data = {"tags": {"format": "conll", "path": str(tmp_path / "tags.txt"), "scheme": "iob2"}}
    expected = expect(small_config(tmp_path, data=data, plans=["mtl"]), tmp_path / "runs")
    assert any("became B-" in line for line in expected.notes["tags"])
