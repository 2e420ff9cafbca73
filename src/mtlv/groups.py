"""Groups of tasks: a partition, or a cover with a word on which group serves a task.

Groups are kept in one canonical order (that of the tasks), so that two ways to write a grouping
give the same one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mtlv.errors import GroupingError, nearest
from mtlv.tasks import TaskSet
from mtlv.words import quoted

__all__ = ["Grouping"]


@dataclass(frozen=True)
class Grouping:
    """A checked partition of tasks into groups, or a cover.

    Args:
        groups: non-empty, different, together all the tasks; in canonical order. In a partition
            they are disjoint.
        origin: how it was found, in words ("given", "kmedoids on label_description", …).
        serves: for a cover, the index of the group that serves each task; None for a partition.
    """

    groups: tuple[tuple[str, ...], ...]
    origin: str = "given"
    serves: Mapping[str, int] | None = None

    @classmethod
    def of(
        cls,
        groups: Iterable[Iterable[str]],
        tasks: TaskSet,
        origin: str = "given",
        *,
        serves: Mapping[str, int] | None = None,
    ) -> Grouping:
        """Check that groups part the tasks (or cover them), and bring them into canonical order.

        Args:
            groups: names of the tasks in each.
            tasks: all of them.
            origin: in words.
            serves: index into `groups` of the group that serves each task; makes it a cover.

        Raises:
            GroupingError: a task is missing, stands twice or is unknown, or a group is empty; in a
                cover, a group does not hold a task that it serves.
        """
        listed = [list(group) for group in groups]
        _check_groups(listed, tasks, serves)
        order = sorted(
            range(len(listed)),
            key=lambda i: [tasks.names.index(t) for t in tasks.in_order(listed[i])],
        )
        ordered = tuple(tasks.in_order(listed[i]) for i in order)
        if serves is None or len({t for g in ordered for t in g}) == sum(map(len, ordered)):
            return cls(ordered, origin)
        return cls(ordered, origin, {task: order.index(serves[task]) for task in tasks.names})

    def __len__(self) -> int:
        return len(self.groups)


def _check_groups(
    groups: Sequence[Sequence[str]], tasks: TaskSet, serves: Mapping[str, int] | None
) -> None:
    if serves is not None:
        _check_serves(groups, tasks, serves)
        groups = [
            [task for task in group if serves[task] == index] for index, group in enumerate(groups)
        ]
    _check_partition(groups, tasks)


def _check_serves(
    groups: Sequence[Sequence[str]], tasks: TaskSet, serves: Mapping[str, int]
) -> None:
    for task in tasks.names:
        index = serves.get(task, -1)
        if not 0 <= index < len(groups) or task not in groups[index]:
            raise GroupingError(
                f"No group serves '{task}'.",
                where="serves",
                found=f"group {index}" if task in serves else "nothing",
                expected="the number, from 0, of a group that holds the task",
            )
    for group in groups:
        _known(group, tasks)


def _check_partition(groups: Sequence[Sequence[str]], tasks: TaskSet) -> None:
    flat = [task for group in groups for task in group]
    _known(flat, tasks)
    twice = sorted({task for task in flat if flat.count(task) > 1})
    missing = [task for task in tasks.names if task not in flat]
    if twice or missing or any(not group for group in groups):
        problems = [f"{quoted(twice)} {_verb(twice, 'stands', 'stand')} twice"] if twice else []
        problems += [f"{quoted(missing)} {_verb(missing, 'is', 'are')} missing"] if missing else []
        problems += ["a group is empty"] if any(not group for group in groups) else []
        raise GroupingError(
            f"The grouping is not a partition of the {len(tasks)} tasks: {'; '.join(problems)}.",
            expected="every task in exactly one group",
        )


def _known(names: Sequence[str], tasks: TaskSet) -> None:
    unknown = [task for task in names if task not in tasks]
    if unknown:
        raise GroupingError(
            f"The grouping names {quoted(unknown)}, which no task is called.",
            hint=nearest(unknown[0], tasks.names),
        )


def _verb(names: Sequence[str], one: str, several: str) -> str:
    return one if len(names) == 1 else several
