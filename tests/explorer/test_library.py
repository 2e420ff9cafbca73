"""The library keeps what it reckoned, and makes it anew when the store changes."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from mtlv.errors import StoreError
from mtlv.explorer.library import Library
from mtlv.explorer.remembering import Memory, RememberingStore, stamp_of
from mtlv.store import Store
from mtlv.store.outcome import load_outcome
from store.fakes import fake_study, write_fake_job


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "runs")


def test_a_value_is_made_once_for_all_who_wait() -> None:
    memory, made = Memory(), []

    def make() -> int:
        time.sleep(0.05)
        made.append(1)
        return 7

    threads = [threading.Thread(target=memory.get, args=("key", 1, make)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
    assert memory.get("key", 2, lambda: 8) == 8


def test_a_memory_forgets_what_was_not_asked_for_longest() -> None:
    memory = Memory(limit=2)
    for key in ("a", "b"):
        memory.get(key, 0, lambda: 1)
    memory.get("a", 0, lambda: 2)
    memory.get("c", 0, lambda: 1)
    assert memory.get("a", 0, lambda: 3) == 1
    assert memory.get("b", 0, lambda: 3) == 3


def test_an_error_is_not_kept() -> None:
    memory = Memory()
    with pytest.raises(ZeroDivisionError):
        memory.get("key", 0, lambda: 1 // 0)
    assert memory.get("key", 0, lambda: 5) == 5


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert stamp_of(path) is None
    path.write_text("a")
    first = stamp_of(path)
    path.write_text("ab")
    assert stamp_of(path) != first


def test_a_finished_job_is_read_once(store: Store) -> None:
    job = fake_study(store).cells[0].jobs[0]
    own = RememberingStore(store.root)
    assert own.job(job) is own.job(job)
    assert own.predictions(job) is own.predictions(job)
    assert own.curves(job) is own.curves(job)
    assert own.job(job) == store.job(job)


def test_the_outcome_is_that_of_the_store(store: Store) -> None:
    fake_study(store)
    assert Library(store.root).outcome("fake").to_json() == load_outcome(store, "fake").to_json()


def test_a_new_job_is_seen(store: Store) -> None:
    study = fake_study(store, trained=lambda cell, model: cell.plan == "stl")
    library = Library(store.root)
    before = library.outcome("fake")
    assert library.outcome("fake") is before
    for cell in study.cells[1:2]:
        for model in cell.architecture["models"]:
            write_fake_job(store, model, cell.fold, cell.seed)
    after = library.outcome("fake")
    assert [plan.name for plan in after.plans] == ["stl", "mtl"]
    assert after["stl"].cells[0] is before["stl"].cells[0]  # scored once


def test_a_comparison_is_kept(store: Store) -> None:
    fake_study(store)
    library = Library(store.root)
    first = library.comparison(("fake",), "mtl")
    assert library.comparison(("fake",), "mtl") is first
    assert library.comparison(("fake",), "stl").baseline == "stl"


def test_a_store_may_appear_later(tmp_path: Path) -> None:
    library = Library(tmp_path / "runs")
    assert library.shelf().studies == ()
    with pytest.raises(StoreError, match="no run store"):
        library.outcome("fake")
    fake_study(Store(tmp_path / "runs"))
    assert [study.name for study in library.shelf().studies] == ["fake"]
