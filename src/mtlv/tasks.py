"""Tasks: what is learned. A task is a name, a kind, a corpus, labels, and a primary metric."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mtlv.data.corpus import Corpus, Kind
from mtlv.errors import DataError, nearest

__all__ = ["Role", "Task", "TaskSet"]

Role = Literal["target", "auxiliary"]
"""What a study is after, or what is only trained on beside it."""

PRIMARY_METRIC: dict[Kind, str] = {
    "binary": "f1",
    "multiclass": "accuracy",
    "regression": "pearson",
    "tagging": "entity_f1",
}


@dataclass(frozen=True)
class Task:
    """One thing to learn.

    Args:
        name: unique in its study.
        kind: `binary`, `multiclass`, `regression` or `tagging`.
        corpus: name of the corpus whose examples carry its targets.
        labels: names of classes or tags.
        metric: name of the metric that this task is judged by.
        description: what the task means, in words.
        negative: of `multiclass`, the class that F1 does not count.
        range: of `regression`, its smallest and largest value.
        role: `auxiliary` tasks are trained on, but not chosen for and not reported.
    """

    name: str
    kind: Kind
    corpus: str
    labels: tuple[str, ...]
    metric: str
    description: str | None = None
    negative: str | None = None
    range: tuple[float, float] | None = None
    role: Role = "target"


@dataclass(frozen=True)
class TaskSet:
    """The tasks of a study, in a fixed order.

    Raises:
        DataError: a name stands twice, or there is no task.
    """

    tasks: tuple[Task, ...]

    def __post_init__(self) -> None:
        if not self.tasks:
            raise DataError("There is no task to learn.")
        seen: dict[str, str] = {}
        for task in self.tasks:
            if task.name in seen:
                raise DataError(
                    f"Two tasks are called '{task.name}'.",
                    where=f"corpora '{seen[task.name]}' and '{task.corpus}'",
                    hint="rename one of the labels",
                )
            seen[task.name] = task.corpus

    @classmethod
    def of(cls, corpora: Iterable[Corpus], auxiliary: Collection[str] = ()) -> TaskSet:
        """Return the tasks of some corpora, in the order of the corpora and of their targets.

        Args:
            corpora: that carry them.
            auxiliary: names of those whose tasks are auxiliary.
        """
        return cls(
            tuple(
                Task(
                    t.name,
                    t.kind,
                    c.name,
                    t.labels,
                    t.metric or PRIMARY_METRIC[t.kind],
                    t.description,
                    t.negative,
                    t.range,
                    "auxiliary" if c.name in auxiliary else "target",
                )
                for c in corpora
                for t in c.targets
            )
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(task.name for task in self.tasks)

    @property
    def targets(self) -> tuple[str, ...]:
        """Names, in order, of the tasks that are no auxiliary ones."""
        return tuple(task.name for task in self.tasks if task.role == "target")

    def __len__(self) -> int:
        return len(self.tasks)

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Task:
        for task in self.tasks:
            if task.name == name:
                return task
        raise DataError(f"There is no task '{name}'.", hint=nearest(name, self.names))

    def in_order(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return some task names in the order of the set."""
        wanted = set(names)
        for name in wanted:
            self[name]
        return tuple(name for name in self.names if name in wanted)

    def only(self, names: Iterable[str]) -> TaskSet:
        """Return some tasks, in the order of the set.

        Raises:
            DataError: a name is not known.
        """
        return TaskSet(tuple(self[name] for name in self.in_order(names)))

    def sharing_inputs(self, names: Sequence[str]) -> list[tuple[str, ...]]:
        """Part some tasks into runs that one head can serve: same corpus, same kind.

        Only binary tasks can share a head; every other task has a head of its own.
        """
        runs: dict[tuple[str, ...], list[str]] = {}
        for name in self.in_order(names):
            task = self[name]
            key = (task.corpus, "binary") if task.kind == "binary" else (task.corpus, name)
            runs.setdefault(key, []).append(name)
        return [tuple(run) for run in runs.values()]
