"""Labels of the data: how frequent each is, and which stand on the same texts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from plotly.graph_objects import Bar, Figure

from mtlv.report.figures.heat import Heat, heat
from mtlv.report.figures.layout import Margins, dressed
from mtlv.report.figures.registry import FIGURES, checked
from mtlv.report.figures.seriation import seriated
from mtlv.report.figures.theme import BETTER
from mtlv.report.figures.words import hover, short, widest
from mtlv.words import counted

__all__ = ["label_correlation", "label_frequency"]

ROW, LEAST = 20, 110
"""Pixels of a bar, and of all of them at least, so that the title of the axis has room."""


@FIGURES.register("label-frequency")
def label_frequency(frame: pd.DataFrame, signature: str) -> Figure:
    """Share of texts that each binary task is positive for, most frequent first.

    Args:
        frame: a row per task, with the columns

            - task: its name.
            - positives: texts with a target of 1.
            - n: texts with a target.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = checked(frame, "label-frequency", words=("task",), numbers=("positives", "n"))
    rows = rows.sort_values(["positives", "task"], ascending=[True, False])
    names = [f"{short(row.task)} ({row.positives:,.0f})" for row in rows.itertuples()]
    shares = 100 * rows.positives / rows.n.where(rows.n > 0)
    figure = Figure(
        Bar(
            x=shares,
            y=list(range(len(rows))),
            orientation="h",
            marker={"color": BETTER},
            text=["" if np.isnan(share) else f"{share:.1f}" for share in shares],
            textposition="outside",
            cliponaxis=False,
            hovertext=[
                hover(row.task, f"{counted(row.positives, 'positive')} of {counted(row.n, 'text')}")
                for row in rows.itertuples()
            ],
            hoverinfo="text",
        )
    )
    figure.update_xaxes(title="positives, percent of texts", rangemode="tozero")
    figure.update_yaxes(
        title="task (positives)",
        tickvals=list(range(len(rows))),
        ticktext=names,
        range=[-0.7, len(rows) - 0.3],
        showgrid=False,
    )
    margins = Margins(left=widest(names) + 44, right=48)
    return dressed(
        figure, "Frequency of labels", signature, max(LEAST, ROW * len(rows) + 14), margins
    )


@FIGURES.register("label-correlation")
def label_correlation(frame: pd.DataFrame, signature: str) -> Figure:
    """Correlation of labels over the texts that have both targets, seriated.

    Args:
        frame: a row per pair of tasks, both ways or one, with the columns

            - first, second: names of the tasks.
            - phi: correlation of their targets, -1 … 1; NaN where it has no value.
            - both: texts that both are positive for.
            - n: texts with both targets.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = checked(
        frame,
        "label-correlation",
        words=("first", "second"),
        numbers=("both", "n"),
        optional=("phi",),
    )
    tasks = list(dict.fromkeys([*rows["first"], *rows["second"]]))
    place = {task: i for i, task in enumerate(tasks)}
    phi = np.full((len(tasks), len(tasks)), np.nan)  # (T, T)
    more = [[""] * len(tasks) for _ in tasks]
    for row in rows.itertuples():
        i, j = place[row.first], place[row.second]
        for s, t in ((i, j), (j, i)) if i != j else ():
            phi[s, t] = row.phi
            more[s][t] = f"{counted(row.both, 'text')} with both, of {row.n:,.0f}"
    order = seriated(phi)
    given = Heat(
        [tasks[i] for i in order],
        phi[np.ix_(order, order)],
        rows="task",
        columns="task",
        unit="correlation (phi)",
        more=[[more[i][j] for j in order] for i in order],
    )
    return heat(given, "Labels on the same texts", signature)
