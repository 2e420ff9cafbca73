"""Shelves of the run store: records that belong to no job, a folder or a file each.

    groupings/ID/record.json       groups that were asked for by themselves
             features.npz          of the tasks
             elbow.svg             and other tables over the number of groups, as pictures
    transfers/NAME.json            what tasks do to each other, measured pair by pair
    explanations/ID/record.json    what was asked of a study's models
             words.parquet         and other tables of answers

A shelf is read like a mapping: `store.groupings["1f0c"]`. A damaged record costs no other: it is
named, and the rest of the shelf is read. Nothing here needs torch.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mtlv.errors import StoreError
from mtlv.files import write_folder, write_text
from mtlv.store.number_plot import number_svg
from mtlv.store.reading import place_of, read_record
from mtlv.store.record import ExplanationRecord, FoundGrouping, TransferRecord
from mtlv.store.record_base import Record

__all__ = ["Contents", "Explanations", "Groupings", "Transfers"]

log = logging.getLogger(__name__)
Array = np.ndarray[Any, Any]
R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Contents(Generic[R]):
    """What is on a shelf.

    Args:
        records: those that can be read, the latest first.
        damaged: why the others cannot be read, by id.
    """

    records: list[R]
    damaged: dict[str, StoreError]


class _Shelf(Generic[R]):
    """Records of one kind in folders of their own, by id.

    Args:
        root: folder of the shelf, whether or not it is there.
    """

    form: ClassVar[type[Any]]
    word: ClassVar[str]
    anew: ClassVar[str]
    """What to do where a record is damaged."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._told: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return self._path(key).exists()

    def __getitem__(self, key: str) -> R:
        """Return a record.

        Raises:
            StoreError: there is none, or it is damaged or newer.
        """
        found: R = read_record(self.form, self._path(key), f"the {self.word} '{key}'", self.anew)
        return found

    def ids(self) -> list[str]:
        """Return the ids of all records, readable or not, the latest first."""
        paths = self._root.glob("*/record.json")
        latest = sorted(paths, key=lambda path: (-path.stat().st_mtime_ns, path.parent.name))
        return [path.parent.name for path in latest]

    def contents(self) -> Contents[R]:
        """Return all records, readable or not."""
        found: Contents[R] = Contents([], {})
        for key in self.ids():
            try:
                found.records.append(self[key])
            except StoreError as error:
                found.damaged[key] = error
        return found

    def readable(self) -> list[R]:
        """Return the readable records, latest first; damaged ones are named in the log, once."""
        found = self.contents()
        for key, error in found.damaged.items():
            if key not in self._told:
                log.warning("%s", error)
        self._told |= found.damaged.keys()
        return found.records

    def _path(self, key: str) -> Path:
        return self._folder(key) / "record.json"

    def _folder(self, key: str) -> Path:
        return place_of(self._root, key)


class Groupings(_Shelf[FoundGrouping]):
    """Groupings that were asked for by themselves (`mtlv group`)."""

    form, word = FoundGrouping, "grouping"
    anew = "remove its folder and run the same `mtlv group` again"

    def of(self, study: str) -> list[FoundGrouping]:
        """Return the readable groupings of a study's tasks, the latest first."""
        return [record for record in self.readable() if record.study == study]

    def features(self, key: str) -> Array | None:
        """Return the task features (T, D) that a grouping was found by; None without any.

        Raises:
            StoreError: they cannot be read.
        """
        path = self._folder(key) / "features.npz"
        if not path.exists():
            return None
        try:
            with np.load(path) as arrays:
                return np.asarray(arrays["features"], float)
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            what = f"The features of the grouping '{key}' cannot be read."
            raise _unreadable(what, path, error, self.anew) from error

    def write(self, record: FoundGrouping, features: Array | None = None) -> None:
        """Write a grouping with its features, in one step."""
        with write_folder(self._folder(record.id)) as folder:
            if features is not None:
                np.savez_compressed(folder / "features.npz", features=features)
            for table in record.grouping.numbers:
                (folder / f"{table.method}.svg").write_text(number_svg(table), encoding="utf-8")
            _write(record, folder)


class Transfers(_Shelf[TransferRecord]):
    """Pairwise transfer, by the name of the study with whose config it was measured."""

    form, word = TransferRecord, "transfer"
    anew = "run `mtlv pairs` again: finished jobs are kept"

    def ids(self) -> list[str]:
        """Return the names of all records, readable or not, in order."""
        return sorted(path.stem for path in self._root.glob("*.json"))

    def write(self, record: TransferRecord) -> None:
        """Write pairwise transfer; what was measured before under this name is replaced."""
        write_text(self._path(record.name), record.model_dump_json(indent=1) + "\n")

    def _path(self, key: str) -> Path:
        return self._folder(key).with_name(f"{key}.json")


class Explanations(_Shelf[ExplanationRecord]):
    """What was asked of studies' models (`mtlv explain`)."""

    form, word = ExplanationRecord, "explanation"
    anew = "remove its folder and run the same `mtlv explain` again"

    def of(self, study: str) -> list[ExplanationRecord]:
        """Return the readable answers of what was asked of a study's models, the latest last."""
        own = [record for record in self.readable() if record.study == study]
        return sorted(own, key=lambda record: record.created)

    def frame(self, key: str, name: str) -> pa.Table:
        """Return a table of an explanation, as `FRAMES` describes it.

        Raises:
            StoreError: it has no such table, or it cannot be read.
        """
        path = self._folder(key) / f"{name}.parquet"
        try:
            return pq.read_table(path)
        except (OSError, pa.ArrowException) as error:
            what = f"The explanation '{key}' has no table '{name}' that can be read."
            raise _unreadable(what, path, error, self.anew) from error

    def write(self, record: ExplanationRecord, frames: Mapping[str, pa.Table]) -> None:
        """Write an explanation with its tables, in one step.

        Raises:
            StoreError: the disk is full or the store cannot be written; nothing is left behind.
        """
        with write_folder(self._folder(record.id), replace=True) as folder:
            for name, table in frames.items():
                pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
            _write(record, folder)


def _write(record: Record, folder: Path) -> None:
    text = record.model_dump_json(indent=1) + "\n"
    (folder / "record.json").write_text(text, encoding="utf-8")


def _unreadable(what: str, path: Path, error: Exception, hint: str) -> StoreError:
    return StoreError(what, where=str(path), found=str(error).splitlines()[0], hint=hint)
