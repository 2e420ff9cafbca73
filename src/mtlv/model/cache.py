"""The cache of what can be made again: each folder is made once, however many processes want it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from mtlv.files import cache_folder, explained, sweep_scraps, write_folder

__all__ = ["cached"]


def cached(kind: str, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder of the cache; where it is not there, one process makes it and others wait.

    What crashed writers left of the same kind is swept on the way.

    Args:
        kind: folder of the cache that it lies in.
        name: everything that decides its contents.
        make: fills an empty folder.

    Raises:
        StoreError: the cache cannot be written or the disk is full; nothing is left behind.
    """
    folder = cache_folder() / kind / name
    if not folder.exists():
        with _alone(f"{kind}-{name}"):
            if not folder.exists():
                sweep_scraps(folder.parent)
                with write_folder(folder) as scrap:
                    make(scrap)
    return folder


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Wait until no other process does the same; a killed one is not waited for."""
    locks = cache_folder() / "locks"
    with explained(locks):
        locks.mkdir(parents=True, exist_ok=True)
        lock = FileLock(locks / name)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
