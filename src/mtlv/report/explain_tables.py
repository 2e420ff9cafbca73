"""Tables of the article's three views: held-out quality, words, cross-task quality."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from mtlv.evaluation.significance import holm
from mtlv.explain.ranks import Agreement
from mtlv.explain.view_results import CrossTask, Difference, RankScatter, ThreeViews, WordView
from mtlv.report.numbers import figure, p_value
from mtlv.report.tables import Table
from mtlv.words import counted

__all__ = ["view_tables"]

MEASURES = {
    "input_sum": "sum of the weights into the hidden layer (the article's measure)",
    "output_weights": "weights carried through the output layer",
    "integrated_gradients": "integrated gradients over the task's training texts",
}
MANY = 8
"""Columns that fit beside each other; of more models or layers, a table has rows or numbers."""
DASH = "-"
CROSS = "View 3: test texts through every output layer"
DIFFERENCE = ("difference", "95 % interval", "p", "p corrected", "test")
TESTS = {"corrected_t": "corrected t", "paired_t": "paired t"}
TESTED = (
    "corrected t: corrected resampled t-test of test parts (Nadeau & Bengio); paired t: of runs on "
    "one test part; p corrected: Holm over the rows; a difference is shown where it is below 0.05"
)


def view_tables(views: ThreeViews, *, texts: bool = True) -> list[Table]:
    """Return the three views as tables, in their order; with words only if texts may be shown.

    What compares two plans is left out where there is only one.
    """
    tables = [_held_out_table(views)] if views.held_out else []
    if views.words is not None:
        tables += _word_tables(views.words) if texts else []
        tables += _rank_tables(views.words)
    tables.append(_cross_table(views))
    return [*tables, *([_lift_table(views)] if views.lifts else [])]


def _held_out_table(views: ThreeViews) -> Table:
    differences = _differences([own.difference for own in views.held_out])
    rows = [
        (
            f"{own.task}, {own.metric}",
            figure(_mean(own.single), 100),
            figure(_mean(own.multi), 100),
            *difference,
            str(len(own.runs)),
        )
        for own, difference in zip(views.held_out, differences, strict=True)
    ]
    header = ("task, metric", *_plans(views), *DIFFERENCE, "runs")
    note = f"test part, percent, mean over runs; {TESTED}"
    return Table("View 1: held-out texts", header, tuple(rows), note)


def _word_tables(view: WordView) -> list[Table]:
    """Return the top words of every measure, a column for each model."""
    tables = []
    for measure, models in view.top.items():
        named = {
            model: [_word(own.word, own.value, measure) for own in top]
            for model, top in models.items()
        }
        title = f"View 2: most important words by {MEASURES[measure]}"
        table = _word_rows(title, named) if len(named) > MANY else _word_columns(title, named)
        tables.append(table)
    return tables


def _word_columns(title: str, named: Mapping[str, Sequence[str]]) -> Table:
    length = max(map(len, named.values()))
    filled = [[*own, *[""] * (length - len(own))] for own in named.values()]
    rows = tuple((str(i), *words) for i, words in enumerate(zip(*filled, strict=True), start=1))
    words = tuple(range(len(named) + 1))
    return Table(title, ("", *named), rows, "best mean rank over all runs", words)


def _word_rows(title: str, named: Mapping[str, Sequence[str]]) -> Table:
    rows = tuple((model, ", ".join(words)) for model, words in named.items())
    note = "best mean rank over all runs, the most important word first"
    return Table(title, ("model", "words"), rows, note, (0, 1))


def _word(word: str, value: float, measure: str) -> str:
    if measure == "input_sum":
        return word
    return f"{word} {'+' if value > 0 else '-'}"


def _rank_tables(view: WordView) -> list[Table]:
    """Return the agreement of ranks: of two models, and of two seeds of one as its ceiling."""
    rows = [_rank_row(f"{own.measure}: {own.x} | {own.y}", own) for own in view.scatters]
    for measure, models in view.ceilings.items():
        rows += [
            _ceiling_row(f"{measure}: {model}, two seeds", own) for model, own in models.items()
        ]
    if not rows:
        return []
    low, high = min(view.vocabulary), max(view.vocabulary)
    note = (
        f"Spearman's rho of the ranks of all {low if low == high else f'{low} to {high}'} words, "
        f"mean over pairs of runs of one fold with different seeds{_pairs(view)}; over words: its "
        "95 % interval, the words of one pair being the sample; over seeds: the pair of seeds that "
        "agrees least and the one that agrees most, each a mean over folds; same seed: runs that "
        "start from equal weights; ceiling: two seeds of one model, the smaller one; top: "
        "rank-biased overlap, 85 % of whose weight is on the first fifty ranks; signed: rho of the "
        "signed values"
    )
    ranges, ends = ("rho", "over words", "over seeds"), ("same seed", "ceiling", "top", "signed")
    header = ("measure: models", *ranges, *ends)
    return [Table("View 2: do ranks of words agree?", header, tuple(rows), note)]


def _pairs(view: WordView) -> str:
    """Return how many pairs of runs and of seeds there are; nothing with one seed."""
    two = [own.agreement for own in view.scatters if own.agreement is not None]
    one = [own for models in view.ceilings.values() for own in models.values()]
    told = [
        f"{name}: {counted(own[0].pairs, 'pair')} of runs from {counted(own[0].starts, 'pair')} of "
        "seeds"
        for name, own in (("of two models", two), ("of two seeds of one", one))
        if own and own[0].starts
    ]
    return f" ({', '.join(told)})" if told else ""


def _rank_row(name: str, own: RankScatter) -> tuple[str, ...]:
    ends = (_rho(own.same_seed), _rho(own.ceiling))
    top = own.agreement or own.same_seed
    return (name, *_agreement(own.agreement), *ends, *_top_and_sign(top))


def _ceiling_row(name: str, own: Agreement) -> tuple[str, ...]:
    return (name, *_agreement(own), DASH, DASH, *_top_and_sign(own))


def _agreement(own: Agreement | None) -> tuple[str, str, str]:
    """Return rho with its two ranges; dashes where all runs have one seed."""
    if own is None:
        return DASH, DASH, DASH
    return _signed(own.rho), _between(own.low, own.high), _between(own.lowest, own.highest)


def _top_and_sign(own: Agreement | None) -> tuple[str, str]:
    if own is None:
        return DASH, DASH
    return f"{own.overlap:.2f}", DASH if own.signed_rho is None else _signed(own.signed_rho)


def _cross_table(views: ThreeViews) -> Table:
    """Return all matrices in one table: a row for each task's texts, a column for each layer."""
    shown = [own for own in views.cross_task if own.metric == "accuracy"]
    if sum(len(own.tasks) for own in shown) > MANY:
        return _numbered(shown)
    header = ["texts of", "guessing"]
    for own in shown:
        header += [f"{own.plan}: {layer}" for layer in own.tasks]
    rows = [
        (
            texts,
            _guess(shown[0], i),
            *(_cell(own, i, j) for own in shown for j in range(len(own.tasks))),
        )
        for i, texts in enumerate(shown[0].tasks)
    ]
    note = (
        "accuracy in percent, mean ± sd over runs; columns: plan and task of the output layer; "
        "guessing: the best single answer to all texts"
    )
    return Table(CROSS, tuple(header), tuple(rows), note)


def _numbered(shown: Sequence[CrossTask]) -> Table:
    """Return the matrices of many tasks below each other, their columns by number."""
    rows = [
        (f"{own.plan}: {i + 1} {texts}", _guess(own, i), *(_mean_cell(v) for v in own.mean[i]))
        for own in shown
        for i, texts in enumerate(own.tasks)
    ]
    header = ("plan: texts of", "guessing", *(str(i + 1) for i in range(len(shown[0].tasks))))
    note = (
        "accuracy in percent, mean over runs (their sd is told by `mtlv explain --json`); columns: "
        "the output layer of the task of that number; guessing: the best single answer to all texts"
    )
    return Table(CROSS, header, tuple(rows), note)


def _lift_table(views: ThreeViews) -> Table:
    means = [own for own in views.cross_task if own.metric == "accuracy"]
    place = {name: index for index, name in enumerate(means[0].tasks)}
    lifts = [own for own in views.lifts if own.texts != own.layer]
    lifts.sort(key=lambda own: -abs(own.difference.mean))
    rows = []
    for own, difference in zip(lifts, _differences([own.difference for own in lifts]), strict=True):
        values = [figure(m.mean[place[own.texts]][place[own.layer]], 100) for m in means]
        rows.append((f"{own.texts} | {own.layer}", *values, *difference))
    header = ("texts | layer", *_plans(views), *DIFFERENCE)
    title = "View 3: what sharing does for another task's layer"
    return Table(
        title, header, tuple(rows), f"accuracy in percent, largest differences first; {TESTED}"
    )


def _plans(views: ThreeViews) -> list[str]:
    return [name for name in (views.single, views.multi) if name is not None]


def _differences(rows: Sequence[Difference]) -> list[tuple[str, ...]]:
    """Return the cells of `DIFFERENCE` for every row of a table, corrected together."""
    corrected = holm(np.array([own.p for own in rows])).tolist()
    return [_difference(own, p) for own, p in zip(rows, corrected, strict=True)]


def _difference(own: Difference, p_corrected: float) -> tuple[str, ...]:
    mean = figure(own.mean, 100, "+")
    if math.isnan(own.p):
        return mean, *[DASH] * (len(DIFFERENCE) - 1)
    low, high = (figure(value, 100, "+") for value in (own.low, own.high))
    test = f"{TESTS[own.test]}, {counted(own.pairs, own.unit)}"
    return mean, f"{low} to {high}", p_value(own.p), p_value(p_corrected), test


def _guess(own: CrossTask, i: int) -> str:
    return DASH if not own.guess or math.isnan(own.guess[i]) else figure(own.guess[i], 100)


def _mean_cell(value: float) -> str:
    return DASH if math.isnan(value) else figure(value, 100)


def _cell(own: CrossTask, i: int, j: int) -> str:
    if math.isnan(own.mean[i][j]):
        return DASH
    spread = "" if math.isnan(own.sd[i][j]) else f" ± {figure(own.sd[i][j], 100)}"
    return f"{figure(own.mean[i][j], 100)}{spread}"


def _rho(own: Agreement | None) -> str:
    return DASH if own is None else _signed(own.rho)


def _signed(value: float) -> str:
    return f"{value:+.2f}"


def _between(low: float, high: float) -> str:
    return DASH if math.isnan(low) else f"{_signed(low)} to {_signed(high)}"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
