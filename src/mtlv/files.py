"""Files are written whole or not at all: to a neighbour first, then renamed into place."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mtlv.errors import StoreError

__all__ = [
    "cache_folder",
    "explained",
    "new_scrap",
    "publish",
    "reserve",
    "sweep_scraps",
    "write_folder",
    "write_text",
]

SCRAP = ".partial-"
"""Prefix of what is being written; whatever still has it after a crash is ignored and swept."""
REPLACED = "-old"
"""Behind that prefix, the end of what is being replaced."""
SECONDS_TO_REPLACE = 60.0
"""A replacement that lasts longer was killed."""

RUST_ERROR = "(os error "
"""How tokenizers and safetensors tell of a full disk, in exceptions of no kind of their own."""


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically and durably; into a device or a pipe, just write.

    Raises:
        StoreError: the folder cannot be written or the disk is full; nothing is left behind.
    """
    with explained(path):
        if path.exists() and not path.resolve().is_file():
            path.write_text(text, encoding="utf-8")
            return
        path = path.resolve()
        scrap = path.parent / f"{SCRAP}{path.name}-{uuid.uuid4().hex[:8]}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with scrap.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            scrap.replace(path)
        finally:
            scrap.unlink(missing_ok=True)


@contextmanager
def write_folder(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give a scrap folder to fill; on leaving without an error it becomes `path` in one step.

    If `path` is there already (another process finished the same work), that one stays, unless it
    is to be replaced.

    Raises:
        StoreError: the folder cannot be written or the disk is full; nothing is left behind.
    """
    with explained(path):
        scrap = new_scrap(path.parent, path.name)
        try:
            yield scrap
            publish(scrap, path, replace=replace)
        finally:
            shutil.rmtree(scrap, ignore_errors=True)


def new_scrap(parent: Path, name: str) -> Path:
    """Make a folder for what is being written; `publish` gives it its name."""
    scrap = parent / f"{SCRAP}{name}-{uuid.uuid4().hex[:8]}"
    scrap.mkdir(parents=True)
    return scrap


def publish(scrap: Path, path: Path, *, replace: bool = False) -> None:
    """Make a filled scrap folder durable and give it its name, unless that is taken."""
    for file in scrap.rglob("*"):
        if file.is_file():
            _sync(file)
    if replace and path.exists():
        old = scrap.with_name(f"{scrap.name}{REPLACED}")
        path.replace(old)
        scrap.replace(path)
        shutil.rmtree(old)
    elif not path.exists():
        _take_name(scrap, path)
    _sync(path.parent)


def _take_name(scrap: Path, path: Path) -> None:
    try:
        scrap.replace(path)
    except OSError:
        if not path.exists():  # else another process was quicker by a hair
            raise


def reserve(path: Path) -> None:
    """Claim the space of a file that was made with holes, as memory-mapped ones are.

    Writing into such a file on a full disk kills the process; claiming the space is an error.

    Raises:
        OSError: the disk has no room for it.
    """
    if hasattr(os, "posix_fallocate"):  # not on macOS
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def sweep_scraps(folder: Path, older_than_seconds: float = 24 * 3600.0) -> None:
    """Remove what crashed writers left in a folder; what is younger may still be in use.

    A folder whose writer was killed when it was just to be replaced gets its name back.
    """
    for old in folder.glob(f"{SCRAP}*{REPLACED}"):
        name = old.name.removeprefix(SCRAP).removesuffix(REPLACED).rpartition("-")[0]
        with suppress(OSError):  # a new one may have come, or another process been quicker
            killed = time.time() - old.stat().st_ctime > SECONDS_TO_REPLACE
            if killed and not (folder / name).exists():
                old.rename(folder / name)
    for scrap in folder.glob(f"{SCRAP}*"):
        with suppress(OSError):  # another process may sweep, or just have finished with it
            if time.time() - scrap.stat().st_mtime > older_than_seconds:
                shutil.rmtree(scrap, ignore_errors=True) if scrap.is_dir() else scrap.unlink()


def cache_folder() -> Path:
    """Return the folder for what can be made again: `MTLV_CACHE`, else `~/.cache/mtlv`."""
    return Path(os.environ.get("MTLV_CACHE") or Path.home() / ".cache" / "mtlv")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the system says of a failed write into an error that says what to do.

    Raises:
        StoreError: instead of any OSError, and of what libraries in Rust raise in its place.
    """
    try:
        yield
    except Exception as error:
        if not isinstance(error, OSError) and RUST_ERROR not in str(error):
            raise
        raise StoreError(
            "Cannot write to disk.",
            where=str(path),
            found=getattr(error, "strerror", None) or str(error),
            hint="free some space or choose a folder that can be written, then run the same "
            "command again: finished work is kept",
        ) from error


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
