"""Almost stochastic order: does one plan give better scores than another, whatever the seed?

Neural networks' scores over seeds are not normal, and their means are of few values. This compares
whole distributions (Dror, Shlomov & Reichart, ACL 2019; del Barrio et al. 2018).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from mtlv.errors import ProtocolError
from mtlv.evaluation.significance.finding import ALPHA

__all__ = ["FEWEST", "almost_dominates"]

Array = np.ndarray[Any, Any]
FEWEST = 5
"""Seeds below which a distribution cannot be told."""
DRAWS = 1000


def almost_dominates(ours: Array, theirs: Array, generator: np.random.Generator) -> float:
    """Return how far our scores are from being stochastically larger, at most (level 0.95).

    ε = ∫ over {t: F⁻¹(t) < G⁻¹(t)} of (F⁻¹ - G⁻¹)² dt / ∫ (F⁻¹ - G⁻¹)² dt
    ε_min = ε + z s, kept in 0 … 1

    - F⁻¹, G⁻¹: quantiles of our n and their m scores; z: normal quantile at 0.95.
    - s: standard deviation of ε over bootstrap samples of both. The papers scale it by
      √(n m/(n + m)) and divide by the same.

    Below 0.5 ours are almost stochastically larger; below 0.2 the claim is a strong one. At 0.5
    nothing is shown.

    Args:
        ours: (n,) scores of one plan over seeds; higher is better.
        theirs: (m,) of the other.
        generator: draws the bootstrap samples.

    Raises:
        ProtocolError: a plan has fewer than five scores.
    """
    if min(len(ours), len(theirs)) < FEWEST:
        raise ProtocolError(
            "Almost stochastic order needs at least five seeds of both plans.",
            found=f"{len(ours)} and {len(theirs)} scores",
            hint="raise `evaluation.seeds`: finished jobs are kept",
        )
    found = float(_violation(ours[None], theirs[None])[0])
    drawn = _violation(
        *(generator.choice(scores, (DRAWS, len(scores))) for scores in (ours, theirs))
    )
    return float(np.clip(found + special.ndtri(1 - ALPHA) * drawn.std(ddof=1), 0, 1))


def _violation(ours: Array, theirs: Array) -> Array:
    """Return ε of every row, (B,); 0.5 where the scores are the same."""
    n, m = ours.shape[1], theirs.shape[1]
    steps = np.unique(np.concatenate([np.arange(n + 1) / n, np.arange(m + 1) / m]))
    middle, width = (steps[1:] + steps[:-1]) / 2, np.diff(steps)  # (Q,)
    own, other = (
        np.sort(scores, axis=1)[:, np.floor(middle * scores.shape[1]).astype(np.int64)]
        for scores in (ours, theirs)
    )  # (B, Q)
    squares = (own - other) ** 2 * width
    whole = squares.sum(axis=1)
    wrong = np.where(own < other, squares, 0).sum(axis=1)
    return np.asarray(np.divide(wrong, whole, out=np.full(len(whole), 0.5), where=whole > 0))
