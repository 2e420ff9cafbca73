"""Affinities: what learning one task is predicted to do for another, and whether it came true."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from plotly.graph_objects import Figure, Scatter

from mtlv.report.figures.heat import heat, heat_of_effects
from mtlv.report.figures.layout import Margins, dressed, legend_width
from mtlv.report.figures.placing import add_labels
from mtlv.report.figures.registry import FIGURES, checked
from mtlv.report.figures.theme import WIDTH, ZERO, series, whiskers
from mtlv.report.figures.words import hover, plain, short

__all__ = ["affinity", "predicted_gain"]


@FIGURES.register("affinity")
def affinity(frame: pd.DataFrame, signature: str) -> Figure:
    """Effect of learning one task on another, seriated.

    Args:
        frame: a row per ordered pair of tasks, with the columns

            - affinity: how it was found; the same everywhere.
            - source, target: the task that is learned, and the task that it does something to.
            - effect: in the unit, more is better; NaN where there is none.
            - error: standard error of the effect; NaN if unknown.
            - unit: the same everywhere.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = checked(
        frame,
        "affinity",
        words=("affinity", "source", "target", "unit"),
        optional=("effect", "error"),
    )
    given = heat_of_effects(rows, rows.unit[0], _error)
    return heat(given, f"Affinity: {rows.affinity[0]}", signature)


def _error(row: Any) -> str:
    return "" if np.isnan(row.error) else f"standard error {row.error:.3g}"


@FIGURES.register("predicted-gain")
def predicted_gain(frame: pd.DataFrame, signature: str) -> Figure:
    """Gain over being learned alone, as predicted and as measured.

    Args:
        frame: a row per plan and task, with the columns

            - plan, task: names.
            - predicted: gain, in its unit.
            - measured: difference to the plan that learns the task alone, more being better.
            - low, high: ends of the interval of `measured`; NaN where there is none.
            - predicted_unit, unit: of the predicted and the measured numbers.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = checked(
        frame,
        "predicted-gain",
        words=("plan", "task", "predicted_unit", "unit"),
        numbers=("predicted", "measured"),
        optional=("low", "high"),
    )
    names = [short(plan, 22) for plan in dict.fromkeys(rows.plan)]
    margins = Margins(right=legend_width(names))
    figure = Figure()
    for index, (plan, own) in enumerate(rows.groupby("plan", sort=False)):
        look = series(index)
        figure.add_trace(
            Scatter(
                x=own.predicted,
                y=own.measured,
                error_y=whiskers(own.measured, own.low, own.high, 0.7),
                mode="markers",
                marker={"symbol": look.symbol, "color": look.colour, "size": 8},
                name=short(plan, 22),
                hovertext=[_said(row) for row in own.itertuples()],
                hoverinfo="text",
            )
        )
    figure.update_xaxes(title=f"predicted gain, {plain(rows.predicted_unit[0])}", **ZERO)
    title = f"measured gain, {plain(rows.unit[0])}"
    reach = _reach(rows)
    figure.update_yaxes(title=title, range=reach, **ZERO)
    if rows.plan.nunique() == 1:
        size = (WIDTH - margins.left - margins.right, 420)
        names = list(rows.task)
        add_labels(figure, rows.predicted, rows.measured, names, size, reach=reach)
    title = "Predicted and measured gain over being learned alone"
    return dressed(figure, title, signature, 420, margins, "right")


def _reach(rows: pd.DataFrame) -> list[float]:
    """Return a range that holds all intervals whole, and 0."""
    low = float(np.nanmin([rows.low.min(), rows.measured.min(), 0.0]))
    high = float(np.nanmax([rows.high.max(), rows.measured.max(), 0.0]))
    edge = 0.06 * (high - low or 1.0)
    return [low - edge, high + edge]


def _said(row: Any) -> str:
    interval = "" if np.isnan(row.low) else f" ({row.low:+.2f} to {row.high:+.2f})"
    return hover(
        row.task,
        f"plan {row.plan}",
        f"predicted {row.predicted:+.3g} {row.predicted_unit}",
        f"measured {row.measured:+.2f} {row.unit}{interval}",
    )
