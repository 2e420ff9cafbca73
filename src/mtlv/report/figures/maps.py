"""Heat maps of explanations: similar encoders, and tasks through each other's output layers.

Their colours have fixed ends, so that pictures of two studies can be laid side by side: from 0 to 1
for similarity; for the quality of a layer from nothing right to everything right, white where one
answer for all texts would do as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from plotly.graph_objects import Figure, Heatmap

from mtlv.report.figures.layout import Margins, dressed
from mtlv.report.figures.registry import FIGURES, checked
from mtlv.report.figures.theme import DIVERGING, SIZES, WIDTH
from mtlv.report.figures.words import fitting, hover, plain, short, widest

__all__ = ["cross_task", "encoder_similarity"]

Values = list[list[float]]
SEQUENTIAL = ((0.0, "#F7F7F7"), (1.0, "#0072B2"))
BAR = 72
"""Pixels of a colour bar and its title."""
GAP, SMALLEST = 6, 9
"""Pixels between two numbers, and of the smallest ones that can be read."""
TALLEST = 300
"""Pixels of the colour bar."""


@dataclass(frozen=True)
class Cells:
    """The cells of a map.

    Args:
        rows: names.
        columns: names.
        values: rows by columns, NaN where there is none.
        colours: where each value stands between the ends of the scale.
        digits: of a number behind the point.
        said: of each cell, for the hover box.
    """

    rows: Sequence[str]
    columns: Sequence[str]
    values: Values
    colours: Values
    digits: int
    said: list[list[str]]


@dataclass(frozen=True)
class Scale:
    """The colours of a map.

    Args:
        low: what has the first colour.
        stops: the colours; what has the last one is 1.
        title: of the bar.
        ticks: places on the bar, and what stands there.
    """

    low: float
    stops: Sequence[tuple[float, str]]
    title: str
    ticks: dict[float, str]

    @property
    def width(self) -> int:
        """Pixels of the bar with its texts, and of the gap that grows on a wide page."""
        return widest(self.ticks.values()) + BAR


@FIGURES.register("encoder-similarity")
def encoder_similarity(frame: pd.DataFrame, signature: str) -> Figure:
    """Debiased linear CKA of pairs of encoders, layer by layer.

    Args:
        frame: a row per pair and layer, with the columns

            - pair: names of the two models; those of two seeds of one plan are the ceiling.
            - layer: from 1.
            - cka: at most about 1.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = checked(frame, "encoder-similarity", words=("pair",), numbers=("layer", "cka"))
    pairs, layers = list(dict.fromkeys(rows.pair)), sorted(set(rows.layer))
    found = rows.groupby(["pair", "layer"]).cka.mean()
    values = [[found.get((pair, layer), np.nan) for layer in layers] for pair in pairs]
    said = [[hover(pair, f"layer {layer:.0f}") for layer in layers] for pair in pairs]
    names = [short(pair, 40) for pair in pairs]
    cells = Cells(names, [f"{layer:.0f}" for layer in layers], values, values, 2, said)
    scale = Scale(0, SEQUENTIAL, "CKA", {own / 5: f"{own / 5:g}" for own in range(6)})
    figure = _map(cells, scale, ("models", "layer"))
    return _dressed(figure, cells, scale, "Similarity of encoders by layer", signature)


@FIGURES.register("cross-task")
def cross_task(frame: pd.DataFrame, signature: str) -> Figure:
    """Each task's texts through the output layers of all tasks, a plan per block of rows.

    Args:
        frame: a row per plan and pair of tasks, with the columns

            - plan: its name.
            - texts: task whose test texts and targets they are.
            - layer: task whose output layer is asked.
            - value: of the metric, in percent.
            - guess: what the best constant answer to those texts scores, in percent.
            - metric: its name, the same everywhere.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = checked(
        frame,
        "cross-task",
        words=("plan", "texts", "layer", "metric"),
        numbers=("value", "guess"),
    )
    blocks = list(dict.fromkeys(zip(rows.plan, rows.texts, strict=True)))
    layers = list(dict.fromkeys(rows.layer))
    guesses = dict(zip(zip(rows.plan, rows.texts, strict=True), rows.guess, strict=True))
    found = {(row.plan, row.texts, row.layer): row.value for row in rows.itertuples()}
    values = [[found.get((*block, layer), np.nan) for layer in layers] for block in blocks]
    cells = Cells(
        [f"{short(plan, 16)}: {short(texts, 20)}" for plan, texts in blocks],
        [short(layer, 20) for layer in layers],
        values,
        [[_way(v, guesses[own]) for v in line] for own, line in zip(blocks, values, strict=True)],
        0,
        [
            [
                hover(": ".join(own), f"layer of {layer}", f"one answer for all {guesses[own]:.0f}")
                for layer in layers
            ]
            for own in blocks
        ],
    )
    scale = _guessing(sorted({round(own) for own in guesses.values()}), rows.metric[0])
    figure = _map(cells, scale, ("plan: texts of", "output layer of"))
    return _dressed(figure, cells, scale, "Tasks through each other's layers", signature)


def _way(value: float, guess: float) -> float:
    """Return how far a value is from guessing, 0, on its way to 100, which is 1, or to 0, -1."""
    room = 100 - guess if value >= guess else guess
    return float((value - guess) / room) if room > 0 else float(value - guess)


def _guessing(guesses: Sequence[int], metric: str) -> Scale:
    """Return colours that are white where one answer for all texts would do as well."""
    told = f"{guesses[0]}" if len(guesses) == 1 else f"{guesses[0]} to {guesses[-1]}"
    ticks = {-1.0: "0", 0.0: f"{told}: guessing", 1.0: "100"}
    return Scale(-1, DIVERGING, f"{metric}, percent", ticks)


def _map(cells: Cells, scale: Scale, axes: tuple[str, str]) -> Figure:
    """Return a heat map with a number in each cell; where they have no room, the hover has them."""
    height, room = _height(cells), _room(cells, scale)
    shown = [["" if np.isnan(v) else f"{v:.{cells.digits}f}" for v in row] for row in cells.values]
    size = fitting((own for row in shown for own in row), room - GAP, (SIZES["small"], SMALLEST))
    figure = Figure(
        Heatmap(
            z=[[None if np.isnan(v) else v for v in row] for row in cells.colours],
            zmin=scale.low,
            zmax=1,
            colorscale=[list(stop) for stop in scale.stops],
            xgap=1,
            ygap=1,
            text=shown,
            texttemplate="%{text}" if size else None,
            textfont={"size": size or SIZES["small"]},
            hovertext=[
                [f"{said}<br>{plain(scale.title)} {own}" for said, own in zip(*line, strict=True)]
                for line in zip(cells.said, shown, strict=True)
            ],
            hoverinfo="text",
            colorbar={
                "title": {"text": plain(scale.title), "side": "right"},
                "tickvals": list(scale.ticks),
                "ticktext": list(scale.ticks.values()),
                "thickness": 12,
                "x": 1.02,
                "len": min(1.0, TALLEST / height),
            },
        )
    )
    figure.update_xaxes(
        title=axes[1],
        tickvals=list(range(len(cells.columns))),
        ticktext=cells.columns,
        showgrid=False,
    )
    figure.update_yaxes(
        title=axes[0],
        tickvals=list(range(len(cells.rows))),
        ticktext=cells.rows,
        showgrid=False,
        range=[len(cells.rows) - 0.5, -0.5],
    )
    return figure


def _dressed(figure: Figure, cells: Cells, scale: Scale, title: str, signature: str) -> Figure:
    """Give a map margins that its names fit in; those too wide for a column stand upright."""
    upright = widest(cells.columns, 11) + 8 > _room(cells, scale)
    figure.update_xaxes(tickangle=-90 if upright else 0)
    bottom = widest(cells.columns, 11) + 46 if upright else 58
    margins = Margins(left=_left(cells), right=scale.width, bottom=bottom)
    return dressed(figure, title, signature, _height(cells), margins)


def _left(cells: Cells) -> int:
    return widest(cells.rows, 11) + 44


def _room(cells: Cells, scale: Scale) -> float:
    """Return the width of a column, in pixels."""
    return (WIDTH - _left(cells) - scale.width) / len(cells.columns)


def _height(cells: Cells) -> int:
    return max(24 * len(cells.rows), 160)
