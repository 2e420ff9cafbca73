"""Cross-task quality: each task's test texts through the output layers of the other tasks.

A layer for films has never seen a word about restaurants. If it still tells good ones from bad,
the features below it are about more than films; if it does so better in a shared model, sharing has
made them so. The matrix has a row for each task's texts and a column for each task's output layer;
its diagonal is the ordinary test quality. A layer decides by its own threshold. What the best
constant answer scores says from where on a layer has read anything at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import torch

from mtlv.data.corpus import Corpus
from mtlv.evaluation.judging import task_value
from mtlv.evaluation.metrics import TASK_METRICS
from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.evaluation.thresholds import DEFAULT_THRESHOLD, Thresholds
from mtlv.model.batches import pad_batch
from mtlv.model.network import Network
from mtlv.model.source import EncoderSource
from mtlv.model.tokens import TokenTable, tokenise
from mtlv.tasks import Task
from mtlv.training.batches import scoring_batches

__all__ = [
    "SHOWN",
    "CrossMatrix",
    "Layers",
    "best_guess",
    "can_be_asked",
    "cross_matrix",
    "layer_scores",
]

Array = np.ndarray[Any, Any]
TOKENS_PER_BATCH = 8_192
SHOWN = {"accuracy": {"binary": "accuracy", "multiclass": "accuracy"}} | {
    "f1": {"binary": "f1", "multiclass": "f1_macro"}
}
"""Metrics of a matrix, and what each is called for the kinds of tasks."""
CrossMatrix = dict[str, Array]
"""By metric of `SHOWN`: (T, T), NaN where a layer cannot be asked."""


@dataclass(frozen=True)
class Layers:
    """Output layers of one model that answer for tasks.

    Args:
        network: in evaluation mode.
        source: of its encoder.
        max_length: of an input, in tokens.
        tasks: that its layers are asked for.
    """

    network: Network
    source: EncoderSource
    max_length: int
    tasks: tuple[str, ...]


def can_be_asked(layer: Task, texts: Task) -> bool:
    """Tell whether a task's output layer can be judged by another task's targets."""
    alike = layer.kind == texts.kind and len(layer.labels) == len(texts.labels)
    return alike and layer.kind in ("binary", "multiclass")


def cross_matrix(
    models: Sequence[Layers],
    test: Predictions,
    corpora: Mapping[str, Corpus],
    tasks: Sequence[Task],
    thresholds: Thresholds,
) -> CrossMatrix:
    """Return how well each task's output layer answers for the test texts of every task.

    Args:
        models: that together have a layer for each task.
        test: predictions of all tasks, which say what was tested on.
        corpora: by name.
        tasks: T, of rows and columns.
        thresholds: of the layers.
    """
    place = {task.name: index for index, task in enumerate(tasks)}
    found = {metric: np.full((len(tasks), len(tasks)), np.nan) for metric in SHOWN}
    for model, corpus in product(models, dict.fromkeys(task.corpus for task in tasks)):
        own = [task for task in tasks if task.corpus == corpus]
        layers = [
            task
            for task in tasks
            if task.name in model.tasks and any(can_be_asked(task, texts) for texts in own)
        ]
        ids = dict.fromkeys(str(i) for texts in own for i in test.tasks[texts.name].ids)
        row = {name: index for index, name in enumerate(ids)}
        scores = _scores(model, corpora[corpus], list(ids), layers)
        for texts, layer in product(own, layers):
            if can_be_asked(layer, texts):
                given = test.tasks[texts.name]
                rows = [row[str(i)] for i in given.ids]
                judged = replace(given, scores=scores[layer.name][rows])
                values = _values(judged, thresholds.values.get(layer.name, DEFAULT_THRESHOLD))
                for metric, value in values.items():
                    found[metric][place[texts.name], place[layer.name]] = value
    return found


def best_guess(test: Predictions, tasks: Sequence[Task]) -> CrossMatrix:
    """Return what the best constant answer to the test texts of every task scores.

    Args:
        test: predictions of all tasks, whose targets count and whose scores do not.
        tasks: T of them.

    Returns:
        By metric of `SHOWN`: (T,), NaN where a task has no layers to compare.
    """
    found = {metric: np.full(len(tasks), np.nan) for metric in SHOWN}
    for index, task in enumerate(tasks):
        if can_be_asked(task, task):
            given = test.tasks[task.name]
            answers = [replace(given, scores=own) for own in _constants(given.scores)]
            values = [_values(answer, DEFAULT_THRESHOLD) for answer in answers]
            for metric in SHOWN:
                found[metric][index] = max(own[metric] for own in values)
    return found


def layer_scores(
    network: Network, table: TokenTable, rows: Array, tasks: Sequence[str]
) -> dict[str, Array]:
    """Return what output layers say of some texts, of whatever corpus, as heads decode it.

    Args:
        network: in evaluation mode.
        table: of the texts.
        rows: N numbers of texts.
        tasks: whose layers are asked; binary: (N,), multiclass: (N, C).
    """
    heads = [i for i in range(len(network.heads)) if _column(network, i, tasks)]
    place = {int(row): index for index, row in enumerate(rows)}
    found: dict[str, Array] = {}
    device = next(network.parameters()).device
    with torch.inference_mode():
        for chunk in scoring_batches(rows, table.lengths, TOKENS_PER_BATCH):
            features = network.encode(pad_batch("", table, chunk).to(device), heads)
            own = (
                features.split(len(chunk)) if len(network.encoders) > 1 else [features] * len(heads)
            )
            where = [place[int(row)] for row in chunk]
            for head, part in zip(heads, own, strict=True):
                module = network.head(head)
                scores = module.decode(module(part)).cpu().numpy()  # (B, T, …)
                for task, column in _column(network, head, tasks).items():
                    shape = (len(rows), *scores.shape[2:])
                    found.setdefault(task, np.empty(shape))[where] = scores[:, column]
    return found


def _scores(
    model: Layers, corpus: Corpus, ids: Sequence[str], asked: Sequence[Task]
) -> dict[str, Array]:
    """Return what layers say of some texts of a corpus, in their order; they are read once."""
    if not asked:
        return {}
    row_of = {str(own): row for row, own in enumerate(corpus.ids)}
    rows = np.array([row_of[own] for own in ids])
    table = tokenise(corpus, model.source, model.max_length)
    return layer_scores(model.network, table, rows, [task.name for task in asked])


def _constants(scores: Array) -> list[Array]:
    """Return scores of every constant answer, of the shape that is given: (N,) or (N, C)."""
    if scores.ndim == 1:
        return [np.zeros(scores.shape), np.ones(scores.shape)]
    return [np.broadcast_to(own, scores.shape) for own in np.eye(scores.shape[1])]


def _values(task: TaskPredictions, threshold: float) -> dict[str, float]:
    family = TASK_METRICS[task.kind]
    return {
        metric: task_value(task, family[names[task.kind]], threshold)
        for metric, names in SHOWN.items()
    }


def _column(network: Network, head: int, tasks: Sequence[str]) -> dict[str, int]:
    """Return which outputs of a head belong to some tasks."""
    return {t.name: i for i, t in enumerate(network.head(head).tasks) if t.name in tasks}
