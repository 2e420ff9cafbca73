"""MLflow as a live mirror of the run store; the only module that imports it.

The store is the truth and MLflow looks at it: whatever is mirrored can be mirrored again, and a
tracker that is down, full or slow costs a warning and never a training run. MLflow is imported when
the first study is mirrored, so that whoever only reads the store does not wait for it.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

from mtlv.errors import MtlvError, StoreError
from mtlv.store.record import StudyRecord
from mtlv.store.store import Store
from mtlv.store.tracking_database import opened_alone
from mtlv.store.tracking_memory import Memory, Status, memory_key
from mtlv.store.tracking_study import StudyMirror
from mtlv.store.tracking_uri import (
    absolute_uri,
    artifact_place,
    is_server,
    reason_of,
    without_password,
)
from mtlv.store.tracking_values import Number

__all__ = ["Mirror", "ui_command"]

log = logging.getLogger(__name__)
T = TypeVar("T")

FAILURES = 3
"""So many failures in a row, and a mirror is not tried again."""
NUMBERS, TEXTS = 800, 100
"""MLflow takes 1000 metrics, parameters and tags in one call, and 100 parameters or tags."""
LONGEST_TEXT = 6000
"""Of a parameter; a tag may be longer."""
ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""A server that is down is given up soon; nothing is sent home; stdout is for results. What the
user has set stays."""
NOISY = ("mlflow", "alembic", "urllib3", "sqlalchemy", "git")
"""Loggers that retell in many lines what one warning of ours says."""


class Mirror:
    """Mirrors the studies of a run store to MLflow.

    Args:
        store: the run store.
        uri: MLflow tracking URI; the path of a SQLite file may be relative.
        experiment: that the studies' runs belong to; made where there is none.
    """

    def __init__(self, store: Store, uri: str, experiment: str) -> None:
        self._store, self._uri, self._experiment = store, absolute_uri(uri), experiment
        self._tracker: _MlflowTracker | None = None
        self._mirrors: dict[str, StudyMirror] = {}
        self._failures, self._warned = 0, False

    def sync(self, study: StudyRecord) -> None:
        """Mirror what is finished and not yet mirrored; warn once where that is not possible."""
        if self._failures == FAILURES:
            return
        try:
            self._update(study)
            self._failures = 0
        except Exception as error:  # a mirror never stops training, whatever its libraries throw
            self._failures += 1
            log.debug("mirroring failed", exc_info=True)
            if not self._warned:
                self._warned = True
                log.warning(
                    "MLflow at %s does not take this study: %s. Training goes on; run "
                    "`mtlv track %s` later.",
                    without_password(self._uri),
                    reason_of(error),
                    study.name,
                )

    def mirror(self, study: StudyRecord) -> None:
        """Mirror what is finished and not yet mirrored.

        Raises:
            StoreError: MLflow or the store cannot be read or written.
        """
        try:
            self._update(study)
        except MtlvError:
            raise
        except Exception as error:  # MLflow passes on what its many back ends throw
            raise StoreError(
                "The study cannot be mirrored to MLflow.",
                where=without_password(self._uri),
                found=reason_of(error),
                hint=f"start or mend the tracker, then run `mtlv track {study.name}`; the run "
                "store has everything",
            ) from error

    def attach(self, study: StudyRecord, files: Mapping[str, str]) -> bool:
        """Add files to the run of a study that was mirrored before; tell whether that was possible.

        One that was not is left alone: nothing is made where nobody asked for it.

        Args:
            study: as it is now.
            files: contents by name.
        """
        try:
            key = memory_key(study, self._uri, self._experiment)
            if Memory(self._store, study.name, key).load() is None:
                return False
            self._update(study)
            with _quiet():
                self._mirrors[key].attach(files)
        except Exception as error:  # what is attached is written already; see `sync`
            log.debug("attaching failed", exc_info=True)
            log.warning(
                "MLflow at %s does not take %s: %s.",
                without_password(self._uri),
                ", ".join(files),
                reason_of(error),
            )
            return False
        return True

    def _update(self, study: StudyRecord) -> None:
        key = memory_key(study, self._uri, self._experiment)
        try:
            with _quiet():
                tracker = self._tracker = self._tracker or _MlflowTracker(
                    self._uri, self._experiment
                )
                if key not in self._mirrors:
                    memory = Memory(self._store, study.name, key)
                    self._mirrors[key] = StudyMirror(self._store, tracker, memory, study)
                self._mirrors[key].update(study)
        except Exception:
            self._mirrors.pop(key, None)  # next time, ask the tracker what it still has
            raise


class _MlflowTracker:
    """MLflow as a `Tracker`, by its client: the fluent functions would change global state."""

    def __init__(self, uri: str, experiment: str) -> None:
        from mlflow import MlflowClient

        with _no_patience(), opened_alone(uri):
            self._client = MlflowClient(tracking_uri=uri)
            found = self._client.get_experiment_by_name(experiment)
            if found is None:
                place = artifact_place(uri)
                made = self._client.create_experiment(experiment, artifact_location=place)
        self._experiment = made if found is None else found.experiment_id
        if found is not None and found.lifecycle_stage == "deleted":
            self._client.restore_experiment(self._experiment)

    def start(self, name: str, tags: Mapping[str, str], time: int, parent: str | None) -> str:
        own = {"mlflow.source.name": "mtlv", **tags}
        if parent is not None:
            own["mlflow.parentRunId"] = parent
        run = self._client.create_run(self._experiment, start_time=time, tags=own, run_name=name)
        return str(run.info.run_id)

    def tell(
        self,
        run: str,
        params: Mapping[str, str] | None = None,
        numbers: Sequence[Number] = (),
        tags: Mapping[str, str] | None = None,
    ) -> None:
        from mlflow.entities import Metric, Param, RunTag

        told = [Metric(n.name, n.value, n.time, n.step) for n in numbers]
        given = [Param(name, text[:LONGEST_TEXT]) for name, text in (params or {}).items()]
        tagged = [RunTag(name, text[:LONGEST_TEXT]) for name, text in (tags or {}).items()]
        for metrics, some, others in zip_longest(
            _chunks(told, NUMBERS), _chunks(given, TEXTS), _chunks(tagged, TEXTS), fillvalue=()
        ):
            self._client.log_batch(run, metrics=metrics, params=some, tags=others)

    def attach(self, run: str, files: Mapping[str, str]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                Path(folder, name).write_text(text, encoding="utf-8")
            self._client.log_artifacts(run, folder)

    def set_status(self, run: str, status: Status, time: int) -> None:
        if status == "RUNNING":
            self._client.update_run(run, status)
        else:
            self._client.set_terminated(run, status, time)

    def has(self, run: str) -> bool:
        from mlflow.exceptions import MlflowException

        try:
            return bool(self._client.get_run(run).info.lifecycle_stage == "active")
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return False
            raise

    def remove(self, run: str) -> None:
        self._client.delete_run(run)


def ui_command(uri: str) -> list[str]:
    """Return the command line that opens MLflow's pages for a tracking URI, on 127.0.0.1 only.

    Raises:
        StoreError: the tracker is a server, which has pages of its own.
    """
    if is_server(uri):
        raise StoreError(
            "This tracker has pages of its own.",
            where=without_password(uri),
            hint="open that address in a browser",
        )
    _set_environment()
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", absolute_uri(uri)]
    return [*command, "--host", "127.0.0.1", "--workers", "1"]


@contextmanager
def _quiet() -> Iterator[None]:
    """Import MLflow, and keep it and what is beneath it from talking while it is used."""
    _set_environment()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow  # noqa: F401  (it sets the levels of its loggers, which are silenced next)

        levels = {name: logging.getLogger(name).level for name in NOISY}
        for name in NOISY:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)


@contextmanager
def _no_patience() -> Iterator[None]:
    """Keep MLflow from trying ten times, for almost two minutes, to reach a database."""
    from mlflow.store.db import utils

    patience = utils.MAX_RETRY_COUNT
    utils.MAX_RETRY_COUNT = 2
    try:
        yield
    finally:
        utils.MAX_RETRY_COUNT = patience


def _set_environment() -> None:
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def _chunks(values: Sequence[T], size: int) -> list[Sequence[T]]:
    return [values[start : start + size] for start in range(0, len(values), size)]
