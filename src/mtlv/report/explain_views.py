"""Tables of a study's views, made of its explanation's record and stored tables alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mtlv.explain.view_results import ThreeViews
from mtlv.report.explain_rows import Rows, distinct
from mtlv.report.explain_tables import view_tables
from mtlv.report.tables import Table
from mtlv.store.record import ExplanationRecord
from mtlv.words import counted

__all__ = ["study_tables"]

OF_TEXTS = ("words", "data_map", "disagreement")
"""Tables that show texts or their words."""
TOP = 10
LONGEST = 60
EXAMPLES = 12
"""About so many texts are shown on which plans disagree, one for each task and pair at least."""


def study_tables(
    record: ExplanationRecord, rows: Mapping[str, Rows], *, texts: bool = True
) -> list[Table]:
    """Return the tables of a study's views, and one of the views that it does not allow.

    Args:
        record: of the explanation.
        rows: its stored tables.
        texts: whether to show those with texts or their words.
    """
    makers = {
        "words": _words,
        "agreement": _agreement,
        "texts": _deltas,
        "similarity": _similarity,
        "conflict": _conflict,
        "data_map": _data_map,
        "judged": _judged,
        "disagreement": _disagreement,
    }
    article: list[Table] = []
    if record.article is not None:
        article = view_tables(ThreeViews.from_json(record.article), texts=texts)
    shown = [name for name in makers if name in rows and (texts or name not in OF_TEXTS)]
    tables = [makers[name](rows[name]) for name in shown]
    return [*article, *tables, *_missing(record)]


def _words(rows: Rows) -> Table:
    shown = []
    for plan, task in dict.fromkeys((row["plan"], row["task"]) for row in rows):
        own = [row for row in rows if (row["plan"], row["task"]) == (plan, task)]
        own = [row for row in own if row["seed"] == own[0]["seed"]]
        top = [row for row in own if row["count"] > 1][:TOP]
        words = ", ".join(f"{row['word']} {row['mean']:+.2f}" for row in top)
        shown.append((task, plan, words))
    note = (
        "test texts of the first fold, half of them with a binary task's label if so many have it; "
        "a model of the first seed; largest mean absolute attribution, in two places or more; the "
        "number is the signed mean"
    )
    return Table("Words that matter", ("task", "plan", "words"), tuple(shown), note, (0, 1, 2))


def _agreement(rows: Rows) -> Table:
    return _paired(
        "Agreement of words' ranks",
        rows,
        ("rho", "overlap"),
        "Spearman's rho and rank-biased overlap of mean absolute attributions, mean over pairs of "
        "models of the first fold; two seeds of one plan are the ceiling",
    )


def _similarity(rows: Rows) -> Table:
    layers = sorted({row["layer"] for row in rows})
    named = [{**row, f"layer {row['layer']}": row["cka"]} for row in rows]
    return _paired(
        "Similarity of encoders",
        named,
        [f"layer {layer}" for layer in layers],
        "debiased linear CKA on the same test texts of the first fold, mean over pairs of models; "
        "two seeds of one plan are the ceiling",
    )


def _paired(title: str, rows: Rows, values: Sequence[str], note: str) -> Table:
    """Return means over pairs of models by task and plans; the same plan twice means its seeds.

    Where there are several tasks, their means come first. Models of one seed begin alike, so where
    there are two seeds, only unequal ones are compared.
    """
    unequal = [row for row in rows if row["first_seed"] != row["second_seed"]]
    tasks = distinct(rows, "task")
    over = f"mean of {counted(len(tasks), 'task')}"
    means: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in unequal or rows:
        same = row["first"] == row["second"]
        pair = f"{row['first']}, two seeds" if same else f"{row['first']} / {row['second']}"
        means.setdefault((over, pair), []).append(row)
        found.setdefault((row["task"], pair), []).append(row)
    found = means | found if len(tasks) > 1 else found
    lines = [(*key, *(_mean(own, name) for name in values)) for key, own in found.items()]
    return Table(title, ("task", "models", *values), tuple(lines), note, (0, 1))


def _mean(rows: Rows, name: str) -> str:
    values = [row[name] for row in rows if row.get(name) is not None and math.isfinite(row[name])]
    return f"{np.mean(values):.2f}" if values else "-"


def _deltas(rows: Rows) -> Table:
    lines = []
    for plan, task in dict.fromkeys((row["plan"], row["task"]) for row in rows):
        own = [row for row in rows if (row["plan"], row["task"]) == (plan, task)]
        relative = [row["relative_delta"] for row in own if math.isfinite(row["relative_delta"])]
        lines.append(
            (
                task,
                plan,
                str(len(own)),
                f"{np.median([abs(row['delta']) for row in own]):.4f}",
                f"{max(abs(row['delta']) for row in own):.4f}",
                f"{100 * float(np.median(relative)):.1f} %" if relative else "-",
                str(max(row["steps"] for row in own)),
                str(sum(bool(row["cut"]) for row in own)),
            )
        )
    header = ("task", "plan", "texts", "median delta", "largest", "relative", "steps", "cut")
    note = "delta: by how much attributions miss the score difference; cut: texts that are too long"
    return Table("Convergence of attributions", header, tuple(lines), note, (0, 1))


def _conflict(rows: Rows) -> Table:
    lines = []
    for pair in dict.fromkeys((row["first"], row["second"]) for row in rows):
        own = [row["cosine"] for row in rows if (row["first"], row["second"]) == pair]
        below = 100 * float(np.mean(np.asarray(own) < 0))
        lines.append((" / ".join(pair), f"{np.mean(own):+.3f}", f"{below:.0f} %", str(len(own))))
    note = "over moments and layers; a conflict is no negative transfer"
    header = ("tasks", "mean cosine", "below 0", "measured")
    return Table("Gradients of tasks", header, tuple(lines), note)


def _data_map(rows: Rows) -> Table:
    lines = []
    for task in distinct(rows, "task"):
        own = [row for row in rows if row["task"] == task]
        hardest = min(own, key=lambda row: row["confidence"])
        confidence = float(np.mean([row["confidence"] for row in own]))
        variability = float(np.mean([row["variability"] for row in own]))
        words = _cut(hardest["words"])
        lines.append((task, str(len(own)), f"{confidence:.2f}", f"{variability:.2f}", words))
    header = ("task", "texts", "confidence", "variability", "hardest text")
    note = "mean over training texts of the mean and sd of the true class's probability over epochs"
    return Table("Data map", header, tuple(lines), note, (0, 4))


def _judged(rows: Rows) -> Table:
    names = ("texts", "both_right", "both_wrong", "first_alone", "second_alone", "tied")
    lines = tuple(
        (f"{row['task']}: {row['first']} / {row['second']}", *(str(row[name]) for name in names))
        for row in rows
    )
    fold = rows[0]["fold"] + 1
    seeds = sorted({row[own] for row in rows for own in ("first_seeds", "second_seeds")})
    several = (
        f"more than half of its {' or '.join(map(str, seeds))} seeds are, and wrong where fewer "
        "than half are; tied: half of a plan's seeds are right and half wrong, so the text counts "
        "for neither plan"
    )
    right = "its one seed is" if seeds == [1] else several
    note = f"test texts of fold {fold} alone; a plan is right where {right}"
    header = ("task: first / second", *(name.replace("_", " ") for name in names))
    return Table("On how many texts plans disagree", header, lines, note)


def _disagreement(rows: Rows) -> Table:
    """Return the texts on which most seeds differ, a few for each task and pair of plans."""
    lines = []
    keys = dict.fromkeys((row["task"], row["first"], row["second"]) for row in rows)
    most = max(1, EXAMPLES // len(keys))
    for key in keys:
        own = [row for row in rows if (row["task"], row["first"], row["second"]) == key]
        own.sort(key=lambda row: -abs(row["first_right"] - row["second_right"]))
        for row in own[:most]:
            shares = sorted(
                ((row["first_right"], key[1]), (row["second_right"], key[2])), reverse=True
            )
            names = (f"{plan} ({share:.0%})" for share, plan in shares)
            lines.append((key[0], *names, f"{row['target']:g}", _cut(row["words"])))
    header = ("task", "right", "wrong", "truth", "text")
    note = (
        f"of each task and pair of plans at most {most}, those on which seeds differ most; in "
        "brackets the share of a plan's seeds that are right"
    )
    return Table("Texts on which plans disagree", header, tuple(lines), note, (0, 1, 2, 4))


def _missing(record: ExplanationRecord) -> list[Table]:
    if not record.missing:
        return []
    lines = tuple((own.view, own.reason, own.setting) for own in record.missing)
    header = ("view", "why not", "what would allow it")
    return [Table("Views that the study does not allow", header, lines, words=(0, 1, 2))]


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
