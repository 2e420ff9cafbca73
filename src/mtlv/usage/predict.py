"""Predict: a study's stored models on new texts, decided at the thresholds that validation gave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch

from mtlv.data.corpus import Kind
from mtlv.errors import DataError, StoreError, nearest
from mtlv.evaluation.thresholds import Thresholds
from mtlv.model.batches import pad_batch
from mtlv.model.tokens import tokenise_texts
from mtlv.store import JobRecord, Store
from mtlv.store.outcome import CellOutcome, PlanOutcome, StudyOutcome, load_outcome
from mtlv.store.record import StudyRecord, TaskRecord
from mtlv.tasks import Task, TaskSet
from mtlv.training.batches import scoring_batches
from mtlv.training.processes import own_device
from mtlv.training.restoring import load_network
from mtlv.usage.decided import Decided
from mtlv.usage.texts import source_of

__all__ = ["Predictor", "load_network", "load_predictor"]

Array = np.ndarray[Any, Any]
TOKENS_PER_BATCH = 8_192


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
        source = source_of(study)
        self.takes_pairs = source is not None and source.text_b is not None

    def __call__(self, texts: Sequence[str], pairs: Sequence[str] | None = None) -> Decided:
        """Score texts with every model that serves a task.

        Args:
            texts: what to score.
            pairs: their second segments, if the study learned from pairs.

        Raises:
            DataError: there is no text, or pairs are missing or not wanted.
        """
        self._check(texts, pairs)
        serves = self._cell.as_plan().serves
        columns: dict[str, Array] = {}
        for index in sorted(set(serves.values())):
            scores = self._model_scores(self._store.job(self._cell.jobs[index]), texts, pairs)
            columns |= {task: own for task, own in scores.items() if serves.get(task) == index}
        names = tuple(task for task in serves if task in columns)
        probabilities = np.stack([columns[task] for task in names], axis=1)  # (N, T)
        limits = np.array([self.thresholds.values[task] for task in names])  # (T,)
        return Decided(names, probabilities, (probabilities >= limits).astype(np.int8))

    def _check(self, texts: Sequence[str], pairs: Sequence[str] | None) -> None:
        if not texts:
            raise DataError("There is no text to score.")
        if (pairs is not None) != self.takes_pairs:
            raise DataError(
                "The study learned from pairs of texts."
                if self.takes_pairs
                else "The study learned from single texts.",
                found="single texts" if self.takes_pairs else "pairs",
            )

    def _model_scores(
        self, job: JobRecord, texts: Sequence[str], pairs: Sequence[str] | None
    ) -> dict[str, Array]:
        network, source = load_network(self._store, job, self.tasks)
        device = own_device()
        network.to(device)
        second = None if pairs is None else list(pairs)
        table = tokenise_texts(list(texts), source, job.spec["train"]["max_length"], second)
        scores = {
            i: np.zeros((len(texts), len(network.head(i).tasks))) for i in range(len(job.model))
        }
        with torch.inference_mode():
            for rows in scoring_batches(range(len(texts)), table.lengths, TOKENS_PER_BATCH):
                for corpus in dict.fromkeys(network.corpora):
                    outputs = network(pad_batch(corpus, table, rows).to(device))
                    for index, output in outputs.heads.items():
                        scores[index][rows] = network.head(index).decode(output).cpu().numpy()
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


def _best(outcome: StudyOutcome) -> PlanOutcome:
    """Return the plan that is best on validation; test has no say."""

    def value(plan: PlanOutcome) -> float:
        return -math.inf if math.isnan(plan.validation_value) else plan.validation_value

    return max(outcome.plans, key=value)


def _task(record: TaskRecord) -> Task:
    kind = cast(Kind, record.kind)
    return Task(record.name, kind, record.corpus, tuple(record.labels), "f1", record.description)
