"""Scoring: run a network over a part and give its predictions, whatever the kinds of its tasks."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mtlv.data import Part
from mtlv.evaluation.about import About
from mtlv.evaluation.predictions import Predictions, ScoredPart, TaskPredictions
from mtlv.model.heads import TaggingHead
from mtlv.model.network import Network
from mtlv.model.tokens import TokenTable
from mtlv.tasks import Task
from mtlv.training.batches import BatchRows, scoring_batches
from mtlv.training.data import CorpusData, TrainingData

__all__ = ["corpus_scores", "predict_part", "word_scores"]

Array = np.ndarray[Any, Any]
TOKENS_PER_BATCH = 8_192


def predict_part(network: Any, data: TrainingData, part: ScoredPart) -> Predictions:
    """Score one part of every corpus with every head that belongs to it.

    Args:
        network: a `Network`, or what accelerate made of one.
        data: of the run.
        part: `validation` or `test`.
    """
    bare: Network = getattr(network, "module", network)
    tasks: dict[str, TaskPredictions] = {}
    for corpus in data:
        rows = corpus.rows[part]
        scores = corpus_scores(network, data, corpus, part)
        own = [i for i, owner in enumerate(bare.corpora) if owner == corpus.name]
        for task in (task for i in own for task in bare.head(i).tasks):
            tasks[task.name] = TaskPredictions(
                task.name,
                task.kind,
                corpus.ids[rows],
                _targets(corpus, task, rows),
                scores[task.name],
                corpus.name,
                About.of(task),
            )
    return Predictions(part, tasks)


def _targets(corpus: CorpusData, task: Task, rows: Array) -> Array:
    """Return targets as `TaskPredictions` holds them: missing tags are NaN, one for each word."""
    targets = corpus.targets[task.name][rows]
    if task.kind != "tagging" or corpus.tokens.word_counts is None:
        return targets
    result = np.empty(len(rows), object)
    for i, row in enumerate(rows):
        missing = np.full(int(corpus.tokens.word_counts[row]), np.nan)
        result[i] = missing if targets[i] is None else np.asarray(targets[i], float)
    return result


def corpus_scores(
    network: Any, data: TrainingData, corpus: CorpusData, part: Part
) -> dict[str, Array]:
    """Return the scores of all tasks of a corpus on a part, as `TaskPredictions` holds them."""
    network.eval()
    bare: Network = getattr(network, "module", network)
    rows = corpus.rows[part]
    heads = [i for i, owner in enumerate(bare.corpora) if owner == corpus.name]
    place = {int(row): index for index, row in enumerate(rows)}
    device = next(bare.parameters()).device
    found: dict[int, list[tuple[Array, Array]]] = {i: [] for i in heads}
    with torch.inference_mode():
        for chunk in scoring_batches(rows, corpus.tokens.lengths, TOKENS_PER_BATCH):
            batch = data.batch(BatchRows(corpus.name, chunk), bare).to(device)
            outputs = network(batch)
            where = np.asarray([place[int(row)] for row in chunk])
            for i in heads:
                scores = bare.head(i).decode(outputs.heads[i]).cpu().numpy()  # (B, T, …)
                if isinstance(bare.head(i), TaggingHead):
                    scores = word_scores(scores[:, 0], corpus.tokens, chunk, bare.head(i).tasks[0])
                found[i].append((where, scores))
    result: dict[str, Array] = {}
    for i in heads:
        whole = _in_order(found[i], (len(rows), len(bare.head(i).tasks)))
        for k, task in enumerate(bare.head(i).tasks):
            result[task.name] = whole if task.kind == "tagging" else whole[:, k]
    return result


def word_scores(scores: Array, table: TokenTable, rows: Array, task: Task) -> Array:
    """Return the scores of every word of some texts: B arrays (words, C).

    A word that begins nowhere, as it was cut off, is scored as lying outside (`O`) for certain.

    Args:
        scores: of every token of padded texts, (B, L, C).
        table: says where words begin.
        rows: of the texts.
        task: names the tags.
    """
    if table.words is None or table.word_counts is None:
        raise ValueError("tagging needs a table of token lists")
    outside = np.zeros(scores.shape[-1])
    outside[task.labels.index("O") if "O" in task.labels else 0] = 1.0
    result = np.empty(len(rows), object)
    for i, row in enumerate(rows):
        start, stop = int(table.offsets[row]), int(table.offsets[row + 1])
        words = np.asarray(table.words[start:stop])
        own = np.tile(outside, (int(table.word_counts[row]), 1))  # (words, C)
        own[words[words >= 0]] = scores[i, : stop - start][words >= 0]
        result[i] = own
    return result


def _in_order(found: list[tuple[Array, Array]], shape: tuple[int, int]) -> Array:
    """Put the scores of batches in the order of the rows; zeros (N, T) if there is no row."""
    if not found:
        return np.zeros(shape)
    first = found[0][1]
    whole = np.empty((shape[0], *first.shape[1:]), object if first.dtype == object else float)
    for where, scores in found:
        whole[where] = scores
    return whole
