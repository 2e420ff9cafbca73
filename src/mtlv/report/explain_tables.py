"""Tables of the article's three views: held-out quality, words, cross-task quality."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mtlv.explain.ranks import Agreement
from mtlv.explain.view_results import CrossTask, Difference, RankScatter, ThreeViews, WordView
from mtlv.report.numbers import figure
from mtlv.report.tables import Table

__all__ = ["view_tables"]

MEASURES = {
    "input_sum": "sum of the weights into the hidden layer (the article's measure)",
    "output_weights": "weights carried through the output layer",
    "integrated_gradients": "integrated gradients over the task's training texts",
}
DASH = "-"


def view_tables(views: ThreeViews, *, texts: bool = True) -> list[Table]:
    """Return the three views as tables, in their order; with words only if texts may be shown."""
    words = []
    if views.words is not None:
        words = [*(_word_tables(views.words) if texts else ()), _rank_table(views.words)]
    return [_held_out_table(views), *words, _cross_table(views), _lift_table(views)]


def _held_out_table(views: ThreeViews) -> Table:
    rows = [
        (
            f"{own.task}, {own.metric}",
            figure(_mean(own.single), 100),
            figure(_mean(own.multi), 100),
            *_difference(own.difference),
        )
        for own in views.held_out
    ]
    header = ("task, metric", views.single, views.multi, "difference", "95 % interval", "p")
    runs = len(views.held_out[0].runs)
    note = f"test part, percent, mean over {runs} runs; {_tested(views.held_out[0].difference)}"
    return Table("View 1: held-out texts", header, tuple(rows), note)


def _word_tables(view: WordView) -> list[Table]:
    """Return the top words of every measure, a column for each model."""
    tables = []
    for measure, models in view.top.items():
        columns = [[_word(own.word, own.value, measure) for own in top] for top in models.values()]
        length = max(map(len, columns))
        filled = [[*own, *[""] * (length - len(own))] for own in columns]
        rows = tuple((str(i), *words) for i, words in enumerate(zip(*filled, strict=True), start=1))
        title = f"View 2: most important words by {MEASURES[measure]}"
        header = ("", *models)
        words = tuple(range(len(header)))
        tables.append(Table(title, header, rows, "best mean rank over all runs", words))
    return tables


def _word(word: str, value: float, measure: str) -> str:
    if measure == "input_sum":
        return word
    return f"{word} {'+' if value > 0 else '-'}"


def _rank_table(view: WordView) -> Table:
    rows = [_rank_row(own) for own in view.scatters]
    low, high = min(view.vocabulary), max(view.vocabulary)
    note = (
        f"Spearman's rho of the ranks of all {low if low == high else f'{low} to {high}'} words, "
        "mean over pairs of runs of one "
        "fold with different seeds, and its 95 % interval over words; same seed: runs that start "
        "from equal weights; ceiling: two seeds of one model, the smaller one; top: rank-biased "
        "overlap, 85 % of whose weight is on the first fifty ranks; signed: rho of the "
        "signed values"
    )
    header = ("measure: models", "rho", "interval", "same seed", "ceiling", "top", "signed")
    return Table("View 2: do ranks of words agree?", header, tuple(rows), note)


def _rank_row(own: RankScatter) -> tuple[str, ...]:
    found = own.agreement
    return (
        f"{own.measure}: {own.x} | {own.y}",
        _signed(found.rho),
        f"{_signed(found.low)} to {_signed(found.high)}",
        _rho(own.same_seed),
        _rho(own.ceiling),
        f"{found.overlap:.2f}",
        DASH if found.signed_rho is None else _signed(found.signed_rho),
    )


def _cross_table(views: ThreeViews) -> Table:
    """Return all matrices in one table: a row for each task's texts, a column for each layer."""
    shown = [own for own in views.cross_task if own.metric == "accuracy"]
    header = ["texts of"]
    for own in shown:
        header += [f"{own.plan}: {layer}" for layer in own.tasks]
    rows = [
        (texts, *(_cell(own, i, j) for own in shown for j in range(len(own.tasks))))
        for i, texts in enumerate(shown[0].tasks)
    ]
    note = "accuracy in percent, mean ± sd over runs; columns: plan and task of the output layer"
    return Table("View 3: test texts through every output layer", tuple(header), tuple(rows), note)


def _lift_table(views: ThreeViews) -> Table:
    means = {own.plan: own for own in views.cross_task if own.metric == "accuracy"}
    rows = []
    for own in (lift for lift in views.lifts if lift.texts != lift.layer):
        at = [means[views.single].tasks.index(name) for name in (own.texts, own.layer)]
        values = [figure(means[p].mean[at[0]][at[1]], 100) for p in (views.single, views.multi)]
        rows.append((f"{own.texts} | {own.layer}", *values, *_difference(own.difference)))
    header = ("texts | layer", views.single, views.multi, "difference", "95 % interval", "p")
    note = "accuracy in percent"
    if views.lifts:
        note += f"; {_tested(views.lifts[0].difference)}"
    return Table("View 3: what sharing does for another task's layer", header, tuple(rows), note)


def _difference(own: Difference) -> tuple[str, str, str]:
    mean = figure(own.mean, 100, "+")
    if math.isnan(own.p):
        return mean, DASH, DASH
    low, high = (figure(value, 100, "+") for value in (own.low, own.high))
    return mean, f"{low} to {high}", "<0.001" if own.p < 0.001 else f"{own.p:.3f}"


def _tested(own: Difference) -> str:
    name = "corrected resampled t-test" if own.test == "corrected_t" else "paired t-test"
    return f"{name} over {own.pairs} {own.unit}s, p not corrected for the number of rows"


def _cell(own: CrossTask, i: int, j: int) -> str:
    if math.isnan(own.mean[i][j]):
        return DASH
    spread = "" if math.isnan(own.sd[i][j]) else f" ± {figure(own.sd[i][j], 100)}"
    return f"{figure(own.mean[i][j], 100)}{spread}"


def _rho(own: Agreement | None) -> str:
    return DASH if own is None else _signed(own.rho)


def _signed(value: float) -> str:
    return f"{value:+.2f}"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
