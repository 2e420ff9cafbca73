"""Scoring: run a network over a part and give its predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mtlv.evaluation.predictions import Predictions, ScoredPart, TaskPredictions
from mtlv.model.network import Network
from mtlv.training.batches import BatchRows, scoring_batches
from mtlv.training.data import CorpusData, TrainingData

__all__ = ["predict_part"]

Array = np.ndarray[Any, Any]
TOKENS_PER_BATCH = 8_192


def predict_part(network: Any, data: TrainingData, part: ScoredPart) -> Predictions:
    """Score one part of every corpus with every head that belongs to it.

    Args:
        network: a `Network`, or what accelerate made of one.
        data: of the run.
        part: `validation` or `test`.
    """
    network.eval()
    tasks: dict[str, TaskPredictions] = {}
    for corpus in data:
        tasks |= _predict_corpus(network, data, corpus, corpus.rows[part])
    return Predictions(part, tasks)


def _predict_corpus(
    network: Any, data: TrainingData, corpus: CorpusData, rows: Array
) -> dict[str, TaskPredictions]:
    bare: Network = getattr(network, "module", network)
    heads = [i for i, owner in enumerate(bare.corpora) if owner == corpus.name]
    place = {int(row): index for index, row in enumerate(rows)}
    scores = {i: np.zeros((len(rows), len(bare.head(i).tasks))) for i in heads}  # (N, T)
    device = next(bare.parameters()).device
    with torch.inference_mode():
        for chunk in scoring_batches(rows, corpus.tokens.lengths, TOKENS_PER_BATCH):
            batch = data.batch(BatchRows(corpus.name, chunk), bare).to(device)
            outputs = network(batch)
            where = [place[int(row)] for row in chunk]
            for i in heads:
                scores[i][where] = bare.head(i).decode(outputs.heads[i]).cpu().numpy()
    return {
        task.name: TaskPredictions(
            task.name,
            task.kind,
            corpus.ids[rows],
            corpus.targets[task.name][rows],
            scores[i][:, k],
            corpus.name,
        )
        for i in heads
        for k, task in enumerate(bare.head(i).tasks)
    }
