"""A square heat map over tasks, which affinities and correlations share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from plotly.graph_objects import Figure, Heatmap

from mtlv.report.figures.layout import Margins, dressed
from mtlv.report.figures.seriation import seriated
from mtlv.report.figures.theme import DIVERGING, SIZES, WIDTH
from mtlv.report.figures.words import fitting, hover, plain, short, widest

__all__ = ["EFFECT", "Heat", "heat", "heat_of_effects"]

Array = np.ndarray[Any, Any]
GAP = 3
"""Pixels that a number in a cell keeps from the edges, taken together. Where not even small ones
have room, cells below 0 carry a minus alone, and the numbers stand in the hover box."""
SMALLEST = 9
"""Pixels of the names of many tasks."""
BAR = 84
MINUS = "\N{MINUS SIGN}"
EFFECT = "*"
"""Behind a number that is shown to differ from 0."""


@dataclass(frozen=True)
class Heat:
    """A matrix over tasks, in the order in which it is shown.

    Args:
        tasks: the T names.
        values: (T, T), NaN where there is none.
        rows: title of the vertical axis.
        columns: title of the horizontal axis.
        unit: of the values.
        limit: the value that has the full colour; by default the largest one.
        more: words of a cell by row and column, for the hover box.
        marked: (T, T), whether a value is shown to differ from 0; None where that is not known.
    """

    tasks: Sequence[str]
    values: Array
    rows: str
    columns: str
    unit: str
    limit: float | None = None
    more: Any = None
    marked: Array | None = None


def heat_of_effects(
    rows: pd.DataFrame,
    unit: str,
    said: Callable[[Any], str],
    shown: Callable[[Any], bool] | None = None,
) -> Heat:
    """Return the matrix of what learning one task does to another, seriated.

    Args:
        rows: a row per ordered pair of tasks, with `source`, `target` and `effect`.
        unit: of the effects.
        said: words of a row for its hover box.
        shown: whether the effect of a row is shown to differ from 0.
    """
    tasks = list(dict.fromkeys([*rows.source, *rows.target]))
    place = {task: i for i, task in enumerate(tasks)}
    effects = np.full((len(tasks), len(tasks)), np.nan)  # (T, T)
    marked = np.zeros((len(tasks), len(tasks)), bool)  # (T, T)
    more = [[""] * len(tasks) for _ in tasks]
    for row in rows.itertuples():
        i, j = place[row.source], place[row.target]
        effects[i, j] = row.effect if i != j else np.nan
        marked[i, j] = shown is not None and shown(row)
        more[i][j] = said(row)
    order = seriated(effects)
    return Heat(
        [tasks[i] for i in order],
        effects[np.ix_(order, order)],
        rows="learning this task …",
        columns="… does to this one",
        unit=unit,
        more=[[more[i][j] for j in order] for i in order],
        marked=None if shown is None else marked[np.ix_(order, order)],
    )


def heat(given: Heat, title: str, signature: str) -> Figure:
    """Return the heat map of a matrix over tasks, 0 in the middle of the colours."""
    count, values = len(given.tasks), given.values
    names = [short(task, 24) for task in given.tasks]
    margins = Margins(left=widest(names, 11) + 44, right=BAR, bottom=widest(names, 11) + 46)
    side = max(WIDTH - margins.left - margins.right, 240)
    known = np.abs(values[~np.isnan(values)])
    limit = given.limit or max(float(known.max(initial=0.0)), 1e-12)
    scale = _power(limit)
    shown = [[_written(v, scale) for v in row] for row in values]
    marked = np.zeros(values.shape, bool) if given.marked is None else given.marked
    marks = [[EFFECT * bool(mark) for mark in row] for row in marked]
    size = fitting(chain(*_joined(shown, marks)), side / max(count, 1) - GAP)
    if size is None:
        shown = [[own[:1] if own.startswith(MINUS) else "" for own in row] for row in shown]
    figure = Figure(
        Heatmap(
            z=[[None if np.isnan(v) else v / scale for v in row] for row in values],
            zmin=-limit / scale,
            zmax=limit / scale,
            colorscale=[list(stop) for stop in DIVERGING],
            xgap=1,
            ygap=1,
            text=_joined(shown, marks),
            texttemplate="%{text}",
            textfont={"size": size or SIZES["text"]},
            hovertext=_said(given),
            hoverinfo="text",
            colorbar={
                "title": {"text": f"{plain(given.unit)}{_times(scale)}", "side": "right"},
                "thickness": 12,
                "x": 1.02,
                "len": min(1.0, 260 / side),
                "tickfont": {"size": SIZES["small"]},
            },
        )
    )
    axis = {"tickvals": list(range(count)), "ticktext": names, "showgrid": False, "ticks": ""}
    axis["tickfont"] = {"size": min(max(side // count - 1, SMALLEST), 11)}
    step = -(-SMALLEST * count // side)  # names that have no room are left out
    across = axis | {"tickvals": list(range(0, count, step)), "ticktext": names[::step]}
    figure.update_xaxes(title=plain(given.columns), tickangle=-90, **across)
    figure.update_yaxes(title=plain(given.rows), range=[count - 0.5, -0.5], **axis)
    height = int(min(max(side, 14 * count), max(36 * count, 160)))
    return dressed(figure, title, signature, height, margins)


def _joined(shown: list[list[str]], marks: list[list[str]]) -> list[list[str]]:
    """Return the words of cells with their marks behind them."""
    return [list(map(str.__add__, *both)) for both in zip(shown, marks, strict=True)]


def _written(value: float, scale: float) -> str:
    """Return a number with its sign and two digits, as `.05`, `1.2` or `31`."""
    if np.isnan(value):
        return ""
    size = abs(value) / scale
    shown = f"{size:.{2 if size < 1 else 1 if size < 10 else 0}f}"
    sign = MINUS if value < 0 and float(shown) else ""
    return sign + (shown[1:] if shown.startswith("0.") else shown)


def _said(given: Heat) -> list[list[str]]:
    return [
        [
            hover(
                f"{source} → {target}",
                "no value" if np.isnan(value) else f"{value:+.4g} {given.unit}",
                "" if given.more is None else given.more[i][j],
            )
            for j, (target, value) in enumerate(zip(given.tasks, row, strict=True))
        ]
        for i, (source, row) in enumerate(zip(given.tasks, given.values, strict=True))
    ]


def _power(largest: float) -> float:
    """Return the power of ten, one of 1, 0.001, …, that makes numbers readable."""
    scale = 1.0
    while largest / scale < 0.05:
        scale /= 1000
    return scale


def _times(scale: float) -> str:
    return "" if scale == 1 else f", times {scale:g}"
