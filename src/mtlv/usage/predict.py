"""Predict: a study's stored models on new texts, decided at the thresholds that validation gave."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, cast

import numpy as np
import torch

from mtlv.data.corpus import Kind
from mtlv.errors import DataError, EncoderError, StoreError, nearest
from mtlv.evaluation.thresholds import Thresholds
from mtlv.model.batches import pad_batch
from mtlv.model.encoders import EncoderSource, locate
from mtlv.model.network import Network, build_network
from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.model.tokens import tokenise_texts
from mtlv.plans import HeadPlan, ModelPlan
from mtlv.store import JobRecord, Store
from mtlv.store.outcome import CellOutcome, PlanOutcome, StudyOutcome, load_outcome
from mtlv.store.record import StudyRecord, TaskRecord
from mtlv.tasks import Task, TaskSet
from mtlv.training import checkpoint
from mtlv.training.batches import scoring_batches

__all__ = ["Decided", "Predictor", "Texts", "load_predictor", "read_texts", "to_csv"]

Array = np.ndarray[Any, Any]
TOKENS_PER_BATCH = 8_192


@dataclass(frozen=True)
class Texts:
    """New texts and what to call them."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Decided:
    """Predictions for N texts and T tasks.

    Args:
        tasks: names.
        probabilities: (N, T), of 1.
        decisions: (N, T) of 0 and 1.
    """

    tasks: tuple[str, ...]
    probabilities: Array
    decisions: Array

    def to_json(self, given: Texts) -> list[dict[str, Any]]:
        """Return one object per text."""
        return [
            {
                "id": example,
                "labels": [t for t, d in zip(self.tasks, decided, strict=True) if d],
                "probabilities": dict(zip(self.tasks, map(float, scores), strict=True)),
            }
            for example, scores, decided in zip(
                given.ids, self.probabilities, self.decisions, strict=True
            )
        ]


class Predictor:
    """The models of one cell of a plan, loaded one after another as they are needed.

    Args:
        store: where the weights are.
        study: whose tasks they serve.
        outcome: the cell.
    """

    def __init__(self, store: Store, study: StudyRecord, outcome: CellOutcome) -> None:
        self._store, self._cell = store, outcome.cell
        self.plan = outcome.cell.plan
        self.thresholds: Thresholds = outcome.scores.thresholds
        self.tasks = TaskSet(tuple(_task(record) for record in study.tasks))

    def __call__(self, texts: Sequence[str]) -> Decided:
        """Score texts with every model that serves a task."""
        serves = self._cell.as_plan().serves
        columns: dict[str, Array] = {}
        for index in sorted(set(serves.values())):
            scores = self._model_scores(self._store.job(self._cell.jobs[index]), list(texts))
            columns |= {task: own for task, own in scores.items() if serves.get(task) == index}
        names = tuple(task for task in serves if task in columns)
        probabilities = np.stack([columns[task] for task in names], axis=1)  # (N, T)
        limits = np.array([self.thresholds.values[task] for task in names])  # (T,)
        return Decided(names, probabilities, (probabilities >= limits).astype(np.int8))

    def _model_scores(self, job: JobRecord, texts: list[str]) -> dict[str, Array]:
        network, source = load_network(self._store, job, self.tasks)
        table = tokenise_texts(texts, source, job.spec["train"]["max_length"])
        scores = {
            i: np.zeros((len(texts), len(network.head(i).tasks))) for i in range(len(job.model))
        }
        with torch.inference_mode():
            for rows in scoring_batches(range(len(texts)), table.lengths, TOKENS_PER_BATCH):
                for corpus in dict.fromkeys(network.corpora):
                    outputs = network(pad_batch(corpus, table, rows))
                    for index, output in outputs.items():
                        scores[index][rows] = network.head(index).decode(output).numpy()
        return {
            task.name: scores[index][:, column]
            for index in scores
            for column, task in enumerate(network.head(index).tasks)
        }


def load_predictor(store: Store, study: str, plan: str | None = None) -> Predictor:
    """Load what is needed to predict with a plan of a study.

    Args:
        store: the run store.
        study: its name.
        plan: its name; the one with the best mean validation metric if absent.

    Raises:
        StoreError: there is no such study or finished plan, or no checkpoint was kept.
    """
    outcome = load_outcome(store, study)
    if not outcome.plans:
        raise StoreError(f"The study '{study}' has no finished plan yet.", hint="run it first")
    names = [own.name for own in outcome.plans]
    if plan is not None and plan not in names:
        raise StoreError(f"The study has no finished plan '{plan}'.", hint=nearest(plan, names))
    chosen = outcome[plan] if plan else _best(outcome)
    return Predictor(store, outcome.study, chosen.cells[0])


def load_network(store: Store, job: JobRecord, tasks: TaskSet) -> tuple[Network, EncoderSource]:
    """Build a job's network and put its stored weights in.

    Raises:
        StoreError: the weights were not kept.
        EncoderError: its encoder is not there, or is another one now.
    """
    checkpoint.check_kept(store.job_folder(job.id))
    spec = job.spec
    encoder = {key: value for key, value in spec["encoder"].items() if key != "fingerprint"}
    settings = EncoderSettings.model_validate(encoder | {"name": spec["encoder_name"]})
    source = _source(store.job_folder(job.id), settings, spec["encoder"]["fingerprint"])
    model = ModelPlan(tuple(HeadPlan(tuple(head)) for head in job.model))
    network = build_network(
        model,
        tasks,
        source,
        settings,
        HeadSettings.model_validate(spec["head"]),
        seed=job.seed,
        freeze_layers=spec["train"]["freeze_layers"],
    )
    checkpoint.restore(network, store.job_folder(job.id))
    network.eval()
    return network, source


def read_texts(path: Path, column: str = "text") -> Texts:
    """Read texts to predict: a .txt file (one per line), or a column of .csv, .tsv or .jsonl.

    Raises:
        DataError: the file or its column is not there, or it holds no text.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            texts = _texts_in(file, path, column)
    except FileNotFoundError as error:
        raise DataError("There is no such file.", where=str(path)) from error
    except (UnicodeDecodeError, csv.Error, json.JSONDecodeError) as error:
        raise DataError("The file cannot be read.", where=str(path), found=str(error)) from error
    if not texts:
        raise DataError("The file holds no text.", where=str(path))
    return Texts(tuple(str(i) for i in range(1, len(texts) + 1)), tuple(texts))


def to_csv(results: Decided, given: Texts, output: Path | None) -> None:
    """Write one row per text: id, labels, and a probability per task."""
    if output is None:
        _write_csv(results, given, sys.stdout)
        return
    with output.open("w", encoding="utf-8", newline="") as file:
        _write_csv(results, given, file)


def _write_csv(results: Decided, given: Texts, file: TextIO) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["id", *results.tasks, *(f"p({task})" for task in results.tasks)])
    rows = zip(given.ids, results.decisions, results.probabilities, strict=True)
    for example, decided, scores in rows:
        writer.writerow([example, *map(int, decided), *(f"{score:.4f}" for score in scores)])


def _texts_in(file: TextIO, path: Path, column: str) -> list[str]:
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        rows = csv.DictReader(file, delimiter="," if suffix == ".csv" else "\t", strict=True)
        return [_cell(row, column, path, number) for number, row in enumerate(rows, start=2)]
    lines = [line.rstrip("\r\n") for line in file if line.strip()]
    if suffix in (".jsonl", ".ndjson"):
        parsed = [json.loads(line) for line in lines]
        return [_cell(row, column, path, number) for number, row in enumerate(parsed, start=1)]
    return lines


def _cell(row: dict[str, Any], column: str, path: Path, line: int) -> str:
    if column not in row:
        raise DataError(
            f"There is no column '{column}'.",
            where=f"{path}, line {line}",
            hint=nearest(column, [str(name) for name in row]) + "; name it with --text",
        )
    return str(row[column])


def _best(outcome: StudyOutcome) -> PlanOutcome:
    """Return the plan that is best on validation; test has no say."""
    return max(outcome.plans, key=lambda plan: plan.validation_value)


def _source(job_folder: Path, settings: EncoderSettings, expected: str) -> EncoderSource:
    own = job_folder / checkpoint.ENCODER
    if own.is_dir():
        pooling = "mean" if settings.pooling == "auto" else settings.pooling
        return EncoderSource(str(own), pooling, expected, random=True)
    source = locate(settings)
    if source.fingerprint != expected:
        raise EncoderError(
            "The encoder is not the one that the model was trained from.",
            where=source.address,
            found=f"fingerprint {source.fingerprint}",
            expected=f"fingerprint {expected}",
            hint="put the earlier encoder back, or run the study again",
        )
    return source


def _task(record: TaskRecord) -> Task:
    kind = cast(Kind, record.kind)
    return Task(record.name, kind, record.corpus, tuple(record.labels), "f1", record.description)
