"""Figures of explanations: ranks of words, attributions of a text, data maps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from plotly.graph_objects import Bar, Figure, Scatter

from mtlv.report.figures.layout import Margins, Panels, dressed, legend_width, panels
from mtlv.report.figures.registry import FIGURES, checked
from mtlv.report.figures.theme import BETTER, NEUTRAL, WIDTH, WORSE, series
from mtlv.report.figures.words import hover, plain, short, widest

__all__ = ["attributions", "data_map", "word_ranks"]

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
            - low, high: of its range, which the signature names; NaN where there is none.
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
    made = panels(titles, across, 300 if across == 2 else 420, width, (70, 100))
    for index, ((first, second, _), own) in enumerate(groups):
        made.figure.add_trace(
            Scatter(
                x=own.first_rank,
                y=own.second_rank,
                mode="markers",
                marker={"size": 5, "color": series(0).colour, "opacity": 0.85},
                showlegend=False,
                hovertext=[_ranked(row) for row in own.itertuples()],
                hoverinfo="text",
            ),
            **made.place(index),
        )
        made.figure.update_xaxes(title=f"rank in {short(first, 30)}", **made.place(index))
        made.figure.update_yaxes(title=f"rank in {short(second, 30)}", **made.place(index))
    margins = Margins(top=42 if rows.measure.any() else 26)
    return dressed(made.figure, "Ranks of words in two models", signature, made.height, margins)


def _agreement(pair: Any) -> str:
    """Return how far ranks agree, in words; the measure alone where it is not known."""
    if np.isnan(pair.rho):
        return str(pair.measure)
    interval = "" if np.isnan(pair.low) else f" ({pair.low:.2f} to {pair.high:.2f})"
    most = "" if np.isnan(pair.ceiling) else f", ceiling {pair.ceiling:.2f}"
    return f"{pair.measure}{'<br>' * bool(pair.measure)}rho {pair.rho:.2f}{interval}{most}"


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
                marker={"symbol": look.symbol, "color": look.colour, "size": 6, "opacity": 0.85},
                name=short(region or "between", 20),
                hovertext=[_mapped(row) for row in own.itertuples()],
                hoverinfo="text",
            )
        )
    figure.update_xaxes(title="variability, sd of the probability over epochs")
    figure.update_yaxes(title="confidence, mean probability of the truth", range=[-0.03, 1.03])
    margins = Margins(right=legend_width(short(own or "between", 20) for own in [*named, *others]))
    return dressed(figure, "Data map", signature, 420, margins, "right")


def _word_axes(made: Panels, index: int, names: list[str], unit: str) -> None:
    place = made.place(index)
    figure = made.figure
    figure.add_vline(x=0, line={"color": NEUTRAL, "width": 1}, **place)
    follows = "x" if index else None  # an axis that matches itself is warned of
    figure.update_xaxes(title=unit, matches=follows, **place)
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
