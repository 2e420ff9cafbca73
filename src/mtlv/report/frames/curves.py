"""Frames of learning curves: the mean over the jobs of a plan."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mtlv.report.frames.wanted import FRAMES, Data, Wanted, no_data, unit_of
from mtlv.store.outcome import PlanOutcome
from mtlv.store.store import Store

__all__ = ["head_curves", "model_curves", "task_curves"]

KEYS = ["plan", "part", "name", "metric", "epoch"]
MODEL = ("loss", "log_loss", "f1_macro", "average_precision_macro")
HEAD = ("loss", "f1_macro")


@FRAMES.register("curves-model")
def model_curves(wanted: Wanted) -> Data:
    """Losses and metrics of the models, a mean over the plan's models, folds and seeds."""
    points = _points(wanted, "model")
    shown = points[points.metric.isin(MODEL)]
    return _data(wanted, "curves-model", shown if len(shown) else points)


@FRAMES.register("curves-head")
def head_curves(wanted: Wanted) -> Data:
    """Training loss and validation macro-F1 of each head."""
    points = _points(wanted, "head")
    shown = points[points.metric.isin(HEAD)]
    shown = shown if len(shown) else points
    number = shown["name"].map(_number)
    return _data(wanted, "curves-head", shown.loc[number.sort_values(kind="stable").index])


@FRAMES.register("curves-task")
def task_curves(wanted: Wanted) -> Data:
    """What each task is judged by on validation."""
    judged = {
        task: own.metric
        for plan in wanted.chosen_plans
        for task, own in plan.summary.judged.items()
    }
    points = _points(wanted, "label")
    shown = points[points["name"].isin(wanted.chosen_tasks)]
    shown = shown[shown.metric == shown["name"].map(judged)]
    order = {task: i for i, task in enumerate(wanted.chosen_tasks)}
    return _data(
        wanted, "curves-task", shown.sort_values("name", key=lambda c: c.map(order), kind="stable")
    )


def _number(head: str) -> int:
    """Return the number in a head's name."""
    return int(head.rpartition(" ")[2])


def _points(wanted: Wanted, scope: str) -> pd.DataFrame:
    frames = [_of_plan(wanted.store, plan, scope) for plan in wanted.chosen_plans]
    return pd.concat(frames, ignore_index=True)


def _of_plan(store: Store, plan: PlanOutcome, scope: str) -> pd.DataFrame:
    jobs = dict.fromkeys(job for cell in plan.cells for job in cell.cell.jobs)
    points = pa.concat_tables([store.curves(job) for job in jobs])
    return points.filter(pc.field("scope") == scope).to_pandas().assign(plan=plan.name)


def _data(wanted: Wanted, figure: str, points: pd.DataFrame) -> Data:
    if points.empty:
        raise no_data(wanted, figure, "no curves of this kind", "see `mtlv figure STUDY --list`")
    means = points.groupby(KEYS, sort=False).value.agg(["mean", "std", "count"]).reset_index()
    units = {metric: unit_of(metric) for metric in means.metric.unique()}
    means["unit"] = means.metric.map(units)
    factor = means.unit.map(lambda unit: 100.0 if unit == "percent" else 1.0)
    frame = means.assign(
        value=factor * means["mean"], sd=factor * means["std"], jobs=means["count"]
    )
    parts = " and ".join(sorted(frame.part.unique()))
    return Data(
        frame[[*KEYS, "unit", "value", "sd", "jobs"]],
        wanted.signed(
            f"{parts} part",
            f"jobs:{_span(means)}",
            "mean over the jobs of a plan that reached the epoch",
        ),
    )


def _span(means: pd.DataFrame) -> str:
    """Return how many jobs of a plan a mean is over, as a range where plans differ."""
    counts = means.groupby("plan")["count"].max()
    low, high = int(counts.min()), int(counts.max())
    return f"{low}" if low == high else f"{low}-{high}"
