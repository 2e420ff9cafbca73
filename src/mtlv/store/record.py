"""Records: what the run store says of jobs and studies. Typed, versioned JSON; the source of truth.

A record of a newer version than this package knows is refused by name, never guessed at.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from mtlv.plans import Plan

__all__ = [
    "RECORD_VERSION",
    "AffinityRecord",
    "CellRecord",
    "CorpusRecord",
    "EffectRecord",
    "FoundGrouping",
    "GroupingRecord",
    "JobCost",
    "JobRecord",
    "NumberRecord",
    "RecommendationRecord",
    "StudyRecord",
    "TaskRecord",
    "TransferRecord",
    "TuningRecord",
]

RECORD_VERSION = 2


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class JobCost(_Record):
    """What a job took.

    `preparation_seconds` is what its shared preparation (the frozen layers' output) took when it
    was made; jobs that found it made name the same figure, and a plan counts it once. It is the sum
    of `preparations`, by name.
    `measuring_seconds` is the part of `wall_seconds` that a probe took.
    """

    wall_seconds: float
    cpu_seconds: float
    preparation_seconds: float = 0.0
    preparations: dict[str, float] = {}
    measuring_seconds: float = 0.0
    peak_memory_mb: float
    peak_device_mb: float
    parameters: int
    trainable_parameters: int
    texts_seen: int


class JobRecord(_Record):
    """One trained model.

    Args:
        id: fingerprint of `spec`.
        spec: everything that decides the result.
        model: heads as lists of task names.
        fold: of its split, for people.
        epoch: whose weights were kept.
        epochs: that were run.
        precision: that was computed in.
        checkpoint: whether its weights are stored.
        environment: versions and machine.
    """

    version: int = RECORD_VERSION
    id: str
    spec: dict[str, Any]
    model: list[list[str]]
    fold: int
    seed: int
    epoch: int
    epochs: int
    precision: str
    checkpoint: bool
    cost: JobCost
    finished: str
    environment: dict[str, str]


class TaskRecord(_Record):
    """One task of a study."""

    name: str
    kind: str
    corpus: str
    labels: list[str] = []
    description: str | None = None
    positives: int | None = None


class CorpusRecord(_Record):
    """One corpus of a study."""

    name: str
    fingerprint: str
    examples: int
    notes: list[str] = []


class NumberRecord(_Record):
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


class AffinityRecord(_Record):
    """What learning one task does for another, as predicted or measured.

    Args:
        name: how it was found.
        unit: of the matrix.
        tasks: of its rows and columns.
        matrix: at [s][t] the effect of learning s on t; None where there is none.
        errors: standard errors, where they are known.
        seconds: cost of training and measuring.
        runs: the same in multiples of one multi-task run; None if unknown.
        note: what must be known to read it.
    """

    name: str
    unit: str
    tasks: list[str]
    matrix: list[list[float | None]]
    errors: list[list[float | None]] | None = None
    seconds: float = 0.0
    runs: float | None = 0.0
    note: str = ""


class RecommendationRecord(_Record):
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


class GroupingRecord(_Record):
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
    """

    origin: str
    groups: list[list[str]]
    medoids: list[str] = []
    numbers: list[NumberRecord] = []
    affinity: AffinityRecord | None = None
    recommendation: RecommendationRecord | None = None
    serves: dict[str, int] | None = None
    jobs: list[str] = []
    seconds: float = 0.0


class FoundGrouping(_Record):
    """A grouping that was asked for by itself, as `mtlv group` does.

    Args:
        id: fingerprint of all that decides it.
        study: whose config asked.
        fold: from 0.
        settings: of the grouping.
        grouping: what was found.
        stability: agreement with groupings on resampled texts, where texts decide.
    """

    version: int = RECORD_VERSION
    id: str
    study: str
    fold: int
    settings: dict[str, Any]
    grouping: GroupingRecord
    stability: dict[str, float] | None = None


class EffectRecord(_Record):
    """What learning one task beside another did to it.

    Args:
        source: the task that was added.
        target: the task that is looked at.
        effect: difference of its metric to being learned alone.
        low: lower end of the 95 % interval.
        high: upper end.
        verdict: what a stated rule makes of it.
    """

    source: str
    target: str
    effect: float
    low: float
    high: float
    verdict: Literal["improves", "decreases", "none"]


class TransferRecord(_Record):
    """Pairwise transfer between tasks.

    Args:
        name: of the study whose config it was measured with.
        metrics: of each task.
        alone: mean metric of each task learned alone.
        effects: one per ordered pair.
        runs: folds times seeds.
        margin: effects up to so much count as none.
        jobs: ids of all trainings.
    """

    version: int = RECORD_VERSION
    name: str
    config: dict[str, Any]
    tasks: list[str]
    metrics: dict[str, str]
    alone: dict[str, float]
    effects: list[EffectRecord]
    runs: int
    margin: float
    jobs: list[str]
    finished: str

    def matrix(self) -> list[list[float | None]]:
        """Return effects by source and target; None on the diagonal."""
        found = {(each.source, each.target): each.effect for each in self.effects}
        return [[found.get((s, t)) for t in self.tasks] for s in self.tasks]


class TuningRecord(_Record):
    """Settings that were tried for a plan on validation data.

    Args:
        metric: by which the best was chosen.
        trials: settings, validation value and jobs of each.
        chosen: index of the best.
    """

    metric: str
    trials: list[dict[str, Any]]
    chosen: int

    @property
    def best(self) -> dict[str, Any]:
        """Return the settings that were chosen."""
        return dict(self.trials[self.chosen]["changes"])


class CellRecord(_Record):
    """One plan on one fold with one seed.

    Args:
        plan: its name in the study.
        variant: settings of its point of the sweep.
        fold: from 0.
        seed: of its jobs.
        architecture: the plan itself; see `as_plan`.
        jobs: one id per model, in the order of the plan's models.
        grouping: for plans that group.
        tuning: for tuned plans.
    """

    plan: str
    variant: dict[str, Any] = {}
    fold: int
    seed: int
    architecture: dict[str, Any]
    jobs: list[str]
    grouping: GroupingRecord | None = None
    tuning: TuningRecord | None = None

    def as_plan(self) -> Plan:
        """Return the plan."""
        return Plan.from_json(self.architecture)


class StudyRecord(_Record):
    """One study: its configuration and the cells that were planned so far."""

    version: int = RECORD_VERSION
    name: str
    config: dict[str, Any]
    status: Literal["running", "finished", "failed"]
    started: str
    updated: str
    tasks: list[TaskRecord]
    corpora: list[CorpusRecord]
    warnings: list[str] = []
    cells: list[CellRecord] = []
    planned: int = 0
    failure: str | None = None

    def repeats(self, other: StudyRecord) -> bool:
        """Tell whether two records are of one configuration on the same data."""
        data = [{own.name: own.fingerprint for own in study.corpora} for study in (self, other)]
        return self.config == other.config and data[0] == data[1]
