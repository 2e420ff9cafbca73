"""The front of cost and quality: which plans no other one beats at a lower cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from plotly.graph_objects import Figure, Scatter

from mtlv.report.figures.layout import Margins, Panels, dressed, legend_width, panels
from mtlv.report.figures.registry import FIGURES, checked
from mtlv.report.figures.theme import NEUTRAL, WIDTH, series, whiskers
from mtlv.report.figures.words import hover, plain, short
from mtlv.words import counted

__all__ = ["cost", "front"]

COSTS = {
    "seconds": "seconds of training,<br>search included",
    "models": "models<br>to keep",
    "forward_passes": "encoder passes<br>per text",
}
WIDE = 20
"""From this ratio of the largest to the smallest on, a cost has a logarithmic axis."""


@FIGURES.register("cost")
def cost(frame: pd.DataFrame, signature: str) -> Figure:
    """Quality of every plan over what it costs to train and to use.

    The dotted line is the front: to its lower right (where higher is better), every plan is beaten
    by one that costs no more.

    Args:
        frame: a row per plan, with the columns

            - plan, metric, unit: names; metric and unit are the same everywhere.
            - higher_is_better: direction of the metric.
            - value: of the metric, in its unit.
            - low, high: ends of its interval; NaN where there is none.
            - seconds: of training, one fold and seed alone, search included.
            - search_seconds: the part that went into finding groups and settings.
            - models: number of models.
            - forward_passes: encoder passes per text at inference.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = checked(
        frame,
        "cost",
        words=("plan", "metric", "unit"),
        numbers=("value", *COSTS),
        optional=("low", "high", "search_seconds"),
        flags=("higher_is_better",),
    )
    names = [short(plan) for plan in rows.plan]
    margins = Margins(right=legend_width([*names, "front"]), bottom=62, top=8)
    width = WIDTH - margins.left - margins.right
    made = panels([""] * len(COSTS), len(COSTS), 300, width, (18, 0))
    for index, name in enumerate(COSTS):
        _front_line(made, index, rows, name)
        _points(made, index, rows, name)
        log = rows[name].max() > WIDE * rows[name].min() > 0
        made.figure.update_xaxes(
            title=COSTS[name],
            type="log" if log else "linear",
            dtick=1 if log else None,
            rangemode="normal" if log else "tozero",
            **made.place(index),
        )
        made.figure.update_yaxes(
            title=f"{plain(rows.metric[0])}, {plain(rows.unit[0])}" if index == 0 else None,
            matches="y" if index else None,  # an axis that matches itself is warned of
            showticklabels=index == 0,
            **made.place(index),
        )
    return dressed(
        made.figure, "Cost and quality of plans", signature, made.height, margins, "right"
    )


def front(costs: Any, values: Any, higher_is_better: bool = True) -> list[int]:
    """Return the plans that none beats at the same or a lower cost, from cheap to dear.

    >>> front([1, 2, 3], [0.5, 0.4, 0.6])
    [0, 2]
    """
    sign = 1 if higher_is_better else -1
    turned = sign * np.asarray(values, float)
    order = np.lexsort((-turned, np.asarray(costs, float)))
    best, found = -np.inf, []
    for index in order.tolist():
        if turned[index] > best:
            best = turned[index]
            found.append(index)
    return found


def _front_line(made: Panels, index: int, rows: pd.DataFrame, name: str) -> None:
    on_it = rows.iloc[front(rows[name], rows.value, bool(rows.higher_is_better[0]))]
    made.figure.add_trace(
        Scatter(
            x=on_it[name],
            y=on_it.value,
            mode="lines",
            line={"shape": "hv", "dash": "dot", "color": NEUTRAL, "width": 1.5},
            name="front",
            legendgroup="front",
            showlegend=index == 0,
            hoverinfo="skip",
        ),
        **made.place(index),
    )


def _points(made: Panels, index: int, rows: pd.DataFrame, name: str) -> None:
    for number, row in enumerate(rows.itertuples()):
        look = series(number)
        made.figure.add_trace(
            Scatter(
                x=[getattr(row, name)],
                y=[row.value],
                error_y=whiskers([row.value], [row.low], [row.high]),
                mode="markers",
                marker={"symbol": look.symbol, "color": look.colour, "size": 10},
                name=short(row.plan),
                legendgroup=f"plan {row.plan}",
                showlegend=index == 0,
                hovertext=_said(row),
                hoverinfo="text",
            ),
            **made.place(index),
        )


def _said(row: Any) -> str:
    search = "" if np.isnan(row.search_seconds) else f", {row.search_seconds:,.1f} s of it search"
    interval = "" if np.isnan(row.low) else f" ({row.low:.2f} to {row.high:.2f})"
    return hover(
        row.plan,
        f"{row.metric}: {row.value:.2f} {row.unit}{interval}",
        f"{row.seconds:,.1f} s of training{search}",
        f"{counted(row.models, 'model')}, "
        f"{counted(row.forward_passes, 'encoder pass', 'encoder passes')} per text",
    )
