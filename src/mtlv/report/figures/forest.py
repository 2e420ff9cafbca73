"""The forest plot: what a plan does to each task, with an interval, sorted by support."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from plotly.graph_objects import Figure, Scatter

from mtlv.report.figures.layout import Margins, Panels, dressed, panels
from mtlv.report.figures.registry import FIGURES, checked
from mtlv.report.figures.theme import BETTER, GREEN, NEUTRAL, WIDTH, WORSE, ZERO, whiskers
from mtlv.report.figures.words import hover, plain, short, widest

__all__ = ["forest"]

ROW, ACROSS = 18, 3


@dataclass(frozen=True)
class Look:
    """How the differences of a verdict are drawn; the verdict begins with the words."""

    words: str
    symbol: str
    colour: str


NOT_SHOWN = Look("no difference shown", "circle-open", NEUTRAL)
LOOKS = (
    Look("better", "triangle-right", BETTER),
    Look("worse", "triangle-left", WORSE),
    Look("equivalent", "diamond", GREEN),
    NOT_SHOWN,
)


@FIGURES.register("forest")
def forest(frame: pd.DataFrame, signature: str) -> Figure:
    """Difference of every task to a baseline, with its interval, sorted by support.

    A panel per plan; tasks that are measured in other units have panels of their own.

    Args:
        frame: a row per plan and task, with the columns

            - plan, baseline, task: names; the baseline is the same everywhere.
            - metric: that the task is judged by.
            - unit: of the three numbers, as `points`.
            - support: positives (or targets) of the task; NaN if unknown.
            - delta: plan minus baseline, turned so that more is better.
            - low, high: ends of its interval; NaN where there is none.
            - verdict: `better`, `worse`, `equivalent within MARGIN` or `no difference shown`, after
              any correction.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = checked(
        frame,
        "forest",
        words=("plan", "baseline", "task", "metric", "unit", "verdict"),
        numbers=("delta",),
        optional=("support", "low", "high"),
    )
    plans, units = list(dict.fromkeys(rows.plan)), list(dict.fromkeys(rows.unit))
    rows = rows.sort_values(["support", "task"], ascending=[True, False], na_position="first")
    labels = {task: _label(own) for task, own in rows.groupby("task")}
    verdicts = sorted(set(rows.verdict), key=lambda words: LOOKS.index(_look(words)))
    across = min(ACROSS, len(plans))
    bands = [(u, plans[i : i + across]) for u in units for i in range(0, len(plans), across)]
    cells = [(u, plan) for u, band in bands for plan in [*band, *[None] * (across - len(band))]]
    margins = Margins(left=widest(labels.values()) + 44, bottom=48, top=42)
    made = panels(
        [None if plan is None else short(plan, 56 // across) for _, plan in cells],
        across,
        [ROW * rows[rows.unit == u].task.nunique() + 14 for u, _ in bands],
        WIDTH - margins.left - margins.right,
        (18, 76),
    )
    for index, (u, plan) in enumerate(cells):
        of_unit = rows[rows.unit == u]
        tasks = [*dict.fromkeys(of_unit.task)]
        if plan is not None:
            _points(made, index, of_unit[of_unit.plan == plan], tasks, verdicts)
            _axes(made, index, of_unit, [labels[task] for task in tasks])
    title = f"Difference to {rows.baseline[0]} by task"
    return dressed(made.figure, title, signature, made.height, margins, "above")


def _points(
    made: Panels, index: int, rows: pd.DataFrame, tasks: Sequence[str], verdicts: Sequence[str]
) -> None:
    for verdict in verdicts:
        own, look = rows[rows.verdict == verdict], _look(verdict)
        made.figure.add_trace(
            Scatter(
                x=own.delta if len(own) else [None],
                y=[tasks.index(task) for task in own.task] if len(own) else [None],
                error_x=whiskers(own.delta, own.low, own.high, 1.2),
                mode="markers",
                marker={"symbol": look.symbol, "color": look.colour, "size": 8},
                name=verdict,
                legendgroup=verdict,
                showlegend=index == 0,
                hovertext=[_said(row) for row in own.itertuples()],
                hoverinfo="text",
            ),
            **made.place(index),
        )


def _axes(made: Panels, index: int, rows: pd.DataFrame, labels: Sequence[str]) -> None:
    place = made.place(index)
    first = place["col"] == 1
    ends = rows[["delta", "low", "high"]].to_numpy(float)
    reach = 1.08 * max(abs(ends[~pd.isna(ends)]).max(), 1e-9)
    made.figure.update_xaxes(title=f"difference, {plain(rows.unit.iloc[0])}", **place)
    made.figure.update_xaxes(range=[-reach, reach], **ZERO, **place)
    made.figure.update_yaxes(
        title="task (support)" if first else None,
        showticklabels=first,
        tickvals=list(range(len(labels))),
        ticktext=list(labels),
        range=[-0.8, len(labels) - 0.2],
        showgrid=False,
        **place,
    )


def _look(verdict: str) -> Look:
    return next((look for look in LOOKS if verdict.startswith(look.words)), NOT_SHOWN)


def _label(rows: pd.DataFrame) -> str:
    support = rows.support.iloc[0]
    return short(rows.task.iloc[0]) + ("" if math.isnan(support) else f" ({support:,.0f})")


def _said(row: object) -> str:
    given = row._asdict()  # type: ignore[attr-defined]
    interval = (
        "no interval"
        if math.isnan(given["low"]) or math.isnan(given["high"])
        else f"interval {given['low']:+.2f} to {given['high']:+.2f}"
    )
    support = "" if math.isnan(given["support"]) else f"support {given['support']:,.0f}"
    delta = f"{given['metric']}: {given['delta']:+.2f} {given['unit']} against {given['baseline']}"
    return hover(given["task"], f"plan {given['plan']}", delta, interval, given["verdict"], support)
