"""Records of studies: their tasks, corpora and cells."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from mtlv.plans import Plan
from mtlv.store.record_base import RECORD_VERSION, Record
from mtlv.store.record_grouping import GroupingRecord
from mtlv.tasks import Role
from mtlv.words import counted

__all__ = ["CellRecord", "CorpusRecord", "InputForm", "StudyRecord", "TaskRecord", "TuningRecord"]

ASIDE = ("executor", "store", "tracking")
"""Sections of a config that do not decide results."""
InputForm = Literal["text", "pair", "tokens"]
"""What an example is: a text, a pair of texts, or a list of words."""


class TaskRecord(Record):
    """One task of a study.

    Args:
        name: unique in its study.
        kind: `binary`, `multiclass`, `regression` or `tagging`.
        corpus: that carries its targets.
        labels: names of classes or tags, in the order of the scores.
        description: what it means, in words.
        positives: of `binary`, in the whole corpus.
        metric: that it is judged by; None in records from before it was written.
        negative: of `multiclass`, the class that F1 does not count.
        range: of `regression`, its smallest and largest value.
        role: `auxiliary` tasks are trained on, but not chosen for and not reported.
    """

    name: str
    kind: str
    corpus: str
    labels: list[str] = Field(default_factory=list)
    description: str | None = None
    positives: int | None = None
    metric: str | None = None
    negative: str | None = None
    range: tuple[float, float] | None = None
    role: Role = "target"


class CorpusRecord(Record):
    """One corpus of a study.

    Args:
        name: in the study.
        fingerprint: of its contents.
        examples: N.
        notes: of its reader.
        input: what an example is; None in records from before it was written.
    """

    name: str
    fingerprint: str
    examples: int
    notes: list[str] = Field(default_factory=list)
    input: InputForm | None = None


class TuningRecord(Record):
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


class CellRecord(Record):
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
    variant: dict[str, Any] = Field(default_factory=dict)
    fold: int
    seed: int
    architecture: dict[str, Any]
    jobs: list[str]
    grouping: GroupingRecord | None = None
    tuning: TuningRecord | None = None

    @property
    def place(self) -> tuple[str, str, int, int]:
        """Plan, point of the sweep, fold and seed: no other cell of a study has the same."""
        return self.plan, str(self.variant), self.fold, self.seed

    def is_like(self, other: CellRecord) -> bool:
        """Tell whether two cells are the same models of the same plan."""
        names = ("plan", "variant", "fold", "seed", "architecture", "jobs")
        return all(getattr(self, name) == getattr(other, name) for name in names)

    def as_plan(self) -> Plan:
        """Return the plan."""
        return Plan.from_json(self.architecture)


class StudyRecord(Record):
    """One study: its configuration and the cells that were planned so far."""

    version: int = RECORD_VERSION
    name: str
    config: dict[str, Any]
    status: Literal["running", "finished", "failed"]
    started: str
    updated: str
    tasks: list[TaskRecord]
    corpora: list[CorpusRecord]
    warnings: list[str] = Field(default_factory=list)
    cells: list[CellRecord] = Field(default_factory=list)
    planned: int = 0
    failure: str | None = None

    @property
    def targets(self) -> list[TaskRecord]:
        """Return the tasks that are no auxiliary ones."""
        return [task for task in self.tasks if task.role == "target"]

    def size_of(self, corpus: CorpusRecord) -> str:
        """Return how many examples a corpus has, and which share of them was drawn, in words."""
        sample = self.config.get("evaluation", {}).get("sample")
        share = sample.get(corpus.name) if isinstance(sample, dict) else sample
        drawn = "" if share is None else f", a sample of {100 * share:g} % of them"
        return counted(corpus.examples, "example") + drawn

    @property
    def cautions(self) -> list[str]:
        """Return what to be careful about: its warnings, and groups that were advised against."""
        plans = dict.fromkeys(cell.plan for cell in self.cells)
        return [*self.warnings, *(text for plan in plans for text in self._advised_against(plan))]

    def _advised_against(self, plan: str) -> list[str]:
        """Return a sentence where the search of a plan does not advise the groups it found."""
        by_fold = {cell.fold: cell.grouping for cell in self.cells if cell.plan == plan}
        searched = [(own.recommendation, own.groups) for own in by_fold.values() if own is not None]
        against = sum(
            advice is not None and not advice.leave_mtl and len(groups) > 1
            for advice, groups in searched
        )
        if not against:
            return []
        times = "" if len(by_fold) == 1 else f" in {against} of {len(by_fold)} folds"
        return [
            f"{plan}: its search for groups does not advise{times} to leave one model for all "
            "tasks; the best groups that it found are trained all the same, as the plan asks for "
            "groups"
        ]

    @property
    def question(self) -> dict[str, Any]:
        """Return what decides results in the config: not where jobs run, and who watches."""
        config = {key: value for key, value in self.config.items() if key not in ASIDE}
        train = {k: v for k, v in config.get("train", {}).items() if k != "save_every"}
        return config | {"train": train}

    def repeats(self, other: StudyRecord) -> bool:
        """Tell whether two records are of one configuration on the same data."""
        data = [{(c.name, c.fingerprint) for c in study.corpora} for study in (self, other)]
        return self.question == other.question and data[0] == data[1]
