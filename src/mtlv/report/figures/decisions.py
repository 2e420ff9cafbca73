"""How a task is decided: precision and recall, the threshold, and whether scores are probabilities.

All three are of test scores. The folds' scores are pooled, though each fold has a model of its own,
so a curve says how good one threshold for all folds would be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from plotly.graph_objects import Figure

from mtlv.report.figures.layout import Axes, Margins, dressed, legend_width, panels
from mtlv.report.figures.registry import FIGURES, checked
from mtlv.report.figures.theme import NEUTRAL, WIDTH, Series, series, whiskers
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
DIAGONAL = {
    "type": "scatter",
    "x": [0, 100],
    "y": [0, 100],
    "mode": "lines",
    "line": {"color": NEUTRAL, "width": 1, "dash": "dot"},
    "hoverinfo": "skip",
    "showlegend": False,
}


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
    rows = rows.assign(said=[_said(row) for row in rows.itertuples()])
    tasks, plans = list(dict.fromkeys(rows.task)), list(dict.fromkeys(rows.plan))
    looks = {plan: series(i) for i, plan in enumerate(plans)}
    margins = Margins(right=legend_width(short(plan, 22) for plan in plans), top=26)
    width = WIDTH - margins.left - margins.right
    cells = [(task, curve) for task in tasks for curve in CURVES]
    titles = [_title(task, curve, len(tasks)) for task, curve in cells]
    made = panels(titles, len(CURVES), CELL, width, (54, 72))
    points = dict(list(rows.groupby(["task", "curve"], sort=False)))
    traces = [
        trace | made.axes(index)
        for index, cell in enumerate(cells)
        for trace in _panel(cell[1], points.get(cell), looks)
    ]
    legend = [_legend_entry(plan, look) for plan, look in looks.items()]
    made.drawn([*traces, *legend], {index: _axes(own) for index, (_, own) in enumerate(cells)})
    title = f"How {tasks[0]} is decided" if len(tasks) == 1 else "How tasks are decided"
    return dressed(made.figure, title, signature, made.height, margins, "right")


def _axes(curve: str) -> Axes:
    x, y = CURVES[curve]
    axis = {"range": [-3, 103], "tickvals": [0, 25, 50, 75, 100]}
    return axis | {"title": {"text": x}}, axis | {"title": {"text": y, "standoff": 2}}


def _title(task: str, curve: str, tasks: int) -> str:
    if tasks == 1:
        return TITLES[curve]
    return short(task) if curve == "precision-recall" else ""


def _panel(
    curve: str, rows: pd.DataFrame | None, looks: Mapping[str, Series]
) -> Iterator[dict[str, Any]]:
    """Yield what stands in a panel: the points of a task and curve, if there are any."""
    if curve == "calibration":
        yield DIAGONAL
    if rows is not None:
        for plan, own in rows.sort_values("x", kind="stable").groupby("plan", sort=False):
            yield from _line(curve, own, looks[plan])


def _line(curve: str, points: pd.DataFrame, look: Series) -> Iterator[dict[str, Any]]:
    plain, chosen = points[~points.chosen], points[points.chosen]
    calibration = curve == "calibration"
    line = {"color": look.colour, "width": 1.4, "dash": look.dash}
    yield {
        **_trace(plain),
        "error_y": whiskers(plain.y, plain.low, plain.high, 0.8) if calibration else None,
        "mode": "lines+markers" if calibration else "lines",
        "line": line | {"shape": "hv" if curve == "threshold" else "linear"},
        "marker": {"symbol": look.symbol, "size": 6},
    }
    if len(chosen):
        marker = {"symbol": look.symbol, "size": 10, "color": look.colour}
        edge = {"line": {"color": NEUTRAL, "width": 1}}
        yield {**_trace(chosen), "mode": "markers", "marker": marker | edge}


def _trace(points: pd.DataFrame) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": points.x.to_numpy(),
        "y": points.y.to_numpy(),
        "hovertext": points.said.to_list(),
        "hoverinfo": "text",
        "showlegend": False,
    }


def _legend_entry(plan: str, look: Series) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": [None],
        "y": [None],
        "mode": "lines+markers",
        "line": {"color": look.colour, "width": 1.4, "dash": look.dash},
        "marker": {"symbol": look.symbol, "size": 8},
        "name": short(plan, 22),
    }


def _said(row: Any) -> str:
    x, y = (words.removesuffix(", percent") for words in CURVES[row.curve])
    numbers = f"{x} {row.x:.1f} %, {y} {row.y:.1f} %"
    interval = "" if np.isnan(row.low) else f"interval {row.low:.1f} to {row.high:.1f} %"
    count = "" if np.isnan(row.n) else counted(row.n, "example")
    chosen = "at the threshold chosen on validation" if row.chosen else ""
    return hover(row.task, f"plan {row.plan}", numbers, interval, count, chosen)
