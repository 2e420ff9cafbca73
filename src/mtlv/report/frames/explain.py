"""Frames of explanations: what `mtlv explain` stored of a study, as figures draw it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from mtlv.errors import FigureError
from mtlv.explain.view_results import RankScatter, ThreeViews
from mtlv.report.frames.wanted import FRAMES, Data, Wanted, no_data
from mtlv.store.record import ExplanationRecord

__all__ = ["attributions", "cross_task", "data_map", "encoder_similarity", "word_ranks"]

PAIRS = 4
"""So many pairs of models are drawn where no plan is named."""
RARE = 2
SHOWN = {"input_sum": "input sums", "integrated_gradients": "integrated gradients"}
"""Measures of a bag of words that are drawn: the article's, and the soundest."""


@FRAMES.register("word-ranks")
def word_ranks(wanted: Wanted) -> Data:
    """Ranks of words by mean absolute attribution, between plans and between two seeds of one.

    Of a bag of words, the ranks of the article: sums of the weights into the hidden layer.
    """
    article = next((own for own in _explanations(wanted) if _scatters(own)), None)
    if article is not None:
        return _article_ranks(wanted, article)
    record, words = _stored(wanted, "word-ranks", "words")
    _, agreement = _stored(wanted, "word-ranks", "agreement")
    task = _task(wanted, words)
    agreement = agreement[(agreement.task == task) & _planned(wanted, agreement)]
    unequal = agreement[agreement.first_seed != agreement.second_seed]
    agreement = (unequal if len(unequal) else agreement).drop_duplicates(["first", "second"])
    if agreement.empty:
        raise no_data(wanted, "word-ranks", "a single model", "name two plans, or train two seeds")
    rows = [
        {"word": word, "first": names[0], "second": names[1], "measure": ""}
        | {"first_rank": one, "second_rank": other, "rho": pair.rho}
        | dict.fromkeys(("low", "high", "ceiling"), np.nan)
        for pair in agreement.head(PAIRS).itertuples()
        for names in [_names(pair)]
        for word, one, other in _ranks(words[words.task == task], pair)
    ]
    said = f"task {task}", f"texts:{record.settings['texts']}", "mean absolute attribution"
    return Data(pd.DataFrame(rows), wanted.signed(*said))


@FRAMES.register("attributions")
def attributions(wanted: Wanted) -> Data:
    """What each word of the text that was last explained adds, in every plan."""
    record, rows = _stored(wanted, "attributions", "attributions")
    task = _task(wanted, rows)
    rows = rows[(rows.task == task) & rows.plan.isin([own.name for own in wanted.chosen_plans])]
    kind = next(own.kind for own in wanted.outcome.study.tasks if own.name == task)
    unit = "units of the target" if kind == "regression" else "logits"
    said = f"task {task}", f"baseline {record.settings['baseline']}", "integrated gradients"
    return Data(rows.assign(unit=unit), wanted.signed(*said))


@FRAMES.register("encoder-similarity")
def encoder_similarity(wanted: Wanted) -> Data:
    """Debiased linear CKA of encoders of plans, and of two seeds of one plan."""
    _, rows = _stored(wanted, "encoder-similarity", "similarity")
    task = _task(wanted, rows)
    rows = rows[(rows.task == task) & _planned(wanted, rows)]
    unequal = rows[rows.first_seed != rows.second_seed]
    rows = unequal if len(unequal) else rows
    pairs = [
        f"{row.first}, two seeds" if row.first == row.second else f"{row.first} / {row.second}"
        for row in rows.itertuples()
    ]
    said = f"task {task}", f"texts:{rows.texts.max()}", "debiased linear CKA"
    return Data(rows.assign(pair=pairs), wanted.signed(*said))


@FRAMES.register("data-map")
def data_map(wanted: Wanted) -> Data:
    """Confidence and variability of the training texts of the first task that is wanted."""
    _, rows = _stored(wanted, "data-map", "data_map")
    task = _task(wanted, rows)
    rows = rows[(rows.task == task) & (rows.job == rows.job.iloc[0])]
    return Data(rows, wanted.signed(f"task {task}", f"job {rows.job.iloc[0]}", f"n:{len(rows)}"))


@FRAMES.register("cross-task")
def cross_task(wanted: Wanted) -> Data:
    """Tasks' test texts through each other's output layers."""
    _, rows = _stored(wanted, "cross-task", "cross_task")
    rows = rows[rows.metric == rows.metric.iloc[0]]
    runs = f"runs:{rows.runs.max()}"
    return Data(rows.assign(value=100 * rows["mean"]), wanted.signed(rows.metric.iloc[0], runs))


def _stored(wanted: Wanted, figure: str, name: str) -> tuple[ExplanationRecord, pd.DataFrame]:
    """Return the latest explanation of the study that has a table, and the table."""
    study = wanted.outcome.study.name
    for record in _explanations(wanted):
        if record.frames.get(name):
            return record, wanted.store.explanation_frame(record.id, name).to_pandas()
    text = ' --text "…"' if name == "attributions" else ""
    hint = f"run `mtlv explain {study}{text}`, which says what it needs"
    raise no_data(wanted, figure, "no explanation is stored", hint)


def _explanations(wanted: Wanted) -> list[ExplanationRecord]:
    """Return the study's explanations, the latest first."""
    return wanted.store.explanations(wanted.outcome.study.name)[::-1]


def _scatters(record: ExplanationRecord) -> tuple[RankScatter, ...]:
    """Return rank scatters by the article's measure and by the soundest; none without weights."""
    if record.article is None or record.article["words"] is None:
        return ()
    words = ThreeViews.from_json(record.article).words
    scatters = () if words is None else words.scatters
    return tuple(own for own in scatters if own.measure in SHOWN)


def _article_ranks(wanted: Wanted, record: ExplanationRecord) -> Data:
    rows = [
        {"word": word, "first": own.x, "second": own.y, "measure": SHOWN[own.measure]}
        | {"first_rank": one, "second_rank": other, "rho": own.agreement.rho}
        | {"low": own.agreement.low, "high": own.agreement.high}
        | {"ceiling": np.nan if own.ceiling is None else own.ceiling.rho}
        for own in _scatters(record)
        for word, one, other in zip(own.words, own.ranks_x, own.ranks_y, strict=True)
    ]
    said = (
        "ranks of one run, rho and interval over words of all pairs of runs",
        "ceiling: two seeds of one model",
    )
    return Data(pd.DataFrame(rows), wanted.signed(*said))


def _task(wanted: Wanted, rows: pd.DataFrame) -> str:
    """Return the first wanted task that a table has."""
    there = set(rows.task)
    for task in wanted.chosen_tasks:
        if task in there:
            return task
    raise FigureError(
        "No wanted task is in the stored explanation.",
        found=", ".join(sorted(there)),
        hint="run `mtlv explain` for the task",
    )


def _planned(wanted: Wanted, rows: pd.DataFrame) -> Any:
    names = [plan.name for plan in wanted.chosen_plans]
    return rows["first"].isin(names) & rows["second"].isin(names)


def _names(pair: Any) -> tuple[str, str]:
    return f"{pair.first}, seed {pair.first_seed}", f"{pair.second}, seed {pair.second_seed}"


def _ranks(words: pd.DataFrame, pair: Any) -> list[tuple[str, float, float]]:
    """Return every word that both models rank, with its ranks."""
    common = words[words["count"] >= RARE].set_index("word")
    one = common[(common.plan == pair.first) & (common.seed == pair.first_seed)].mean_absolute
    other = common[(common.plan == pair.second) & (common.seed == pair.second_seed)].mean_absolute
    shared = [word for word in one.index if word in other.index]
    firsts, seconds = (rankdata(-np.asarray(own.loc[shared])) for own in (one, other))
    return list(zip(shared, firsts.tolist(), seconds.tolist(), strict=True))
