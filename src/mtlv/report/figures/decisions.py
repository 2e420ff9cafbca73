"""How a task is decided: precision and recall, the threshold, and whether scores are probabilities.

All three are of test scores. The folds' scores are pooled, though each fold has a model of its own,
so a curve says how good one threshold for all folds would be.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from plotly.graph_objects import Figure, Scatter

from mtlv.report.figures.layout import Margins, Panels, dressed, legend_width, panels
from mtlv.report.figures.registry import FIGURES, checked
from mtlv.report.figures.theme import NEUTRAL, WIDTH, Series, series
from mtlv.report.figures.words import hover, short
from mtlv.words import counted

__all__ = ["decisions"]

CURVES = {
    "precision-recall": ("recall, percent", "precision, percent"),
    "threshold": ("threshold, percent", "F1, percent"),
    "calibration": ("mean score, percent", "positives, percent"),
}
TITLES = {
    "precision-recall": "precision and recall",
    "threshold": "F1 by threshold",
    "calibration": "calibration",
}
CELL = 190


@FIGURES.register("decisions")
def decisions(frame: pd.DataFrame, signature: str) -> Figure:
    """Precision and recall, F1 by threshold, and calibration of binary tasks.

    A row of panels per task, a line per plan. The large symbol stands at the threshold that was
    chosen on validation data.

    Args:
        frame: a row per point, with the columns

            - plan, task: names.
            - curve: `precision-recall`, `threshold` or `calibration`.
            - x, y: percent; recall and precision, threshold and F1, mean score and positives.
            - low, high: ends of the interval of y, for calibration; else NaN.
            - n: examples behind the point, for calibration; else NaN.
            - chosen: whether this is the point at the chosen threshold.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = checked(
        frame,
        "decisions",
        words=("plan", "task", "curve"),
        numbers=("x", "y"),
        optional=("low", "high", "n"),
        flags=("chosen",),
    )
    tasks, plans = list(dict.fromkeys(rows.task)), list(dict.fromkeys(rows.plan))
    looks = {plan: series(i) for i, plan in enumerate(plans)}
    margins = Margins(right=legend_width(short(plan, 22) for plan in plans), top=26)
    width = WIDTH - margins.left - margins.right
    cells = [(task, curve) for task in tasks for curve in CURVES]
    titles = [_title(task, curve, len(tasks)) for task, curve in cells]
    made = panels(titles, len(CURVES), CELL, width, (54, 72))
    for index, (task, curve) in enumerate(cells):
        own = rows[(rows.task == task) & (rows.curve == curve)]
        if curve == "calibration":
            _diagonal(made, index)
        for plan, points in own.groupby("plan", sort=False):
            _line(made, index, points, looks[plan])
        x, y = CURVES[curve]
        axis = {"range": [-3, 103], "tickvals": [0, 25, 50, 75, 100]}
        made.figure.update_xaxes(title=x, **axis, **made.place(index))
        made.figure.update_yaxes(title={"text": y, "standoff": 2}, **axis, **made.place(index))
    for plan, look in looks.items():
        made.figure.add_trace(_legend_entry(plan, look))
    title = f"How {tasks[0]} is decided" if len(tasks) == 1 else "How tasks are decided"
    return dressed(made.figure, title, signature, made.height, margins, "right")


def _title(task: str, curve: str, tasks: int) -> str:
    if tasks == 1:
        return TITLES[curve]
    return short(task) if curve == "precision-recall" else ""


def _diagonal(made: Panels, index: int) -> None:
    line = {"color": NEUTRAL, "width": 1, "dash": "dot"}
    made.figure.add_trace(
        Scatter(
            x=[0, 100], y=[0, 100], mode="lines", line=line, hoverinfo="skip", showlegend=False
        ),
        **made.place(index),
    )


def _line(made: Panels, index: int, points: pd.DataFrame, look: Series) -> None:
    points = points.sort_values("x", kind="stable")
    plain, chosen = points[~points.chosen], points[points.chosen]
    calibration = points.curve.iloc[0] == "calibration"
    common: dict[str, Any] = {"showlegend": False, "hoverinfo": "text"}
    made.figure.add_trace(
        Scatter(
            x=plain.x,
            y=plain.y,
            error_y=_interval(plain) if calibration else None,
            mode="lines+markers" if calibration else "lines",
            line={"color": look.colour, "width": 1.4, "dash": look.dash}
            | {"shape": "hv" if points.curve.iloc[0] == "threshold" else "linear"},
            marker={"symbol": look.symbol, "size": 6},
            hovertext=[_said(row) for row in plain.itertuples()],
            **common,
        ),
        **made.place(index),
    )
    if chosen.empty:
        return
    made.figure.add_trace(
        Scatter(
            x=chosen.x,
            y=chosen.y,
            mode="markers",
            marker={"symbol": look.symbol, "size": 10, "color": look.colour}
            | {"line": {"color": NEUTRAL, "width": 1}},
            hovertext=[_said(row) for row in chosen.itertuples()],
            **common,
        ),
        **made.place(index),
    )


def _interval(points: pd.DataFrame) -> dict[str, Any]:
    return {
        "type": "data",
        "array": points.high - points.y,
        "arrayminus": points.y - points.low,
        "symmetric": False,
        "thickness": 0.8,
        "width": 2,
    }


def _legend_entry(plan: str, look: Series) -> Scatter:
    return Scatter(
        x=[None],
        y=[None],
        mode="lines+markers",
        line={"color": look.colour, "width": 1.4, "dash": look.dash},
        marker={"symbol": look.symbol, "size": 8},
        name=short(plan, 22),
    )


def _said(row: Any) -> str:
    x, y = (words.removesuffix(", percent") for words in CURVES[row.curve])
    numbers = f"{x} {row.x:.1f} %, {y} {row.y:.1f} %"
    interval = "" if np.isnan(row.low) else f"interval {row.low:.1f} to {row.high:.1f} %"
    count = "" if np.isnan(row.n) else counted(row.n, "example")
    chosen = "at the threshold chosen on validation" if row.chosen else ""
    return hover(row.task, f"plan {row.plan}", numbers, interval, count, chosen)
