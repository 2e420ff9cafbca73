"""Groups of tasks: how they were found, what speaks for them, and what if a label moved."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from mtlv.explorer.asking import Asked, address, study_address
from mtlv.explorer.grids import Column, Grid, from_table, number, word
from mtlv.explorer.groupings import Known, Named, known_groupings
from mtlv.explorer.library import Library
from mtlv.explorer.pages.page import Choice, Drawing, Page, drawings
from mtlv.explorer.progress import progress_of
from mtlv.explorer.regrouping import Groups, Move, Prediction, moved, plan_yaml, predicted
from mtlv.report.group_tables import affinity_table, number_table

__all__ = ["groups"]

FIGURES = ("group-numbers", "feature-map", "predicted-gain", "gradient-conflict", "affinity")


def groups(library: Library, asked: Asked) -> Page:
    """Groups of a study's tasks."""
    study = library.study(asked.study)
    known = known_groupings(library, asked.study)
    own = _chosen(known, asked)
    if asked.one("label") and asked.one("to"):  # of the form: one move more
        longer = [*asked.many("move"), f"{asked.one('label')}:{asked.one('to')}"]
        there = asked.changed(move=longer, label=None, to=None) + "#what-if"
        return Page("Groups", "groups.html", {}, asked.study, redirect=there)
    moves = [Move.read(text) for text in asked.many("move")]
    after = moved(own.grouping.groups, moves)
    affinity = _affinity(known, own, asked)
    data = {
        "progress": progress_of(library, study),
        "damaged": known.damaged,
        "grouping": own,
        "forms": _forms(known, own, affinity),
        "medoids": own.grouping.medoids,
        "links": {
            task.name: study_address(asked.study, "tasks", task.name) for task in study.tasks
        },
        "numbers": [
            from_table(f"numbers{i}", number_table(own.grouping.origin, table))
            for i, table in enumerate(own.grouping.numbers)
        ],
        "affinity": from_table("affinity", affinity_table(own.grouping.affinity))
        if own.grouping.affinity
        else None,
        "recommendation": own.grouping.recommendation,
        "what_if": _what_if(known, own, asked, moves, after, affinity),
        "drawings": _drawings(known, own, asked),
    }
    return Page("Groups", "groups.html", data, asked.study)


def _chosen(known: Known, asked: Asked) -> Named:
    plan = asked.one("plan")
    first = next((key for key, own in known.groupings.items() if own.plan == plan), None)
    key = asked.choice("grouping", list(known.groupings), first or next(iter(known.groupings)))
    return known.groupings[key]


def _affinity(known: Known, own: Named, asked: Asked) -> str:
    """Return the key of the affinity that predicts; "" where there is none."""
    if not known.affinities:
        return ""
    default = own.key if own.key in known.affinities else next(iter(known.affinities))
    return asked.choice("affinity", list(known.affinities), default)


def _forms(known: Known, own: Named, affinity: str) -> list[Choice]:
    titles = {key: each.title for key, each in known.groupings.items()}
    forms = [Choice("grouping", "Grouping", list(titles.items()), [own.key])]
    if known.affinities:
        options = [
            (key, f"{each.name} ({titles.get(key, 'mtlv pairs')})")
            for key, each in known.affinities.items()
        ]
        forms.append(Choice("affinity", "Affinity", options, [affinity]))
    return forms


def _what_if(
    known: Known, own: Named, asked: Asked, moves: list[Move], after: Groups, affinity: str
) -> dict[str, Any]:
    """Return the regrouping: its groups, what they are predicted to gain, and the plan."""
    before = own.grouping.groups
    found = predicted(known.affinities[affinity], before, after) if affinity else None
    given = [str(move) for move in moves]
    where = {task: i for i, group in enumerate(after, start=1) for task in group}
    options = [(str(i), f"group {i}") for i in range(1, len(after) + 1)]
    return {
        "moves": [
            {
                "text": f"{move.task} to group {move.group}",
                "undo": asked.changed(move=given[:i] + given[i + 1 :]),
            }
            for i, move in enumerate(moves)
        ],
        "kept": [(key, value) for key, value in asked.query if key not in ("label", "to")],
        "labels": [(task, f"{task} (group {where[task]})") for task in where],
        "targets": [*options, (str(len(after) + 1), "a new group")],
        "groups": after,
        "reset": asked.changed(move=None),
        "prediction": found,
        "gains": _gains(found, where, asked.study) if found else None,
        "yaml": plan_yaml(after),
        "drawing": _alluvial(own, asked, given) if moves else None,
    }


def _gains(found: Prediction, where: dict[str, int], study: str) -> Grid:
    columns = (
        Column("task", "word"),
        Column("group now"),
        Column("gain as found"),
        Column("gain now"),
        Column("change"),
    )
    form = _form([*found.before.values(), *found.after.values()])
    rows = []
    for task, now in found.after.items():
        before = found.before.get(task)
        change = None if before is None or now is None else now - before
        rows.append(
            (
                word(task, study_address(study, "tasks", task)),
                number(where.get(task)),
                number(before, form),
                number(now, form),
                number(change, form),
            )
        )
    note = (
        f"predicted gain over being learned alone, in {found.unit}: the mean effect of the tasks "
        "in the same group; no measurement"
    )
    return Grid("gains", "Predicted gain of every task", columns, tuple(rows), note)


def _form(values: Iterable[float | None]) -> str:
    """Return the format of a column in which the largest number has three digits that count."""
    known = (abs(own) for own in values if own is not None and math.isfinite(own))
    largest = max(known, default=0.0)
    digits = 2 - math.floor(math.log10(largest)) if largest else 0
    return f"+.{max(digits, 0)}f"


def _alluvial(own: Named, asked: Asked, moves: list[str]) -> Drawing:
    query = [("grouping", own.key), *(("move", move) for move in moves)]
    href = address(study_address(asked.study, "what-if"), query)
    return Drawing("what-if", "What moves", href)


def _drawings(known: Known, own: Named, asked: Asked) -> list[Drawing]:
    plans = list(dict.fromkeys(each.plan for each in known.groupings.values() if each.plan))
    chosen = [own.plan] if own.plan else []
    names = [name for name in FIGURES if name != "group-numbers" or own.grouping.numbers]
    found = drawings(asked.study, names, plan=None)
    if chosen and own.grouping.numbers:
        found = drawings(asked.study, names[:1], plan=chosen) + found[1:]
    if len(plans) > 1:
        others = [plan for plan in plans if plan != own.plan]
        pair = [own.plan or plans[0], others[0]] if own.plan else plans[:2]
        found += drawings(asked.study, ["alluvial"], plan=pair)
    return found
