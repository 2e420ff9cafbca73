"""Tracking URIs: independent of the current folder; shown, like errors, without passwords."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = [
    "absolute_uri",
    "artifact_place",
    "is_server",
    "reason_of",
    "sqlite_file",
    "without_password",
]

LONGEST_REASON = 160


def absolute_uri(uri: str) -> str:
    """Return a tracking URI whose SQLite file is an absolute path; others as they are."""
    path, query = _sqlite_path(uri)
    return uri if path is None else f"sqlite:///{path.resolve().as_posix()}{query}"


def artifact_place(uri: str) -> str | None:
    """Return where artifacts lie: beside a SQLite file; None where the tracker knows best."""
    path, _ = _sqlite_path(uri)
    return None if path is None else (path.resolve().parent / "mlartifacts").as_uri()


def sqlite_file(uri: str) -> Path | None:
    """Return the file of a SQLite URI; None for other URIs and a database in memory.

    >>> sqlite_file("sqlite:///runs/mlflow.db?timeout=5")
    PosixPath('runs/mlflow.db')
    """
    return _sqlite_path(uri)[0]


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


def reason_of(error: BaseException) -> str:
    """Return what an error says and, as MLflow's are long, what it all began with."""
    root = error
    while (cause := root.__cause__ or root.__context__) is not None:
        root = cause
    said, began = _line(error), _line(root)
    return said if began in said else f"{said} ({began})"


def _sqlite_path(uri: str) -> tuple[Path | None, str]:
    """Return the file of a SQLite URI and what follows it."""
    found = re.fullmatch(r"sqlite:///([^?]+)(\?.*)?", uri)
    if found is None or found[1] == ":memory:":
        return None, ""
    return Path(found[1]), found[2] or ""


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    line = without_password(lines[0]).rstrip(".")
    return line if len(line) <= LONGEST_REASON else f"{line[:LONGEST_REASON]} …"
