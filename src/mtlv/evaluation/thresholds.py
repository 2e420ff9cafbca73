"""Thresholds: from scores to decisions, chosen on validation predictions and nothing else.

A threshold chosen on the part that is then scored makes every score optimistic: on pure noise, one
global threshold picked from six by the test part's own macro-F1 already gains about a point. So the
fit refuses any part but validation.

A label with few positives has a noisy best threshold. It is shrunk towards the one that serves all
labels, as if that had been seen on `shrinkage` positives more. For calibrated scores the best
threshold of a label is half its best F1 (Lipton et al. 2014): rare and hard labels need low ones.

That is of no use to a task that is judged by accuracy: it is decided at 0.5, as usual.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, get_args

import numpy as np

from mtlv.errors import ConfigError, ProtocolError, nearest
from mtlv.evaluation.predictions import LabelMatrix, Predictions
from mtlv.evaluation.protocol import check_scored
from mtlv.evaluation.ranking import OperatingPoints, operating_points

__all__ = [
    "DEFAULT_THRESHOLD",
    "ThresholdMethod",
    "ThresholdSettings",
    "Thresholds",
    "choose_thresholds",
    "fit_thresholds",
]

Array = np.ndarray[Any, Any]
ThresholdMethod = Literal["fixed", "global", "per_label"]
DEFAULT_THRESHOLD = 0.5
SAME_F1 = 1e-9
"""Sums of F1 in different order differ by rounding; less than this is a tie."""


class ThresholdSettings(Protocol):
    """How thresholds are chosen; the evaluation settings of a study say it too."""

    @property
    def thresholds(self) -> ThresholdMethod:
        """How thresholds are chosen."""

    @property
    def shrinkage(self) -> float:
        """How strongly a rare label's threshold is drawn to the global one."""


@dataclass(frozen=True)
class Thresholds:
    """The score from which each task decides 1.

    Args:
        values: threshold by task name, in 0 … 1.
        method: `fixed` (0.5), `global` (one for all) or `per_label`.
        source: `validation` where they were fitted, else `fixed`.
        shrinkage: how many positives the global threshold weighs against a label's own.
        fixed: tasks that are decided at 0.5 whatever the method, as accuracy judges them.
    """

    values: Mapping[str, float]
    method: ThresholdMethod
    source: Literal["validation", "fixed"]
    shrinkage: float = 0.0
    fixed: tuple[str, ...] = ()

    def decide(self, matrix: LabelMatrix) -> Array:
        """Return (N, T) int8 of 0 and 1: score ≥ threshold; 0 where there is no score (NaN).

        Raises:
            ProtocolError: a task has no threshold.
        """
        for task in matrix.tasks:
            if task not in self.values:
                raise ProtocolError(
                    f"The task '{task}' has no threshold.",
                    hint=nearest(task, self.values),
                )
        values = np.array([self.values[task] for task in matrix.tasks])  # (T,)
        return np.asarray(matrix.scores >= values, np.int8)  # (N, T)

    def describe(self) -> str:
        """Return method and source, as signatures say it.

        >>> Thresholds({}, "per_label", "validation", 20).describe()
        'per_label(validation,shrinkage=20)'
        """
        if self.method == "fixed":
            return "fixed"
        extra = f",shrinkage={self.shrinkage:g}" if self.method == "per_label" else ""
        extra += f",fixed={len(self.fixed)}" if self.fixed else ""
        return f"{self.method}({self.source}{extra})"

    def to_json(self) -> dict[str, Any]:
        """Return the thresholds as JSON-like data."""
        settings = {"method": self.method, "source": self.source, "shrinkage": self.shrinkage}
        fixed = {"fixed": list(self.fixed)} if self.fixed else {}
        return {"values": dict(self.values), **settings, **fixed}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Thresholds:
        """Return the thresholds that `to_json` wrote."""
        own = data["method"], data["source"], data["shrinkage"], tuple(data.get("fixed", ()))
        return cls(dict(data["values"]), *own)


def choose_thresholds(
    validation: Predictions, tasks: Sequence[str], settings: ThresholdSettings
) -> Thresholds:
    """Fit the thresholds of some binary tasks; those judged by accuracy are decided at 0.5.

    Raises:
        ProtocolError: a task has no validation predictions, or see `fit_thresholds`.
    """
    own = validation.only(tasks)
    fixed = tuple(task for task in tasks if own.tasks[task].about.metric == "accuracy")
    fitted = [task for task in tasks if task not in fixed]
    found = fit_thresholds(own.labels(fitted), settings.thresholds, settings.shrinkage)
    values = {task: found.values.get(task, DEFAULT_THRESHOLD) for task in tasks}
    return replace(found, values=values, fixed=fixed)


def fit_thresholds(
    predictions: LabelMatrix, method: ThresholdMethod = "per_label", shrinkage: float = 20.0
) -> Thresholds:
    """Choose thresholds that maximise F1 on validation predictions.

    `global` maximises macro-F1 with one threshold. `per_label` maximises each label's F1 and
    shrinks: tᵢ = (nᵢ tᵢ* + k t_g) / (nᵢ + k).

    - nᵢ: positives of label i; tᵢ*: its best threshold; t_g: the global one; k: shrinkage.

    Candidates lie midway between neighbouring distinct scores (the lowest: midway to 0), so a
    threshold keeps its distance from the examples that it parts. Of equally good ones the nearest
    to 0.5 wins, then the higher. A label without a positive takes t_g; without any at all, 0.5.

    Args:
        predictions: of the validation part; for `fixed`, of any.
        method: see above.
        shrinkage: k ≥ 0; 0 keeps each label's own threshold.

    Raises:
        ProtocolError: the predictions are not of the validation part, or a score is missing.
        ConfigError: the method is unknown or the shrinkage negative.
    """
    _check_settings(method, shrinkage)
    if method == "fixed":
        values = dict.fromkeys(predictions.tasks, DEFAULT_THRESHOLD)
        return Thresholds(values, "fixed", "fixed")
    _check_fittable(predictions)
    columns = zip(predictions.scores.T, predictions.targets.T, strict=True)
    labels = [operating_points(scores, targets) for scores, targets in columns]
    shared = _best_shared(labels)
    if method == "global":
        return Thresholds(dict.fromkeys(predictions.tasks, shared), "global", "validation")
    fitted = [_shrunk(points, shared, shrinkage) for points in labels]
    values = dict(zip(predictions.tasks, fitted, strict=True))
    return Thresholds(values, "per_label", "validation", shrinkage)


def _shrunk(points: OperatingPoints, shared: float, shrinkage: float) -> float:
    if not points.positives:
        return shared
    own = _best(points.scores, points.f1)
    return (points.positives * own + shrinkage * shared) / (points.positives + shrinkage)


def _best_shared(labels: Sequence[OperatingPoints]) -> float:
    """Return the one threshold of the highest macro-F1.

    Lowering a common threshold past a score of one label changes that label's F1 alone, so the sum
    of F1 at every distinct score of all labels is a running sum of the labels' own changes.
    """
    labels = [points for points in labels if points.positives]
    if not labels:
        return DEFAULT_THRESHOLD
    scores = np.concatenate([points.scores for points in labels])  # (M,)
    changes = np.concatenate([np.diff(points.f1, prepend=0.0) for points in labels])  # (M,)
    order = np.argsort(-scores)
    distinct, first = np.unique(-scores[order], return_index=True)  # (K,)
    sums = np.cumsum(np.add.reduceat(changes[order], first))  # (K,)
    return _best(-distinct, sums)


def _best(scores: Array, values: Array) -> float:
    """Return the threshold of the highest value; `scores` descend, a value holds from its score."""
    below = np.append(scores[1:], min(0.0, scores[-1]))  # (K,)
    middle = below + (scores - below) / 2
    middle = np.where(middle > below, middle, scores)  # of neighbouring floats there is no middle
    best = np.flatnonzero(values >= values.max() - SAME_F1)
    return float(middle[best[np.argmin(np.abs(middle[best] - DEFAULT_THRESHOLD))]])


def _check_settings(method: str, shrinkage: float) -> None:
    known = get_args(ThresholdMethod)
    if method not in known:
        raise ConfigError(
            f"There is no way '{method}' to choose thresholds.", hint=nearest(method, known)
        )
    if not shrinkage >= 0:
        raise ConfigError(
            "The shrinkage of thresholds is negative.", found=shrinkage, expected="0 or more"
        )


def _check_fittable(predictions: LabelMatrix) -> None:
    if predictions.part != "validation":
        raise ProtocolError(
            "Thresholds may only be chosen on validation predictions.",
            found=f"predictions of the {predictions.part} part",
            expected="the validation part: a threshold chosen on the part that is scored makes "
            "its scores optimistic, even on noise",
            hint="pass the validation predictions, or use the method 'fixed'",
        )
    check_scored(predictions)
