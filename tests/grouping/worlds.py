"""Worlds in which what tasks do for each other is known, to train and measure in for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from mtlv.grouping.context import Array, Measured, TaskContext, Trained
from mtlv.tasks import Task, TaskSet

TEXTS = 100

Gain = Callable[[str, Sequence[str]], float]


def task_set(names: Sequence[str], kind: Any = "binary", corpus: str = "reports") -> TaskSet:
    return TaskSet(tuple(Task(name, kind, corpus, (), "f1") for name in names))


def context(names: Sequence[str], **changes: Any) -> TaskContext:
    given = {"tasks": task_set(names), "targets": {}, "mtl_texts": 3 * TEXTS, "epochs": 3}
    return TaskContext(**(given | changes))


class World:
    """Trains groups in which a task's value is that alone plus a known gain, plus noise.

    Args:
        gain: of a task among co-members, without itself.
        noise: standard deviation of a value.
        growth: of every value with each epoch after the first.
    """

    def __init__(self, gain: Gain, noise: float = 0.0, growth: float = 0.0) -> None:
        self.gain, self.noise, self.growth = gain, noise, growth
        self.asked: list[tuple[tuple[str, ...], int, int | None]] = []

    def __call__(
        self, groups: Sequence[tuple[str, ...]], seed: int, epochs: int | None = None
    ) -> list[Trained]:
        self.asked += [(group, seed, epochs) for group in groups]
        return [self._trained(group, seed, epochs) for group in groups]

    def _trained(self, group: tuple[str, ...], seed: int, epochs: int | None) -> Trained:
        named = f"{sorted(group)} {seed} {epochs}"
        draw = np.random.default_rng(list(named.encode()))
        spent = epochs or 3
        values = {
            task: 0.5
            + 0.01 * ord(task[0])
            + self.growth * (spent - 1) * ord(task[0])
            + self.gain(task, [other for other in group if other != task])
            + self.noise * draw.normal()
            for task in sorted(group)
        }
        return Trained(group, values, f"job {named}", 2.0, spent * TEXTS)


def additive(effects: Mapping[tuple[str, str], float]) -> Gain:
    """Return gains that add up over co-members: effects of (source, target)."""
    return lambda task, others: sum(effects.get((other, task), 0.0) for other in others)


def families(names: Sequence[str]) -> dict[tuple[str, str], float]:
    """Return effects by which tasks with the same first letter help, and others harm."""
    return {(s, t): 0.05 if s[0] == t[0] else -0.03 for s in names for t in names if s != t}


def measuring(arrays: Mapping[str, Array]) -> Callable[[str, Mapping[str, Any]], Measured]:
    """Return a measurement that always gives the same arrays."""
    return lambda probe, settings: Measured("probe job", arrays, 10.0, 5.0)


def groups_of(size: int) -> Array:
    """Return all groups of some tasks, (P, T) bool."""
    codes = np.arange(1, 2**size)
    return (codes[:, None] >> np.arange(size) & 1).astype(bool)


def log_loss(logits: Array, target: int) -> Array:
    losses: Array = np.logaddexp(0, -logits if target else logits)
    return losses


def loss_tables(size: int, loss: Callable[[Array, int], Array] = log_loss) -> tuple[Array, Array]:
    """Return the losses of some tasks by logit, (T, 2, G), and these logits, (G,)."""
    grid = np.linspace(-32, 32, 4097)
    return np.tile(np.stack([loss(grid, 0), loss(grid, 1)]), (size, 1, 1)), grid


def partitions(tasks: Sequence[int]) -> Iterator[list[list[int]]]:
    """Give all partitions of some tasks."""
    if not tasks:
        yield []
        return
    first, rest = tasks[0], tasks[1:]
    for count in range(len(rest) + 1):
        for others in combinations(rest, count):
            left = [task for task in rest if task not in others]
            for parts in partitions(left):
                yield [[first, *others], *parts]
