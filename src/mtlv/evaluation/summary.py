"""Summaries: the scores of the runs (folds x seeds) of one plan, brought together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mtlv.errors import ProtocolError
from mtlv.evaluation.counts import defined_mean
from mtlv.evaluation.scores import Judged, Scores, Values, json_number, judged_json, signature

__all__ = ["Summary", "SummaryTable", "summarise"]


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
        return asdict(self) | {"mean": json_number(self.mean)}


@dataclass(frozen=True)
class SummaryTable:
    """Metrics over the runs (folds x seeds) of one plan.

    Args:
        metrics: of the tasks together, by metric; see `Scores`.
        per_task: of each task, by task and metric.
        runs: the scores that were summarised.
    """

    metrics: Mapping[str, Summary]
    per_task: Mapping[str, Mapping[str, Summary]]
    runs: tuple[Scores, ...]

    @property
    def judged(self) -> Mapping[str, Judged]:
        """By what each task is judged."""
        return self.runs[0].judged

    @property
    def own_metrics(self) -> bool:
        """Whether tasks have metrics of their own; see `Scores`."""
        return self.runs[0].own_metrics

    def primary(self, task: str) -> Summary:
        """Return the summary of the metric that a task is judged by."""
        return self.per_task[task][self.judged[task].metric]

    def together(self, metric: str) -> Summary:
        """Return a metric of the tasks together; of no run if their kinds have none of the name."""
        return Summary.of([run.together(metric) for run in self.runs])

    def signature_of(self, metric: str, task: str | None = None) -> str:
        """Return what must stand beside the summary of a metric; ranges where runs differ."""
        return signature(metric, task, self.runs)

    def to_json(self) -> dict[str, Any]:
        """Return the summaries, not the runs, as JSON-like data."""
        return {
            "metrics": {name: summary.to_json() for name, summary in self.metrics.items()},
            "per_task": {
                task: {name: summary.to_json() for name, summary in values.items()}
                for task, values in self.per_task.items()
            },
            "signatures": {name: self.signature_of(name) for name in self.metrics},
            **judged_json(self.runs),
        }


def summarise(runs: Sequence[Scores]) -> SummaryTable:
    """Bring the scores of the runs (folds x seeds) of one plan together.

    Raises:
        ProtocolError: there is no run, or they differ in tasks, in what judges a task or in how
            thresholds were chosen.
    """
    if not runs:
        raise ProtocolError("There are no scores to summarise.", expected="at least one run")
    first = runs[0]
    for run in runs:
        _check_alike(first, run)
    per_task = {task: _summaries([run.per_task[task] for run in runs]) for task in first.per_task}
    return SummaryTable(_summaries([run.metrics for run in runs]), per_task, tuple(runs))


def _check_alike(first: Scores, run: Scores) -> None:
    if set(run.per_task) != set(first.per_task):
        odd = sorted(set(run.per_task) ^ set(first.per_task))
        raise ProtocolError("Runs of different tasks cannot be summarised.", found=str(odd))
    for task, own in run.judged.items():
        if own.metric != first.judged[task].metric:
            raise ProtocolError(
                "Runs that judge a task by different metrics cannot be summarised.",
                where=f"task '{task}'",
                found=f"{first.judged[task].metric} and {own.metric}",
            )
    found = run.thresholds.describe()
    if found != first.thresholds.describe():
        raise ProtocolError(
            "Runs whose thresholds were chosen differently cannot be summarised.",
            found=f"{first.thresholds.describe()} and {found}",
        )


def _summaries(runs: Sequence[Values]) -> dict[str, Summary]:
    names = dict.fromkeys(name for run in runs for name in run)
    return {name: Summary.of([run.get(name, math.nan) for run in runs]) for name in names}
