"""Test parts: which examples each pair of runs was tested on, told apart corpus by corpus.

The corpora of one study may be split in unlike ways: one has an official test part, another is
cross-validated. So test parts belong to tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtlv.evaluation.predictions import Predictions
from mtlv.evaluation.significance import Units
from mtlv.evaluation.significance.sheet import TOGETHER
from mtlv.store.comparison_pairs import PlanPair, Source

__all__ = ["TestParts", "parts_of"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class TestParts:
    """The test parts of the pairs of two plans, of some tasks.

    Args:
        tests: of both plans, for every pair.
        part: index of the test part of every pair, (R,).
        units: of every part.
    """

    tests: tuple[tuple[Predictions, Predictions], ...]
    part: Array
    units: tuple[Units, ...]

    def mean(self, values: Array) -> Array:
        """Return the mean of values (R,) on each part; where there is one part, the values."""
        if len(self.units) < 2:
            return values
        return np.array([values[self.part == i].mean() for i in range(len(self.units))])


def parts_of(source: Source, pair: PlanPair) -> dict[str, TestParts]:
    """Return the test parts of every task, and, under `TOGETHER`, those of all.

    Tasks share one object if their pairs are told apart alike; where all tasks do, it is that of
    `TOGETHER` too.
    """
    tests = [(source.test(own.cell), source.test(other.cell)) for own, other in pair.cells]
    together = _parts(tests, pair.tasks)
    by_corpus: dict[str, list[str]] = {}
    for task in pair.tasks if tests else ():
        by_corpus.setdefault(tests[0][0].tasks[task].corpus, []).append(task)
    own = {corpus: _parts(tests, tasks) for corpus, tasks in by_corpus.items()}
    if all(np.array_equal(parts.part, together.part) for parts in own.values()):
        return dict.fromkeys((TOGETHER, *pair.tasks), together)
    alike: dict[tuple[int, ...], list[str]] = {}
    for corpus, parts in own.items():
        alike.setdefault(tuple(parts.part), []).extend(by_corpus[corpus])
    found = {TOGETHER: together}
    for tasks in alike.values():
        found |= dict.fromkeys(tasks, _parts(tests, tasks))
    return found


def _parts(tests: Sequence[tuple[Predictions, Predictions]], tasks: Sequence[str]) -> TestParts:
    units: dict[frozenset[tuple[str, str]], Units] = {}
    part = []
    for _, test in tests:
        own = Units.of(test.only(tasks))
        units.setdefault(frozenset(own.unit), own)
        part.append(list(units).index(frozenset(own.unit)))
    only = tuple((own.only(tasks), other.only(tasks)) for own, other in tests)
    return TestParts(only, np.array(part, int), tuple(units.values()))
