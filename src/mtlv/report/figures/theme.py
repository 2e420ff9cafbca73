"""How figures look: colours, symbols and dashes that stay apart in greyscale, and two templates.

The colours are those of Okabe and Ito (2008), which people of all kinds of colour vision tell
apart, without black and yellow: either is invisible on one of the two grounds. Since their greys
are alike, no figure says anything by colour alone; a series also has a symbol and a dash. Sizes are
for print: at `WIDTH` pixels on 7 inches, 12 pixels are 8.5 points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from plotly.graph_objects import Figure
from plotly.graph_objs.layout import Template

__all__ = [
    "BETTER",
    "DIVERGING",
    "GREEN",
    "NEUTRAL",
    "SIZES",
    "WIDTH",
    "WORSE",
    "ZERO",
    "Series",
    "Theme",
    "series",
    "template",
    "themed",
    "whiskers",
]

Theme = Literal["light", "dark"]
WIDTH = 760
"""Pixels of a figure that is written to a file; in a page it is as wide as its place."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A7A7A")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "triangle-down")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
BETTER, WORSE, NEUTRAL = "#0072B2", "#D55E00", "#7A7A7A"
GREEN = COLOURS[2]
DIVERGING = ((0.0, "#D55E00"), (0.5, "#F7F7F7"), (1.0, "#0072B2"))
"""From worse to better; both ends are dark in greyscale, so cells also carry a number or a sign."""

ZERO = {"zeroline": True, "zerolinecolor": NEUTRAL, "zerolinewidth": 1.2}
"""An axis whose 0 is drawn."""

SIZES = {"title": 15, "text": 12, "small": 10}
FONT = "Arial, Helvetica, Liberation Sans, DejaVu Sans, sans-serif"


@dataclass(frozen=True)
class Series:
    """What one series is drawn with."""

    colour: str
    symbol: str
    dash: str


def series(index: int) -> Series:
    """Return the look of the series of an index; the first 56 differ in colour or symbol."""
    return Series(
        COLOURS[index % len(COLOURS)],
        SYMBOLS[index % len(SYMBOLS)],
        DASHES[index % len(DASHES)],
    )


def whiskers(middle: Any, low: Any, high: Any, thickness: float = 1.0) -> dict[str, Any]:
    """Return the error bars of points: intervals that need not lie evenly around them.

    Args:
        middle: of the points, (N,).
        low: lower ends, (N,).
        high: upper ends, (N,).
        thickness: of the lines, in pixels.
    """
    middle, low, high = (np.asarray(own, dtype=float) for own in (middle, low, high))
    return {
        "type": "data",
        "array": high - middle,
        "arrayminus": middle - low,
        "symmetric": False,
        "thickness": thickness,
        "width": 3,
    }


def themed(figure: Figure, theme: Theme) -> Figure:
    """Return the figure in light or dark."""
    return Figure(figure).update_layout(template=template(theme))


def template(theme: Theme) -> Template:
    """Return what a figure looks like on a light or a dark ground."""
    ink, ground, rule = {
        "light": ("#222222", "#FFFFFF", "#E3E3E3"),
        "dark": ("#E6E6E6", "#16181C", "#34383F"),
    }[theme]
    axis = {
        "showgrid": True,
        "gridcolor": rule,
        "zeroline": False,
        "showline": True,
        "linecolor": NEUTRAL,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": NEUTRAL,
        "tickfont": {"size": SIZES["text"] - 1},
        "title": {"font": {"size": SIZES["text"]}, "standoff": 8},
    }
    return Template(
        layout={
            "font": {"family": FONT, "size": SIZES["text"], "color": ink},
            "title": {"font": {"size": SIZES["title"]}},
            "paper_bgcolor": ground,
            "plot_bgcolor": ground,
            "colorway": COLOURS,
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {"align": "left", "font": {"family": FONT, "size": SIZES["text"]}},
            "legend": {"font": {"size": SIZES["text"]}, "bgcolor": "rgba(0,0,0,0)"},
        }
    )
