"""The registry of figures, and the check that a frame holds what a figure draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from plotly.graph_objects import Figure

from mtlv.errors import FigureError
from mtlv.registry import Registry

__all__ = ["FIGURES", "checked", "nothing"]

FIGURES: Registry[Callable[[pd.DataFrame, str], Figure]] = Registry("figure")
"""By name: a function from a frame and its data signature to a figure."""


def checked(
    frame: pd.DataFrame,
    figure: str,
    *,
    words: Sequence[str] = (),
    numbers: Sequence[str] = (),
    optional: Sequence[str] = (),
    flags: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the rows of a frame that can be drawn, with columns of the types that are needed.

    Args:
        frame: to check; columns that are not named are left out.
        figure: its name, for errors.
        words: columns of text; what is missing is "".
        numbers: columns of numbers that a row cannot be drawn without; such rows are left out.
        optional: columns of numbers that may be missing (NaN).
        flags: columns of true and false; what is missing is false.

    Raises:
        FigureError: a column is missing or not numeric, or no row is left.
    """
    wanted = [*words, *numbers, *optional, *flags]
    missing = [column for column in wanted if column not in frame.columns]
    if missing:
        raise FigureError(
            f"The frame of the figure '{figure}' lacks columns.",
            where=", ".join(missing),
            found=", ".join(map(str, frame.columns)) or "no columns",
            expected=", ".join(wanted),
        )
    rows = pd.DataFrame(index=range(len(frame)))
    for column in words:
        values = ["" if pd.isna(value) else str(value) for value in frame[column]]
        rows[column] = np.array(values, object)  # Arrow's strings are slow to read one by one
    for column in (*numbers, *optional):
        rows[column] = _numbers(frame[column], figure)
    for column in flags:
        rows[column] = [not pd.isna(value) and bool(value) for value in frame[column]]
    rows = rows.dropna(subset=list(numbers)).reset_index(drop=True)
    if rows.empty:
        raise nothing(figure, "no row that could be drawn")
    return rows


def nothing(figure: str, found: str, hint: str | None = None) -> FigureError:
    """Return the error of a figure that there is nothing for."""
    return FigureError(
        f"There is nothing to draw in the figure '{figure}'.", found=found, hint=hint
    )


def _numbers(column: pd.Series, figure: str) -> np.ndarray:
    """Return a column as floats; what is not finite is NaN."""
    try:
        values = np.array([np.nan if pd.isna(value) else float(value) for value in column], float)
    except (TypeError, ValueError) as error:
        raise FigureError(
            f"A column of the figure '{figure}' does not hold numbers.",
            where=str(column.name),
            found=str(error),
        ) from error
    return np.where(np.isfinite(values), values, np.nan)
