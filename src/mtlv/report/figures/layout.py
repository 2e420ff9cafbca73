"""The frame around every figure: title, caption with the data signature, margins, panels.

Margins are reckoned from the words that they hold, and do not grow by themselves: so the caption
has a place of its own under any axis.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from types import MappingProxyType
from typing import Any, Literal

from plotly.graph_objects import Figure
from plotly.subplots import make_subplots

from mtlv.report.figures.theme import SIZES, WIDTH, template
from mtlv.report.figures.words import plain, widest

__all__ = ["Axes", "Margins", "Panels", "dressed", "legend_width", "panels"]

Legend = Literal["none", "right", "above"]
Axes = tuple[dict[str, Any], dict[str, Any]]
"""Settings of an x and a y axis."""
EMPTY: Mapping[int, Axes] = MappingProxyType({})
CAPTION_LINE = 13
TITLE = 44


@dataclass(frozen=True)
class Margins:
    """Pixels around the axes; the caption's own are added below.

    Args:
        left: for tick labels and a title.
        right: for a legend, a colour bar or nothing.
        bottom: for tick labels and a title.
        top: for what stands above the axes, besides the figure's title.
    """

    left: int = 66
    right: int = 20
    bottom: int = 48
    top: int = 4


@dataclass(frozen=True)
class Panels:
    """A figure of several panels.

    Args:
        figure: with empty panels.
        columns: of panels.
        height: of all panels with what is between them, in pixels.
    """

    figure: Figure
    columns: int
    height: int

    def place(self, index: int) -> dict[str, int]:
        """Return row and column of a panel, from 1, as Plotly takes them."""
        return {"row": index // self.columns + 1, "col": index % self.columns + 1}

    def axes(self, index: int) -> dict[str, str]:
        """Return the axes of a panel, as traces name them.

        Plotly looks through all panels for a place, trace by trace; a figure of many traces names
        its axes, and adds all at once with `drawn`.
        """
        number = str(index + 1) if index else ""
        return {"xaxis": f"x{number}", "yaxis": f"y{number}"}

    def drawn(self, traces: Sequence[dict[str, Any]], looks: Mapping[int, Axes] = EMPTY) -> None:
        """Add traces, and set up the axes of panels.

        Args:
            traces: with a `type`, and their axes where it is not the first panel's.
            looks: settings of the x and the y axis by panel.
        """
        self.figure.add_traces(traces)
        settings = {}
        for index, own in looks.items():
            for name, look in zip(self.axes(index).values(), own, strict=True):
                settings[f"{name[0]}axis{name[1:]}"] = look
        self.figure.update_layout(settings)


def dressed(
    figure: Figure,
    title: str,
    signature: str,
    height: int,
    margins: Margins,
    legend: Legend = "none",
) -> Figure:
    """Give a figure its title, margins, legend and caption.

    Args:
        figure: to dress.
        title: in plain words.
        signature: of the data: study, metric, thresholds, n; shown as the caption.
        height: of the axes, in pixels.
        margins: around them, with room for the legend.
        legend: right of the axes, or in a line under the title.
    """
    room = int((WIDTH - 20) / 5.3)
    lines = wrap(signature.replace("|", ", "), room, break_on_hyphens=False) or [""]
    caption = CAPTION_LINE * len(lines) + 10
    top, bottom = TITLE + margins.top, margins.bottom + caption
    figure.update_layout(
        title={"text": plain(title), "x": 0, "xref": "container", "y": 1, "yref": "container"},
        margin={
            "l": margins.left,
            "r": margins.right,
            "t": top,
            "b": bottom,
            "autoexpand": False,
        },
        height=height + top + bottom,
        showlegend=legend != "none",
    )
    if legend == "right":
        figure.update_layout(legend={"x": 1, "xanchor": "left", "y": 1, "yanchor": "top"})
    elif legend == "above":
        line = {"orientation": "h", "xref": "container", "yref": "container", "yanchor": "top"}
        figure.update_layout(legend=line | {"x": 0.01, "y": 1 - (TITLE - 4) / figure.layout.height})
    figure.update_layout(title={"pad": {"l": 12, "t": 14}, "yanchor": "top", "xanchor": "left"})
    figure.add_annotation(
        name="caption",
        text="<br>".join(plain(line) for line in lines),
        font={"size": SIZES["small"]},
        align="left",
        showarrow=False,
        xref="paper",
        yref="paper",
        x=0,
        y=0,
        xanchor="left",
        yanchor="bottom",
        xshift=12 - margins.left,
        yshift=4 - bottom,
    )
    return figure.update_layout(template=template("light"))


def panels(
    titles: Sequence[str | None],
    columns: int,
    cells: int | Sequence[int],
    width: int,
    gaps: tuple[int, int] = (28, 48),
) -> Panels:
    """Return a figure of panels, row by row.

    Args:
        titles: of the panels, plain already; None leaves a place empty.
        columns: at most so many side by side.
        cells: height of the panels, or of those of each row, in pixels.
        width: of all, in pixels.
        gaps: between columns and between rows, in pixels.
    """
    columns = min(columns, len(titles))
    rows = math.ceil(len(titles) / columns)
    heights = [cells] * rows if isinstance(cells, int) else list(cells)
    height = sum(heights) + (rows - 1) * gaps[1]
    figure = make_subplots(
        rows=rows,
        cols=columns,
        row_heights=heights,
        subplot_titles=[title or "" for title in titles],
        horizontal_spacing=gaps[0] / width if columns > 1 else 0,
        vertical_spacing=gaps[1] / height if rows > 1 else 0,
    )
    figure.update_annotations(font={"size": SIZES["text"]})
    made = Panels(figure, columns, height)
    for index in range(rows * columns):
        if index >= len(titles) or titles[index] is None:
            figure.update_xaxes(visible=False, **made.place(index))
            figure.update_yaxes(visible=False, **made.place(index))
    return made


def legend_width(names: Iterable[str]) -> int:
    """Return the pixels right of the axes that a legend of some names takes."""
    return widest(names) + 60
