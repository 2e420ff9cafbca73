"""The cache: a folder is made once, and nothing of crashed writers stays."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mtlv.errors import StoreError
from mtlv.files import SCRAP
from mtlv.model.cache import cached


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test alone."""
    monkeypatch.setenv("MTLV_CACHE", str(tmp_path))
    return tmp_path


def _write(folder: Path) -> None:
    (folder / "file").write_text("made")


def test_a_folder_is_made_once_however_many_want_it_at_once() -> None:
    made = []

    def slowly(folder: Path) -> None:
        time.sleep(0.05)
        made.append(folder)
        _write(folder)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: cached("kind", "name", slowly), range(4)))
    assert len(made) == 1
    assert len(set(found)) == 1
    assert (found[0] / "file").read_text() == "made"


def test_folders_of_other_names_do_not_wait_for_each_other() -> None:
    def nested(folder: Path) -> None:
        cached("kind", "inner", _write)
        _write(folder)

    assert cached("kind", "outer", nested) != cached("kind", "inner", _write)


def test_what_failed_is_made_again() -> None:
    def fail(_folder: Path) -> None:
        raise ValueError("spoiled")

    with pytest.raises(ValueError, match="spoiled"):
        cached("kind", "name", fail)
    assert (cached("kind", "name", _write) / "file").exists()


def test_what_crashed_writers_left_is_swept(cache: Path) -> None:
    old, young = (cache / "kind" / f"{SCRAP}{name}-1" for name in ("old", "young"))
    for scrap in (old, young):
        scrap.mkdir(parents=True)
    os.utime(old, (0, 0))
    cached("kind", "name", _write)
    assert (old.exists(), young.exists()) == (False, True)


def test_a_cache_that_cannot_be_written_is_named(cache: Path) -> None:
    (cache / "locks").write_text("in the way")
    with pytest.raises(StoreError) as error:
        cached("kind", "name", _write)
    assert error.value.where == str(cache / "locks")
