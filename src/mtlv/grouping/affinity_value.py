"""The value that every affinity method returns, and the checks that it must pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mtlv.errors import GroupingError
from mtlv.grouping.context import Array, Measured, TaskContext, Trained
from mtlv.grouping.gains import GainModel, all_pairs
from mtlv.randomness import generator

__all__ = [
    "Affinity",
    "AffinityCost",
    "check_several",
    "cost_of_measuring",
    "cost_of_training",
    "pairwise",
]


@dataclass(frozen=True)
class AffinityCost:
    """What it took to find an affinity.

    Args:
        seconds: of training and measuring.
        runs: the same as a multiple of one multi-task run; NaN if unknown.
        jobs: ids of the jobs that were used.
    """

    seconds: float = 0.0
    runs: float = 0.0
    jobs: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Affinity:
    """Predicted or measured effect of learning tasks together.

    Args:
        name: of the method.
        tasks: names of the T tasks.
        matrix: effect of learning s on t in row s and column t, larger being better, (T, T); the
            diagonal is NaN where a task has no effect on itself.
        errors: standard errors of the matrix, (T, T); None if unknown.
        gains: predicts gains of any groups.
        cost: what it took.
        note: in words, what was measured and how.

    Raises:
        GroupingError: fewer than two tasks, a matrix of another shape, or a pair without a number.
    """

    name: str
    tasks: tuple[str, ...]
    matrix: Array
    errors: Array | None
    gains: GainModel
    cost: AffinityCost = field(default_factory=AffinityCost)
    note: str = ""

    def __post_init__(self) -> None:
        check_several(self.tasks)
        _check_matrix(self.name, self.tasks, self.matrix)

    @property
    def seconds(self) -> float:
        """Seconds of training and measuring."""
        return self.cost.seconds

    @property
    def runs(self) -> float:
        """Cost as a multiple of one multi-task run."""
        return self.cost.runs

    @property
    def jobs(self) -> tuple[str, ...]:
        """Ids of the jobs that were used."""
        return self.cost.jobs


def check_several(tasks: Sequence[str]) -> None:
    """Refuse to group fewer than two tasks.

    Raises:
        GroupingError: there are.
    """
    if len(tasks) < 2:
        raise GroupingError(
            "One task cannot be grouped.",
            where="tasks",
            found=", ".join(tasks) or "none",
            expected="at least two tasks",
        )


def pairwise(gains: GainModel, draws: int = 200) -> tuple[Array, Array | None]:
    """Return gains of all groups of two as a matrix, with standard errors if they are known.

    Args:
        gains: of T tasks.
        draws: to take standard errors from.
    """
    members = all_pairs(gains.size)  # (P, T)
    matrix = _as_matrix(gains.mean(members), members)
    if not gains.has_errors:
        return matrix, None
    drawn = gains.draws(members, draws, generator(0, "errors of pairs"))  # (R, P, T)
    return matrix, _as_matrix(drawn.std(axis=0, ddof=1), members)


def cost_of_measuring(measured: Measured) -> AffinityCost:
    """Return the cost of an instrumented multi-task run."""
    seconds = measured.run_seconds + measured.probe_seconds
    runs = seconds / measured.run_seconds if measured.run_seconds > 0 else float("nan")
    return AffinityCost(seconds, runs, (measured.job,))


def cost_of_training(trained: Sequence[Trained], context: TaskContext) -> AffinityCost:
    """Return the cost of trainings; a job that was used twice is counted once."""
    jobs = {each.job: each for each in trained}
    texts = sum(each.texts for each in jobs.values())
    runs = texts / context.mtl_texts if context.mtl_texts > 0 else float("nan")
    return AffinityCost(sum(each.seconds for each in jobs.values()), runs, tuple(jobs))


def _check_matrix(name: str, tasks: Sequence[str], matrix: Array) -> None:
    if matrix.shape != (len(tasks), len(tasks)):
        raise GroupingError(
            f"The affinity '{name}' is not a table of all tasks by all tasks.",
            found=f"shape {matrix.shape}",
            expected=f"shape {(len(tasks), len(tasks))}",
        )
    off_diagonal = ~np.eye(len(tasks), dtype=bool)
    if missing := np.argwhere(off_diagonal & ~np.isfinite(matrix)).tolist():
        source, target = missing[0]
        raise GroupingError(
            f"The affinity '{name}' has no number for {len(missing)} pairs of tasks.",
            where=f"'{tasks[source]}' on '{tasks[target]}'",
            found=float(matrix[source, target]),
            expected="a finite number for every two tasks",
        )


def _as_matrix(values: Array, members: Array) -> Array:
    """Turn values of the members of pairs into [s, t]: what t has from being with s."""
    size = members.shape[1]
    matrix = np.full((size, size), np.nan)
    first, second = np.triu_indices(size, 1)
    rows = np.arange(len(members))
    matrix[first, second], matrix[second, first] = values[rows, second], values[rows, first]
    return matrix
