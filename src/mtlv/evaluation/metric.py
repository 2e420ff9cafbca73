"""What a metric is, and the registries that name the metrics of every kind of task.

A metric is a pure function of values (decisions or scores) and targets. One that must know more
asks for it by the name of an argument: `about` (names of classes, the negative class, the range) or
`ids` (of the examples).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any, Literal, TypeVar

import numpy as np

from mtlv.data import Kind
from mtlv.evaluation.about import About
from mtlv.registry import Registry

__all__ = ["METRICS", "TASK_METRICS", "Function", "Metric", "metric", "metrics_of"]

Array = np.ndarray[Any, Any]
Function = Callable[..., float]
F = TypeVar("F", bound=Function)
Needs = Literal["decisions", "scores"]
Scope = Literal["matrix", "task", "both", "documents", "plan"]
Unit = Literal["share", "nats", "target", "count"]


@dataclass(frozen=True)
class Metric:
    """A function of decisions or scores and targets, and what must be known to read its value.

    Args:
        name: unique in its registry.
        function: `(values, targets) -> float`; one that also takes `about` or `ids` is given them.
        higher_is_better: direction.
        needs: what `values` are: `decisions` (of 0 and 1, or indices), or `scores`.
        scope: `matrix` takes (N, T), all binary tasks together; `task` takes the predictions of
            one; `both` takes either; `documents` takes (N, T) whose ids name documents; `plan` is
            computed for a plan as a whole.
        description: one line.
        averages: the task metric whose mean over tasks this one is, if it is one.
        unit: `share` (shown in percent), `nats`, that of the `target` (or its square), or `count`.
    """

    name: str
    function: Function
    higher_is_better: bool
    needs: Needs
    scope: Scope
    description: str
    averages: str | None = None
    unit: Unit = "share"

    def __call__(
        self,
        values: Array,
        targets: Array,
        about: About | None = None,
        ids: Array | None = None,
    ) -> float:
        """Return the value for decisions or scores."""
        known = {"about": about or About(), "ids": ids}
        asked = signature(self.function).parameters
        return self.function(values, targets, **{k: v for k, v in known.items() if k in asked})


METRICS: Registry[Metric] = Registry("metric")
"""Metrics of binary tasks, together and one by one, and of plans."""

TASK_METRICS: dict[Kind, Registry[Metric]] = {
    "binary": METRICS,
    "multiclass": Registry("multiclass metric"),
    "regression": Registry("regression metric"),
    "tagging": Registry("tagging metric"),
}
"""Metrics by the kind of task; those of scope `task` and `both` are of one task.

Functions for other kinds than binary take targets (missing ones included) and scores as
`TaskPredictions` holds them. Decisions of `multiclass` are (N,) indices of classes, those of
`tagging` N arrays (L,) of indices of tags.
"""


def metric(
    *,
    scope: Scope,
    needs: Needs = "decisions",
    higher_is_better: bool = True,
    averages: str | None = None,
    kind: Kind = "binary",
    name: str | None = None,
    unit: Unit = "share",
) -> Callable[[F], F]:
    """Return a decorator that files a function as a metric under its name.

    The first line of its docstring describes it; the other arguments are those of `Metric`.
    """

    def decorate(function: F) -> F:
        title = name or function.__name__
        line = (function.__doc__ or title).strip().splitlines()[0]
        entry = Metric(title, function, higher_is_better, needs, scope, line, averages, unit)
        TASK_METRICS[kind].register(title)(entry)
        return function

    return decorate


def metrics_of(
    scope: Literal["matrix", "task", "documents"], kind: Kind = "binary"
) -> list[Metric]:
    """Return the metrics of one task of a kind, or of all binary tasks together, by name."""
    wanted = ("documents",) if scope == "documents" else (scope, "both")
    family = TASK_METRICS[kind]
    return [family[name] for name in family if family[name].scope in wanted]
