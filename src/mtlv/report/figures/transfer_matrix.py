"""The matrix of pairwise transfer: its numbers, and which of them are effects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from plotly.graph_objects import Figure

from mtlv.report.figures.heat import EFFECT, heat, heat_of_effects
from mtlv.report.figures.registry import FIGURES
from mtlv.report.figures.transfer import transfer_rows
from mtlv.report.numbers import p_value

__all__ = ["transfer_matrix"]


@FIGURES.register("transfer-matrix")
def transfer_matrix(frame: pd.DataFrame, signature: str) -> Figure:
    """What learning one task (row) beside another (column) does to the latter, seriated.

    Args:
        frame: as for the figure `transfer`.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = transfer_rows(frame, "transfer-matrix")
    given = heat_of_effects(rows, rows.unit[0], _said, _is_effect)
    title = f"What learning one task does to another; {EFFECT} is an effect"
    return heat(given, title, signature)


def _is_effect(row: Any) -> bool:
    return bool(row.verdict != "none")


def _said(row: Any) -> str:
    interval = "" if np.isnan(row.low) else f", {row.low:+.2f} to {row.high:+.2f}"
    p = "" if np.isnan(row.p_corrected) else f", p corrected {p_value(row.p_corrected)}"
    return f"{row.metric}{interval}{p}"
