"""Plans: an architecture is data.

Every architecture parts the tasks into models, and each model's tasks into heads:

| plan | models       | heads in a model                                  |
|------|--------------|---------------------------------------------------|
| STL  | one per task | one                                               |
| MTL  | one          | one for all tasks that share inputs and kind      |
| GMHL | one          | one per group                                     |
| GMTL | one per group| one                                               |
| pair | one for {s,t}| one per task                                      |

Plans are kept in one canonical order (that of the tasks), so that two ways to write the same model
give the same model, and it is trained once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mtlv.errors import GroupingError, PlanError, nearest
from mtlv.tasks import TaskSet

__all__ = [
    "Grouping",
    "HeadPlan",
    "ModelPlan",
    "Plan",
    "explicit",
    "gmhl",
    "gmtl",
    "mtl",
    "pair",
    "stl",
]


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


@dataclass(frozen=True)
class HeadPlan:
    """One head: tasks that share inputs and kind."""

    tasks: tuple[str, ...]


@dataclass(frozen=True)
class ModelPlan:
    """One model: an encoder and its heads (with soft sharing, an encoder for each head)."""

    heads: tuple[HeadPlan, ...]

    @property
    def tasks(self) -> tuple[str, ...]:
        """All tasks of the model, in the order of its heads."""
        return tuple(task for head in self.heads for task in head.tasks)

    def to_json(self) -> list[list[str]]:
        """Return heads as lists of task names."""
        return [list(head.tasks) for head in self.heads]


@dataclass(frozen=True)
class Plan:
    """An architecture: models, and which model serves each task.

    Args:
        name: short and unique in its study.
        models: at least one.
        serves: index of the model whose output is used, by task; a task may be trained in several
            models but is served by one, and an auxiliary task by none.
    """

    name: str
    models: tuple[ModelPlan, ...]
    serves: Mapping[str, int]

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that the plan serves."""
        return tuple(self.serves)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as JSON-like data."""
        models = [model.to_json() for model in self.models]
        return {"name": self.name, "models": models, "serves": dict(self.serves)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Plan:
        """Return the plan that `to_json` wrote."""
        models = tuple(
            ModelPlan(tuple(HeadPlan(tuple(head)) for head in model)) for model in data["models"]
        )
        return cls(data["name"], models, dict(data["serves"]))


def stl(tasks: TaskSet, name: str = "stl") -> Plan:
    """Single-task learning: a model per task, auxiliary ones left out."""
    return explicit(tasks, [[[task]] for task in tasks.targets], name)


def mtl(tasks: TaskSet, name: str = "mtl") -> Plan:
    """Multi-task learning: one model, one head for all tasks that share inputs and kind."""
    return explicit(tasks, [tasks.sharing_inputs(tasks.names)], name)


def gmhl(tasks: TaskSet, grouping: Grouping, name: str = "gmhl") -> Plan:
    """Grouped multi-head learning: one model, a head per group."""
    heads = [head for group in grouping.groups for head in tasks.sharing_inputs(group)]
    return explicit(tasks, [heads], name)


def gmtl(tasks: TaskSet, grouping: Grouping, name: str = "gmtl") -> Plan:
    """Grouped multi-task learning: a model per group."""
    models = [tasks.sharing_inputs(group) for group in grouping.groups]
    return explicit(tasks, models, name, serves=grouping.serves)


def pair(tasks: TaskSet, source: str, target: str) -> Plan:
    """One model for two tasks, a head for each."""
    return explicit(tasks, [[[source], [target]]], f"pair({source},{target})", partial=True)


def explicit(
    tasks: TaskSet,
    models: Sequence[Sequence[Sequence[str]]],
    name: str,
    *,
    serves: Mapping[str, int] | None = None,
    partial: bool = False,
) -> Plan:
    """Return any plan from nested lists: models of heads of task names.

    Args:
        tasks: the tasks of the study.
        models: for each model, for each head, its tasks.
        name: of the plan.
        serves: which model serves each task; needed where a task is trained in several models.
        partial: whether tasks may be left out.

    Raises:
        PlanError: a task is unknown or left out (an auxiliary one may be), stands twice in one
            model, is trained in several models with no word on which serves it, or shares a head
            with another kind or corpus; or all tasks are auxiliary.
    """
    built = tuple(_model(tasks, model, where=f"plan '{name}'") for model in models)
    owners: dict[str, list[int]] = {}
    for index, model in enumerate(built):
        for task in model.tasks:
            owners.setdefault(task, []).append(index)
    missing = [task for task in tasks.targets if task not in owners]
    if missing and not partial:
        raise PlanError(
            f"The plan '{name}' leaves out {_listed(missing)}.",
            expected="every task in at least one model",
        )
    served = [task for task in tasks.targets if task in owners]
    if not served:
        raise PlanError(f"The plan '{name}' learns auxiliary tasks alone.", expected="a target")
    return Plan(name, built, {t: _server(t, owners[t], serves, name) for t in served})


def _model(tasks: TaskSet, heads: Sequence[Sequence[str]], where: str) -> ModelPlan:
    flat = [task for head in heads for task in head]
    for task in flat:
        if task not in tasks:
            raise PlanError(
                f"There is no task '{task}'.", where=where, hint=nearest(task, tasks.names)
            )
    twice = sorted({task for task in flat if flat.count(task) > 1})
    if twice:
        verb = _verb(twice, "stands", "stand")
        raise PlanError(f"{_listed(twice)} {verb} twice in one model.", where=where)
    if not flat or any(not head for head in heads):
        raise PlanError("A model or a head has no task.", where=where)
    for head in heads:
        if len(tasks.sharing_inputs(head)) > 1:
            raise PlanError(
                "A head can only serve binary tasks of one corpus, or one task.",
                where=where,
                found=_listed(head),
                hint="give each of them a head of its own",
            )
    ordered = sorted(
        (tasks.in_order(head) for head in heads), key=lambda h: tasks.names.index(h[0])
    )
    return ModelPlan(tuple(HeadPlan(head) for head in ordered))


def _server(task: str, owners: Sequence[int], serves: Mapping[str, int] | None, name: str) -> int:
    if serves is not None and task in serves:
        if serves[task] not in owners:
            raise PlanError(
                f"The model that should serve '{task}' does not learn it.", where=f"plan '{name}'"
            )
        return serves[task]
    if len(owners) > 1:
        raise PlanError(
            f"The task '{task}' is learned by {len(owners)} models.",
            where=f"plan '{name}'",
            hint="say which model serves it, with `serves: {task: index}`",
        )
    return owners[0]


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
        problems = [f"{_listed(twice)} {_verb(twice, 'stands', 'stand')} twice"] if twice else []
        problems += [f"{_listed(missing)} {_verb(missing, 'is', 'are')} missing"] if missing else []
        problems += ["a group is empty"] if any(not group for group in groups) else []
        raise GroupingError(
            f"The grouping is not a partition of the {len(tasks)} tasks: {'; '.join(problems)}.",
            expected="every task in exactly one group",
        )


def _known(names: Sequence[str], tasks: TaskSet) -> None:
    unknown = [task for task in names if task not in tasks]
    if unknown:
        raise GroupingError(
            f"The grouping names {_listed(unknown)}, which no task is called.",
            hint=nearest(unknown[0], tasks.names),
        )


def _verb(names: Sequence[str], one: str, several: str) -> str:
    return one if len(names) == 1 else several


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
