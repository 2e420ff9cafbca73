"""Frames of groupings: their number of groups, task features, and two side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mtlv.report.frames.wanted import FRAMES, Data, Wanted, no_data
from mtlv.store.record import FoundGrouping, GroupingRecord

__all__ = [
    "alluvial",
    "feature_map",
    "group_numbers",
    "groupings",
]

GROUP = "group the tasks with `mtlv group CONFIG`, or in a plan of the study"


@dataclass(frozen=True)
class Found:
    """A grouping of the study, with where it comes from.

    Args:
        name: of the plan, or how the groups were found where they were asked for by themselves.
        fold: from 0.
        grouping: its record.
    """

    name: str
    fold: int
    grouping: GroupingRecord


def groupings(wanted: Wanted) -> Iterator[Found]:
    """Yield the groupings of the wanted plans, then those that `mtlv group` found for the study."""
    for plan in wanted.chosen_plans:
        seed = plan.cells[0].cell.seed
        for cell in plan.cells:
            if cell.cell.grouping is not None and cell.cell.seed == seed:
                yield Found(plan.name, cell.cell.fold, cell.cell.grouping)
    for found in () if wanted.plans else _asked_for(wanted):
        yield Found(found.grouping.origin, found.fold, found.grouping)


@FRAMES.register("group-numbers")
def group_numbers(wanted: Wanted) -> Data:
    """Inertia, silhouette or gap by number of groups, of every grouping that looked at them."""
    rows = [
        {"plan": found.name, "method": table.method, "fold": found.fold, "groups": k}
        | {"value": value, "chosen": k == table.chosen}
        | {"error": np.nan if table.errors is None else table.errors[i]}
        for found in groupings(wanted)
        for table in found.grouping.numbers
        for i, (k, value) in enumerate(zip(table.groups, table.values, strict=True))
    ]
    if not rows:
        raise no_data(wanted, "group-numbers", "no grouping that tried several numbers", GROUP)
    folds = len({row["fold"] for row in rows})
    return Data(pd.DataFrame(rows), wanted.signed("training part", f"mean over folds:{folds}"))


@FRAMES.register("feature-map")
def feature_map(wanted: Wanted) -> Data:
    """Features of the tasks on their first two principal components, from `mtlv group`."""
    tasks = [task.name for task in wanted.outcome.study.tasks]
    for found in _asked_for(wanted):
        features = wanted.store.groupings.features(found.id)
        if features is not None and len(features) == len(tasks):
            return _mapped(wanted, found, features, tasks)
    raise no_data(wanted, "feature-map", "no stored task features", "run `mtlv group CONFIG`")


@FRAMES.register("alluvial")
def alluvial(wanted: Wanted) -> Data:
    """Two groupings of the same tasks: the first two that differ, those of wanted plans first."""
    left, right = _two(wanted)
    sides = [_group_of(own.grouping) for own in (left, right)]
    tasks = [task for task in wanted.chosen_tasks if all(task in side for side in sides)]
    rows = [
        {"task": task, "left": sides[0][task], "right": sides[1][task]}
        | {"left_title": left.name, "right_title": right.name}
        for task in tasks
    ]
    words = f"folds {left.fold + 1} and {right.fold + 1}"
    return Data(
        pd.DataFrame(rows), wanted.signed(words, f"tasks:{len(tasks)}", _agreement(sides, tasks))
    )


def _two(wanted: Wanted) -> tuple[Found, Found]:
    by_name: dict[str, Found] = {}
    for found in groupings(wanted):
        by_name.setdefault(found.name, found)
    if len(by_name) < 2:
        raise no_data(wanted, "alluvial", "fewer than two groupings of the study", GROUP)
    left, *others = by_name.values()
    for own in others:
        if set(map(frozenset, own.grouping.groups)) != set(map(frozenset, left.grouping.groups)):
            return left, own
    raise no_data(wanted, "alluvial", "no two groupings that differ", GROUP)


def _asked_for(wanted: Wanted) -> list[FoundGrouping]:
    """Return the groupings that were found for the study by themselves, newest first."""
    return wanted.store.groupings.of(wanted.outcome.study.name)


def _mapped(wanted: Wanted, found: FoundGrouping, features: np.ndarray, tasks: list[str]) -> Data:
    centred = features - features.mean(axis=0)  # (T, D)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    places = np.zeros((len(tasks), 2))
    places[:, : min(2, len(s))] = (u * s)[:, :2]
    total = float((s**2).sum()) or 1.0
    shares = [100 * float(value**2) / total for value in [*s, 0.0, 0.0][:2]]
    group_of, middle = _group_of(found.grouping), found.grouping.medoids
    rows = [
        {"task": task, "group": group_of.get(task, "none"), "x": x, "y": y}
        | {"x_share": shares[0], "y_share": shares[1], "middle": task in middle}
        for task, (x, y) in zip(tasks, places.tolist(), strict=True)
    ]
    words = [found.grouping.origin, f"fold {found.fold + 1}", f"tasks:{len(tasks)}"]
    return Data(pd.DataFrame(rows), wanted.signed(*words, f"dimensions:{features.shape[1]}"))


def _group_of(grouping: GroupingRecord) -> dict[str, str]:
    """Return the group of each task, counted from 1; of a cover, the one that serves it."""
    groups = {task: f"{i}" for i, group in enumerate(grouping.groups, start=1) for task in group}
    return groups | {task: f"{index + 1}" for task, index in (grouping.serves or {}).items()}


def _agreement(sides: Sequence[Mapping[str, str]], tasks: list[str]) -> str:
    from sklearn.metrics import adjusted_rand_score

    left, right = ([side[task] for task in tasks] for side in sides)
    return f"adjusted Rand index {adjusted_rand_score(left, right):.2f}"
