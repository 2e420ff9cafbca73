"""How many groups: inertia (elbow), silhouette or gap by the number of groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from plotly.graph_objects import Figure, Scatter

from mtlv.report.figures.layout import Margins, Panels, dressed, legend_width, panels
from mtlv.report.figures.registry import FIGURES, checked
from mtlv.report.figures.theme import WIDTH, Series, series
from mtlv.report.figures.words import hover, plain, short
from mtlv.words import counted

__all__ = ["group_numbers"]

VALUES = {"elbow": "inertia", "silhouette": "mean silhouette, -1 to 1", "gap": "gap, nats"}


@FIGURES.register("group-numbers")
def group_numbers(frame: pd.DataFrame, signature: str) -> Figure:
    """Inertia, silhouette or gap by number of groups; large symbols mark what is suggested.

    A panel per method, a line per plan: the mean over its folds.

    Args:
        frame: a row per plan, fold, method and number, with the columns

            - plan, method: names; the method is `elbow`, `silhouette` or `gap`.
            - fold: from 0.
            - groups: the number of groups.
            - value: inertia, mean silhouette or gap.
            - error: its standard error; NaN if unknown.
            - chosen: whether the method suggests this number.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = checked(
        frame,
        "group-numbers",
        words=("plan", "method"),
        numbers=("fold", "groups", "value"),
        optional=("error",),
        flags=("chosen",),
    )
    methods, plans = list(dict.fromkeys(rows.method)), list(dict.fromkeys(rows.plan))
    margins = Margins(right=legend_width(short(plan, 22) for plan in plans), top=24)
    width = WIDTH - margins.left - margins.right
    titles = [short(f"{method}", 24) for method in methods]
    made = panels(titles, 2, 250, width, (70, 78))
    for index, method in enumerate(methods):
        for number, plan in enumerate(plans):
            own = rows[(rows.method == method) & (rows.plan == plan)]
            if len(own):
                _line(made, index, _means(own), series(number), plan)
        place = made.place(index)
        made.figure.update_xaxes(title="number of groups", tickformat="d", **place)
        made.figure.update_yaxes(title=plain(VALUES.get(method, method)), **place)
    for number, plan in enumerate(plans):
        made.figure.add_trace(_legend_entry(plan, series(number)))
    return dressed(made.figure, "How many groups", signature, made.height, margins, "right")


def _means(rows: pd.DataFrame) -> pd.DataFrame:
    """Return mean, mean error, and how many folds suggest each number of groups."""
    by_number = rows.groupby("groups")
    return pd.DataFrame(
        {
            "value": by_number.value.mean(),
            "error": by_number.error.mean(),
            "chosen": by_number.chosen.sum(),
            "folds": by_number.fold.nunique(),
        }
    ).reset_index()


def _line(made: Panels, index: int, means: pd.DataFrame, look: Series, plan: str) -> None:
    made.figure.add_trace(
        Scatter(
            x=means.groups,
            y=means.value,
            error_y={"type": "data", "array": means.error, "thickness": 1, "width": 3},
            mode="lines+markers",
            line={"color": look.colour, "width": 1.6, "dash": look.dash},
            marker={
                "symbol": look.symbol,
                "size": [14 if chosen else 5 for chosen in means.chosen],
            },
            showlegend=False,
            hovertext=[_said(row, plan) for row in means.itertuples()],
            hoverinfo="text",
        ),
        **made.place(index),
    )


def _legend_entry(plan: str, look: Series) -> Scatter:
    return Scatter(
        x=[None],
        y=[None],
        mode="lines+markers",
        line={"color": look.colour, "width": 1.6, "dash": look.dash},
        marker={"symbol": look.symbol, "size": 7},
        name=short(plan, 22),
    )


def _said(row: Any, plan: str) -> str:
    error = "" if np.isnan(row.error) else f" ± {row.error:.3g}"
    chosen = f"suggested in {row.chosen:.0f} of {counted(row.folds, 'fold')}" if row.chosen else ""
    return hover(counted(row.groups, "group"), f"plan {plan}", f"{row.value:.4g}{error}", chosen)
