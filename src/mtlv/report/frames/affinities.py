"""Frames of affinities: predicted effects, predicted gains beside measured ones, and transfer."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from mtlv.errors import StoreError
from mtlv.report.frames.groups import groupings
from mtlv.report.frames.plans import task_differences
from mtlv.report.frames.wanted import FRAMES, Data, Wanted, no_data
from mtlv.store.comparison import CompareSettings, compare
from mtlv.store.outcome import PlanOutcome
from mtlv.store.record import AffinityRecord, GroupingRecord, TransferRecord

__all__ = ["affinity", "predicted_gain", "transfer", "transfer_data", "transfer_matrix"]

UNTESTED = CompareSettings(seconds=0)
"""Nothing is drawn at random, as only differences are shown."""
SEARCH = "search groups by an affinity: `mtlv group CONFIG --affinity lookahead`"


@FRAMES.register("affinity")
def affinity(wanted: Wanted) -> Data:
    """The first affinity of the study's groupings."""
    found = next((own for own in groupings(wanted) if own.grouping.affinity is not None), None)
    if found is None or found.grouping.affinity is None:
        raise no_data(wanted, "affinity", "no grouping with an affinity", SEARCH)
    record = found.grouping.affinity
    note = (record.note.strip() or "no note").replace("|", "/")
    words = [found.name, f"fold {found.fold + 1}", f"tasks:{len(record.tasks)}", note]
    return Data(_cells(record), wanted.signed(*words))


@FRAMES.register("predicted-gain")
def predicted_gain(wanted: Wanted) -> Data:
    """Predicted and measured gain over being learned alone, where the study has both."""
    predicted = _predicted(wanted)
    if not predicted:
        raise no_data(wanted, "predicted-gain", "no plan whose groups were searched", SEARCH)
    alone = next((plan for plan in wanted.outcome.plans if _is_alone(plan)), None)
    if alone is None:
        hint = "add the plan `stl` to the study and run it again; finished jobs are kept"
        raise no_data(wanted, "predicted-gain", "no plan that learns each task alone", hint)
    shown = tuple(plan for plan in wanted.outcome.plans if plan is alone or plan.name in predicted)
    outcome = replace(wanted.outcome, plans=shown)
    comparison = compare(wanted.store, outcome, alone.name, settings=UNTESTED)
    tasks = set(wanted.chosen_tasks)
    rows = [
        line | {"predicted": gains[line["task"]], "measured": line["delta"], "predicted_unit": unit}
        for row in comparison.rows
        if row.plan in predicted
        for gains, unit in [predicted[row.plan]]
        for line in task_differences(row, alone)
        if line["task"] in gains and line["task"] in tasks and line["unit"] == "points"
    ]
    signature = alone.summary.signature_of(comparison.metric).split("|")[1:]
    words = f"test part, difference to {alone.name}"
    return Data(pd.DataFrame(rows), wanted.signed(words, *signature))


@FRAMES.register("transfer")
def transfer(wanted: Wanted) -> Data:
    """What `mtlv pairs` measured with the study's config."""
    return _transfer(wanted, "transfer")


@FRAMES.register("transfer-matrix")
def transfer_matrix(wanted: Wanted) -> Data:
    """The same, for its matrix."""
    return _transfer(wanted, "transfer-matrix")


def _transfer(wanted: Wanted, figure: str) -> Data:
    try:
        record = wanted.store.transfers[wanted.outcome.study.name]
    except StoreError as error:
        hint = "measure it with `mtlv pairs CONFIG`"
        raise no_data(wanted, figure, error.what, hint) from error
    return transfer_data(record)


def transfer_data(record: TransferRecord) -> Data:
    """Return the frame of pairwise transfer, and its signature."""
    rows = [
        {"source": own.source, "target": own.target, "effect": 100 * own.effect}
        | {"low": None if own.low is None else 100 * own.low}
        | {"high": None if own.high is None else 100 * own.high}
        | {"p_corrected": own.p_corrected, "verdict": own.verdict}
        | {"rule": record.rule, "metric": record.metrics[own.target], "unit": "points"}
        for own in record.effects
    ]
    words = ["test part", record.interval, f"an effect: {record.rule}"]
    return Data(pd.DataFrame(rows), "|".join(["study " + record.name, *words]))


def _cells(record: AffinityRecord) -> pd.DataFrame:
    rows = [
        {"affinity": record.name, "source": s, "target": t, "unit": record.unit}
        | {"effect": record.matrix[i][j]}
        | {"error": None if record.errors is None else record.errors[i][j]}
        for i, s in enumerate(record.tasks)
        for j, t in enumerate(record.tasks)
    ]
    return pd.DataFrame(rows)


def _predicted(wanted: Wanted) -> dict[str, tuple[dict[str, float], str]]:
    """Return by plan the predicted gains of the tasks, a mean over folds, and their unit."""
    by_plan: dict[str, list[GroupingRecord]] = {}
    for found in groupings(wanted):
        if found.grouping.recommendation is not None:
            by_plan.setdefault(found.name, []).append(found.grouping)
    result = {}
    for name, records in by_plan.items():
        gains = pd.DataFrame(
            [own.recommendation.predicted for own in records if own.recommendation]
        )
        unit = records[0].affinity.unit if records[0].affinity else "unit unknown"
        result[name] = (gains.astype(float).mean().dropna().to_dict(), unit)
    return result


def _is_alone(plan: PlanOutcome) -> bool:
    models = plan.cells[0].cell.as_plan().models
    return len(models) > 1 and all(len(model.tasks) == 1 for model in models)
