"""Affinities: what learning one task does for another, predicted or measured.

| name | looks at | cost in multi-task runs |
|---|---|---|
| `phi`, `pmi`, `jaccard` | training targets: labels that stand on the same texts | 0 |
| `pooled` | gradients at the pooled text vector of one run | about 1 |
| `gradient_cosine`, `gradient_dot` | gradients in one run's last encoder layers | 1 and a bit |
| `lookahead` | the optimizer's steps and a held-out loss in one run | 1 and a bit |
| `subset` | one run, linearised at its end | 1 and a bit |
| `surrogate` | short trainings of some groups | as many as are trained |
| `pairs` | training every pair | T(T+1)/2 |
| `exhaustive` | training every group of up to six tasks | 2ᵀ-1 |

Each returns a matrix to look at and a gain model, which predicts what any group would do.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mtlv.grouping.affinity_measured import (
    gradient_cosine,
    gradient_dot,
    lookahead,
    pooled,
    subset,
)
from mtlv.grouping.affinity_surrogate import surrogate
from mtlv.grouping.affinity_trained import exhaustive, pairs
from mtlv.grouping.affinity_value import Affinity, check_several
from mtlv.grouping.context import TaskContext
from mtlv.grouping.cooccurrence import COOCCURRENCES
from mtlv.grouping.gains import PairGains, Unit
from mtlv.grouping.settings import GroupingSettings
from mtlv.registry import Registry

__all__ = ["AFFINITIES", "Affinity"]

Method = Callable[[TaskContext, GroupingSettings], Affinity]
AFFINITIES: Registry[Method] = Registry("affinity")

AFFINITIES.register("pooled")(pooled)
AFFINITIES.register("gradient_cosine")(gradient_cosine)
AFFINITIES.register("gradient_dot")(gradient_dot)
AFFINITIES.register("lookahead")(lookahead)
AFFINITIES.register("subset")(subset)
AFFINITIES.register("surrogate")(surrogate)
AFFINITIES.register("pairs")(pairs)
AFFINITIES.register("exhaustive")(exhaustive)


def _of_labels(name: str) -> Method:
    """Return the affinity of a co-occurrence: labels on the same texts, judged by pairs."""
    caution = "It says which labels stand together, not that learning them together helps."

    def method(context: TaskContext, settings: GroupingSettings) -> Affinity:
        check_several(context.tasks.names)
        matrix = COOCCURRENCES[name](context).copy()  # (T, T)
        np.fill_diagonal(matrix, np.nan)
        gains = PairGains(matrix, unit=Unit(f"of {name}", 1, caution, predicts_gain=False))
        note = f"{name} of labels on the training texts. {caution}"
        return Affinity(name, context.tasks.names, matrix, None, gains, note=note)

    return method


for _name in ("phi", "pmi", "jaccard"):
    AFFINITIES.register(_name)(_of_labels(_name))
