"""Importance of words to a bag-of-words model, straight from its weights.

The article adds up a word's weights into the hidden layer. That has no sound scale: a hidden unit
and its output weight can both change sign and nothing changes but the sum. So two measures stand
beside it that no such change moves: the weights carried through the output layer, and integrated
gradients, which for one hidden layer need no steps: along the straight path from the empty text the
mean slope of φ has a closed form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.special import expit

__all__ = [
    "MEASURES",
    "BowWeights",
    "attributions",
    "bags_of",
    "input_sums",
    "integrated_gradients",
    "logits",
    "output_weights",
]

Array = np.ndarray[Any, Any]
MEASURES = ("input_sum", "output_weights", "integrated_gradients")
"""The article's measure, and two whose sign says which way a word pulls."""
SMALL = 1e-9
ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "sigmoid": (expit, lambda x: expit(x) * expit(-x)),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "relu": (lambda x: np.maximum(x, 0.0), lambda x: (x > 0).astype(float)),
}
"""Each with its derivative."""


@dataclass(frozen=True)
class BowWeights:
    """Weights of a bag-of-words model for one binary task: logit = o + u·φ(b + Wᵀx).

    Args:
        words: of the vocabulary, (V,).
        rows: W, (V, H).
        bias: b, (H,).
        output: u, (H,).
        offset: o.
        activation: name of φ.
    """

    words: tuple[str, ...]
    rows: Array
    bias: Array
    output: Array
    offset: float
    activation: str


def input_sums(weights: BowWeights) -> Array:
    """Return Σ_h W_vh, the article's measure, (V,)."""
    return np.asarray(weights.rows.sum(axis=1))


def output_weights(weights: BowWeights) -> Array:
    """Return Σ_h W_vh u_h, (V,): the pull of a word where every hidden unit has slope 1."""
    return np.asarray(weights.rows @ weights.output)


def logits(weights: BowWeights, bags: sparse.csr_matrix) -> Array:
    """Return the model's logits, (N,).

    Args:
        weights: of the model.
        bags: texts as counts of words, (N, V).
    """
    act = ACTIVATIONS[weights.activation][0]
    return np.asarray(act(weights.bias + bags @ weights.rows) @ weights.output + weights.offset)


def attributions(weights: BowWeights, bags: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the integrated gradients of the logit, (N, V); the baseline is the empty text.

    a_v = x_v Σ_h W_vh u_h (φ(b_h + z_h) - φ(b_h)) / z_h,  z = Wᵀx

    - The fraction is ∫ φ'(b + tz) dt from 0 to 1, so the a_v of a text add up to the difference of
      its logit to that of the empty text but for rounding (Sundararajan et al., ICML 2017).

    Args:
        weights: of the model.
        bags: texts as counts of words, (N, V).
    """
    slopes, places = _slopes(weights, bags), bags.tocoo()
    values = np.einsum("ih,ih->i", weights.rows[places.col], slopes[places.row])  # (entries,)
    return sparse.csr_matrix((places.data * values, (places.row, places.col)), bags.shape)


def integrated_gradients(weights: BowWeights, bags: sparse.csr_matrix) -> Array:
    """Return the mean attribution of each word over the texts that have it, (V,); NaN if none.

    Args:
        weights: of the model.
        bags: texts as counts of words, (N, V).
    """
    total = np.einsum("vh,vh->v", weights.rows, bags.T @ _slopes(weights, bags))  # (V,)
    texts = np.asarray((bags > 0).sum(axis=0)).ravel()  # (V,)
    return np.where(texts > 0, total / np.maximum(texts, 1), np.nan)


def bags_of(
    texts: Sequence[Sequence[int] | Array], size: int, *, binary: bool
) -> sparse.csr_matrix:
    """Return texts as counts of words, (N, V).

    Args:
        texts: indices of the words of each, from 0; others than 0 … V - 1 are passed over.
        size: V.
        binary: whether a word counts once.
    """
    rows = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    columns = np.concatenate([np.asarray(text, np.int64) for text in texts] or [np.zeros(0, int)])
    known = (columns >= 0) & (columns < size)
    ones = np.ones(int(known.sum()))
    found = sparse.csr_matrix((ones, (rows[known], columns[known])), (len(texts), size))
    if binary:
        found.data[:] = 1.0
    return found


def _slopes(weights: BowWeights, bags: sparse.csr_matrix) -> Array:
    """Return u_h times the mean slope of φ on the way from the empty text, (N, H)."""
    act, slope = ACTIVATIONS[weights.activation]
    sums = bags @ weights.rows  # (N, H)
    flat = np.abs(sums) < SMALL
    change = act(weights.bias + sums) - act(weights.bias)
    mean = np.where(flat, slope(weights.bias), change / np.where(flat, 1.0, sums))
    return np.asarray(mean * weights.output)
