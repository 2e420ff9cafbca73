"""The graph of pairwise transfer, after MT-BERT's figure 2 (Peng et al. 2020)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from plotly.graph_objects import Figure, Scatter

from mtlv.report.figures.layout import Margins, dressed
from mtlv.report.figures.registry import FIGURES, checked
from mtlv.report.figures.seriation import seriated
from mtlv.report.figures.theme import GREEN, NEUTRAL, SIZES, WIDTH, WORSE
from mtlv.report.figures.words import hover, plain, short, widest
from mtlv.report.numbers import p_value

__all__ = ["transfer", "transfer_rows"]

Array = np.ndarray[Any, Any]
FEW = 8
"""Arrows of no shown effect are drawn between so many tasks only."""
BEND, GAP = 0.16, 0.05
STEPS = 24
RULE = 16
"""Pixels that the line with the rule takes."""


@dataclass(frozen=True)
class Arrows:
    """How the arrows of one verdict are drawn: in the paper's green, red and grey, as far as people
    of all kinds of colour vision tell them apart.
    """

    verdict: str
    words: str
    colour: str
    dash: str
    symbol: str
    width: float


ARROWS = (
    Arrows("none", "no effect shown", NEUTRAL, "dot", "arrow-open", 0.9),
    Arrows("decreases", "decreases", WORSE, "dash", "arrow", 1.3),
    Arrows("improves", "improves", GREEN, "solid", "arrow", 1.8),
)


@FIGURES.register("transfer")
def transfer(frame: pd.DataFrame, signature: str) -> Figure:
    """What learning one task beside another does to it: an arrow from the one that is added.

    Tasks that help each other stand side by side.

    Args:
        frame: a row per ordered pair of tasks, with the columns

            - source, target: the task that is added, and the one that is looked at.
            - effect: difference of the target's metric to being learned alone, in the unit.
            - low, high: ends of its interval; NaN where there is none.
            - p_corrected: of no effect; NaN where there is none.
            - verdict: `improves`, `decreases` or `none`.
            - rule: what an effect must meet to be called one, the same in every row.
            - metric, unit: of the target.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = transfer_rows(frame, "transfer")
    tasks = _ordered(rows)
    angles = 2 * np.pi * np.arange(len(tasks)) / len(tasks)
    places = dict(zip(tasks, np.stack([np.sin(angles), np.cos(angles)], axis=1), strict=True))
    figure = Figure()
    for arrows in ARROWS:
        own = rows[rows.verdict == arrows.verdict]
        if len(own) and (arrows.verdict != "none" or len(tasks) <= FEW):
            _draw(figure, arrows, own, places)
    _nodes(figure, places)
    labels = widest(short(task, 24) for task in tasks)
    margins = Margins(left=labels + 24, right=labels + 24, bottom=34, top=62 + RULE)
    figure.update_xaxes(visible=False, range=[-1.06, 1.06], constrain="domain")
    figure.update_yaxes(visible=False, range=[-1.06, 1.06], constrain="domain", scaleanchor="x")
    height = max(WIDTH - margins.left - margins.right, 260)
    title = "What learning one task does to another"
    figure = dressed(figure, title, signature, height, margins, "above")
    rule = {"text": plain(f"an effect: {rows.rule[0]}"), "font": {"size": SIZES["small"]}}
    return figure.update_layout(legend={"title": rule | {"side": "top"}})


def transfer_rows(frame: pd.DataFrame, figure: str) -> pd.DataFrame:
    """Return the rows of pairwise transfer that a figure draws.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    return checked(
        frame,
        figure,
        words=("source", "target", "verdict", "rule", "metric", "unit"),
        numbers=("effect",),
        optional=("low", "high", "p_corrected"),
    )


def _ordered(rows: pd.DataFrame) -> list[str]:
    tasks = list(dict.fromkeys([*rows.source, *rows.target]))
    effects = np.full((len(tasks), len(tasks)), np.nan)  # (T, T)
    place = {task: i for i, task in enumerate(tasks)}
    for row in rows.itertuples():
        effects[place[row.source], place[row.target]] = row.effect
    return [tasks[i] for i in seriated(effects)]


def _draw(figure: Figure, arrows: Arrows, rows: pd.DataFrame, places: Mapping[str, Array]) -> None:
    paths = [_bent(places[row.source], places[row.target]) for row in rows.itertuples()]
    line = np.concatenate([np.vstack([path, [[np.nan, np.nan]]]) for path in paths])
    group = {"legendgroup": arrows.verdict, "name": arrows.words}
    figure.add_trace(
        Scatter(
            x=line[:, 0],
            y=line[:, 1],
            mode="lines",
            line={"color": arrows.colour, "width": arrows.width, "dash": arrows.dash},
            hoverinfo="skip",
            **group,
        )
    )
    ends = np.stack([path[-1] for path in paths])
    figure.add_trace(
        Scatter(
            x=ends[:, 0],
            y=ends[:, 1],
            mode="markers",
            marker={"symbol": arrows.symbol, "color": arrows.colour, "size": 11}
            | {"angle": [_angle(path) for path in paths]},
            hovertext=[_said(row, arrows.words) for row in rows.itertuples()],
            hoverinfo="text",
            showlegend=False,
            **group,
        )
    )


def _bent(start: Array, end: Array) -> Array:
    """Return a curve between two places, bent to its left so that both directions are seen."""
    along = end - start
    length = float(np.hypot(*along)) or 1.0
    along = along / length
    start, end = start + GAP * along, end - GAP * along
    aside = BEND * np.array([-along[1], along[0]]) * min(length, 1.0)
    middle = (start + end) / 2 + aside
    t = np.linspace(0, 1, STEPS)[:, None]  # (P, 1)
    return np.asarray((1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end)  # (P, 2)


def _angle(path: Array) -> float:
    """Return the direction of the end of a path, in degrees clockwise from up."""
    dx, dy = path[-1] - path[-2]
    return float(np.degrees(np.arctan2(dx, dy)))


def _nodes(figure: Figure, places: Mapping[str, Array]) -> None:
    spots = np.stack(list(places.values()))
    figure.add_trace(
        Scatter(
            x=spots[:, 0],
            y=spots[:, 1],
            mode="markers",
            marker={"color": NEUTRAL, "size": 9},
            hovertext=[hover(task) for task in places],
            hoverinfo="text",
            showlegend=False,
        )
    )
    figure.update_layout(annotations=[_name(task, *place) for task, place in places.items()])


def _name(task: str, x: float, y: float) -> dict[str, Any]:
    """Return the name of a task beside its node, outside the circle."""
    level = abs(x) < 0.2
    return {
        "x": x,
        "y": y,
        "text": short(task, 24),
        "showarrow": False,
        "xanchor": "center" if level else "left" if x > 0 else "right",
        "xshift": 0 if level else 10 * np.sign(x),
        "yshift": 14 * y if level else 8 * y,
    }


def _said(row: Any, words: str) -> str:
    interval = "" if np.isnan(row.low) else f" ({row.low:+.2f} to {row.high:+.2f})"
    effect = f"{row.metric}: {row.effect:+.2f} {row.unit}{interval}"
    p = "" if np.isnan(row.p_corrected) else f"p corrected: {p_value(row.p_corrected)}"
    return hover(f"{row.source} → {row.target}", effect, p, words)
