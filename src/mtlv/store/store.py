"""The run store: a folder of records, predictions, curves and checkpoints.

    runs/
      store.json                     version of the layout
      jobs/ID/record.json            what was trained, with what, at what cost
             predictions.parquet     every validation and test score
             curves.parquet          losses and metrics by epoch
             model.safetensors       what training changed, where checkpoints are kept
             measured.npz            what a probe measured, where there was one
      partial/ID/                    state of an unfinished job; may be removed, is after 30 days
      studies/NAME/record.json       configuration, cells, job ids
      studies/NAME/earlier/          records of the study under other configurations
      groupings/, transfers/, explanations/     see `shelves`

A job's folder appears in one step when all of it is written, so whatever is there is whole. Nothing
here needs torch.
"""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mtlv.errors import NewerStoreError, StoreError, nearest
from mtlv.evaluation.predictions import Predictions, ScoredPart
from mtlv.files import sweep_scraps, write_folder, write_text
from mtlv.store.reading import place_of, read_json, read_record
from mtlv.store.record import RECORD_VERSION, JobRecord, StudyRecord
from mtlv.store.shelves import Explanations, Groupings, Transfers

__all__ = ["Store"]

log = logging.getLogger(__name__)
SECONDS_TO_RESUME = 30 * 24 * 3600.0
"""The state of a job that was saved last so long ago is taken for abandoned."""
TRAIN_ANEW = "remove the job's folder and run the study again: only this job is trained"
RUN_ANEW = "run the study again: finished jobs are kept, and this record is moved to earlier/"
ELSEWHERE = "use another store with --store, or make a new one by removing this file alone"


class Store:
    """A run store.

    Besides jobs and studies it has the shelves `groupings`, `transfers` and `explanations`.

    Args:
        root: its folder.
        create: whether to make it where there is none.

    Raises:
        StoreError: there is no store, it cannot be written, or a newer version wrote it.
    """

    def __init__(self, root: Path | str = "runs", *, create: bool = True) -> None:
        self.root = Path(root)
        self.groupings = Groupings(self.root / "groupings")
        self.transfers = Transfers(self.root / "transfers")
        self.explanations = Explanations(self.root / "explanations")
        marker = self.root / "store.json"
        if marker.exists():
            known = read_json(marker, "the run store", ELSEWHERE)
            if create and known["version"] < RECORD_VERSION:
                _mark(marker)
        elif create:
            _mark(marker)
        else:
            raise StoreError(
                "There is no run store.",
                where=str(self.root),
                hint="run a study first (`mtlv run CONFIG`), or name the store with --store",
            )
        if create:
            with suppress(OSError):  # another process may finish or sweep a scrap meanwhile
                sweep_scraps(self.root / "jobs")
                self._sweep_partial()

    def job_folder(self, job: str) -> Path:
        """Return the folder of a job, whether or not it is there.

        Raises:
            StoreError: the id is a path.
        """
        return place_of(self.root / "jobs", job)

    def partial_folder(self, job: str) -> Path:
        """Return the folder for the state of a job that is not finished, whether it is there."""
        return place_of(self.root / "partial", job)

    def study_folder(self, name: str) -> Path:
        """Return the folder of a study, whether or not it is there."""
        return place_of(self.root / "studies", name)

    def has_job(self, job: str) -> bool:
        """Tell whether a job is finished."""
        return (self.job_folder(job) / "record.json").exists()

    def job(self, job: str) -> JobRecord:
        """Return a job's record.

        Raises:
            StoreError: there is none, or it is damaged or newer.
        """
        path = self.job_folder(job) / "record.json"
        return read_record(JobRecord, path, f"the job '{job}'", TRAIN_ANEW)

    def predictions(self, job: str) -> dict[ScoredPart, Predictions]:
        """Return a job's predictions by part."""
        return Predictions.from_table(self._table(job, "predictions.parquet"))

    def curves(self, job: str) -> pa.Table:
        """Return a job's curves, as `CURVES_SCHEMA`."""
        return self._table(job, "curves.parquet")

    def measured(self, job: str) -> dict[str, np.ndarray[Any, Any]]:
        """Return what a job's probe measured, by name; nothing if it had none."""
        path = self.job_folder(job) / "measured.npz"
        if not path.exists():
            return {}
        try:
            with np.load(path) as arrays:
                return dict(arrays)
        except (OSError, ValueError, BadZipFile) as error:
            raise _unreadable(job, path, error) from error

    def write_job(
        self,
        record: JobRecord,
        predictions: list[Predictions],
        curves: pa.Table,
        save_checkpoint: Callable[[Path], None] | None = None,
        measured: Mapping[str, np.ndarray[Any, Any]] | None = None,
    ) -> None:
        """Write all of a job in one step; one that is there stays, unless this one adds weights.

        The state that it had while it was not finished is removed.

        Raises:
            StoreError: the disk is full or the store cannot be written; nothing is left behind.
        """
        with write_folder(self.job_folder(record.id), replace=record.checkpoint) as folder:
            if predictions:
                table = pa.concat_tables([part.to_table() for part in predictions])
                pq.write_table(table, folder / "predictions.parquet", compression="zstd")
            pq.write_table(curves, folder / "curves.parquet", compression="zstd")
            if save_checkpoint is not None:
                save_checkpoint(folder)
            if measured:
                arrays: dict[str, Any] = dict(measured)
                np.savez_compressed(folder / "measured.npz", **arrays)
            text = record.model_dump_json(indent=1) + "\n"
            (folder / "record.json").write_text(text, encoding="utf-8")
        shutil.rmtree(self.partial_folder(record.id), ignore_errors=True)

    def study_names(self) -> list[str]:
        """Return the names of all studies, in order."""
        return sorted(p.parent.name for p in (self.root / "studies").glob("*/record.json"))

    def studies(self) -> Iterator[StudyRecord]:
        """Yield all readable studies; a damaged record is named in the log and passed over."""
        for name in self.study_names():
            try:
                yield self.study(name)
            except StoreError as error:
                log.warning("%s", error)

    def study(self, name: str) -> StudyRecord:
        """Return a study's record.

        Raises:
            StoreError: there is none of that name, or it is damaged or newer.
        """
        path = self.study_folder(name) / "record.json"
        if not path.exists():
            known = self.study_names()
            raise StoreError(
                f"There is no study named '{name}'.",
                where=str(self.root),
                hint=nearest(name, known) if known else "the store is empty",
            )
        return read_record(StudyRecord, path, f"the study '{name}'", RUN_ANEW)

    def has_study(self, name: str) -> bool:
        """Tell whether there is a study of a name."""
        return (self.study_folder(name) / "record.json").exists()

    def write_study(self, record: StudyRecord) -> None:
        """Write a study's record; one of another config or other data is moved to `earlier/`.

        Raises:
            NewerStoreError: a newer version of the package wrote the one that is there.
        """
        folder = self.study_folder(record.name)
        path = folder / "record.json"
        if path.exists():
            try:
                old = self.study(record.name)
            except NewerStoreError:
                raise
            except StoreError:
                old = None
            if old is None or not old.repeats(record):
                stamp = (old.updated if old else record.updated).replace(":", "-")
                text = path.read_text(encoding="utf-8", errors="replace")
                write_text(_free(folder / "earlier", stamp), text)
        write_text(path, record.model_dump_json(indent=1) + "\n")

    def _sweep_partial(self) -> None:
        """Remove states of jobs that were finished since, or that nobody went on with."""
        for folder in (self.root / "partial").glob("*"):
            record = self.job_folder(folder.name) / "record.json"
            saved = folder.stat().st_mtime
            finished = record.exists() and record.stat().st_mtime > saved
            if finished or time.time() - saved > SECONDS_TO_RESUME:
                shutil.rmtree(folder, ignore_errors=True)

    def _table(self, job: str, file: str) -> pa.Table:
        path = self.job_folder(job) / file
        try:
            with pq.ParquetFile(path) as table:  # half the time of `read_table` on small files
                return table.read()
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(job, path, error) from error


def _mark(marker: Path) -> None:
    """Say which version of the package a reader needs."""
    write_text(marker, json.dumps({"version": RECORD_VERSION}) + "\n")


def _unreadable(job: str, path: Path, error: Exception) -> StoreError:
    return StoreError(
        f"A file of the job '{job}' cannot be read.",
        where=str(path),
        found=str(error).splitlines()[0],
        hint=TRAIN_ANEW,
    )


def _free(folder: Path, stamp: str) -> Path:
    """Return a file name that is not taken, as two records may be of the same second."""
    names = (stamp if i == 1 else f"{stamp}-{i}" for i in count(1))
    return next(path for path in (folder / f"{name}.json" for name in names) if not path.exists())
