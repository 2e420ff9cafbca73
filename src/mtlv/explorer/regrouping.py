"""What if: labels moved to other groups, the gain that an affinity predicts, and the plan as YAML.

The prediction is that of `PairGains`: a task gains the mean effect of those it is learned with
(Standley et al. 2020, section 4.2). It is no measurement, and knows no dilution.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from mtlv.errors import ExplorerError, nearest
from mtlv.grouping.gains import PairGains
from mtlv.randomness import generator
from mtlv.store.record import AffinityRecord, TransferRecord

__all__ = ["Groups", "Move", "Prediction", "moved", "of_transfer", "plan_yaml", "predicted"]

Groups = list[list[str]]
DRAWS = 1000
MOVE = re.compile(r"(?P<task>.+):(?P<group>[0-9]{1,6})", re.DOTALL)


@dataclass(frozen=True)
class Move:
    """A task and the group that it goes to, from 1; one more than there are is a new one."""

    task: str
    group: int

    @classmethod
    def read(cls, text: str) -> Move:
        """Return the move that an address says: `TASK:GROUP`.

        Raises:
            ExplorerError: it says none.
        """
        found = MOVE.fullmatch(text)
        if found is None:
            raise ExplorerError(
                "The address holds something that is no move.",
                where="'move' in the address",
                found=repr(text[:80]),
                expected="TASK:GROUP",
            )
        return cls(found["task"], int(found["group"]))

    def __str__(self) -> str:
        return f"{self.task}:{self.group}"


@dataclass(frozen=True)
class Prediction:
    """Predicted gains of a grouping over learning every task alone.

    Args:
        unit: of the gains.
        before: of each task, in the groups as they were; None where it is not known.
        after: in the groups as they are now.
        mean_before: over the tasks.
        mean_after: over the tasks.
        low: lower end of the 95 % interval of the difference of the means; None if unknown.
        high: upper end.
    """

    unit: str
    before: dict[str, float | None]
    after: dict[str, float | None]
    mean_before: float
    mean_after: float
    low: float | None = None
    high: float | None = None


def moved(groups: Sequence[Sequence[str]], moves: Sequence[Move]) -> Groups:
    """Return the groups after some moves; one that is left empty is gone at the end.

    A task of several groups leaves all of them.

    Raises:
        ExplorerError: there is no such task or group.
    """
    now: Groups = [list(group) for group in groups]
    known = [task for group in groups for task in group]
    for move in moves:
        if move.task not in known:
            raise ExplorerError(
                f"No group holds '{move.task[:80]}'.", hint=nearest(move.task, known)
            )
        if not 1 <= move.group <= len(now) + 1:
            raise ExplorerError(
                f"There is no group {move.group}.",
                where=f"move of '{move.task}'",
                expected=f"1 to {len(now)}, or {len(now) + 1} for a new one",
            )
        now = [[task for task in group if task != move.task] for group in now]
        now += [[]] if move.group > len(now) else []
        now[move.group - 1].append(move.task)
    order = {task: place for place, task in enumerate(dict.fromkeys(known))}
    return [sorted(group, key=order.__getitem__) for group in now]


def predicted(affinity: AffinityRecord, before: Groups, after: Groups) -> Prediction | None:
    """Return what an affinity predicts of two groupings; None if it is about other tasks."""
    tasks = affinity.tasks
    if {task for group in before for task in group} - set(tasks):
        return None
    gains = PairGains(_array(affinity.matrix), _array(affinity.errors))
    values = [_by_task(gains, tasks, groups) for groups in (before, after)]
    means = [float(np.mean([v for v in own.values() if v is not None])) for own in values]
    low = high = None
    if gains.has_errors:
        drawn = [_drawn_mean(gains, tasks, groups) for groups in (before, after)]  # (R,) each
        low, high = np.quantile(drawn[1] - drawn[0], [0.025, 0.975]).tolist()
    return Prediction(affinity.unit, values[0], values[1], means[0], means[1], low, high)


def of_transfer(record: TransferRecord) -> AffinityRecord:
    """Return measured pairwise transfer as an affinity, in points.

    Where one effect has no interval, no error is known: it would be taken for 0.
    """
    half_width = {
        (own.source, own.target): (own.high - own.low) / 2 / 1.96
        for own in record.effects
        if own.low is not None and own.high is not None
    }
    errors = [
        [100 * half_width[s, t] if (s, t) in half_width else None for t in record.tasks]
        for s in record.tasks
    ]
    return AffinityRecord(
        name="transfer",
        unit="points of each task's metric",
        tasks=record.tasks,
        matrix=[[None if v is None else 100 * v for v in row] for row in record.matrix()],
        errors=errors if len(half_width) == len(record.effects) else None,
        note="measured by `mtlv pairs`",
    )


def plan_yaml(groups: Groups, kind: str = "gmtl", name: str = "what-if") -> str:
    """Return the groups as an entry of a config's `plans`."""
    filled = [group for group in groups if group]
    plan = {"plans": [{kind: {"name": name, "groups": filled}}]}
    return str(yaml.dump(plan, Dumper=_Flow, sort_keys=False, allow_unicode=True, width=90))


class _Flow(yaml.SafeDumper):
    """Writes lists of words in one line, as people do."""


def _sequence(dumper: yaml.SafeDumper, data: list[Any]) -> yaml.Node:
    flat = all(isinstance(item, str) for item in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=flat)


_Flow.add_representer(list, _sequence)


def _array(matrix: Sequence[Sequence[float | None]] | None) -> Any:
    """Return a matrix (T, T) with 0 for what is not there, as on the diagonal."""
    if matrix is None:
        return None
    return np.array([[0.0 if v is None else v for v in row] for row in matrix], float)


def _members(tasks: Sequence[str], groups: Groups) -> Any:
    return np.array([[task in group for task in tasks] for group in groups if group], bool)


def _by_task(gains: PairGains, tasks: Sequence[str], groups: Groups) -> dict[str, float | None]:
    best = np.nanmax(gains.mean(_members(tasks, groups)), axis=0)  # (T,)
    inside = {task for group in groups for task in group}
    return {t: float(v) for t, v in zip(tasks, best, strict=True) if t in inside}


def _drawn_mean(gains: PairGains, tasks: Sequence[str], groups: Groups) -> Any:
    members = _members(tasks, groups)
    drawn = gains.draws(members, DRAWS, generator(0, "what if"))  # (R, P, T)
    inside = members.any(axis=0)
    return np.nanmax(drawn[..., inside], axis=1).mean(axis=-1)  # (R,)
