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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mtlv.errors import PlanError, nearest
from mtlv.groups import Grouping
from mtlv.tasks import TaskSet
from mtlv.words import quoted

__all__ = [
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
            f"The plan '{name}' leaves out {quoted(missing)}.",
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
        verb = "stands" if len(twice) == 1 else "stand"
        raise PlanError(f"{quoted(twice)} {verb} twice in one model.", where=where)
    if not flat or any(not head for head in heads):
        raise PlanError("A model or a head has no task.", where=where)
    for head in heads:
        if len(tasks.sharing_inputs(head)) > 1:
            raise PlanError(
                "A head can only serve binary tasks of one corpus, or one task.",
                where=where,
                found=quoted(head),
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
