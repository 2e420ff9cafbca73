"""Mirroring a study: a run for the study, for each of its cells, and for each model of a cell.

A job that several cells share gets a run under each of them. What is finished is told once; telling
it twice (after a crash between telling and remembering) changes nothing, because names, values and
times follow from the records alone. A run is remembered as soon as it is started.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

from mtlv.errors import MtlvError
from mtlv.fingerprint import canonical_json, fingerprint
from mtlv.store.outcome import CellOutcome, cell_predictions, score_cell, study_outcome
from mtlv.store.record import CellRecord, JobRecord, StudyRecord
from mtlv.store.store import Store
from mtlv.store.tracking_files import (
    SHOWN_METRICS,
    cell_files,
    comparison_files,
    comparison_text,
    study_files,
)
from mtlv.store.tracking_memory import CellMemory, Memory, RunMemory, Status, StudyMemory
from mtlv.store.tracking_values import (
    Number,
    cell_numbers,
    cell_params,
    job_numbers,
    job_params,
    label_names,
    milliseconds,
    study_numbers,
    study_params,
)
from mtlv.version import __version__

__all__ = ["StudyMirror", "Tracker"]

log = logging.getLogger(__name__)
LONGEST_NAME = 60
DESCRIPTION = "mlflow.note.content"
"""Tag that MLflow's pages show as the description of a run, in Markdown."""
STATUS: dict[str, Status] = {"running": "RUNNING", "finished": "FINISHED", "failed": "FAILED"}


class Tracker(Protocol):
    """What a tracker can be told."""

    def start(self, name: str, tags: Mapping[str, str], time: int, parent: str | None) -> str:
        """Start a run and return its id."""

    def tell(
        self,
        run: str,
        params: Mapping[str, str] | None = None,
        numbers: Sequence[Number] = (),
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Add parameters, numbers and tags to a run; equal ones once."""

    def attach(self, run: str, files: Mapping[str, str]) -> None:
        """Add files to a run, or replace them."""

    def set_status(self, run: str, status: Status, time: int) -> None:
        """Say how a run is, and when it came to that."""

    def has(self, run: str) -> bool:
        """Tell whether a run is there and was not deleted."""

    def remove(self, run: str) -> None:
        """Delete a run."""


class StudyMirror:
    """The mirror of one study in one tracker.

    Args:
        store: the run store.
        tracker: is told.
        memory: of what it was told.
        study: the study, as it is now.
    """

    def __init__(self, store: Store, tracker: Tracker, memory: Memory, study: StudyRecord) -> None:
        self._store, self._tracker, self._memory = store, tracker, memory
        self._names = label_names(task.name for task in study.tasks)
        self._outcomes: dict[str, CellOutcome | None] = {}
        self._known = self._recall() or self._start(study)

    def update(self, study: StudyRecord) -> None:
        """Tell the tracker what it does not know yet of a study."""
        for cell in study.cells:
            self._update_cell(study, cell)
        if study.status == "finished":
            self._compare(study)
        self._set_status(self._known, STATUS[study.status], milliseconds(study.updated))
        self._memory.save(self._known)

    def attach(self, files: Mapping[str, str]) -> None:
        """Add files to the run of the study."""
        self._tracker.attach(self._known.id, files)

    def _recall(self) -> StudyMemory | None:
        """Return what is remembered, without open runs that the tracker has lost."""
        known = self._memory.load()
        if known is None or not self._tracker.has(known.id):
            return None
        for place, cell in list(known.cells.items()):
            if cell.status != "FINISHED" and not self._tracker.has(cell.id):
                del known.cells[place]
        return known

    def _start(self, study: StudyRecord) -> StudyMemory:
        tags = {"mtlv.kind": "study", "mtlv.study": study.name, "mtlv.version": __version__}
        run = self._tracker.start(study.name, tags, milliseconds(study.started), None)
        known = StudyMemory(id=run)
        self._memory.save(known)
        self._tracker.tell(run, study_params(study))
        self._tracker.attach(run, study_files(study))
        return known

    def _update_cell(self, study: StudyRecord, cell: CellRecord) -> None:
        place = _place(cell)
        known = self._known.cells.get(place)
        if known is not None and known.jobs != cell.jobs:
            self._remove(place, known)  # its groups or settings changed, or the training code did
            known = None
        if known is not None and known.status == "FINISHED":
            return
        new = [
            index
            for index, job in enumerate(cell.jobs)
            if self._store.has_job(job) and not (known is not None and known.told(index))
        ]
        if new:
            known = known or self._start_cell(study, cell, new)
            for index in new:
                self._tell_model(study, cell, known, index)
        if known is not None:
            self._close_cell(study, cell, known)
            self._memory.save(self._known)

    def _start_cell(
        self, study: StudyRecord, cell: CellRecord, models: Sequence[int]
    ) -> CellMemory:
        tags = {"mtlv.kind": "cell", "mtlv.study": study.name, "mtlv.plan": cell.plan}
        time = min(_started(self._store.job(cell.jobs[index])) for index in models)
        run = self._tracker.start(_name(cell), tags, time, self._known.id)
        known = self._known.cells[_place(cell)] = CellMemory(id=run, jobs=list(cell.jobs))
        self._memory.save(self._known)
        self._tracker.tell(run, cell_params(cell))
        return known

    def _tell_model(
        self, study: StudyRecord, cell: CellRecord, known: CellMemory, index: int
    ) -> None:
        record = self._store.job(cell.jobs[index])
        if index not in known.models or not self._tracker.has(known.models[index].id):
            tags = {"mtlv.kind": "model", "mtlv.study": study.name, "mtlv.job": record.id}
            tags |= {f"mtlv.env.{name}": text for name, text in record.environment.items()}
            name = _model_name(record, index)
            run = self._tracker.start(name, tags, _started(record), known.id)
            known.models[index] = RunMemory(id=run)
            self._memory.save(self._known)
        numbers = job_numbers(record, self._store.curves(record.id), self._names)
        self._tracker.tell(known.models[index].id, job_params(record), numbers)
        self._set_status(known.models[index], "FINISHED", milliseconds(record.finished))

    def _close_cell(self, study: StudyRecord, cell: CellRecord, known: CellMemory) -> None:
        """Tell the scores of a complete cell; an incomplete one goes on or was cut short."""
        if not all(known.told(index) for index in range(len(cell.jobs))):
            going = study.status == "running"
            self._set_status(known, "RUNNING" if going else "KILLED", milliseconds(study.updated))
            return
        time = max(milliseconds(self._store.job(job).finished) for job in cell.jobs)
        outcome = self._outcome(study, cell)
        if outcome is not None:
            numbers = cell_numbers(outcome, self._names, time)
            self._tracker.tell(known.id, cell_params(cell), numbers)
            files = cell_files(outcome, cell_predictions(self._store, cell))
            self._tracker.attach(known.id, files)
        self._set_status(known, "FAILED" if outcome is None else "FINISHED", time)

    def _outcome(self, study: StudyRecord, cell: CellRecord) -> CellOutcome | None:
        """Return the scores of a cell, None where it has none; computed once."""
        place = _place(cell)
        if place not in self._outcomes:
            try:
                self._outcomes[place] = score_cell(self._store, study, cell)
            except MtlvError as error:
                log.warning("%s cannot be scored: %s", _name(cell), error)
                self._outcomes[place] = None
        return self._outcomes[place]

    def _compare(self, study: StudyRecord) -> None:
        compared = fingerprint([cell.jobs for cell in study.cells])
        if self._known.compared == compared:
            return
        outcome = study_outcome(study, lambda cell: self._outcome(study, cell))
        run, text = self._known.id, comparison_text(outcome)
        numbers = study_numbers(outcome, SHOWN_METRICS)
        self._tracker.tell(run, study_params(study), numbers, {DESCRIPTION: text})
        self._tracker.attach(run, study_files(study) | comparison_files(outcome))
        self._known.compared = compared

    def _remove(self, place: str, known: CellMemory) -> None:
        for run in [*known.models.values(), known]:
            if self._tracker.has(run.id):
                self._tracker.remove(run.id)
        del self._known.cells[place]
        self._outcomes.pop(place, None)

    def _set_status(self, run: RunMemory, status: Status, time: int) -> None:
        if run.status != status:
            self._tracker.set_status(run.id, status, time)
            run.status = status


def _name(cell: CellRecord) -> str:
    return f"{cell.plan}/fold {cell.fold + 1}/seed {cell.seed}"


def _place(cell: CellRecord) -> str:
    """Return what tells cells apart; two points of a sweep may share the name of their plan."""
    return f"{_name(cell)} {canonical_json(cell.variant)}" if cell.variant else _name(cell)


def _model_name(record: JobRecord, index: int) -> str:
    tasks = [task for head in record.model for task in head]
    names = ", ".join(tasks)
    return names if len(names) <= LONGEST_NAME else f"model {index + 1} ({len(tasks)} tasks)"


def _started(record: JobRecord) -> int:
    return milliseconds(record.finished) - round(1000 * record.cost.wall_seconds)
