"""Metrics: pure functions of decisions (or scores) and targets, and the registry that names them.

All lie in 0 … 1 except `log_loss` (0 … 16) and `support` (a count). Values and targets have one
shape, (N,) for one task or (N, T) for the binary tasks side by side; the cell of a NaN target is
left out. Departures from what is usual elsewhere:

- Macro-F1 is the mean of the labels' F1, not the F1 of mean precision and mean recall.
- A ratio with nothing in it (0/0) is 0, as in scikit-learn with `zero_division=0`.
- A metric that means nothing for a label (AP and AUC of one class, anything without a target) is
  NaN; macro means leave it out, and the signature of `Scores` says how many labels remained.
- The "Hamming score" of the literature is three different things; here they are `jaccard_samples`,
  `1 - hamming_loss` and `subset_accuracy`, each by its own name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np

from mtlv.data import Kind
from mtlv.evaluation import ranking
from mtlv.evaluation.counts import confusion, defined_mean, rates, ratio
from mtlv.evaluation.ranking import present
from mtlv.registry import Registry

__all__ = [
    "METRICS",
    "TASK_METRICS",
    "Metric",
    "confusion",
    "mean_model_subset_accuracy",
    "metric",
    "metrics_of",
]

Array = np.ndarray[Any, Any]
Function = Callable[..., float]
F = TypeVar("F", bound=Function)
Needs = Literal["decisions", "scores"]
Scope = Literal["matrix", "task", "both", "plan"]


@dataclass(frozen=True)
class Metric:
    """A function of decisions or scores and targets, and what must be known to read its value.

    Args:
        name: unique in its registry.
        function: `(values, targets) -> float`, values and targets of one shape.
        higher_is_better: direction.
        needs: what `values` are: `decisions` of 0 and 1, or `scores`.
        scope: `matrix` takes (N, T), all binary tasks together; `task` takes (N,); `both` takes
            either; `plan` takes (N, T) and the columns of each model.
        description: one line.
        averages: the task metric whose mean over tasks this one is, if it is one.
    """

    name: str
    function: Function
    higher_is_better: bool
    needs: Needs
    scope: Scope
    description: str
    averages: str | None = None

    def __call__(self, values: Array, targets: Array) -> float:
        """Return the value for decisions or scores."""
        return self.function(values, targets)


METRICS: Registry[Metric] = Registry("metric")
"""Metrics of binary tasks, together and one by one."""

TASK_METRICS: dict[Kind, Registry[Metric]] = {
    "binary": METRICS,
    "multiclass": Registry("multiclass metric"),
    "regression": Registry("regression metric"),
    "tagging": Registry("tagging metric"),
}
"""Metrics by the kind of task; those of scope `task` and `both` are of one task.

Functions for other kinds than binary take what `TaskPredictions` holds: scores (or, if they need
decisions, the most probable class of `multiclass`) and targets, missing ones included.
"""


def metric(
    *,
    scope: Scope,
    needs: Needs = "decisions",
    higher_is_better: bool = True,
    averages: str | None = None,
    kind: Kind = "binary",
    name: str | None = None,
) -> Callable[[F], F]:
    """Return a decorator that files a function as a metric under its name.

    The first line of its docstring describes it; the other arguments are those of `Metric`.
    """

    def decorate(function: F) -> F:
        title = name or function.__name__
        line = (function.__doc__ or title).strip().splitlines()[0]
        described = Metric(title, function, higher_is_better, needs, scope, line, averages)
        TASK_METRICS[kind].register(title)(described)
        return function

    return decorate


def metrics_of(scope: Literal["matrix", "task"], kind: Kind = "binary") -> list[Metric]:
    """Return the metrics of one task of a kind, or of all binary tasks together, by name."""
    family = TASK_METRICS[kind]
    return [family[name] for name in family if family[name].scope in (scope, "both")]


# --- one task ------------------------------------------------------------------------------------


@metric(scope="task")
def f1(decisions: Array, targets: Array) -> float:
    """F1 of the positive class, 2TP/(2TP+FP+FN)."""
    return float(rates(confusion(decisions, targets)).f1[0])


@metric(scope="task")
def precision(decisions: Array, targets: Array) -> float:
    """Share of positive decisions that are right."""
    return float(rates(confusion(decisions, targets)).precision[0])


@metric(scope="task")
def recall(decisions: Array, targets: Array) -> float:
    """Share of positives that are found."""
    return float(rates(confusion(decisions, targets)).recall[0])


@metric(scope="task")
def accuracy(decisions: Array, targets: Array) -> float:
    """Share of decisions that are right; high for a rare label that is never found."""
    mask = present(decisions, targets)
    return defined_mean(decisions[mask] == targets[mask])


@metric(scope="task")
def support(decisions: Array, targets: Array) -> float:
    """Number of positives, whatever was decided."""
    return float(np.count_nonzero(targets == 1))


metric(scope="task", needs="scores")(ranking.average_precision)
metric(scope="task", needs="scores")(ranking.roc_auc)
metric(scope="both", needs="scores", higher_is_better=False)(ranking.log_loss)
metric(scope="both", needs="scores", higher_is_better=False)(ranking.expected_calibration_error)


# --- all binary tasks, mean over labels or pooled ------------------------------------------------


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


# --- all binary tasks, example by example --------------------------------------------------------


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


@metric(scope="plan")
def mean_model_subset_accuracy(
    decisions: Array, targets: Array, models: Sequence[Sequence[int]]
) -> float:
    """Mean over a plan's models of each model's own subset accuracy.

    What the published GMTL rows appear to show. It grows with the number of models (STL: mean
    accuracy of the labels), so it compares nothing between plans; see `subset_accuracy`.

    Args:
        decisions: (N, T) of 0 and 1.
        targets: (N, T) of 0, 1 or NaN.
        models: for each model, its columns.
    """
    columns = [list(model) for model in models]
    return defined_mean(subset_accuracy(decisions[:, c], targets[:, c]) for c in columns)


def _column_mean(function: Function, scores: Array, targets: Array) -> float:
    return defined_mean(function(s, y) for s, y in zip(scores.T, targets.T, strict=True))


def _overlap(decisions: Array, targets: Array) -> tuple[Array, Array]:
    mask = present(decisions, targets)
    truth, called = targets == 1, (decisions == 1) & mask  # (N, T)
    rows = mask.any(axis=1)
    both, either = (np.count_nonzero(cells, axis=1) for cells in (truth & called, truth | called))
    return both[rows], either[rows]
