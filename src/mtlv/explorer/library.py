"""The library: what pages know of a run store, reckoned once and kept until the store changes.

A cell is scored once and for all; a running study's page scores the new cells only. What is damaged
is named and passed over, and the rest is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mtlv.errors import MtlvError, StoreError
from mtlv.explorer.remembering import Memory, RememberingStore, stamp_of
from mtlv.store.outcome import CellOutcome, StudyOutcome, score_cell, study_outcome
from mtlv.store.record import CellRecord, StudyRecord

if TYPE_CHECKING:
    from mtlv.store.comparison import CompareSettings, Comparison

__all__ = ["Damage", "Library", "Shelf"]

T = TypeVar("T")


@dataclass(frozen=True)
class Damage:
    """A record that could not be read or used, and why.

    Args:
        name: of the study, or of the run of a plan.
        error: what is wrong with it, and what to do.
    """

    name: str
    error: MtlvError


@dataclass(frozen=True)
class Shelf:
    """All studies of a store: those that can be read, newest first, and those that cannot."""

    studies: tuple[StudyRecord, ...]
    damaged: tuple[Damage, ...]


class Library:
    """Everything that pages ask a run store for.

    Args:
        root: folder of the store; it need not be there yet.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._store: RememberingStore | None = None
        self._memory = Memory()
        self._damage: dict[str, dict[str, Damage]] = {}
        self._scored: dict[str, int] = {}

    @property
    def store(self) -> RememberingStore:
        """The store.

        Raises:
            StoreError: there is none, or a newer version wrote it.
        """
        if self._store is None:
            self._store = RememberingStore(self.root)
        return self._store

    @property
    def exists(self) -> bool:
        """Whether there is a store by now."""
        return (self.root / "store.json").exists()

    def shelf(self) -> Shelf:
        """Return all studies; those whose record cannot be read are named."""
        studies, damaged = [], []
        for name in self.store.study_names() if self.exists else ():
            try:
                studies.append(self.study(name))
            except StoreError as error:
                damaged.append(Damage(name, error))
        studies.sort(key=lambda study: study.updated, reverse=True)
        return Shelf(tuple(studies), tuple(damaged))

    def study(self, name: str) -> StudyRecord:
        """Return a study's record.

        Raises:
            StoreError: there is none of that name, or it is damaged or newer.
        """
        return self._memory.get(("study", name), self._stamp(name), lambda: self.store.study(name))

    def stamp(self, name: str) -> Hashable:
        """Return what changes whenever another outcome of a study is to be expected."""
        jobs = (job for cell in self.study(name).cells for job in cell.jobs)
        return self._stamp(name), self._jobs_stamp(jobs)

    def outcome(self, name: str) -> StudyOutcome:
        """Score all finished cells of a study; those that cannot be scored are left out.

        Raises:
            StoreError: there is no such study.
        """
        return self._memory.get(("outcome", name), self.stamp(name), lambda: self._outcome(name))

    def damage(self, name: str) -> list[Damage]:
        """Return what `outcome` left out of a study."""
        return list(self._damage.get(name, {}).values())

    def scored(self, name: str) -> int:
        """Return how many cells of a study are scored by now."""
        return self._scored.get(name, 0)

    def comparison(
        self,
        names: tuple[str, ...],
        baseline: str,
        metric: str | None = None,
        settings: CompareSettings | None = None,
    ) -> Comparison:
        """Compare the plans of one study, or of several, with a baseline.

        Raises:
            ProtocolError: they cannot be compared.
        """
        from mtlv.store.comparison import compare  # SciPy's statistics take a second to import

        outcomes = [self.outcome(name) for name in names]
        stamp = tuple(self.stamp(name) for name in names)
        return self._memory.get(
            ("comparison", names, baseline, metric, settings),
            stamp,
            lambda: compare(self.store, outcomes, baseline, metric, settings),
        )

    def kept(self, key: Hashable, name: str, make: Callable[[], T]) -> T:
        """Return what was made of a study's outcome and of what lies beside it in the store.

        It is made anew when the outcome, a grouping, an explanation or the transfer changes.
        """
        root = self.store.root
        beside = (root / "groupings", root / "explanations", root / "transfers" / f"{name}.json")
        return self._memory.get(key, (self.stamp(name), *map(stamp_of, beside)), make)

    def _outcome(self, name: str) -> StudyOutcome:
        study = self.study(name)
        self._damage[name], self._scored[name] = {}, 0
        return study_outcome(study, lambda cell: self._cell(study, cell))

    def _cell(self, study: StudyRecord, cell: CellRecord) -> CellOutcome | None:
        place = f"plan '{cell.plan}', fold {cell.fold + 1}, seed {cell.seed}"
        key = ("cell", study.name, cell.plan, cell.fold, cell.seed)
        stamp = (repr(study.config.get("evaluation")), self._jobs_stamp(cell.jobs), *cell.jobs)
        try:
            scored = self._memory.get(key, stamp, lambda: score_cell(self.store, study, cell))
        except MtlvError as error:
            self._damage[study.name][place] = Damage(place, error)
            return None
        self._scored[study.name] += 1
        return scored

    def _stamp(self, name: str) -> Hashable:
        return stamp_of(self.store.study_folder(name) / "record.json")

    def _jobs_stamp(self, jobs: Iterable[str]) -> Hashable:
        return tuple(stamp_of(self.store.job_folder(job) / "record.json") for job in jobs)
