"""Discordant examples: right under one plan and wrong under the other."""

from __future__ import annotations

from typing import Any

import pandas as pd
from plotly.graph_objects import Bar, Figure

from mtlv.report.figures.layout import Margins, dressed
from mtlv.report.figures.registry import FIGURES, checked
from mtlv.report.figures.theme import BETTER, WORSE, ZERO
from mtlv.report.figures.words import hover, plain, short, widest

__all__ = ["discordant"]

ROW = 21


@FIGURES.register("discordant")
def discordant(frame: pd.DataFrame, signature: str) -> Figure:
    """Examples that only one of two plans gets right, by task.

    Args:
        frame: a row per task, with the columns

            - task: its name.
            - first, second: names of the plans, the same everywhere.
            - only_first, only_second: examples that only this plan gets right.
            - both, neither: examples that both or none get right.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = checked(
        frame,
        "discordant",
        words=("task", "first", "second"),
        numbers=("only_first", "only_second", "both", "neither"),
    )
    rows = rows.assign(net=rows.only_first - rows.only_second).sort_values(["net", "task"])
    first, second = rows["first"].iloc[0], rows["second"].iloc[0]
    names = [short(task) for task in rows.task]
    figure = Figure(
        [
            _bars(rows, -rows.only_second, f"only {second} is right", WORSE, "/"),
            _bars(rows, rows.only_first, f"only {first} is right", BETTER, ""),
        ]
    )
    figure.update_layout(barmode="relative", bargap=0.25)
    reach = max(rows.only_first.max(), rows.only_second.max(), 1)
    figure.update_xaxes(title="examples of the test part", range=[-1.18 * reach, 1.18 * reach])
    ticks = _ticks(reach)
    figure.update_xaxes(tickvals=ticks, ticktext=[f"{abs(tick):g}" for tick in ticks], **ZERO)
    figure.update_yaxes(
        title="task",
        tickvals=list(range(len(rows))),
        ticktext=names,
        range=[-0.7, len(rows) - 0.3],
        showgrid=False,
    )
    margins = Margins(left=widest(names) + 44, top=24)
    title = f"Right under {first} or {second} alone"
    return dressed(figure, title, signature, ROW * len(rows) + 14, margins, "above")


def _bars(rows: pd.DataFrame, lengths: Any, words: str, colour: str, pattern: str) -> Bar:
    return Bar(
        x=lengths,
        y=list(range(len(rows))),
        orientation="h",
        name=plain(words),
        marker={
            "color": colour,
            "pattern": {"shape": pattern, "size": 6, "fgcolor": "#FFFFFF", "fillmode": "overlay"},
        },
        text=[f"{abs(length):g}" for length in lengths],
        textposition="outside",
        textangle=0,
        cliponaxis=False,
        hovertext=[_said(row) for row in rows.itertuples()],
        hoverinfo="text",
    )


def _ticks(reach: float) -> list[float]:
    step = 10 ** (len(f"{int(reach)}") - 1)
    step = max(step if reach / step >= 3 else step / 2 if reach / step >= 1.5 else step / 4, 1)
    count = int(reach // step)
    return [step * i for i in range(-count, count + 1)]


def _said(row: Any) -> str:
    return hover(
        row.task,
        f"only {row.first} is right: {row.only_first:g}",
        f"only {row.second} is right: {row.only_second:g}",
        f"both right: {row.both:g}, both wrong: {row.neither:g}",
    )
