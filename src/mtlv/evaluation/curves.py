"""Curves: how loss and metrics move over the epochs, for a model, its heads and its labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import pyarrow as pa

__all__ = ["CURVES_SCHEMA", "CurvePoint", "curves_table"]

CURVES_SCHEMA = pa.schema(
    [
        ("epoch", pa.int32()),
        ("part", pa.string()),
        ("scope", pa.string()),
        ("name", pa.string()),
        ("metric", pa.string()),
        ("value", pa.float64()),
    ]
)


@dataclass(frozen=True)
class CurvePoint:
    """One number of one epoch.

    Args:
        epoch: from 1.
        part: where it was measured.
        scope: of what: the whole model, one head, or one label.
        name: "model", "head 1", … or the task's name.
        metric: "loss", "f1", "f1_macro", ….
        value: as a share, not in percent.
    """

    epoch: int
    part: Literal["train", "validation"]
    scope: Literal["model", "head", "label"]
    name: str
    metric: str
    value: float


def curves_table(points: Sequence[CurvePoint]) -> pa.Table:
    """Return points as the table that is stored."""
    return pa.Table.from_pylist([asdict(point) for point in points], schema=CURVES_SCHEMA)
