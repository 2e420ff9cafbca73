"""Remembering what was read or reckoned, as long as nothing on disk has changed.

A finished job never changes, so a page need not read it again. Whatever is kept carries a stamp of
the files that it was made of; another stamp, and it is made anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from mtlv.evaluation.predictions import Predictions, ScoredPart
from mtlv.store.record import JobRecord
from mtlv.store.store import Store

__all__ = ["Memory", "RememberingStore", "stamp_of"]

T = TypeVar("T")
KEPT = 4096
"""So many values are kept at most; the one that was not asked for longest goes first."""


class Memory:
    """Values by key, each with the stamp of what it was made of. Threads may share it.

    Args:
        limit: how many are kept.
    """

    def __init__(self, limit: int = KEPT) -> None:
        self._limit = limit
        self._kept: OrderedDict[Hashable, tuple[Hashable, Any]] = OrderedDict()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._guard = threading.Lock()

    def get(self, key: Hashable, stamp: Hashable, make: Callable[[], T]) -> T:
        """Return what was kept under a key and stamp; else make it, once for all who wait.

        Args:
            key: what is asked for.
            stamp: of what it is made of.
            make: makes it; an error of it is raised and not kept.
        """
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            with self._guard:
                found = self._kept.get(key)
                if found is not None and found[0] == stamp:
                    self._kept.move_to_end(key)
                    value: T = found[1]
                    return value
            made = make()
            self._keep(key, stamp, made)
            return made

    def _keep(self, key: Hashable, stamp: Hashable, value: object) -> None:
        with self._guard:
            self._kept[key] = (stamp, value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._limit:
                old, _ = self._kept.popitem(last=False)
                self._locks.pop(old, None)


class RememberingStore(Store):
    """A run store that is only read, and reads every finished job once.

    Args:
        root: its folder.

    Raises:
        StoreError: a newer version wrote it.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root, create=False)
        self._memory = Memory()

    def job(self, job: str) -> JobRecord:
        """Return a job's record."""
        read = super().job
        return self._memory.get(("job", job), self._stamp(job), lambda: read(job))

    def predictions(self, job: str) -> dict[ScoredPart, Predictions]:
        """Return a job's predictions by part."""
        read = super().predictions
        return self._memory.get(("predictions", job), self._stamp(job), lambda: read(job))

    def curves(self, job: str) -> pa.Table:
        """Return a job's curves."""
        read = super().curves
        return self._memory.get(("curves", job), self._stamp(job), lambda: read(job))

    def _stamp(self, job: str) -> Hashable:
        return stamp_of(self.job_folder(job) / "record.json")


def stamp_of(path: Path) -> Hashable:
    """Return what changes when a file is written again; None where there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
