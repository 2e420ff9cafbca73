"""Figures of explanations: words, attributions of a text, similar encoders, data maps, tasks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from plotly.graph_objects import Bar, Figure, Heatmap, Scatter

from mtlv.report.figures.layout import Margins, Panels, dressed, legend_width, panels
from mtlv.report.figures.registry import FIGURES, checked
from mtlv.report.figures.theme import BETTER, NEUTRAL, SIZES, WIDTH, WORSE, series
from mtlv.report.figures.words import hover, plain, short, widest

__all__ = ["attributions", "cross_task", "data_map", "encoder_similarity", "word_ranks"]

SEQUENTIAL = ((0.0, "#F7F7F7"), (1.0, "#0072B2"))
BAR = 84
LINE = 15
MOST_WORDS = 60
"""Of a longer text, the words that add most are drawn."""
REGIONS = ("easy", "ambiguous", "hard", "")


@FIGURES.register("word-ranks")
def word_ranks(frame: pd.DataFrame, signature: str) -> Figure:
    """Ranks of all words in two models, a panel per pair of models; a point is a word.

    Args:
        frame: a row per word and pair of models, with the columns

            - word: its name.
            - first, second: names of the models.
            - measure: of importance, where several are shown; else "".
            - first_rank, second_rank: ranks from 1, the most important first.
            - rho: Spearman's, the same for every row of a pair; likewise
            - low, high: of its interval, NaN where there is none.
            - ceiling: rho of two seeds of one model, NaN where it is not known.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = checked(
        frame,
        "word-ranks",
        words=("word", "first", "second", "measure"),
        numbers=("first_rank", "second_rank"),
        optional=("rho", "low", "high", "ceiling"),
    )
    groups = list(rows.groupby(["first", "second", "measure"], sort=False))
    titles = [_agreement(own.iloc[0]) for _, own in groups]
    across = min(len(groups), 2)
    width = WIDTH - 66 - 20
    made = panels(titles, across, 300 if across == 2 else 420, width, (70, 84))
    for index, ((first, second, _), own) in enumerate(groups):
        made.figure.add_trace(
            Scatter(
                x=own.first_rank,
                y=own.second_rank,
                mode="markers",
                marker={"size": 5, "color": series(0).colour, "opacity": 0.6},
                showlegend=False,
                hovertext=[_ranked(row) for row in own.itertuples()],
                hoverinfo="text",
            ),
            **made.place(index),
        )
        made.figure.update_xaxes(title=f"rank in {short(first, 30)}", **made.place(index))
        made.figure.update_yaxes(title=f"rank in {short(second, 30)}", **made.place(index))
    margins = Margins(top=26)
    return dressed(made.figure, "Ranks of words in two models", signature, made.height, margins)


def _agreement(pair: Any) -> str:
    """Return how far ranks agree, in words; the measure alone where it is not known."""
    if np.isnan(pair.rho):
        return str(pair.measure)
    interval = "" if np.isnan(pair.low) else f" ({pair.low:.2f} to {pair.high:.2f})"
    most = "" if np.isnan(pair.ceiling) else f", ceiling {pair.ceiling:.2f}"
    return f"{pair.measure}{': ' * bool(pair.measure)}rho {pair.rho:.2f}{interval}{most}"


@FIGURES.register("attributions")
def attributions(frame: pd.DataFrame, signature: str) -> Figure:
    """What each word of a text adds to a score, a panel per plan, words from top to bottom.

    Args:
        frame: a row per plan and word of one text and task, with the columns

            - plan, word: names.
            - place: of the word in the text, from 0.
            - value: what it adds; a row without one is left out, as the word was cut off.
            - unit: of the value, the same everywhere.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = checked(
        frame, "attributions", words=("plan", "word", "unit"), numbers=("place", "value")
    )
    rows = _strongest(rows)
    plans = list(dict.fromkeys(rows.plan))
    places = sorted(set(rows.place))
    names = {row.place: short(row.word, 22) for row in rows.itertuples()}
    at = {place: index for index, place in enumerate(places)}
    margins = Margins(left=widest(names.values(), 11) + 30, top=26)
    height = max(LINE * len(places), 90)
    across = min(len(plans), 4)
    made = panels(
        [short(plan, 80 // across) for plan in plans],
        across,
        height,
        WIDTH - margins.left - margins.right,
        (16, 60),
    )
    for index, plan in enumerate(plans):
        own = rows[rows.plan == plan]
        made.figure.add_trace(
            Bar(
                x=own.value,
                y=[at[place] for place in own.place],
                orientation="h",
                marker={"color": [BETTER if value >= 0 else WORSE for value in own.value]},
                showlegend=False,
                hovertext=[
                    hover(row.word, f"plan {plan}", f"{row.value:+.4g} {row.unit}")
                    for row in own.itertuples()
                ],
                hoverinfo="text",
            ),
            **made.place(index),
        )
        _word_axes(made, index, [names[place] for place in places], plain(rows.unit[0]))
    return dressed(made.figure, "What each word adds", signature, made.height, margins)


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
    names = [short(pair, 40) for pair in pairs]
    return _map(
        values,
        (names, [f"{layer:.0f}" for layer in layers]),
        ("models", "layer"),
        "CKA",
        [[hover(pair, f"layer {layer:.0f}") for layer in layers] for pair in pairs],
        ("Similarity of encoders by layer", signature),
    )


@FIGURES.register("data-map")
def data_map(frame: pd.DataFrame, signature: str) -> Figure:
    """Data map of one task: how sure a run was of each training text, and how steadily.

    Args:
        frame: a row per training text, with the columns

            - text, words: its id and how it begins.
            - confidence: mean probability of the true class over the epochs, 0 … 1.
            - variability: its standard deviation.
            - region: `easy`, `ambiguous`, `hard` or nothing.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = checked(
        frame,
        "data-map",
        words=("text", "words", "region"),
        numbers=("confidence", "variability"),
    )
    figure = Figure()
    named = [name for name in REGIONS if (rows.region == name).any()]
    others = sorted(set(rows.region) - set(REGIONS))
    for index, region in enumerate([*named, *others]):
        own, look = rows[rows.region == region], series(index)
        figure.add_trace(
            Scatter(
                x=own.variability,
                y=own.confidence,
                mode="markers",
                marker={"symbol": look.symbol, "color": look.colour, "size": 6, "opacity": 0.7},
                name=short(region or "between", 20),
                hovertext=[_mapped(row) for row in own.itertuples()],
                hoverinfo="text",
            )
        )
    figure.update_xaxes(title="variability, sd of the probability over epochs")
    figure.update_yaxes(title="confidence, mean probability of the truth", range=[-0.03, 1.03])
    margins = Margins(right=legend_width(short(own or "between", 20) for own in [*named, *others]))
    return dressed(figure, "Data map", signature, 420, margins, "right")


@FIGURES.register("cross-task")
def cross_task(frame: pd.DataFrame, signature: str) -> Figure:
    """Each task's texts through the output layers of all tasks, a plan per block of rows.

    Args:
        frame: a row per plan and pair of tasks, with the columns

            - plan: its name.
            - texts: task whose test texts and targets they are.
            - layer: task whose output layer is asked.
            - value: of the metric, in percent.
            - metric: its name, the same everywhere.
        signature: of the data.

    Raises:
        FigureError: a column is missing, or there is no row.
    """
    rows = checked(
        frame, "cross-task", words=("plan", "texts", "layer", "metric"), numbers=("value",)
    )
    blocks = list(dict.fromkeys(zip(rows.plan, rows.texts, strict=True)))
    layers = list(dict.fromkeys(rows.layer))
    found = {(row.plan, row.texts, row.layer): row.value for row in rows.itertuples()}
    values = [[found.get((*block, layer), np.nan) for layer in layers] for block in blocks]
    names = [f"{short(plan, 16)}: {short(texts, 20)}" for plan, texts in blocks]
    return _map(
        values,
        (names, [short(layer, 20) for layer in layers]),
        ("plan: texts of", "output layer of"),
        f"{plain(rows.metric[0])}, percent",
        [
            [hover(f"{plan}: {texts}", f"layer of {own}") for own in layers]
            for plan, texts in blocks
        ],
        ("Tasks through each other's layers", signature),
    )


def _map(
    values: list[list[float]],
    names: tuple[list[str], list[str]],
    axes: tuple[str, str],
    unit: str,
    said: list[list[str]],
    dress: tuple[str, str],
) -> Figure:
    """Return a heat map of rows by columns with a number in each cell."""
    rows, columns = names
    left = widest(rows, 11) + 44
    upright = max(widest([name], 11) for name in columns) + 8 > (WIDTH - left - BAR) / len(columns)
    bottom = widest(columns, 11) + 46 if upright else 58
    margins = Margins(left=left, right=BAR, bottom=bottom)
    digits, limit = (0, 100) if np.nanmax(values) > 2 else (2, 1)
    shown = [["" if np.isnan(v) else f"{v:.{digits}f}" for v in row] for row in values]
    figure = Figure(
        Heatmap(
            z=[[None if np.isnan(v) else v for v in row] for row in values],
            zmin=0,
            zmax=limit,
            colorscale=[list(stop) for stop in SEQUENTIAL],
            xgap=1,
            ygap=1,
            text=shown,
            texttemplate="%{text}",
            textfont={"size": SIZES["small"]},
            hovertext=[
                [f"{name}<br>{plain(unit)} {own}" for name, own in zip(line, cells, strict=True)]
                for line, cells in zip(said, shown, strict=True)
            ],
            hoverinfo="text",
            colorbar={"title": {"text": unit, "side": "right"}, "thickness": 12, "x": 1.02},
        )
    )
    figure.update_xaxes(
        title=axes[1],
        tickvals=list(range(len(columns))),
        ticktext=columns,
        tickangle=-90 if upright else 0,
        showgrid=False,
    )
    figure.update_yaxes(
        title=axes[0],
        tickvals=list(range(len(rows))),
        ticktext=rows,
        showgrid=False,
        range=[len(rows) - 0.5, -0.5],
    )
    return dressed(figure, *dress, max(24 * len(rows), 160), margins)


def _word_axes(made: Panels, index: int, names: list[str], unit: str) -> None:
    place = made.place(index)
    figure = made.figure
    figure.add_vline(x=0, line={"color": NEUTRAL, "width": 1}, **place)
    figure.update_xaxes(title=unit, matches="x", **place)
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=names,
        title="word" if place["col"] == 1 else None,
        showticklabels=place["col"] == 1,
        range=[len(names) - 0.5, -0.5],
        showgrid=False,
        **place,
    )


def _strongest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the words that add most in any plan, in the order of the text."""
    size = rows.value.abs().groupby(rows.place).max()
    kept = set(size.nlargest(MOST_WORDS).index)
    return rows[rows.place.isin(kept)].reset_index(drop=True)


def _ranked(row: Any) -> str:
    ranks = f"rank {row.first_rank:g} in {row.first}", f"rank {row.second_rank:g} in {row.second}"
    return hover(row.word, *ranks)


def _mapped(row: Any) -> str:
    numbers = f"confidence {row.confidence:.2f}, variability {row.variability:.2f}"
    return hover(row.text, row.region, numbers, row.words[:160])
