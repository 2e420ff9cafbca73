"""What was mirrored, remembered in the run store, so that a mirror goes on where it stopped.

`studies/NAME/tracking.json` holds one entry for every tracker, experiment and configuration. It is
no record: without it, or where it cannot be read, the study is mirrored anew.
"""

from __future__ import annotations

import logging
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from mtlv.files import write_text
from mtlv.fingerprint import fingerprint
from mtlv.store.record import RECORD_VERSION, StudyRecord
from mtlv.store.store import Store

__all__ = ["CellMemory", "Memory", "RunMemory", "Status", "StudyMemory", "memory_key"]

log = logging.getLogger(__name__)
Status = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]


class _Remembered(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RunMemory(_Remembered):
    """One run of the tracker.

    Args:
        id: that the tracker gave.
        status: that it was told.
    """

    id: str
    status: Status = "RUNNING"


class CellMemory(RunMemory):
    """The run of a cell.

    Args:
        jobs: of the cell when its run was started.
        models: runs of its models, by their place in the plan; they are finished when all is told.
    """

    jobs: list[str]
    models: dict[int, RunMemory] = {}

    def told(self, model: int) -> bool:
        """Tell whether all of a model was mirrored."""
        return model in self.models and self.models[model].status == "FINISHED"


class StudyMemory(RunMemory):
    """The run of a study.

    Args:
        cells: runs of its cells, by name.
        compared: fingerprint of the jobs that its last comparison was of.
    """

    cells: dict[str, CellMemory] = {}
    compared: str = ""


class _File(_Remembered):
    version: int = RECORD_VERSION
    mirrors: dict[str, StudyMemory] = {}


class Memory:
    """The memory of one mirror of one study.

    Args:
        store: that the study is in.
        study: its name.
        key: of the mirror; see `memory_key`.
    """

    def __init__(self, store: Store, study: str, key: str) -> None:
        self._path = store.root / "studies" / study / "tracking.json"
        self._key, self._saved = key, ""

    def load(self) -> StudyMemory | None:
        """Return what is remembered; None if nothing is."""
        return self._file().mirrors.get(self._key)

    def save(self, memory: StudyMemory) -> None:
        """Remember; what is remembered already is not written again.

        Raises:
            StoreError: the store cannot be written.
        """
        text = memory.model_dump_json()
        if text != self._saved:
            file = self._file()  # another mirror of the study may have written meanwhile
            file.mirrors[self._key] = memory
            write_text(self._path, file.model_dump_json(indent=1) + "\n")
            self._saved = text

    def _file(self) -> _File:
        try:
            return _File.model_validate_json(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return _File()
        except (OSError, ValueError, ValidationError) as error:
            log.warning("%s cannot be read and is written anew: %s", self._path, error)
            return _File()


def memory_key(study: StudyRecord, uri: str, experiment: str) -> str:
    """Return the fingerprint of what a run of the tracker stands for.

    A study under another configuration, or on other data, is another run: parameters of a run that
    was told of cannot change.
    """
    corpora = {corpus.name: corpus.fingerprint for corpus in study.corpora}
    return fingerprint([uri, experiment, study.question, corpora])
