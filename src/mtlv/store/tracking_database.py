"""A tracker's own SQLite database: begun by one process at a time, and whole or not there at all.

MLflow makes its tables in many steps. A process that is killed between them, or another one that
makes them too, leaves a file that no later run could use.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock

from mtlv.files import cache_folder
from mtlv.fingerprint import fingerprint
from mtlv.store.tracking_uri import sqlite_file

__all__ = ["opened_alone"]


@contextmanager
def opened_alone(uri: str) -> Iterator[None]:
    """Give a tracker to one process at a time; a SQLite file is there, with all its tables.

    Args:
        uri: MLflow tracking URI, absolute.
    """
    folder = cache_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / fingerprint(uri)):
        _begin(uri)
        yield


def _begin(uri: str) -> None:
    """Make the tables of a SQLite file that is not there, under another name until all are made."""
    from mlflow import MlflowClient

    path = sqlite_file(uri)
    if path is None or path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    begun = path.with_name(f".{path.name}-begun")
    begun.unlink(missing_ok=True)
    MlflowClient(tracking_uri=f"sqlite:///{begun.as_posix()}").search_experiments(max_results=1)
    begun.replace(path)
