"""Stored tables of an explanation as rows, of which tables and pages are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mtlv.store.record import ExplanationRecord
from mtlv.store.store import Store

__all__ = ["Rows", "distinct", "explanation_rows"]

Rows = Sequence[Mapping[str, Any]]


def explanation_rows(store: Store, record: ExplanationRecord) -> dict[str, Rows]:
    """Return the stored tables of an explanation by name, a mapping for each row."""
    return {n: store.explanations.frame(record.id, n).to_pylist() for n in record.frames}


def distinct(rows: Rows, column: str) -> list[Any]:
    """Return the values of a column, each once, in order."""
    return list(dict.fromkeys(row[column] for row in rows))
