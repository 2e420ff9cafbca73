"""Frames of examples that one plan gets right and another gets wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from mtlv.evaluation.judging import decided
from mtlv.evaluation.predictions import TaskPredictions
from mtlv.evaluation.thresholds import DEFAULT_THRESHOLD
from mtlv.report.frames.wanted import FRAMES, Data, Wanted, no_data
from mtlv.store.outcome import CellOutcome, PlanOutcome, cell_predictions
from mtlv.words import counted

__all__ = ["discordant", "judged_examples"]

Array = np.ndarray[Any, Any]

EXAMPLES = ["task", "corpus", "id", "fold", "seed", "first_right", "second_right"]


@FRAMES.register("discordant")
def discordant(wanted: Wanted) -> Data:
    """Examples of the test part that only one of two plans gets right, counted by task.

    With several seeds, the counts are means over them.
    """
    first, second = _two(wanted)
    examples = judged_examples(wanted)
    if examples.empty:
        raise no_data(
            wanted, "discordant", "no task with right and wrong decisions", "see --task and --plan"
        )
    seeds = examples.seed.nunique()
    a, b = examples.first_right, examples.second_right
    told = examples.assign(only_first=a & ~b, only_second=b & ~a, both=a & b, neither=~a & ~b)
    columns = ["only_first", "only_second", "both", "neither"]
    frame = told.groupby("task", sort=False)[columns].sum() / seeds
    frame = frame.reset_index().assign(first=first.name, second=second.name)
    thresholds = first.cells[0].scores.thresholds.describe()
    words = f"test part, {counted(len(examples) // seeds, 'decision')}"
    words += f", mean of {seeds} seeds" if seeds > 1 else ""
    return Data(frame, wanted.signed(words, f"thresholds:{thresholds}"))


def judged_examples(wanted: Wanted) -> pd.DataFrame:
    """Return whether each of two plans decides each test example right.

    Of tagging tasks, a text is right if all of its tags are. Regression tasks are left out.

    Returns:
        A row per task, example, fold and seed, with the columns `task`, `corpus`, `id`, `fold`,
        `seed`, `first_right` and `second_right`; discordant are those where the two differ.
    """
    first, second = _two(wanted)
    others = {(cell.cell.fold, cell.cell.seed): cell for cell in second.cells}
    pairs = [(cell, others.get((cell.cell.fold, cell.cell.seed))) for cell in first.cells]
    frames = [
        frame
        for cell, other in pairs
        if other is not None
        for frame in _of_pair(wanted, cell, other)
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=EXAMPLES)


def _two(wanted: Wanted) -> tuple[PlanOutcome, PlanOutcome]:
    """Return the plan to look at and the one that it is compared with."""
    if len(wanted.plans) == 2:
        first, second = wanted.chosen_plans
        return first, second
    base = wanted.base
    others = [plan for plan in wanted.chosen_plans if plan.name != base.name]
    if not others:
        raise no_data(wanted, "discordant", f"no plan but '{base.name}'", "name two with --plan")
    return others[0], base


def _of_pair(wanted: Wanted, cell: CellOutcome, other: CellOutcome) -> Iterator[pd.DataFrame]:
    parts = [cell_predictions(wanted.store, each.cell)["test"].tasks for each in (cell, other)]
    for task in wanted.chosen_tasks:
        if task not in parts[0] or task not in parts[1] or parts[0][task].kind == "regression":
            continue
        rights = [
            _right(part[task], each.scores.thresholds.values.get(task, DEFAULT_THRESHOLD))
            for part, each in zip(parts, (cell, other), strict=True)
        ]
        ids, first, second = _side_by_side(*rights)
        yield pd.DataFrame(
            {"task": task, "corpus": parts[0][task].corpus, "id": ids}
            | {"fold": cell.cell.fold, "seed": cell.cell.seed}
            | {"first_right": first, "second_right": second}
        )


Rights = tuple[Array, Array]
"""Ids of the examples with a target, (N,), and whether each is decided right."""


def _side_by_side(ours: Rights, theirs: Rights) -> tuple[Array, Array, Array]:
    """Return the ids that both have, and whether each of the two is right there."""
    if np.array_equal(ours[0], theirs[0]):
        return *ours, theirs[1]
    ids, own, other = np.intersect1d(ours[0], theirs[0], return_indices=True)
    return ids, ours[1][own], theirs[1][other]


def _right(task: TaskPredictions, threshold: float) -> Rights:
    decisions = decided(task, threshold)
    if task.kind == "tagging":
        known = np.array([not np.isnan(tags).all() for tags in task.targets])
        right = [bool(_tags_right(*pair)) for pair in zip(decisions, task.targets, strict=True)]
        return task.ids[known], np.array(right, bool)[known]
    known = ~np.isnan(task.targets)
    return task.ids[known], np.asarray(decisions == task.targets)[known]


def _tags_right(decisions: Any, targets: Any) -> bool:
    known = ~np.isnan(targets)
    return bool((np.asarray(decisions)[known] == targets[known]).all())
