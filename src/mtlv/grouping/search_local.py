"""Local search over partitions, for more tasks than have all their groups looked at.

From several starts, the best of all single changes is made until none helps: first one task to
another or a new group, or two groups to one; where that ends, two tasks change places. Starts are
all tasks together, greedy merging from single tasks, and random partitions.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from mtlv.grouping.search_pool import GroupPool, Partition
from mtlv.randomness import generator

__all__ = ["local_search"]

STARTS = 10
ENOUGH = 1e-8  # an improvement below this is rounding

Change = tuple[Partition, Partition]
"""Parts that go, and parts that come."""


def local_search(pool: GroupPool, budget: int, seed: int) -> Partition:
    """Return the best partition that was found; all groups on the way stay in the pool.

    Args:
        pool: of the tasks.
        budget: most parts.
        seed: of the random starts.
    """
    draw = generator(seed, "search starts")
    starts = [(pool.all_tasks,), _merged(pool, budget)]
    starts += [_random(pool.size, budget, draw) for _ in range(STARTS)]
    ends = [_climb(pool, start, budget) for start in starts]
    return min(ends, key=lambda parts: rank(pool, parts))


def rank(pool: GroupPool, parts: Partition) -> tuple[float, int, Partition]:
    """Return what to sort partitions by: the best value, then fewest parts, then a fixed order."""
    return -round(pool.value(parts), 7), len(parts), tuple(sorted(parts))


def _climb(pool: GroupPool, parts: Partition, budget: int) -> Partition:
    pool.add(parts)
    value = pool.value(parts)
    pool.note(parts, value)
    while True:
        for changes in (_moves(pool, parts, budget), _swaps(pool, parts)):
            best = _best(pool, list(changes), parts, value)
            if best is not None:
                break
        else:
            return parts
        gone, come = best
        parts = tuple(sorted([*(part for part in parts if part not in gone), *come]))
        value = pool.value(parts)


def _best(pool: GroupPool, changes: list[Change], parts: Partition, value: float) -> Change | None:
    """Return the change that helps most, and note every partition that was looked at."""
    pool.add(part for _, come in changes for part in come)
    best, most = None, ENOUGH
    for change in sorted(changes):
        gone, come = change
        better = pool.value(come) - pool.value(gone)
        pool.note(come, value + better)
        if better > most:
            best, most = change, better + ENOUGH
    return best


def _moves(pool: GroupPool, parts: Partition, budget: int) -> Iterator[Change]:
    for task in pool.singles:
        home = next(part for part in parts if part & task)
        rest = (home & ~task,) if home != task else ()
        for other in parts:
            if other != home:
                yield (home, other), (*rest, other | task)
        if len(parts) < budget and rest:
            yield (home,), (*rest, task)
    for first, second in combinations(parts, 2):
        yield (first, second), (first | second,)


def _swaps(pool: GroupPool, parts: Partition) -> Iterator[Change]:
    for first, second in combinations(parts, 2):
        for one in (task for task in pool.singles if task & first):
            for other in (task for task in pool.singles if task & second):
                if first != one or second != other:
                    change = one | other
                    yield (first, second), (first ^ change, second ^ change)


def _merged(pool: GroupPool, budget: int) -> Partition:
    """Merge, from single tasks on, the two parts that lose least, until merging no longer helps."""
    parts = tuple(pool.singles)
    while len(parts) > 1:
        changes = list(combinations(parts, 2))
        pool.add(first | second for first, second in changes)
        better = [pool.total(a | b) - pool.total(a) - pool.total(b) for a, b in changes]
        best = int(np.argmax(np.round(better, 7)))
        if len(parts) <= budget and better[best] <= ENOUGH:
            break
        first, second = changes[best]
        parts = (*(part for part in parts if part not in (first, second)), first | second)
    return tuple(sorted(parts))


def _random(size: int, budget: int, draw: np.random.Generator) -> Partition:
    place = draw.permutation(size)
    count = min(budget, size)
    labels = np.concatenate([np.arange(count), draw.integers(count, size=size - count)])
    parts = [0] * count
    for task, label in zip(place.tolist(), labels.tolist(), strict=True):
        parts[label] |= 1 << task
    return tuple(sorted(parts))
