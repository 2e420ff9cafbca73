"""From a gain model to groups: the best mean gain that at most B models can give.

A model costs one encoder pass per text, so the budget B counts models, whichever corpora their
tasks are of: a text passes only the models that serve tasks of its own corpus, which may be fewer.
Up to twelve tasks, all groups are looked at and an integer program finds the best choice. Beyond, a
local search over partitions gathers good groups, and the integer program chooses among these: it is
never worse than the local search, and with overlapping groups it sees choices that no partition is.
One model for all tasks and a model per task are always looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mtlv.errors import GroupingError
from mtlv.grouping.affinity_value import check_several
from mtlv.grouping.gains import GainModel
from mtlv.grouping.search_exact import choose
from mtlv.grouping.search_local import local_search
from mtlv.grouping.search_pool import GroupPool, Partition

__all__ = ["FoundGroups", "search"]

ALL_GROUPS = 12  # tasks up to which all groups are looked at
POOL = 1500
LIGHT_TASKS, LIGHT_POOL = 8, 200
"""A light search looks at all groups up to so many tasks, and beyond chooses among so many."""
ROUNDS = 3


@dataclass(frozen=True)
class FoundGroups:
    """Groups to learn and what they are predicted to give.

    Args:
        groups: tasks of each model, in the order of the tasks.
        serves: index of the group that serves each task.
        predicted: gain of each task in that group over being learned alone.
        gain: their mean.
        exact: whether no other choice is better, up to rounding.
        looked_at: how many different groups were looked at.
    """

    groups: tuple[tuple[str, ...], ...]
    serves: Mapping[str, int]
    predicted: Mapping[str, float]
    gain: float
    exact: bool
    looked_at: int


def search(
    gains: GainModel,
    tasks: Sequence[str],
    budget: int,
    *,
    overlap: bool = False,
    seed: int = 0,
    light: bool = False,
) -> FoundGroups:
    """Find the groups with the best mean of the tasks' predicted gains.

    The same gains give the same groups, whatever the order of the tasks. Among equals, fewer models
    are taken, then what comes first in an order that gains and then names decide.

    Args:
        gains: of T tasks.
        tasks: their names.
        budget: at most so many models, 1 or more.
        overlap: whether a task may be learned by several models; the best of them serves it.
        seed: of the random starts, where not all groups are looked at.
        light: look at fewer groups, where there are many tasks.

    Raises:
        GroupingError: a budget below one model, fewer than two tasks, or gains of other tasks.
    """
    _check(gains, tasks, budget)
    pool = GroupPool(gains, tasks)
    if budget == 1:
        return _found(pool, tasks, (pool.all_tasks,), exact=True)
    everything = len(tasks) <= (LIGHT_TASKS if light else ALL_GROUPS)
    if everything:
        pool.add(range(1, pool.all_tasks + 1))
        best: Partition = (pool.all_tasks,)
        candidates = list(range(1, pool.all_tasks + 1))
    else:
        best = _serving(pool, local_search(pool, budget, seed))
        candidates = list(dict.fromkeys([*best, *pool.best(LIGHT_POOL if light else POOL)]))
    chosen, proven = _chosen(pool, candidates, best, budget, overlap)
    if overlap and not everything and not light:
        chosen = _widened(pool, candidates, chosen, budget)
    return _found(pool, tasks, chosen, exact=everything and proven)


def _check(gains: GainModel, tasks: Sequence[str], budget: int) -> None:
    check_several(tasks)
    if budget < 1:
        raise GroupingError(
            "A search needs a budget of at least one model.", where="budget", found=budget
        )
    if gains.size != len(tasks):
        raise GroupingError(
            "The affinity is for other tasks.",
            found=f"gains of {gains.size} tasks",
            expected=f"gains of {len(tasks)} tasks",
        )


def _chosen(
    pool: GroupPool, candidates: Sequence[int], start: Partition, budget: int, overlap: bool
) -> tuple[Partition, bool]:
    """Choose among candidates; keep the start unless something is better."""
    solved = choose(pool.inside(candidates), pool.rows(candidates), budget, overlap)
    if solved is None:
        return start, False
    rows, proven = solved
    chosen = _serving(pool, [candidates[row] for row in rows])
    return min((start, chosen), key=lambda groups: _rank(pool, groups)), proven


def _widened(
    pool: GroupPool, candidates: Sequence[int], chosen: Partition, budget: int
) -> Partition:
    """Choose again with the neighbours of the chosen groups: a task more, a task less."""
    for _ in range(ROUNDS):
        near = [group ^ task for group in chosen for task in pool.singles if group != task]
        pool.add(near)
        candidates = list(dict.fromkeys([*candidates, *near]))
        again, _ = _chosen(pool, candidates, chosen, budget, overlap=True)
        if again == chosen:
            break
        chosen = again
    return chosen


def _served(pool: GroupPool, groups: Sequence[int]) -> tuple[list[int], list[float]]:
    """Return the place of the group that serves each task, in pool order, and its gain there."""
    rows = pool.rows(groups)  # (G, T)
    best = np.argmax(np.where(np.isnan(rows), -np.inf, rows), axis=0)  # (T,), the first of equals
    return best.tolist(), rows[best, np.arange(pool.size)].tolist()


def _serving(pool: GroupPool, groups: Sequence[int]) -> Partition:
    """Drop groups that serve no task; the order of the others decides which of equals serves."""
    groups = sorted(groups, key=lambda group: (group.bit_count(), group))
    best, _ = _served(pool, groups)
    return tuple(groups[place] for place in sorted(set(best)))


def _rank(pool: GroupPool, groups: Partition) -> tuple[float, int, Partition]:
    return -round(sum(_served(pool, groups)[1]), 7), len(groups), groups


def _found(pool: GroupPool, tasks: Sequence[str], chosen: Partition, exact: bool) -> FoundGroups:
    members = pool.members(chosen)  # (G, T)
    by_place = dict(zip(pool.order.tolist(), _served(pool, chosen)[0], strict=True))
    served = [by_place[place] for place in range(len(tasks))]  # in the order of the tasks
    gains = pool.gains.mean(members)[served, np.arange(len(tasks))]  # (T,)
    in_order = sorted(range(len(chosen)), key=lambda row: np.flatnonzero(members[row]).tolist())
    return FoundGroups(
        groups=tuple(
            tuple(tasks[t] for t in np.flatnonzero(members[row]).tolist()) for row in in_order
        ),
        serves={task: in_order.index(row) for task, row in zip(tasks, served, strict=True)},
        predicted=dict(zip(tasks, gains.tolist(), strict=True)),
        gain=float(gains.mean()),
        exact=exact,
        looked_at=len(pool),
    )
