"""Records of groupings: how tasks were grouped, and what was looked at to do so."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from mtlv.store.record_base import RECORD_VERSION, Record

__all__ = [
    "AffinityRecord",
    "FoundGrouping",
    "GroupingRecord",
    "NumberRecord",
    "RecommendationRecord",
]


class NumberRecord(Record):
    """What was seen for each number of groups.

    Args:
        method: `elbow`, `silhouette` or `gap`.
        groups: the numbers tried.
        values: inertia, mean silhouette or gap of each.
        errors: standard errors, where there are any.
        chosen: the number that it suggests; None if none.
    """

    method: str
    groups: list[int]
    values: list[float]
    errors: list[float] | None = None
    chosen: int | None = None


class AffinityRecord(Record):
    """What learning one task does for another, as predicted or measured.

    Args:
        name: how it was found.
        unit: of the matrix.
        tasks: of its rows and columns.
        matrix: at [s][t] the effect of learning s on t; None where there is none.
        errors: standard errors, where they are known.
        subsets: gain of every member, by its name, in every group of two tasks or more, where all
            were trained; in the unit of the matrix. None in records from before it was kept.
        seconds: cost of training and measuring.
        runs: the same in multiples of one multi-task run; None if unknown.
        note: what must be known to read it.
        predicts_gain: whether more of it is a gain to expect; if not, it only ranks groupings.
    """

    name: str
    unit: str
    tasks: list[str]
    matrix: list[list[float | None]]
    errors: list[list[float | None]] | None = None
    subsets: list[dict[str, float]] | None = None
    seconds: float = 0.0
    runs: float | None = 0.0
    note: str = ""
    predicts_gain: bool = True


class RecommendationRecord(Record):
    """What a search under a budget recommends.

    Args:
        words: in a sentence or two.
        predicted: gain of each task over being learned alone.
        gain_over_mtl: predicted mean gain over one model for all tasks.
        error: standard error of that; None if unknown.
        luck: what a search among gains that are noise alone finds; None if unknown.
        leave_mtl: whether the gain exceeds its uncertainty.
    """

    words: str
    predicted: dict[str, float | None]
    gain_over_mtl: float
    error: float | None
    luck: float | None = None
    leave_mtl: bool


class GroupingRecord(Record):
    """How a cell's tasks were grouped.

    Args:
        origin: in words.
        groups: the groups; in a cover a task may stand in several.
        medoids: the task in the middle of each group, where the method has one.
        numbers: tables over the number of groups.
        affinity: that was clustered or searched with.
        recommendation: of a search.
        serves: for a cover, the index of the group that serves each task.
        jobs: ids of the jobs that were trained to find it; they count as cost of the plan.
        seconds: what finding it took besides; counts too.
        cpu_seconds: the same in processor seconds; 0 in older records.
    """

    origin: str
    groups: list[list[str]]
    medoids: list[str] = Field(default_factory=list)
    numbers: list[NumberRecord] = Field(default_factory=list)
    affinity: AffinityRecord | None = None
    recommendation: RecommendationRecord | None = None
    serves: dict[str, int] | None = None
    jobs: list[str] = Field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0


class FoundGrouping(Record):
    """A grouping that was asked for by itself, as `mtlv group` does.

    Args:
        id: fingerprint of all that decides it.
        study: whose config asked.
        fold: from 0.
        settings: of the grouping.
        grouping: what was found.
        stability: agreement with groupings on resampled texts, where texts decide.
        warnings: what the fold's splits want people to know, by corpus.
    """

    version: int = RECORD_VERSION
    id: str
    study: str
    fold: int
    settings: dict[str, Any]
    grouping: GroupingRecord
    stability: dict[str, float] | None = None
    warnings: list[str] = Field(default_factory=list)
