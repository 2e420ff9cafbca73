"""States of jobs that are not finished: gone when the job is, and never in the way."""

from __future__ import annotations

import os
import time
from pathlib import Path

from mtlv.evaluation.curves import curves_table
from mtlv.store import Store
from store.fakes import fake_job

MODEL = (("a",), ("b",))


def _with_state(store: Store, job: str) -> Path:
    folder = store.partial_folder(job)
    folder.mkdir(parents=True)
    (folder / "state.json").write_text("{}")
    return folder


def test_the_state_of_a_job_is_removed_when_it_is_finished(tmp_path: Path) -> None:
    store, record = Store(tmp_path), fake_job(MODEL)
    own, other = _with_state(store, record.id), _with_state(store, "0123456789abcdef")
    assert not store.has_job(record.id)
    store.write_job(record, [], curves_table([]))
    assert store.has_job(record.id)
    assert (own.exists(), other.exists()) == (False, True)


def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    store, record = Store(tmp_path), fake_job(MODEL)
    store.write_job(record, [], curves_table([]))
    left, running = _with_state(store, record.id), _with_state(store, "0123456789abcdef")
    os.utime(left, (0, 0))
    Store(tmp_path, create=False)
    assert left.exists(), "whoever only reads removes nothing"
    Store(tmp_path)
    assert (left.exists(), running.exists()) == (False, True)


def test_the_state_of_a_job_that_is_trained_again_stays(tmp_path: Path) -> None:
    """As when its weights were not kept and are wanted now."""
    store, record = Store(tmp_path), fake_job(MODEL)
    store.write_job(record, [], curves_table([]))
    os.utime(store.job_folder(record.id) / "record.json", (0, 0))
    again = _with_state(store, record.id)
    Store(tmp_path)
    assert again.exists()


def test_the_state_of_a_job_that_nobody_went_on_with_is_swept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    states = [_with_state(store, f"{days:016}") for days in (40, 20)]
    for state, days in zip(states, (40, 20), strict=True):
        os.utime(state, (time.time() - days * 24 * 3600,) * 2)
    Store(tmp_path)
    assert [state.exists() for state in states] == [False, True]
