"""Gradient conflict over training: how far the gradients of two tasks point against each other.

A conflict is no negative transfer: tasks whose gradients disagree may well help each other, so the
figure says how learning went, not what should be grouped.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from plotly.graph_objects import Figure, Scatter

from mtlv.report.figures.layout import Margins, Panels, dressed, legend_width, panels
from mtlv.report.figures.registry import FIGURES, checked
from mtlv.report.figures.theme import WIDTH, ZERO, Series, series
from mtlv.report.figures.words import hover, plain, short

__all__ = ["conflict"]

WORST = 3
"""So many pairs have a line of their own."""


@FIGURES.register("gradient-conflict")
def conflict(frame: pd.DataFrame, signature: str) -> Figure:
    """Cosine of the gradients of pairs of tasks over training, and the share of pairs below 0.

    Above: the median of all pairs, the range of the middle 80 %, and the pairs that conflict most.
    Below: the share of pairs whose gradients point against each other, by layer.

    Args:
        frame: a row per moment, layer and pair of tasks, with the columns

            - first, second: names of the tasks, each pair once.
            - layer: its name, as `last` or `all`.
            - time: epoch or step.
            - clock: what `time` counts, the same everywhere.
            - cosine: of the two gradients, -1 … 1.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = checked(
        frame,
        "gradient-conflict",
        words=("first", "second", "layer", "clock"),
        numbers=("time", "cosine"),
    )
    rows = rows.assign(pair=[_pair(row) for row in rows.itertuples()])
    worst = rows.groupby("pair", sort=False).cosine.mean().nsmallest(WORST).index.tolist()
    layers = list(dict.fromkeys(rows.layer))
    names = [*worst, "middle 80 % of pairs", *(f"layer {layer}" for layer in layers)]
    margins = Margins(right=min(legend_width(short(name, 30) for name in names), 270), top=24)
    width = WIDTH - margins.left - margins.right
    made = panels(["cosine of pairs of tasks", "pairs in conflict"], 1, 210, width, (0, 44))
    _spread(made, rows)
    for index, pair in enumerate(worst):
        own = rows[rows.pair == pair].groupby("time").cosine.mean()
        _line(made, 0, own, series(index + 1), pair, "cosine {:.3f}")
    for index, layer in enumerate(layers):
        share = 100 * (rows[rows.layer == layer].cosine < 0).groupby(rows.time).mean()
        look = series(index)
        _line(made, 1, share, look, f"layer {layer}", "{:.1f} % of pairs below 0", legend="legend2")
    _axes(made, plain(rows.clock[0]))
    below = {"x": 1, "xanchor": "left", "y": 210 / made.height, "yanchor": "top"}
    made.figure.update_layout(legend2=below | {"bgcolor": "rgba(0,0,0,0)"})
    return dressed(made.figure, "Gradients that conflict", signature, made.height, margins, "right")


def _pair(row: Any) -> str:
    return f"{row.first} / {row.second}"


def _spread(made: Panels, rows: pd.DataFrame) -> None:
    over_time = rows.groupby("time").cosine
    low, middle, high = (over_time.quantile(share) for share in (0.1, 0.5, 0.9))
    made.figure.add_trace(
        Scatter(
            x=[*low.index, *high.index[::-1]],
            y=[*low, *high[::-1]],
            fill="toself",
            fillcolor="rgba(122,122,122,0.28)",
            mode="none",
            name="middle 80 % of pairs",
            hoverinfo="skip",
        ),
        row=1,
        col=1,
    )
    _line(made, 0, middle, series(0), "median of pairs", "cosine {:.3f}")


def _line(
    made: Panels,
    index: int,
    values: pd.Series,
    look: Series,
    name: str,
    said: str,
    legend: str = "legend",
) -> None:
    made.figure.add_trace(
        Scatter(
            x=values.index,
            y=values,
            mode="lines+markers",
            line={"color": look.colour, "width": 1.8, "dash": look.dash},
            marker={"symbol": look.symbol, "size": 6, "maxdisplayed": 15},
            name=short(name, 30),
            legend=legend,
            hovertext=[hover(name, said.format(value)) for value in values],
            hoverinfo="text",
        ),
        **made.place(index),
    )


def _axes(made: Panels, clock: str) -> None:
    made.figure.update_xaxes(showticklabels=False, row=1, col=1)
    made.figure.update_xaxes(title=clock, matches="x", row=2, col=1)
    made.figure.update_yaxes(title="cosine, -1 to 1", **ZERO, row=1, col=1)
    made.figure.update_yaxes(title="percent of pairs", rangemode="tozero", row=2, col=1)
