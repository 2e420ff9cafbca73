"""Frames of explanations: what `mtlv explain` stored of a study, as figures draw it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from mtlv.errors import FigureError
from mtlv.explain.view_results import RankScatter, ThreeViews
from mtlv.report.explain_texts import difference_name
from mtlv.report.frames.wanted import FRAMES, Data, Wanted, no_data
from mtlv.store.record import ExplanationRecord

__all__ = ["attributions", "cross_task", "data_map", "encoder_similarity", "word_ranks"]

PAIRS = 4
"""So many pairs of models are drawn where no plan is named."""
TASKS = 2
"""So many tasks are drawn in pairs where none is named."""
RARE = 2
SHOWN = {"input_sum": "input sums", "integrated_gradients": "integrated gradients"}
"""Measures of a bag of words that are drawn: the article's, and the soundest."""


@FRAMES.register("word-ranks")
def word_ranks(wanted: Wanted) -> Data:
    """Ranks of words by mean absolute attribution, between plans and between two seeds of one.

    Of a bag of words, ranks by its weights: by the article's measure and by the soundest.
    """
    for own in _explanations(wanted):
        scatters = _scatters(wanted, own)
        if scatters:
            return _article_ranks(scatters, wanted)
    record, agreement = _stored(wanted, "word-ranks", "agreement")
    words = wanted.store.explanations.frame(record.id, "words").to_pandas()
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
    """What each word of the text that was last explained adds, in every plan, and differences."""
    record, rows = _stored(wanted, "attributions", "attributions")
    task = _task(wanted, rows)
    rows = rows[(rows.task == task) & rows.plan.isin([own.name for own in wanted.chosen_plans])]
    if record.frames.get("differences"):
        more = wanted.store.explanations.frame(record.id, "differences").to_pandas()
        more = more[(more.task == task) & _planned(wanted, more)]
        names = [difference_name(row) for row in more.to_dict("records")]
        rows = pd.concat([rows, more.assign(plan=names)], ignore_index=True)
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
    if "guess" not in rows:
        found = "an explanation of an earlier version, without what guessing scores"
        raise no_data(wanted, "cross-task", found, _again(wanted))
    rows = rows[rows.metric == rows.metric.iloc[0]]
    said = f"runs:{rows.runs.max()}", "white: what one answer for all texts scores"
    shares = {"value": 100 * rows["mean"], "guess": 100 * rows.guess}
    return Data(rows.assign(**shares), wanted.signed(rows.metric.iloc[0], *said))


def _stored(wanted: Wanted, figure: str, name: str) -> tuple[ExplanationRecord, pd.DataFrame]:
    """Return the wanted explanation of the study, or the latest that has a table, and the table."""
    for record in _explanations(wanted):
        if record.frames.get(name):
            return record, wanted.store.explanations.frame(record.id, name).to_pandas()
    found = "no explanation is stored" if wanted.explanation is None else "no such view in it"
    raise no_data(wanted, figure, found, _again(wanted, ' --text "…"' * (name == "attributions")))


def _again(wanted: Wanted, more: str = "") -> str:
    return f"run `mtlv explain {wanted.outcome.study.name}{more}`, which says what it needs"


def _explanations(wanted: Wanted) -> list[ExplanationRecord]:
    """Return the study's explanations, the latest first, or the one that is wanted."""
    shelf, study = wanted.store.explanations, wanted.outcome.study.name
    if wanted.explanation is None:
        return shelf.of(study)[::-1]
    if wanted.explanation not in shelf.ids() or shelf[wanted.explanation].study != study:
        raise FigureError(
            f"The study has no explanation '{wanted.explanation[:60]}'.",
            where=f"study '{study}'",
            hint=_again(wanted),
        )
    return [shelf[wanted.explanation]]


def _scatters(wanted: Wanted, record: ExplanationRecord) -> list[RankScatter]:
    """Return rank scatters of a few tasks by the article's measure and by the soundest.

    There is none where importance does not come from weights.
    """
    if record.article is None or record.article["words"] is None:
        return []
    views = ThreeViews.from_json(record.article)
    tasks = [own for own in wanted.chosen_tasks if own in record.tasks]
    tasks = tasks if wanted.tasks else tasks[:TASKS]
    shown = {f"{plan}: {task}" for plan in (views.single, views.multi) for task in tasks}
    scatters = () if views.words is None else views.words.scatters
    return [own for own in scatters if own.measure in SHOWN and {own.x, own.y} <= shown]


def _article_ranks(scatters: Sequence[RankScatter], wanted: Wanted) -> Data:
    rows = [
        {"word": word, "first": own.x, "second": own.y, "measure": SHOWN[own.measure]}
        | {"first_rank": one, "second_rank": other, **_range(own)}
        for own in scatters
        for word, one, other in zip(own.words, own.ranks_x, own.ranks_y, strict=True)
    ]
    found = scatters[0].agreement
    if found is None:
        said = "rho of runs of one seed, which start alike; in brackets: 95 % interval over words"
    elif found.starts > 1:
        said = f"rho of {found.pairs} pairs of runs; in brackets: of {found.starts} pairs of seeds"
        said += " the ones that agree least and most"
    else:
        said = f"rho of {found.pairs} pairs of runs; in brackets: 95 % interval over words"
    return Data(
        pd.DataFrame(rows), wanted.signed("ranks of one run", said, "ceiling: two seeds of a model")
    )


def _range(own: RankScatter) -> dict[str, float]:
    """Return rho, its range over pairs of seeds or else over words, and the ceiling."""
    found = own.agreement or own.same_seed
    ceiling = np.nan if own.ceiling is None else own.ceiling.rho
    if found is None:
        return {"rho": np.nan, "low": np.nan, "high": np.nan, "ceiling": ceiling}
    ends = (found.lowest, found.highest) if found.starts > 1 else (found.low, found.high)
    return {"rho": found.rho, "low": ends[0], "high": ends[1], "ceiling": ceiling}


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
