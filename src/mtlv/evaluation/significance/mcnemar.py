"""McNemar's test of two accuracies on the same examples, exact.

It tests accuracy, not F1: on rare labels the two can disagree. With several runs on the same test
part an example is still one pair, and counts for the plan that gets it right in more of the runs.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from mtlv.evaluation.significance.finding import ALPHA, Effect, Equivalence, Finding

__all__ = ["mcnemar"]

Array = np.ndarray[Any, Any]


def mcnemar(differences: Array, unit: str = "example", margin: float | None = None) -> Finding:
    """Test whether as many examples speak for one plan as for the other (McNemar 1947).

    p is that of the exact binomial (sign) test on the examples that differ. The interval is the
    adjusted Wald interval of Bonett and Price (2012): one example more for each plan. The effect is
    the odds ratio of the examples that differ, half an example added to both.

    Args:
        differences: (U,) in -1 … 1: right under the plan less right under the baseline, a mean over
            runs; of documents, scaled so that their mean is the difference in accuracy.
        unit: what a pair is.
        margin: for two one-sided tests, in accuracy.
    """
    better, worse = (int(np.count_nonzero(differences * sign > 0)) for sign in (1, -1))
    differ = better + worse
    adjusted = np.append(differences, (1.0, -1.0))
    centre, error = float(adjusted.mean()), float(adjusted.std() / math.sqrt(len(adjusted)))
    half = float(special.ndtri(1 - ALPHA / 2)) * error
    equivalence = None
    if margin is not None:
        beyond = special.ndtr((abs(centre) - margin) / error)
        equivalence = Equivalence(margin, float(beyond))
    return Finding(
        "mcnemar",
        min(1.0, 2 * float(special.bdtr(min(better, worse), differ, 0.5))),
        centre - half,
        centre + half,
        1 - ALPHA,
        Effect("odds_ratio", (better + 0.5) / (worse + 0.5)),
        len(differences),
        unit,
        min(1.0, 2 * 0.5**differ),
        equivalence,
    )
