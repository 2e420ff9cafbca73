"""Significance: is one plan better than another, or did it have luck? Paired tests, all of them.

Tests of paired runs (`corrected_t`, `wilcoxon`), of paired examples (`bootstrap`, `randomise`,
`mcnemar`), of several plans (`friedman`) and of whole distributions (`almost_dominates`). Every one
returns a `Finding`: a p-value with its interval, its effect size and the smallest p that it can
reach. `choose_test` says which one a protocol asks for. Differences are plan less baseline, in the
unit of the metric (0.01 is one point of F1).

>>> import numpy as np
>>> from mtlv.evaluation.significance import corrected_t
>>> found = corrected_t(np.array([0.02, 0.03, 0.01, 0.02, 0.02]), overlap=1 / 4)
>>> round(found.p, 4), round(found.low, 4), round(found.high, 4)
(0.0135, 0.0068, 0.0332)
"""

from mtlv.evaluation.significance.choice import TESTS, Choice, Protocol, choose_test, verdict
from mtlv.evaluation.significance.corrections import CORRECTIONS, benjamini_hochberg, holm
from mtlv.evaluation.significance.dominance import almost_dominates
from mtlv.evaluation.significance.finding import Effect, Equivalence, Finding
from mtlv.evaluation.significance.friedman import Friedman, friedman
from mtlv.evaluation.significance.mcnemar import mcnemar
from mtlv.evaluation.significance.paired_t import corrected_t, overlap_of
from mtlv.evaluation.significance.resampling import Pair, bootstrap, randomise
from mtlv.evaluation.significance.sheet import Run, Sheet, sheet
from mtlv.evaluation.significance.units import Units
from mtlv.evaluation.significance.wilcoxon import wilcoxon

__all__ = [
    "CORRECTIONS",
    "TESTS",
    "Choice",
    "Effect",
    "Equivalence",
    "Finding",
    "Friedman",
    "Pair",
    "Protocol",
    "Run",
    "Sheet",
    "Units",
    "almost_dominates",
    "benjamini_hochberg",
    "bootstrap",
    "choose_test",
    "corrected_t",
    "friedman",
    "holm",
    "mcnemar",
    "overlap_of",
    "randomise",
    "sheet",
    "verdict",
    "wilcoxon",
]
