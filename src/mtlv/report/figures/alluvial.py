"""Two groupings of the same tasks, side by side: which tasks stay together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from plotly.graph_objects import Figure, Scatter

from mtlv.report.figures.layout import Margins, dressed
from mtlv.report.figures.registry import FIGURES, checked
from mtlv.report.figures.theme import NEUTRAL, SIZES, series
from mtlv.report.figures.words import hover, plain, short, widest
from mtlv.words import counted

__all__ = ["alluvial"]

ROW, GAP = 19, 0.9
BEND = (1 - np.cos(np.linspace(0, np.pi, 25))) / 2  # (25,)


@dataclass(frozen=True)
class Side:
    """One grouping, as it is drawn.

    Args:
        title: of the grouping.
        groups: names of the groups, from the top down.
        places: of each task, counted downwards.
    """

    title: str
    groups: dict[str, list[str]]
    places: dict[str, float]


@FIGURES.register("alluvial")
def alluvial(frame: pd.DataFrame, signature: str) -> Figure:
    """Two groupings of the same tasks, a line per task from its group in one to that in the other.

    Args:
        frame: a row per task, with the columns

            - task: its name.
            - left, right: names of its groups in the two groupings.
            - left_title, right_title: names of the groupings, the same everywhere.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    columns = ("task", "left", "right", "left_title", "right_title")
    rows = checked(frame, "alluvial", words=columns)
    left = _side(rows.left_title[0], dict(zip(rows.task, rows.left, strict=True)), list(rows.task))
    order = sorted(left.places, key=lambda task: left.places[task])
    right = _side(rows.right_title[0], dict(zip(rows.task, rows.right, strict=True)), order)
    figure = Figure()
    for index, (group, tasks) in enumerate(left.groups.items()):
        for task in tasks:
            goes = rows.right[rows.task == task].iloc[0]
            _flow(figure, left.places[task], right.places[task], index, (task, group, goes))
    for x, side in ((0, left), (1, right)):
        _bars(figure, x, side)
    names = [short(task, 24) for task in order]
    extent = max(*left.places.values(), *right.places.values())
    margins = Margins(left=widest(names) + 64, right=widest(names) + 64, bottom=16, top=4)
    _axes(figure, left, right, extent)
    return dressed(figure, "Two groupings", signature, int(ROW * (extent + 1.8)), margins)


def _side(title: str, group_of: dict[str, str], order: Sequence[str]) -> Side:
    """Return a grouping with its groups by the mean place of their tasks, to cross few lines."""
    rank = {task: i for i, task in enumerate(order)}
    members: dict[str, list[str]] = {}
    for task in order:
        members.setdefault(group_of[task], []).append(task)
    mean = {group: sum(rank[task] for task in own) / len(own) for group, own in members.items()}
    groups = {group: members[group] for group in sorted(members, key=lambda g: (mean[g], g))}
    places, down = {}, 0.0
    for tasks in groups.values():
        for task in tasks:
            places[task] = down
            down += 1
        down += GAP
    return Side(title, groups, places)


def _flow(figure: Figure, start: float, end: float, index: int, said: tuple[str, str, str]) -> None:
    look = series(index)
    task, left, right = said
    figure.add_trace(
        Scatter(
            x=np.linspace(0.03, 0.97, len(BEND)),
            y=start + (end - start) * BEND,
            mode="lines",
            line={"color": look.colour, "dash": look.dash, "width": 2.4},
            opacity=0.85,
            hovertext=hover(task, f"from group {left}", f"to group {right}"),
            hoverinfo="text",
            showlegend=False,
        )
    )


def _bars(figure: Figure, x: int, side: Side) -> None:
    for group, tasks in side.groups.items():
        ends = [side.places[tasks[0]] - 0.4, side.places[tasks[-1]] + 0.4]
        figure.add_trace(
            Scatter(
                x=[x, x],
                y=ends,
                mode="lines",
                line={"color": NEUTRAL, "width": 9},
                hovertext=hover(f"group {group}", f"{counted(len(tasks), 'task')} in {side.title}"),
                hoverinfo="text",
                showlegend=False,
            )
        )
        figure.add_annotation(
            x=x,
            y=ends[0] - 0.32,
            text=short(f"group {group}", 30),
            font={"size": SIZES["small"]},
            showarrow=False,
            xanchor="right" if x else "left",
        )


def _axes(figure: Figure, left: Side, right: Side, extent: float) -> None:
    axis = {"range": [extent + 0.7, -1.1], "showgrid": False, "showline": False, "ticks": ""}
    figure.update_xaxes(visible=False, range=[-0.02, 1.02])
    figure.add_trace(Scatter(x=[None], y=[None], yaxis="y2", showlegend=False))
    for name, side in (("yaxis", left), ("yaxis2", right)):
        tasks = side.places
        title = f"tasks by group of {plain(short(side.title, 30))}"
        figure.update_layout(
            {
                name: axis
                | {"tickvals": [*tasks.values()], "ticktext": [short(t, 24) for t in tasks]}
            }
        )
        figure.update_layout({name: {"title": {"text": title}}})
    figure.update_layout(yaxis2={"side": "right", "overlaying": "y"})
