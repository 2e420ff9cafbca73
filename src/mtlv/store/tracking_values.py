"""What a tracker is told: parameters and numbers, under names that it takes.

MLflow takes letters, digits, `_`, `-`, `.`, spaces and `/` in names (colons too, but not on every
system), and reads `/` as a path whose parts must be plain. Task names are free text, so they are
made plain here, and two tasks never become one name.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from mtlv.store.outcome import CellOutcome, StudyOutcome
from mtlv.store.record import CellRecord, JobRecord, StudyRecord
from mtlv.store.tracking_uri import without_password

__all__ = [
    "Number",
    "cell_numbers",
    "cell_params",
    "flat_params",
    "job_numbers",
    "job_params",
    "label_names",
    "milliseconds",
    "plain",
    "study_numbers",
    "study_params",
]

LONGEST_NAME = 150
"""MLflow takes 250 characters; the rest is for what stands around a name."""


@dataclass(frozen=True)
class Number:
    """One number of a run.

    Args:
        name: plain; parts are joined by `/`.
        value: finite.
        time: in milliseconds since 1970.
        step: the epoch, where it is of one.
    """

    name: str
    value: float
    time: int
    step: int = 0


def plain(text: str) -> str:
    """Return a text as one part of a name.

    >>> plain("Lung/hyperinflation (mild)")
    'Lung_hyperinflation _mild_'
    """
    named = re.sub(r"[^\w.\- ]", "_", text)[:LONGEST_NAME]
    return named if named.strip(".") else named.replace(".", "_") or "_"


def label_names(tasks: Iterable[str]) -> dict[str, str]:
    """Return a plain name for every task, no two alike.

    >>> label_names(["a/b", "a:b"])
    {'a/b': 'a_b', 'a:b': 'a_b 2'}
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for task in tasks:
        name, count = plain(task), 1
        while name.casefold() in taken:  # some databases do not tell upper from lower case
            count += 1
            name = f"{plain(task)} {count}"
        taken.add(name.casefold())
        names[task] = name
    return names


def flat_params(data: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested settings as dotted names and texts; lists are JSON.

    >>> flat_params({"train": {"epochs": 3}, "plans": ["stl"]})
    {'train.epochs': '3', 'plans': '["stl"]'}
    """
    flat: dict[str, str] = {}
    for key, value in data.items():
        name = f"{prefix}{plain(str(key))}"
        if isinstance(value, Mapping) and value:
            flat |= flat_params(value, f"{name}.")
        else:
            flat[name] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return flat


def study_params(study: StudyRecord) -> dict[str, str]:
    """Return configuration, tasks and corpora of a study; figures of others are no settings."""
    config = {key: value for key, value in study.config.items() if key != "published"}
    corpora = {corpus.name: corpus.fingerprint for corpus in study.corpora}
    params = flat_params(config | {"corpora": corpora})
    tasks = {"tasks": len(study.tasks), "task names": [task.name for task in study.tasks]}
    return {name: without_password(text) for name, text in (params | flat_params(tasks)).items()}


def cell_params(cell: CellRecord) -> dict[str, str]:
    """Return what decides a cell; folds are counted from 1, as in its name."""
    plan = cell.as_plan()
    heads = sum(len(model.heads) for model in plan.models)
    params: dict[str, Any] = {"plan": cell.plan, "fold": cell.fold + 1, "seed": cell.seed}
    params |= {"models": len(plan.models), "heads": heads}
    if cell.variant:
        params["variant"] = cell.variant
    if cell.tuning is not None:
        params["tuned"] = cell.tuning.best | {"by": cell.tuning.metric}
    if cell.grouping is not None:
        found = cell.grouping
        groups = {f"group {i}": ", ".join(g) for i, g in enumerate(found.groups, start=1)}
        suggested = {table.method: table.chosen for table in found.numbers}
        sizes = {"origin": found.origin, "groups": len(found.groups)} | suggested
        params["grouping"] = sizes | {"medoids": ", ".join(found.medoids)} | groups
    return flat_params(params)


def cell_numbers(outcome: CellOutcome, names: Mapping[str, str], time: int) -> list[Number]:
    """Return test metrics of a cell, together (`f1_macro`) and by task (`f1/TASK`), and costs."""
    numbers = _numbers(outcome.scores.metrics, time)
    for task, values in outcome.scores.per_task.items():
        numbers += _numbers(values, time, after=f"/{names[task]}")
    numbers += _numbers({"validation_value": outcome.validation_value}, time)
    return numbers + _numbers(asdict(outcome.cost), time, before="cost/")


def job_params(job: JobRecord) -> dict[str, str]:
    """Return what decided a job, and which of its epochs was kept."""
    found = {"fold": job.fold + 1, "epoch kept": job.epoch, "epochs run": job.epochs}
    return flat_params(job.spec | found | {"precision": job.precision})


def job_numbers(job: JobRecord, curves: pa.Table, names: Mapping[str, str]) -> list[Number]:
    """Return a job's curves by epoch, and its costs.

    Epochs are spread evenly over the job's time, as the curves have no clock of their own.
    """
    end, wall = milliseconds(job.finished), 1000 * job.cost.wall_seconds
    costs = job.cost.model_dump(exclude={"preparations", "cpu_preparations"})
    numbers = _numbers(costs, end, before="cost/")
    last = max(job.epochs, 1)
    for part, scope, name, metric, epoch, value in _points(curves):
        if math.isfinite(value):
            what = f"label/{names.get(name) or plain(name)}" if scope == "label" else plain(name)
            time = end - round(wall * (last - epoch) / last)
            numbers.append(Number(f"{part}/{what}/{plain(metric)}", value, max(time, 0), epoch))
    return numbers


def study_numbers(outcome: StudyOutcome, metrics: Sequence[str]) -> list[Number]:
    """Return the mean of some metrics over the cells of every plan, and what the plan took.

    Where tasks have metrics of their own, the value of each is there as `PLAN/primary/TASK`.
    """
    time = milliseconds(outcome.study.updated)
    names = label_names(task.name for task in outcome.study.tasks)
    numbers: list[Number] = []
    for plan in outcome.plans:
        own = plan.summary.metrics
        means = {name: own[name].mean for name in metrics if name in own}
        seconds = {"train_seconds": plan.cost.train_seconds}
        numbers += _numbers(means | seconds, time, before=f"{plain(plan.name)}/")
        if plan.summary.own_metrics:
            primary = {names[task]: plan.summary.primary(task).mean for task in plan.summary.judged}
            numbers += _numbers(primary, time, before=f"{plain(plan.name)}/primary/")
    return numbers


def milliseconds(text: str) -> int:
    """Return the milliseconds since 1970 of a record's time.

    >>> milliseconds("1970-01-01T00:00:01+00:00")
    1000
    """
    return round(1000 * datetime.fromisoformat(text).timestamp())


def _numbers(
    values: Mapping[str, float], time: int, *, before: str = "", after: str = ""
) -> list[Number]:
    """Return what is defined; an undefined metric is left out, as a tracker would draw it as 0."""
    return [
        Number(f"{before}{plain(key)}{after}", float(value), time)
        for key, value in values.items()
        if math.isfinite(value)
    ]


def _points(curves: pa.Table) -> Iterator[tuple[Any, ...]]:
    columns = ("part", "scope", "name", "metric", "epoch", "value")
    return zip(*(curves[column].to_pylist() for column in columns), strict=True)
