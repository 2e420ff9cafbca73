"""A study, from its config to its record. Reads like the Method section of a paper.

    1. Read the data, name the tasks, divide the examples.       (inputs)
    2. Expand every plan on every fold; find its groups.         (cells, grouping)
       What follows is done for plans that start from nothing first, and then for those that start
       from their encoders.                                      (stages)
    3. Tune the settings of every plan on validation data.       (tuning)
    4. Train every model of every plan, equal jobs once.         (jobs, worker)
    5. Score the stored predictions.                             (store.outcome)

The record, which names all jobs, is written before training starts, so a killed study goes on with
what is missing, and whoever looks meanwhile sees what is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from mtlv.errors import MtlvError, NewerStoreError, StoreError
from mtlv.store import CellRecord, Store, StudyRecord
from mtlv.store.record import CorpusRecord, TaskRecord
from mtlv.studies.arms import Arm
from mtlv.studies.config import StudyConfig
from mtlv.studies.environment import now
from mtlv.studies.executors import Executor
from mtlv.studies.inputs import Inputs, read_inputs
from mtlv.studies.processes import make_executor
from mtlv.studies.watching import StudyWatcher
from mtlv.training.processes import is_main_process

__all__ = ["Study"]


@dataclass(frozen=True)
class Study:
    """A study and where it runs.

    Args:
        config: what to do.
        store: the run store.
        base: folder that relative paths in the config are relative to.
        watcher: is told of progress.
        executor: runs the jobs; None takes what the config says.
    """

    config: StudyConfig
    store: Store
    base: Path = Path()
    watcher: StudyWatcher = field(default_factory=StudyWatcher)
    executor: Executor | None = None

    def plan(self) -> list[Arm]:
        """Read the data and expand every plan; nothing is trained.

        Raises:
            MtlvError: the data cannot be learned from, or a plan does not fit them.
        """
        arms = list(self._arms())
        for arm in arms:
            arm.plan()
        return arms

    def run(self) -> StudyRecord:
        """Run what is missing of the study and return its record.

        Raises:
            MtlvError: something does not allow it; what was finished is kept.
        """
        arms = self.plan()
        record = self._first_record(arms)
        try:
            for arm in arms:
                record = self._publish(record, arms, "running")
                if arm.pretraining():
                    arm.pretrain(partial(self.watcher.on_study, record))
                for level in arm.levels():
                    record = self._run_level(record, arms, arm, level)
        except BaseException as error:
            with suppress(MtlvError):  # a full disk must not hide what went wrong
                self._publish(record, arms, "failed", _in_short(error))
            raise
        return self._publish(record, arms, "finished")

    def _run_level(
        self, record: StudyRecord, arms: list[Arm], arm: Arm, level: list[int]
    ) -> StudyRecord:
        """Group, tune and train the plans that start from nothing, or from earlier levels."""
        if any(index in level for _, index, _ in arm.waiting()):
            arm.group(level, partial(self.watcher.on_study, record))
            record = self._publish(record, arms, "running")
        arm.tune(level)
        record = self._publish(record, arms, "running")
        arm.train(level, partial(self.watcher.on_study, record))
        return record

    def _arms(self) -> Iterator[Arm]:
        read: dict[str, Inputs] = {}
        for variant, config in self.config.variants():
            key = f"{config.data}{config.tasks}{config.evaluation}"
            if key not in read:
                read[key] = read_inputs(config, self.base)
            executor = self.executor or make_executor(config.executor.workers)
            yield Arm(config, variant, read[key], self.store, executor, self.watcher)

    def _first_record(self, arms: list[Arm]) -> StudyRecord:
        warnings = list(dict.fromkeys(text for arm in arms for text in arm.inputs.warnings))
        tasks: dict[str, TaskRecord] = {}
        corpora: dict[tuple[str, str], CorpusRecord] = {}
        for inputs in {id(arm.inputs): arm.inputs for arm in arms}.values():
            tasks |= {task.name: task for task in inputs.task_records() if task.name not in tasks}
            corpora |= {(c.name, c.fingerprint): c for c in inputs.corpus_records()}
        record = StudyRecord(
            name=self.config.study,
            config=self.config.model_dump(mode="json"),
            status="running",
            started=now(),
            updated=now(),
            tasks=list(tasks.values()),
            corpora=list(corpora.values()),
            warnings=warnings,
            planned=sum(arm.cell_count for arm in arms),
        )
        earlier = self._earlier_record()
        if earlier is not None and earlier.repeats(record):
            return record.model_copy(update={"started": earlier.started, "cells": earlier.cells})
        return record

    def _earlier_record(self) -> StudyRecord | None:
        try:
            return self.store.study(self.config.study)
        except NewerStoreError:
            raise
        except StoreError:  # there is none, or it is damaged and will be moved away
            return None

    def _publish(
        self, record: StudyRecord, arms: list[Arm], status: str, failure: str | None = None
    ) -> StudyRecord:
        found = [_as_found(cell, record) for arm in arms for cell in arm.records()]
        there = {cell.place for cell in found}
        kept = [cell for cell in record.cells if cell.place not in there]
        changes: dict[str, Any] = {"cells": [*found, *kept], "status": status, "failure": failure}
        record = record.model_copy(update=changes | {"updated": now()})
        if is_main_process():
            self.store.write_study(record)
            self.watcher.on_study(record)
        return record


def _as_found(cell: CellRecord, record: StudyRecord) -> CellRecord:
    """Return a cell with the cost of its groups as it was when they were found first."""
    for known in record.cells:
        if known.is_like(cell):
            return cell.model_copy(update={"grouping": known.grouping})
    return cell


def _in_short(error: BaseException) -> str:
    if isinstance(error, MtlvError):
        return error.what
    return "interrupted" if isinstance(error, KeyboardInterrupt) else str(error) or repr(error)
