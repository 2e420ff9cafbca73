"""Scores: every metric of a plan's predictions, with the signature without which none is shown.

`score` is the whole protocol in one place: thresholds are fitted on validation predictions,
decisions are made on test predictions, and all registered metrics are computed from those.
`summarise` brings the scores of several folds and seeds together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from mtlv.errors import ProtocolError
from mtlv.evaluation.counts import classification_report, confusion, defined_mean
from mtlv.evaluation.metrics import METRICS, mean_model_subset_accuracy, metrics_of
from mtlv.evaluation.predictions import LabelMatrix, Predictions, TaskPredictions
from mtlv.evaluation.protocol import check_parts, check_scored, same_targets
from mtlv.evaluation.thresholds import ThresholdMethod, Thresholds, fit_thresholds
from mtlv.registry import load_plugins
from mtlv.version import __version__

__all__ = [
    "Scores",
    "ScoringSettings",
    "Summary",
    "SummaryTable",
    "ThresholdSettings",
    "classification_report",
    "confusion",
    "same_targets",
    "score",
    "summarise",
]

Array = np.ndarray[Any, Any]
Values = Mapping[str, float]


class ThresholdSettings(Protocol):
    """What `score` needs to know; the evaluation settings of a study say it too."""

    @property
    def thresholds(self) -> ThresholdMethod:
        """How thresholds are chosen."""

    @property
    def shrinkage(self) -> float:
        """How strongly a rare label's threshold is drawn to the global one."""


@dataclass(frozen=True)
class ScoringSettings:
    """Settings of `score`, for use without a study; see `fit_thresholds`."""

    thresholds: ThresholdMethod = "per_label"
    shrinkage: float = 20.0


@dataclass(frozen=True)
class Scores:
    """All metrics of one set of test predictions.

    Args:
        metrics: of the binary tasks together, by metric; NaN where undefined; empty if there is no
            binary task.
        per_task: of each task, by task and metric.
        thresholds: by which decisions were made.
        examples: N, the test examples with a target of at least one binary task.
        tasks: T, the binary tasks.
        averaged: how many tasks a metric that is a mean over tasks is over.
        version: of this package.
    """

    metrics: Values
    per_task: Mapping[str, Values]
    thresholds: Thresholds
    examples: int
    tasks: int
    averaged: Mapping[str, int]
    version: str = __version__

    def signature_of(self, metric: str) -> str:
        """Return what must stand beside the value of a metric, as in sacrebleu (Post 2018).

        `tasks:17/19` says that the mean is over 17 of the 19 tasks, undefined for the others.
        """
        return _signature(metric, [self])

    def to_json(self) -> dict[str, Any]:
        """Return the scores as JSON-like data; what is undefined is None."""
        return {
            "metrics": {name: _json(value) for name, value in self.metrics.items()},
            "per_task": {
                task: {name: _json(value) for name, value in values.items()}
                for task, values in self.per_task.items()
            },
            "thresholds": self.thresholds.to_json(),
            "signatures": {name: self.signature_of(name) for name in self.metrics},
        }


@dataclass(frozen=True)
class Summary:
    """One metric over several runs.

    Args:
        mean: over the runs where it is defined; NaN if there is none.
        sd: standard deviation with n - 1; None below two runs, of which 0 would claim certainty.
        n: runs where it is defined.
    """

    mean: float
    sd: float | None
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Summary:
        """Summarise some values, leaving out NaN."""
        defined = np.array([value for value in values if not math.isnan(value)])
        sd = float(defined.std(ddof=1)) if len(defined) > 1 else None
        return cls(defined_mean(defined), sd, len(defined))

    def to_json(self) -> dict[str, Any]:
        """Return the summary as JSON-like data; an undefined mean is None."""
        return asdict(self) | {"mean": _json(self.mean)}


@dataclass(frozen=True)
class SummaryTable:
    """Metrics over the runs (folds x seeds) of one plan.

    Args:
        metrics: of the binary tasks together, by metric.
        per_task: of each task, by task and metric.
        runs: the scores that were summarised.
    """

    metrics: Mapping[str, Summary]
    per_task: Mapping[str, Mapping[str, Summary]]
    runs: tuple[Scores, ...]

    def signature_of(self, metric: str) -> str:
        """Return what must stand beside the summary of a metric; ranges where runs differ."""
        return _signature(metric, self.runs)

    def to_json(self) -> dict[str, Any]:
        """Return the summaries, not the runs, as JSON-like data."""
        return {
            "metrics": {name: summary.to_json() for name, summary in self.metrics.items()},
            "per_task": {
                task: {name: summary.to_json() for name, summary in values.items()}
                for task, values in self.per_task.items()
            },
            "signatures": {name: self.signature_of(name) for name in self.metrics},
        }


def score(
    validation: Predictions,
    test: Predictions,
    settings: ThresholdSettings | None = None,
    models: Sequence[Sequence[str]] | None = None,
) -> Scores:
    """Choose thresholds on validation predictions and compute every metric on test predictions.

    Args:
        validation: predictions of at least the binary tasks of `test`.
        test: what is scored.
        settings: how thresholds are chosen; per label with shrinkage 20 by default.
        models: the tasks of each model of the plan; with them, `mean_model_subset_accuracy`.

    Raises:
        ProtocolError: the parts are not validation and test or share examples, a task has no
            validation predictions, or a score is missing.
    """
    load_plugins()
    settings = settings or ScoringSettings()
    check_parts(validation, test)
    matrix = test.labels()
    check_scored(matrix)
    chosen_on = validation.labels(matrix.tasks)
    thresholds = fit_thresholds(chosen_on, settings.thresholds, settings.shrinkage)
    decisions = thresholds.decide(matrix)  # (N, T)
    per_task = _scores_by_task(test, matrix, decisions)
    metrics, averaged = _scores_together(matrix, decisions, per_task)
    if models is not None and matrix.tasks:
        columns = [[matrix.tasks.index(t) for t in model if t in matrix.tasks] for model in models]
        metrics["mean_model_subset_accuracy"] = mean_model_subset_accuracy(
            decisions, matrix.targets, [model for model in columns if model]
        )
    examples = int(np.count_nonzero((~np.isnan(matrix.targets)).any(axis=1)))
    return Scores(metrics, per_task, thresholds, examples, len(matrix.tasks), averaged)


def summarise(runs: Sequence[Scores]) -> SummaryTable:
    """Bring the scores of the runs (folds x seeds) of one plan together.

    Raises:
        ProtocolError: there is no run, or they differ in tasks or in how thresholds were chosen.
    """
    if not runs:
        raise ProtocolError("There are no scores to summarise.", expected="at least one run")
    first = runs[0]
    for run in runs:
        if set(run.per_task) != set(first.per_task):
            odd = sorted(set(run.per_task) ^ set(first.per_task))
            raise ProtocolError("Runs of different tasks cannot be summarised.", found=str(odd))
        found = run.thresholds.describe()
        if found != first.thresholds.describe():
            raise ProtocolError(
                "Runs whose thresholds were chosen differently cannot be summarised.",
                found=f"{first.thresholds.describe()} and {found}",
            )
    per_task = {task: _summaries([run.per_task[task] for run in runs]) for task in first.per_task}
    return SummaryTable(_summaries([run.metrics for run in runs]), per_task, tuple(runs))


def _scores_by_task(
    test: Predictions, matrix: LabelMatrix, decisions: Array
) -> dict[str, dict[str, float]]:
    result: dict[str, dict[str, float]] = {}
    for name, task in test.tasks.items():
        if task.kind == "binary":
            column = matrix.tasks.index(name)
            targets, scores = matrix.targets[:, column], matrix.scores[:, column]  # (N,)
            decided = decisions[:, column]
        else:
            targets, scores, decided = task.targets, task.scores, _decided(task)
        result[name] = {
            metric.name: float(metric(decided if metric.needs == "decisions" else scores, targets))
            for metric in metrics_of("task", task.kind)
        }
    return result


def _decided(task: TaskPredictions) -> Array:
    """Return the decisions of a task that needs no threshold."""
    if task.kind == "multiclass":
        return np.asarray(task.scores.argmax(axis=1))  # (N,)
    return task.scores


def _scores_together(
    matrix: LabelMatrix, decisions: Array, per_task: Mapping[str, Values]
) -> tuple[dict[str, float], dict[str, int]]:
    metrics: dict[str, float] = {}
    averaged: dict[str, int] = {}
    for metric in metrics_of("matrix") if matrix.tasks else []:
        if metric.averages is not None:
            values = [per_task[task][metric.averages] for task in matrix.tasks]
            metrics[metric.name] = defined_mean(values)
            averaged[metric.name] = sum(not math.isnan(value) for value in values)
        else:
            chosen = decisions if metric.needs == "decisions" else matrix.scores
            metrics[metric.name] = float(metric(chosen, matrix.targets))
    return metrics, averaged


def _summaries(runs: Sequence[Values]) -> dict[str, Summary]:
    names = dict.fromkeys(name for run in runs for name in run)
    return {name: Summary.of([run.get(name, math.nan) for run in runs]) for name in names}


def _signature(metric: str, runs: Sequence[Scores]) -> str:
    uses_thresholds = metric not in METRICS or METRICS[metric].needs == "decisions"
    thresholds = runs[0].thresholds.describe() if uses_thresholds else "none"
    over = _span([run.averaged.get(metric, run.tasks) for run in runs])
    total = _span([run.tasks for run in runs])
    fields = [metric, f"thresholds:{thresholds}", f"n:{_span([run.examples for run in runs])}"]
    fields += [f"tasks:{total}" if over == total else f"tasks:{over}/{total}"]
    fields += [f"runs:{len(runs)}"] if len(runs) > 1 else []
    return "|".join([*fields, f"mtlv:{'+'.join(sorted({run.version for run in runs}))}"])


def _span(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low}-{high}"


def _json(value: float) -> float | None:
    return value if math.isfinite(value) else None
