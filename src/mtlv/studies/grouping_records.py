"""What grouping found, as the store keeps it: in the unit of its affinity, None for NaN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from mtlv.evaluation.scores import json_number
from mtlv.grouping.affinity_value import Affinity
from mtlv.grouping.context import Array
from mtlv.grouping.gains import TableGains
from mtlv.grouping.methods import Found
from mtlv.store.record import (
    AffinityRecord,
    GroupingRecord,
    NumberRecord,
    RecommendationRecord,
)

__all__ = ["record_of"]


def record_of(found: Found, jobs: Sequence[str], took: Array) -> GroupingRecord:
    """Return what was found as the store keeps it.

    Args:
        found: the groups, and how they were found.
        jobs: ids of those that were run for it.
        took: seconds without those of jobs, by the clock and of the processor, (2,).
    """
    return GroupingRecord(
        origin=found.grouping.origin,
        groups=[list(group) for group in found.grouping.groups],
        medoids=list(found.medoids),
        numbers=[NumberRecord(**asdict(table)) for table in found.numbers],
        affinity=None if found.affinity is None else _affinity_record(found.affinity),
        recommendation=_recommendation_record(found),
        serves=None if found.grouping.serves is None else dict(found.grouping.serves),
        jobs=list(dict.fromkeys(jobs)),
        seconds=float(took[0]),
        cpu_seconds=float(took[1]),
    )


def _affinity_record(affinity: Affinity) -> AffinityRecord:
    """Return an affinity as it is kept: in its unit, which is points and not shares."""
    factor = affinity.gains.unit.factor
    return AffinityRecord(
        name=affinity.name,
        unit=affinity.gains.unit.words,
        tasks=list(affinity.tasks),
        matrix=_listed(factor * affinity.matrix),
        errors=None if affinity.errors is None else _listed(factor * affinity.errors),
        subsets=_subsets(affinity),
        seconds=affinity.cost.seconds,
        runs=json_number(affinity.cost.runs),
        note=affinity.note,
        predicts_gain=affinity.gains.unit.predicts_gain,
    )


def _subsets(affinity: Affinity) -> list[dict[str, float]] | None:
    """Return the gains of all groups in the unit of the affinity, where each was trained."""
    if not isinstance(affinity.gains, TableGains):
        return None
    factor = affinity.gains.unit.factor
    return [
        {task: factor * gain for task, gain in group.items()} for group in affinity.gains.by_group()
    ]


def _recommendation_record(found: Found) -> RecommendationRecord | None:
    """Return a recommendation as it is kept, in the unit of the affinity that it comes from."""
    advice, affinity = found.recommendation, found.affinity
    if advice is None or affinity is None:
        return None
    factor = affinity.gains.unit.factor
    return RecommendationRecord(
        words=advice.words,
        predicted={task: json_number(factor * value) for task, value in advice.predicted.items()},
        gain_over_mtl=factor * advice.gain_over_mtl,
        error=None if advice.error is None else factor * advice.error,
        luck=None if advice.luck is None else factor * advice.luck,
        leave_mtl=advice.leave_mtl,
    )


def _listed(matrix: Array) -> list[list[float | None]]:
    return [[json_number(value) for value in row] for row in matrix]
