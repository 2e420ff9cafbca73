"""Metrics of all binary tasks together: (N, T) decisions or scores against (N, T) targets.

The cell of a missing target (NaN) is left out. Macro-F1 is the mean of the labels' F1, not the F1
of mean precision and mean recall. The "Hamming score" of the literature is three different things;
here they are `jaccard_samples`, `1 - hamming_loss` and `subset_accuracy`, each by its own name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mtlv.evaluation import ranking
from mtlv.evaluation.counts import confusion, defined_mean, rates, ratio
from mtlv.evaluation.metric import Function, metric
from mtlv.evaluation.ranking import present

__all__ = ["subset_accuracy"]

Array = np.ndarray[Any, Any]


# --- mean over labels, or pooled -----------------------------------------------------------------


@metric(scope="matrix", averages="f1")
def f1_macro(decisions: Array, targets: Array) -> float:
    """Mean of the labels' F1."""
    return defined_mean(rates(confusion(decisions, targets)).f1)


@metric(scope="matrix", averages="precision")
def precision_macro(decisions: Array, targets: Array) -> float:
    """Mean of the labels' precision."""
    return defined_mean(rates(confusion(decisions, targets)).precision)


@metric(scope="matrix", averages="recall")
def recall_macro(decisions: Array, targets: Array) -> float:
    """Mean of the labels' recall."""
    return defined_mean(rates(confusion(decisions, targets)).recall)


@metric(scope="matrix")
def f1_micro(decisions: Array, targets: Array) -> float:
    """F1 of the counts of all labels pooled."""
    return float(rates(confusion(decisions, targets).sum(axis=0)).f1)


@metric(scope="matrix")
def precision_micro(decisions: Array, targets: Array) -> float:
    """Precision of the counts of all labels pooled."""
    return float(rates(confusion(decisions, targets).sum(axis=0)).precision)


@metric(scope="matrix")
def recall_micro(decisions: Array, targets: Array) -> float:
    """Recall of the counts of all labels pooled."""
    return float(rates(confusion(decisions, targets).sum(axis=0)).recall)


@metric(scope="matrix")
def f1_weighted(decisions: Array, targets: Array) -> float:
    """Mean of the labels' F1, weighted by their number of positives; 0 if there is none."""
    counts = confusion(decisions, targets)
    if not counts.any():
        return float("nan")
    weights = counts[:, 2:].sum(axis=1).astype(np.float64)  # (T,)
    return float(ratio(np.nansum(rates(counts).f1 * weights), weights.sum()))


@metric(scope="matrix", needs="scores", averages="average_precision")
def average_precision_macro(scores: Array, targets: Array) -> float:
    """Mean of the labels' average precision; labels of one class are left out."""
    return _column_mean(ranking.average_precision, scores, targets)


@metric(scope="matrix", needs="scores")
def average_precision_micro(scores: Array, targets: Array) -> float:
    """Average precision of all cells ranked together; needs scores comparable between labels."""
    return ranking.average_precision(scores, targets)


@metric(scope="matrix", needs="scores", averages="roc_auc")
def roc_auc_macro(scores: Array, targets: Array) -> float:
    """Mean of the labels' ROC AUC; labels of one class are left out."""
    return _column_mean(ranking.roc_auc, scores, targets)


# --- example by example --------------------------------------------------------------------------


@metric(scope="matrix")
def f1_samples(decisions: Array, targets: Array) -> float:
    """Mean over examples of 2|d∩y|/(|d|+|y|); 0 where nothing is true and nothing decided."""
    both, either = _overlap(decisions, targets)
    return defined_mean(ratio(2 * both, both + either))


@metric(scope="matrix")
def jaccard_samples(decisions: Array, targets: Array) -> float:
    """Mean over examples of |d∩y|/|d or y|; 0 where nothing is true and nothing decided.

    Godbole & Sarawagi (2004) call it accuracy, others Hamming score; some count an empty row as 1.
    """
    both, either = _overlap(decisions, targets)
    return defined_mean(ratio(both, either))


@metric(scope="matrix")
def subset_accuracy(decisions: Array, targets: Array) -> float:
    """Share of examples whose whole label vector is right.

    A row with missing targets is judged by those present; a row with none is left out. Only the
    whole vector counts: the mean over parts of it is always at least as high.
    """
    mask = present(decisions, targets)
    right = ((decisions == targets) | ~mask).all(axis=1)
    return defined_mean(right[mask.any(axis=1)])


@metric(scope="matrix", higher_is_better=False)
def hamming_loss(decisions: Array, targets: Array) -> float:
    """Share of all cells that are wrong; low for sparse labels whatever the model."""
    mask = present(decisions, targets)
    return defined_mean(decisions[mask] != targets[mask])


def _column_mean(function: Function, scores: Array, targets: Array) -> float:
    return defined_mean(function(s, y) for s, y in zip(scores.T, targets.T, strict=True))


def _overlap(decisions: Array, targets: Array) -> tuple[Array, Array]:
    mask = present(decisions, targets)
    truth, called = targets == 1, (decisions == 1) & mask  # (N, T)
    rows = mask.any(axis=1)
    both, either = (np.count_nonzero(cells, axis=1) for cells in (truth & called, truth | called))
    return both[rows], either[rows]
