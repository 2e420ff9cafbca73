"""Learning curves: of whole models, of heads, of tasks; a panel each, a line per plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from plotly.graph_objects import Figure

from mtlv.report.figures.layout import Axes, Margins, Panels, dressed, legend_width, panels
from mtlv.report.figures.registry import FIGURES, checked
from mtlv.report.figures.theme import NEUTRAL, WIDTH, Series, series
from mtlv.report.figures.words import hover, plain, short
from mtlv.words import counted

__all__ = ["head_curves", "model_curves", "task_curves"]

DASH = {"validation": "solid", "train": "dot"}
Key = tuple[str, str]
"""Name and metric of a panel."""
MARKED = 12
"""About so many points of a line carry its symbol."""


@FIGURES.register("curves-model")
def model_curves(frame: pd.DataFrame, signature: str) -> Figure:
    """Loss and metrics of the models over the epochs, a panel per metric; see `task_curves`."""
    return _curves(frame, "curves-model", signature, "Learning curves of the models")


@FIGURES.register("curves-head")
def head_curves(frame: pd.DataFrame, signature: str) -> Figure:
    """Loss and metrics of each head over the epochs; see `task_curves`."""
    return _curves(frame, "curves-head", signature, "Learning curves of the heads")


@FIGURES.register("curves-task")
def task_curves(frame: pd.DataFrame, signature: str) -> Figure:
    """Metric of every task over the epochs.

    Args:
        frame: a row per plan, part, name, metric and epoch, with the columns

            - plan: whose jobs they are.
            - part: `train` or `validation`.
            - name: of the head or the task; the same everywhere for models.
            - metric, unit: what was measured.
            - epoch: from 1.
            - value: mean over the jobs, in the unit.
            - sd: standard deviation over the jobs; NaN for one.
            - jobs: how many there were.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    return _curves(frame, "curves-task", signature, "Learning curves of the tasks")


def _curves(frame: pd.DataFrame, figure: str, signature: str, title: str) -> Figure:
    rows = checked(
        frame,
        figure,
        words=("plan", "part", "name", "metric", "unit"),
        numbers=("epoch", "value"),
        optional=("sd", "jobs"),
    )
    rows = rows.assign(said=[_said(row) for row in rows.itertuples()])
    units = {(row.name, row.metric): row.unit for row in rows.itertuples(index=False)}
    names, metrics = (dict.fromkeys(rows[column]) for column in ("name", "metric"))
    keys = [key for key in product(names, metrics) if key in units]
    parts = sorted(rows.part.unique(), reverse=True)
    plans = dict.fromkeys(rows.plan)
    looks = {plan: replace(series(i), dash="solid") for i, plan in enumerate(plans)}
    mixed = len(metrics) > 1
    across = min(len(keys), 3 if len(keys) > 4 else 2)
    margins = Margins(right=legend_width([*(short(plan, 22) for plan in looks), *parts]), top=26)
    made = panels(
        [_panel_title(*key, mixed, len(names) > 1, 60 // across) for key in keys],
        across,
        110 if across == 3 else 170 if across == 2 else 300,
        WIDTH - margins.left - margins.right,
        (62, 74) if mixed else (14, 40),
    )
    axes = {
        index: _axes(made, index, (key[1], units[key]), mixed, lowest=index + across >= len(keys))
        for index, key in enumerate(keys)
    }
    made.drawn([*_lines(made, keys, rows, looks), *_legend(looks, parts)], axes)
    return dressed(made.figure, title, signature, made.height, margins, "right")


def _panel_title(name: str, metric: str, mixed: bool, named: bool, limit: int) -> str:
    if not named:
        return short(metric, limit)
    return short(f"{name}, {metric}" if mixed else name, limit)


def _lines(
    made: Panels, keys: Sequence[Key], rows: pd.DataFrame, looks: Mapping[str, Series]
) -> list[dict[str, Any]]:
    """Return the lines of all panels, panel by panel."""
    panel = {key: index for index, key in enumerate(keys)}
    lines = rows.sort_values("epoch", kind="stable").groupby(
        ["name", "metric", "plan", "part"], sort=False
    )
    drawn = [
        (panel[name, metric], _line(points, looks[plan], part))
        for (name, metric, plan, part), points in lines
    ]
    drawn.sort(key=lambda own: own[0])
    return [line | made.axes(index) for index, line in drawn]


def _line(points: pd.DataFrame, look: Series, part: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": points.epoch.to_numpy(),
        "y": points.value.to_numpy(),
        "mode": "lines+markers",
        "line": {"color": look.colour, "width": 1.6, "dash": DASH.get(part, "dashdot")},
        "marker": {"symbol": look.symbol, "size": 6, "maxdisplayed": MARKED},
        "showlegend": False,
        "hovertext": points.said.to_list(),
        "hoverinfo": "text",
    }


def _legend(looks: Mapping[str, Series], parts: Sequence[str]) -> list[dict[str, Any]]:
    plans = [_entry(short(plan, 22), look, "lines+markers") for plan, look in looks.items()]
    if len(parts) < 2:
        return plans
    dashes = [(plain(part), DASH.get(part, "dashdot")) for part in parts]
    return [
        *plans,
        *(_entry(own, Series(NEUTRAL, "circle", dash), "lines") for own, dash in dashes),
    ]


def _entry(words: str, look: Series, mode: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": [None],
        "y": [None],
        "mode": mode,
        "line": {"color": look.colour, "width": 1.6, "dash": look.dash},
        "marker": {"symbol": look.symbol, "size": 6},
        "name": words,
    }


def _axes(made: Panels, index: int, measured: tuple[str, str], mixed: bool, lowest: bool) -> Axes:
    """Return how the axes of a panel look, given its metric and unit."""
    titled = mixed or made.place(index)["col"] == 1
    metric, unit = map(plain, measured)
    across = {
        "title": {"text": "epoch" if mixed or lowest else None},
        "showticklabels": mixed or lowest,
        "matches": "x" if index else None,  # an axis that matches itself is warned of
    }
    up = {
        "title": {"text": (unit if mixed else f"{metric}, {unit}") if titled else None},
        "showticklabels": titled,
        "matches": "y" if index and not mixed else None,
    }
    return across, up


def _said(row: Any) -> str:
    spread = "" if np.isnan(row.sd) else f" ± {row.sd:.3g}"
    jobs = "" if np.isnan(row.jobs) else f"mean of {counted(row.jobs, 'job')}"
    value = f"{row.metric}: {row.value:.3g}{spread} {row.unit}"
    return hover(row.name, f"plan {row.plan}, {row.part}, epoch {row.epoch:.0f}", value, jobs)
