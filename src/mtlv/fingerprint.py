"""Fingerprints: a short, stable name for everything that decides a result."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["canonical_json", "file_fingerprint", "fingerprint"]

LENGTH = 16
"""Hexadecimal digits of a fingerprint: 64 bits, ample for the jobs of one store."""


def fingerprint(value: Any) -> str:
    """Return the fingerprint of a JSON-like value; the order of mapping keys does not matter.

    >>> fingerprint({"a": 1, "b": [2, 3]}) == fingerprint({"b": (2, 3), "a": 1})
    True
    """
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:LENGTH]


def canonical_json(value: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain)


def file_fingerprint(*paths: Path) -> str:
    """Return the fingerprint of the contents of one or more files."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:LENGTH]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    raise TypeError(f"a {type(value).__name__} has no fingerprint")
