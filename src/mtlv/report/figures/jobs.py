"""Training time: what each job of a study took, by plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from plotly.graph_objects import Figure, Scatter

from mtlv.report.figures.layout import Margins, dressed
from mtlv.report.figures.registry import FIGURES, checked
from mtlv.report.figures.theme import NEUTRAL, series
from mtlv.report.figures.words import hover, short, widest
from mtlv.words import counted

__all__ = ["job_times"]

ROW = 44
WIDE = 30
"""From this ratio of the longest to the shortest job on, the axis is logarithmic."""


@FIGURES.register("job-times")
def job_times(frame: pd.DataFrame, signature: str) -> Figure:
    """Training time of every job, by plan; the upright line is the median.

    A job that several plans share stands under each of them.

    Args:
        frame: a row per plan and job, with the columns

            - plan, job: name and id.
            - tasks: names of the tasks that it learned, in words.
            - fold: from 0.
            - seed: of the job.
            - seconds: wall time of training, with what a probe took, without shared preparation.
            - epochs: that were run.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = checked(
        frame,
        "job-times",
        words=("plan", "job", "tasks"),
        numbers=("fold", "seed", "seconds"),
        optional=("epochs",),
    )
    plans = list(dict.fromkeys(rows.plan))
    counts = rows.plan.value_counts()
    names = [f"{short(plan)} ({counts[plan]})" for plan in plans]
    figure = Figure()
    for index, plan in enumerate(plans):
        own, look, level = rows[rows.plan == plan], series(index), len(plans) - 1 - index
        figure.add_trace(
            Scatter(
                x=own.seconds,
                y=level + _spread_out(len(own)),
                mode="markers",
                marker={"symbol": look.symbol, "color": look.colour, "size": 7, "opacity": 0.75},
                hovertext=[_said(row) for row in own.itertuples()],
                hoverinfo="text",
            )
        )
        middle = own.seconds.median()
        figure.add_trace(
            Scatter(
                x=[middle, middle],
                y=[level - 0.38, level + 0.38],
                mode="lines",
                line={"color": NEUTRAL, "width": 2.5},
                hovertext=hover(plan, f"median {middle:,.1f} s of {counted(len(own), 'job')}"),
                hoverinfo="text",
            )
        )
    log = rows.seconds.max() > WIDE * rows.seconds.min() > 0
    figure.update_xaxes(title="seconds of training per job", rangemode="tozero")
    figure.update_xaxes(type="log" if log else "linear", dtick=1 if log else None)
    figure.update_yaxes(
        title="plan (jobs)",
        tickvals=list(range(len(plans)))[::-1],
        ticktext=names,
        range=[-0.6, len(plans) - 0.4],
        showgrid=False,
    )
    margins = Margins(left=widest(names) + 44)
    return dressed(figure, "Training time per job", signature, ROW * len(plans) + 20, margins)


def _spread_out(count: int) -> np.ndarray[Any, Any]:
    """Return heights within -0.3 … 0.3 that keep neighbouring jobs apart, (count,)."""
    golden = (np.sqrt(5) - 1) / 2
    return np.asarray(0.6 * ((np.arange(count) * golden + 0.5) % 1.0) - 0.3)


def _said(row: Any) -> str:
    epochs = "" if np.isnan(row.epochs) else f", {counted(row.epochs, 'epoch')}"
    where = f"fold {row.fold + 1:.0f}, seed {row.seed:.0f}{epochs}"
    return hover(f"{row.seconds:,.1f} s", f"plan {row.plan}, {where}", row.tasks, f"job {row.job}")
