"""Learning curves: of whole models, of heads, of tasks; a panel each, a line per plan."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from plotly.graph_objects import Figure, Scatter

from mtlv.report.figures.layout import Margins, Panels, dressed, legend_width, panels
from mtlv.report.figures.registry import FIGURES, checked
from mtlv.report.figures.theme import NEUTRAL, WIDTH, Series, series
from mtlv.report.figures.words import hover, plain, short
from mtlv.words import counted

__all__ = ["head_curves", "model_curves", "task_curves"]

DASH = {"validation": "solid", "train": "dot"}
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
    there = _distinct(rows, "name", "metric")
    names, metrics = (dict.fromkeys(rows[column]) for column in ("name", "metric"))
    keys = [key for key in product(names, metrics) if key in there]
    parts = sorted(rows.part.unique(), reverse=True)
    plans = dict.fromkeys(rows.plan)
    looks = {plan: replace(series(i), dash="solid") for i, plan in enumerate(plans)}
    mixed = rows.metric.nunique() > 1
    across = min(len(keys), 3 if len(keys) > 4 else 2)
    margins = Margins(right=legend_width([*(short(plan, 22) for plan in looks), *parts]), top=26)
    made = panels(
        [_panel_title(*key, mixed, rows["name"].nunique() > 1, 60 // across) for key in keys],
        across,
        110 if across == 3 else 170 if across == 2 else 300,
        WIDTH - margins.left - margins.right,
        (62, 74) if mixed else (14, 40),
    )
    for index, (name, metric) in enumerate(keys):
        own = rows[(rows["name"] == name) & (rows.metric == metric)].sort_values("epoch")
        for plan, part in _distinct(own, "plan", "part"):
            points = own[(own.plan == plan) & (own.part == part)]
            _line(made, index, points, looks[plan])
        _axes(made, index, own, mixed=mixed, lowest=index + across >= len(keys))
    for plan, look in looks.items():
        made.figure.add_trace(_legend_entry(short(plan, 22), look, "lines+markers"))
    for part in parts if len(parts) > 1 else ():
        made.figure.add_trace(
            _legend_entry(
                plain(part), Series(NEUTRAL, "circle", DASH.get(part, "dashdot")), "lines"
            )
        )
    return dressed(made.figure, title, signature, made.height, margins, "right")


def _distinct(rows: pd.DataFrame, first: str, second: str) -> list[tuple[str, str]]:
    return list(dict.fromkeys(zip(rows[first], rows[second], strict=True)))


def _panel_title(name: str, metric: str, mixed: bool, named: bool, limit: int) -> str:
    if not named:
        return short(metric, limit)
    return short(f"{name}, {metric}" if mixed else name, limit)


def _line(made: Panels, index: int, points: pd.DataFrame, look: Series) -> None:
    part = points.part.iloc[0]
    made.figure.add_trace(
        Scatter(
            x=points.epoch,
            y=points.value,
            mode="lines+markers",
            line={"color": look.colour, "width": 1.6, "dash": DASH.get(part, "dashdot")},
            marker={"symbol": look.symbol, "size": 6, "maxdisplayed": MARKED},
            showlegend=False,
            hovertext=[_said(row) for row in points.itertuples()],
            hoverinfo="text",
        ),
        **made.place(index),
    )


def _legend_entry(words: str, look: Series, mode: str) -> Scatter:
    return Scatter(
        x=[None],
        y=[None],
        mode=mode,
        line={"color": look.colour, "width": 1.6, "dash": look.dash},
        marker={"symbol": look.symbol, "size": 6},
        name=words,
    )


def _axes(made: Panels, index: int, rows: pd.DataFrame, *, mixed: bool, lowest: bool) -> None:
    place = made.place(index)
    titled = mixed or place["col"] == 1
    metric, unit = plain(rows.metric.iloc[0]), plain(rows.unit.iloc[0])
    made.figure.update_xaxes(
        title="epoch" if mixed or lowest else None,
        showticklabels=mixed or lowest,
        matches="x" if index else None,  # an axis that matches itself is warned of
        **place,
    )
    made.figure.update_yaxes(
        title=(unit if mixed else f"{metric}, {unit}") if titled else None,
        showticklabels=titled,
        matches="y" if index and not mixed else None,
        **place,
    )


def _said(row: Any) -> str:
    spread = "" if np.isnan(row.sd) else f" ± {row.sd:.3g}"
    jobs = "" if np.isnan(row.jobs) else f"mean of {counted(row.jobs, 'job')}"
    value = f"{row.metric}: {row.value:.3g}{spread} {row.unit}"
    return hover(row.name, f"plan {row.plan}, {row.part}, epoch {row.epoch:.0f}", value, jobs)
