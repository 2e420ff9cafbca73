"""Tracking URIs: made independent of the current folder, and shown without their passwords."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["absolute_uri", "artifact_place", "is_server", "without_password"]


def absolute_uri(uri: str) -> str:
    """Return a tracking URI whose SQLite file is an absolute path; others as they are."""
    path, query = _sqlite_path(uri)
    return uri if path is None else f"sqlite:///{path.resolve().as_posix()}{query}"


def artifact_place(uri: str) -> str | None:
    """Return where artifacts lie: beside a SQLite file; None where the tracker knows best."""
    path, _ = _sqlite_path(uri)
    return None if path is None else (path.resolve().parent / "mlartifacts").as_uri()


def is_server(uri: str) -> bool:
    """Tell whether a URI is of a tracking server.

    >>> is_server("https://mlflow.example.org"), is_server("sqlite:///mlflow.db")
    (True, False)
    """
    return re.match(r"https?://", uri) is not None


def without_password(text: str) -> str:
    """Return a text in which no URI has a password.

    >>> without_password("postgresql://ann:secret@host/db")
    'postgresql://ann:***@host/db'
    """
    return re.sub(r"(://[^:/@\s]*):[^@/\s]+@", r"\1:***@", text)


def _sqlite_path(uri: str) -> tuple[Path | None, str]:
    """Return the file of a SQLite URI and what follows it."""
    found = re.fullmatch(r"sqlite:///([^?]+)(\?.*)?", uri)
    if found is None or found[1] == ":memory:":
        return None, ""
    return Path(found[1]), found[2] or ""
