"""Tasks of flat files that are no lists of labels: one column each, of any kind but tags.

A column of classes needs no list of them: they are found in the file, in a pass of its own. What
looks like numbers or free text, with more than a hundred different values, is refused then: a
regression that was declared as classes would train for hours and mean nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from mtlv.data.corpus import Target, Value
from mtlv.data.labels import binary_in
from mtlv.data.tables import Row
from mtlv.data.values import class_in, class_name_in, number_in
from mtlv.errors import DataError, nearest
from mtlv.settings import Settings

__all__ = ["ColumnTasks", "TaskColumn", "tasks_in_columns"]

MOST_CLASSES = 100


class TaskColumn(Settings):
    """A task whose values stand in a column of their own."""

    column: str
    """Its name; an empty cell means that the value is not known."""
    kind: Literal["binary", "multiclass", "regression"]
    """`binary`: 0 or 1; `multiclass`: names of classes; `regression`: numbers."""
    labels: tuple[str, ...] | None = Field(None, min_length=2)
    """Of `multiclass`: the classes, in this order; None means all that are found, by name."""
    negative: str | None = None
    """Of `multiclass`: the class that says nothing is there; F1 does not count it."""
    range: tuple[float, float] | None = None
    """Of `regression`: the smallest and the largest value; others are errors."""
    metric: str | None = None
    """Name of the metric that the task is judged by; None means the usual one of its kind."""
    description: str | None = None
    """What the task means in words."""

    @model_validator(mode="after")
    def _fields_fit_the_kind(self) -> Self:
        if self.kind != "multiclass" and (self.labels or self.negative):
            raise ValueError("labels and negative are for multiclass tasks only")
        if self.kind != "regression" and self.range:
            raise ValueError("range is for regression tasks only")
        if self.range and not self.range[0] < self.range[1]:
            raise ValueError("a range begins with its smaller value")
        if self.labels and len(set(self.labels)) < len(self.labels):
            raise ValueError("every class may be named once")
        if self.labels and self.negative and self.negative not in self.labels:
            raise ValueError(
                f"negative is none of the classes; {nearest(self.negative, self.labels)}"
            )
        return self


@dataclass(frozen=True)
class ColumnTasks:
    """What a source's columns say about some tasks.

    Args:
        targets: of the tasks, in order.
        read: gives the values of a row by task; None where missing.
        notes: which classes were found.
    """

    targets: tuple[Target, ...] = ()
    read: Callable[[Row], dict[str, Value]] = lambda row: {}
    notes: tuple[str, ...] = ()


def tasks_in_columns(
    tasks: Mapping[str, TaskColumn],
    rows: Callable[[Iterable[str]], Iterable[Row]],
    class_names: Mapping[str, tuple[str, ...]],
) -> ColumnTasks:
    """Read each task from its column; looks at all rows once where classes must be found.

    Args:
        tasks: by name.
        rows: gives those that will become examples, with some columns.
        class_names: by column, where a column holds class indices.

    Raises:
        DataError: found classes are too few or too many, or are no classes.
    """
    given = {name: own.labels or class_names.get(own.column) for name, own in tasks.items()}
    wanted = [
        own.column for name, own in tasks.items() if own.kind == "multiclass" and not given[name]
    ]
    found = _found_classes(list(dict.fromkeys(wanted)), rows)
    targets = {
        name: _target(name, own, given[name] or found.get(own.column, ()))
        for name, own in tasks.items()
    }

    def read(row: Row) -> dict[str, Value]:
        return {name: _value(row, tasks[name], targets[name], class_names) for name in tasks}

    notes = [f"{column}: classes found: {', '.join(names)}" for column, names in found.items()]
    return ColumnTasks(tuple(targets.values()), read, tuple(notes))


def _found_classes(
    columns: list[str], rows: Callable[[Iterable[str]], Iterable[Row]]
) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {column: set() for column in columns}
    for row in rows(columns) if columns else ():
        for column, names in found.items():
            name = class_name_in(row, column)
            if name is not None:
                names.add(name)
            if len(names) > MOST_CLASSES:
                raise _no_classes(row.at(column), f"more than {MOST_CLASSES} different values")
    for column, names in found.items():
        if len(names) < 2:
            only = f"'{min(names)}' in every row that has one" if names else "no value in any row"
            raise _no_classes(f"column '{column}'", only)
    return {column: tuple(sorted(names)) for column, names in found.items()}


def _no_classes(where: str, found: str) -> DataError:
    return DataError(
        "The column does not seem to hold classes.",
        where=where,
        found=found,
        expected=f"2 to {MOST_CLASSES} classes",
        hint="name another column, give its classes as `labels`, or set `kind: regression`",
    )


def _target(name: str, column: TaskColumn, labels: tuple[str, ...]) -> Target:
    if column.negative is not None and column.negative not in labels:
        raise DataError(
            f"The negative class of '{name}' is none of the classes that were found.",
            where=f"column '{column.column}'",
            found=column.negative,
            hint=nearest(column.negative, labels),
        )
    return Target(
        name,
        column.kind,
        labels=labels if column.kind == "multiclass" else (),
        description=column.description,
        negative=column.negative,
        range=column.range,
        metric=column.metric,
    )


def _value(
    row: Row, task: TaskColumn, target: Target, class_names: Mapping[str, tuple[str, ...]]
) -> Value:
    if task.kind == "binary":
        return binary_in(row, task.column)
    if task.kind == "regression":
        return number_in(row, task.column, task.range)
    return class_in(row, task.column, target.labels, class_names.get(task.column))
