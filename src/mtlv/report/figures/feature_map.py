"""A map of the tasks: their features in two dimensions, with the groups that were made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from plotly.graph_objects import Figure, Scatter

from mtlv.report.figures.layout import Margins, dressed, legend_width
from mtlv.report.figures.placing import add_labels
from mtlv.report.figures.registry import FIGURES, checked
from mtlv.report.figures.theme import WIDTH, series
from mtlv.report.figures.words import hover, short

__all__ = ["feature_map"]

HEIGHT = 470


@FIGURES.register("feature-map")
def feature_map(frame: pd.DataFrame, signature: str) -> Figure:
    """Features of the tasks on their first two principal components, marked by group.

    Args:
        frame: a row per task, with the columns

            - task, group: names.
            - x, y: its place.
            - x_share, y_share: percent of the variance that each axis shows, the same everywhere;
              what is missing from 100 is not on the map.
            - middle: whether it is the medoid of its group.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = checked(
        frame,
        "feature-map",
        words=("task", "group"),
        numbers=("x", "y"),
        optional=("x_share", "y_share"),
        flags=("middle",),
    )
    groups = list(dict.fromkeys(rows.group))
    margins = Margins(right=legend_width(short(f"group {group}", 22) for group in groups))
    figure = Figure()
    for index, group in enumerate(groups):
        own, look = rows[rows.group == group], series(index)
        figure.add_trace(
            Scatter(
                x=own.x,
                y=own.y,
                mode="markers",
                marker={
                    "symbol": look.symbol,
                    "color": look.colour,
                    "size": [14 if middle else 9 for middle in own.middle],
                },
                name=short(f"group {group}", 22),
                hovertext=[_said(row) for row in own.itertuples()],
                hoverinfo="text",
            )
        )
    figure.update_xaxes(title=_axis("first", rows.x_share[0]), showgrid=False)
    figure.update_yaxes(title=_axis("second", rows.y_share[0]), showgrid=False)
    size = (WIDTH - margins.left - margins.right, HEIGHT)
    add_labels(figure, rows.x, rows.y, list(rows.task), size)
    return dressed(figure, "Map of the tasks", signature, HEIGHT, margins, "right")


def _axis(which: str, share: float) -> str:
    shown = "" if np.isnan(share) else f", {share:.0f} % of the variance"
    return f"{which} principal component{shown}"


def _said(row: Any) -> str:
    middle = "the medoid of its group" if row.middle else ""
    return hover(row.task, f"group {row.group}", middle, f"at {row.x:.3g}, {row.y:.3g}")
