"""Metrics of documents that were read sentence by sentence, as in the Hallmarks of Cancer (HoC).

Ids `DOCUMENT_s0`, `DOCUMENT_s1`, … name the sentences of a document. What is true of a document, or
decided of it, is the union over its sentences; documents are then judged like examples of many
labels. Rows whose id names no document are left out.

BLUE's `eval_hoc.py` prints the F1 of mean precision and mean recall over documents, which is not
the mean of the documents' F1. `example_f1` is BLUE's, to stand beside published figures.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from mtlv.evaluation.counts import defined_mean, ratio
from mtlv.evaluation.metric import metric
from mtlv.evaluation.ranking import present

__all__ = ["example_f1", "example_precision", "example_recall", "has_documents"]

Array = np.ndarray[Any, Any]
SENTENCE = re.compile(r"(.+)_s\d+")


def has_documents(ids: Array) -> bool:
    """Tell whether ids name sentences of documents, at least two of one document."""
    named = [found[1] for found in map(SENTENCE.fullmatch, ids) if found]
    return len(set(named)) < len(named)


@metric(scope="documents")
def example_f1(decisions: Array, targets: Array, ids: Array) -> float:
    """F1 of the documents' mean precision and mean recall, as BLUE scores HoC.

    F = 2PR/(P + R), P = mean_d |y_d∩ŷ_d|/|ŷ_d|, R = mean_d |y_d∩ŷ_d|/|y_d|

    - y_d, ŷ_d: labels of document d that are true and that are decided, over all its sentences;
      a document without any counts as 0.

    Args:
        decisions: (N, T) of 0 and 1.
        targets: (N, T) of 0, 1 or NaN.
        ids: (N,) of the sentences.
    """
    p, r = example_precision(decisions, targets, ids), example_recall(decisions, targets, ids)
    return float("nan") if np.isnan(p) else float(ratio(2 * p * r, p + r))


@metric(scope="documents")
def example_precision(decisions: Array, targets: Array, ids: Array) -> float:
    """Mean over documents of the share of decided labels that are true."""
    truth, called = _documents(decisions, targets, ids)
    return defined_mean(ratio((truth & called).sum(axis=1), called.sum(axis=1)))


@metric(scope="documents")
def example_recall(decisions: Array, targets: Array, ids: Array) -> float:
    """Mean over documents of the share of true labels that are decided."""
    truth, called = _documents(decisions, targets, ids)
    return defined_mean(ratio((truth & called).sum(axis=1), truth.sum(axis=1)))


def _documents(decisions: Array, targets: Array, ids: Array) -> tuple[Array, Array]:
    """Return what is true and what is decided of each document, both (D, T) of bool."""
    mask = present(decisions, targets)  # (N, T)
    names = [SENTENCE.fullmatch(example) for example in ids]
    rows = [i for i, name in enumerate(names) if name is not None and mask[i].any()]
    place: dict[str, int] = {}
    of_row = [place.setdefault(str(ids[i]).rpartition("_s")[0], len(place)) for i in rows]
    truth = np.zeros((len(place), targets.shape[1]), bool)  # (D, T)
    called = np.zeros_like(truth)  # (D, T)
    np.logical_or.at(truth, of_row, targets[rows] == 1)
    np.logical_or.at(called, of_row, (decisions[rows] == 1) & mask[rows])
    return truth, called
