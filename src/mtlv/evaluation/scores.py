"""Scores: the values of every metric, with the signature without which none is shown."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mtlv.data import Kind
from mtlv.evaluation.about import About
from mtlv.evaluation.counts import defined_mean
from mtlv.evaluation.metrics import METRICS, TASK_METRICS
from mtlv.evaluation.thresholds import Thresholds
from mtlv.version import __version__

__all__ = ["Judged", "Scores", "Values", "json_number", "judged_json", "signature"]

Values = Mapping[str, float]


@dataclass(frozen=True)
class Judged:
    """By what a task is judged, and on how much.

    Args:
        kind: of the task.
        metric: its primary metric.
        n: test examples with a target; of `tagging`, sentences.
        about: names of its classes and the like.
    """

    kind: Kind
    metric: str
    n: int
    about: About = field(default_factory=About)

    @property
    def higher_is_better(self) -> bool:
        """Whether its metric grows with quality; if not, it is averaged with no other task's."""
        return TASK_METRICS[self.kind][self.metric].higher_is_better


@dataclass(frozen=True)
class Scores:
    """All metrics of one set of test predictions.

    Args:
        metrics: of the binary tasks together, by metric, NaN where undefined; and `primary_mean`
            where tasks are judged by different metrics.
        per_task: of each task, by task and metric.
        thresholds: by which decisions were made.
        examples: N, the test examples with a target of at least one binary task.
        tasks: T, the binary tasks.
        averaged: how many tasks a metric that is a mean over tasks is over.
        judged: by what each task is judged.
        version: of this package.
    """

    metrics: Values
    per_task: Mapping[str, Values]
    thresholds: Thresholds
    examples: int
    tasks: int
    averaged: Mapping[str, int]
    judged: Mapping[str, Judged] = field(default_factory=dict)
    version: str = __version__

    @property
    def own_metrics(self) -> bool:
        """Whether tasks have metrics of their own: not all are binary and judged by F1."""
        return any((own.kind, own.metric) != ("binary", "f1") for own in self.judged.values())

    def primary(self, task: str) -> float:
        """Return the value of the metric that a task is judged by."""
        return self.per_task[task][self.judged[task].metric]

    @property
    def primary_mean(self) -> float:
        """Mean over tasks of the metric that each is judged by, where higher is better."""
        return defined_mean(
            self.primary(task) for task, own in self.judged.items() if own.higher_is_better
        )

    def together(self, metric: str) -> float:
        """Return a metric of the tasks together; NaN if their kinds have none of that name."""
        return self.primary_mean if metric == "primary_mean" else self.metrics.get(metric, math.nan)

    def signature_of(self, metric: str, task: str | None = None) -> str:
        """Return what must stand beside the value of a metric, as in sacrebleu (Post 2018).

        `tasks:17/19` says that the mean is over 17 of the 19 tasks, undefined for the others.

        Args:
            metric: its name.
            task: whose metric it is; None for one of the tasks together.
        """
        return signature(metric, task, [self])

    def to_json(self) -> dict[str, Any]:
        """Return the scores as JSON-like data; what is undefined is None."""
        return {
            "metrics": {name: json_number(value) for name, value in self.metrics.items()},
            "per_task": {
                task: {name: json_number(value) for name, value in values.items()}
                for task, values in self.per_task.items()
            },
            "thresholds": self.thresholds.to_json(),
            "signatures": {name: self.signature_of(name) for name in self.metrics},
            **judged_json([self]),
        }


def signature(metric: str, task: str | None, runs: Sequence[Scores]) -> str:
    """Return what must stand beside a value of some runs; see `Scores.signature_of`."""
    if task is not None:
        fields = _of_task(metric, task, runs)
    elif metric == "primary_mean":
        fields = _of_primary_mean(runs)
    else:
        fields = _of_binary_tasks(metric, runs)
    fields += [f"runs:{len(runs)}"] if len(runs) > 1 else []
    return "|".join([*fields, f"mtlv:{'+'.join(sorted({run.version for run in runs}))}"])


def _of_binary_tasks(metric: str, runs: Sequence[Scores]) -> list[str]:
    uses_thresholds = metric not in METRICS or METRICS[metric].needs == "decisions"
    thresholds = runs[0].thresholds.describe() if uses_thresholds else "none"
    over = _span([run.averaged.get(metric, run.tasks) for run in runs])
    total = _span([run.tasks for run in runs])
    fields = [metric, f"thresholds:{thresholds}", f"n:{_span([run.examples for run in runs])}"]
    return [*fields, f"tasks:{total}" if over == total else f"tasks:{over}/{total}"]


def _of_primary_mean(runs: Sequence[Scores]) -> list[str]:
    """Return which metrics are averaged, as in `of:accuracy+2*f1`."""
    names = Counter(own.metric for own in runs[0].judged.values() if own.higher_is_better)
    of = "+".join(name if n == 1 else f"{n}*{name}" for name, n in sorted(names.items()))
    thresholds = runs[0].thresholds.describe() if runs[0].tasks else "none"
    over = _span([run.averaged["primary_mean"] for run in runs])
    total = f"{len(runs[0].judged)}"
    sizes = _span([sum(own.n for own in run.judged.values()) for run in runs])
    tasks = f"tasks:{total}" if over == total else f"tasks:{over}/{total}"
    return ["primary_mean", f"of:{of}", f"thresholds:{thresholds}", f"n:{sizes}", tasks]


def _of_task(metric: str, task: str, runs: Sequence[Scores]) -> list[str]:
    own, family = runs[0].judged[task], TASK_METRICS[runs[0].judged[task].kind]
    fields = [metric, f"task:{task}"]
    if own.kind == "binary" and family[metric].needs == "decisions":
        fixed = task in runs[0].thresholds.fixed
        fields.append(f"thresholds:{'fixed' if fixed else runs[0].thresholds.describe()}")
    if own.kind == "multiclass" and metric.endswith("_positive"):
        fields.append(f"negative:{own.about.negative or 'none'}")
    if own.kind == "tagging" and metric.startswith("entity_"):
        fields.append("entities:conlleval")
    if own.about.range and metric in family and family[metric].unit == "target":
        fields.append("range:{:g}..{:g}".format(*own.about.range))
    return [*fields, f"n:{_span([run.judged[task].n for run in runs])}"]


def judged_json(runs: Sequence[Scores]) -> dict[str, Any]:
    """Return by what each task is judged, where that is not F1 throughout."""
    if not runs[0].own_metrics:
        return {}
    judged = {
        task: {"metric": own.metric, "signature": signature(own.metric, task, runs)}
        for task, own in runs[0].judged.items()
    }
    return {"judged_by": judged}


def _span(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low}-{high}"


def json_number(value: float) -> float | None:
    """Return a number as JSON takes it, None where it is undefined."""
    return value if math.isfinite(value) else None
