"""Costs: processor time is counted for all that wall time is counted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtlv.store import Store
from mtlv.store.plan_cost import cell_cost
from mtlv.store.record import CellRecord, JobRecord
from store.fakes import fake_study

PREPARED = {"preparations": {"frozen": 3.0}, "preparation_seconds": 3.0}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def _cell(store: Store, plan: str) -> CellRecord:
    record = fake_study(store, plans=(plan,), folds=1)
    return record.cells[0]


def _prepared(store: Store, job: str) -> None:
    """Let a job say what its preparation took, by name."""
    record: JobRecord = store.job(job)
    cost = record.cost.model_copy(update=PREPARED | {"cpu_preparations": {"frozen": 7.0}})
    text = record.model_copy(update={"cost": cost}).model_dump_json()
    (store.job_folder(job) / "record.json").write_text(text)


def test_preparation_counts_once(store: Store) -> None:
    cell = _cell(store, "stl")
    before = cell_cost(store, cell)
    for job in cell.jobs:
        _prepared(store, job)
    after = cell_cost(store, cell)
    assert after.cpu_seconds == before.cpu_seconds + 7
    assert after.train_seconds == before.train_seconds - 2 + 3


def test_grouping_counts(store: Store) -> None:
    cell = _cell(store, "gmtl")
    assert cell.grouping is not None
    grouping = cell.grouping.model_copy(update={"cpu_seconds": 11.0})
    paid = cell.model_copy(update={"grouping": grouping})
    assert cell_cost(store, paid).cpu_seconds == cell_cost(store, cell).cpu_seconds + 11


def test_older_records_say_nothing_of_it(store: Store) -> None:
    assert cell_cost(store, _cell(store, "gmtl")).cpu_seconds == 80
