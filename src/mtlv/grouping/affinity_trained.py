"""Affinities by real training: every pair, or every group of few tasks.

They are what cheaper affinities are judged by, rather than a way to save time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mtlv.errors import GroupingError
from mtlv.grouping.affinity_value import Affinity, check_several, cost_of_training, pairwise
from mtlv.grouping.context import Array, TaskContext, Trained
from mtlv.grouping.gains import PairGains, TableGains, Unit, all_pairs
from mtlv.grouping.settings import GroupingSettings
from mtlv.tasks import TaskSet

__all__ = ["exhaustive", "pairs", "points_of", "train_all", "trained_values"]

MOST_TASKS = 6


def pairs(context: TaskContext, settings: GroupingSettings) -> Affinity:
    """Gain of each task in every pair over being alone (Standley et al. 2020, section 4.2).

    Standard errors are pooled over all trainings, as there are few seeds. The noise of a task's
    value alone is common to its column, and is drawn as such.
    """
    names = context.tasks.names
    check_several(names)
    members = np.vstack([np.eye(len(names), dtype=bool), all_pairs(len(names))])  # (P, T)
    trained = train_all(context, members, settings.seeds, settings.epochs)
    unit = points_of(context.tasks)
    table = TableGains(names, members, trained_values(context, members, trained), unit)
    matrix, errors = pairwise(table)
    gains = PairGains(matrix, unit=unit)
    if table.has_errors:
        error = np.full_like(matrix, table.error())
        gains = PairGains(matrix, error, error[0], unit, freedom=table.freedom)
    cost = cost_of_training([each for by_seed in trained for each in by_seed], context)
    note = f"validation, {_count(len(settings.seeds), 'seed')}, {len(members)} groups each"
    return Affinity("pairs", names, matrix, errors, gains, cost, note)


def exhaustive(context: TaskContext, settings: GroupingSettings) -> Affinity:
    """Gains in every group there is, each of them trained.

    Raises:
        GroupingError: that would be too many.
    """
    names = context.tasks.names
    check_several(names)
    groups = 2 ** len(names) - 1
    if len(names) > MOST_TASKS:
        raise GroupingError(
            "There are too many groups to train them all.",
            where="affinity exhaustive",
            found=f"{len(names)} tasks: {groups * len(settings.seeds)} trainings",
            expected=f"at most {MOST_TASKS} tasks",
            hint="use `affinity: surrogate`, which trains some groups and predicts the others",
        )
    codes = np.arange(1, groups + 1)
    members = (codes[:, None] >> np.arange(len(names)) & 1).astype(bool)  # (P, T)
    trained = train_all(context, members, settings.seeds, settings.epochs)
    values = trained_values(context, members, trained)
    gains = TableGains(names, members, values, points_of(context.tasks))
    matrix, errors = pairwise(gains)
    cost = cost_of_training([each for by_seed in trained for each in by_seed], context)
    note = f"validation, {_count(len(settings.seeds), 'seed')}, all {groups} groups"
    return Affinity("exhaustive", names, matrix, errors, gains, cost, note)


def points_of(tasks: TaskSet) -> Unit:
    """Return what trained models are judged by: see `mtlv.evaluation.judging.validation_value`."""
    metrics = {
        "average precision" if task.kind == "binary" else "the primary metric" for task in tasks
    }
    return Unit(f"points of {' or '.join(sorted(metrics))}", 100)


def train_all(
    context: TaskContext, members: Array, seeds: Sequence[int], epochs: int | None
) -> list[list[Trained]]:
    """Train groups with every seed; return what came of it by seed, then by group.

    Args:
        context: to train in.
        members: of the groups, (P, T) bool.
        seeds: of the trainings.
        epochs: to train for; None means as long as the study trains.
    """
    names = context.tasks.names
    groups = [tuple(names[place] for place in np.flatnonzero(group)) for group in members]
    return [context.train(groups, seed, epochs) for seed in seeds]


def trained_values(
    context: TaskContext, members: Array, trained: Sequence[Sequence[Trained]]
) -> Array:
    """Return the values of members by seed, (P, T, S); NaN for tasks that are no members.

    Raises:
        GroupingError: the value of a member is undefined.
    """
    names = context.tasks.names
    values = np.full((*members.shape, len(trained)), np.nan)
    for seed, by_group in enumerate(trained):
        for row, each in enumerate(by_group):
            for place in np.flatnonzero(members[row]):
                values[row, place, seed] = each.values.get(names[place], np.nan)
    if (undefined := (members[..., None] & ~np.isfinite(values))).any():
        row, place, seed = np.argwhere(undefined)[0].tolist()
        raise GroupingError(
            f"The task '{names[place]}' has no validation value to compare groups by.",
            where=f"job {trained[seed][row].job}",
            hint="leave it out, or validate on more texts: it may have no positive one there",
        )
    return values


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
