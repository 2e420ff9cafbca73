"""Reading records: a version that is known, a form that fits, or an error that says what to do.

Names and ids lead to places in the store, and may come from an address: one that would lead
elsewhere is refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from mtlv.errors import NewerStoreError, StoreError
from mtlv.store.record_base import RECORD_VERSION

__all__ = ["place_of", "read_json", "read_record"]

R = TypeVar("R", bound=BaseModel)
ELSEWHERE = {"", ".", ".."}
SEPARATORS = "/\\:\0"
"""Of all systems, as a store may be read on another one."""


def place_of(folder: Path, name: str) -> Path:
    """Return the place of a name in a folder, whether or not something is there.

    Raises:
        StoreError: the name is a path.
    """
    if name in ELSEWHERE or any(sign in name for sign in SEPARATORS):
        raise StoreError(
            "That is no name of anything in the run store.",
            found=repr(name[:60]),
            expected="a name or an id, not a path",
        )
    return folder / name


def read_record(kind: type[R], path: Path, what: str, hint: str) -> R:
    """Return a record.

    Args:
        kind: of it.
        path: of its file.
        what: it is of, in words.
        hint: what to do where it is damaged.

    Raises:
        StoreError: there is none, or it is damaged.
        NewerStoreError: a newer version wrote it.
    """
    data = read_json(path, what, hint)
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        found = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise _damaged(what, path, found, hint) from error


def read_json(path: Path, what: str, hint: str) -> dict[str, Any]:
    """Return a JSON object whose version is known; see `read_record`."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StoreError(f"There is no record of {what}.", where=str(path)) from error
    except (OSError, ValueError) as error:
        raise _damaged(what, path, str(error), hint) from error
    version = data.get("version") if isinstance(data, dict) else None
    if not isinstance(version, int):
        raise _damaged(what, path, "no version in it", hint)
    if version > RECORD_VERSION:
        raise NewerStoreError(
            f"The record of {what} was written by a newer version of mtlv.",
            where=str(path),
            found=f"record version {version}",
            expected=f"at most {RECORD_VERSION}",
            hint="upgrade with `pip install -U mtlv`, or use another store with --store",
        )
    return dict(data)


def _damaged(what: str, path: Path, found: str, hint: str) -> StoreError:
    return StoreError(f"The record of {what} is damaged.", where=str(path), found=found, hint=hint)
