"""A surrogate for training groups: ridge regressions from a group's members to its gains.

Li et al. (2023, arXiv 2303.14582, section 3) train random groups of one size and regress each
target's value on who was in its group. Groups here have all sizes, so two forms compete, and the
one that predicts left-out groups better is kept:

* `mean`: co-members count by their mean, m_s / (|g| - 1), as HOA has it: no effect of size;
* `sum`: co-members add up, m_s: every further one helps or harms by itself.

Both have what company does at all, the share of all tasks that are in the group (dilution), and the
mean similarity to the co-members, by each similarity that is known.

The task alone, of which gains are counted, is fitted with the groups: there all of these are 0, so
only the intercept, which has no penalty, stands for its value. One noisy run then moves the gains
of all groups as far as they bear it out, and no further. Similarities are standardised over pairs,
so that the penalty does not depend on their scale; members count as they are, by shares or ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mtlv.errors import GroupingError
from mtlv.grouping.context import Array
from mtlv.grouping.gains import VALUE, Unit, only_members

__all__ = ["Form", "RidgeGains", "fit_ridge"]

Form = Literal["mean", "sum"]
FORMS: tuple[Form, ...] = ("mean", "sum")
CONSTANT = 1e-9  # spread below which pairs are all alike
PENALTIES = tuple(10.0**power for power in np.arange(-4, 2.5, 0.5))


@dataclass(frozen=True, eq=False)
class RidgeGains:
    """Gains by a ridge regression per task.

    Draws come from the normal posterior of the coefficients, which knows the noise of the value
    alone that all gains of a task have in common. They say how sure the mean is that the regression
    sees, not how far a single group may lie from a linear model.

    Args:
        coefficients: (T, D).
        covariance: of each task's coefficients, (T, D, D); zeros if unknown.
        form: how co-members count.
        similarities: of tasks, standardised over pairs, (T, T) each.
        penalty: the ridge penalty that was kept.
        unit: of gains.
        freedom: degrees of freedom of the errors.
    """

    coefficients: Array
    covariance: Array
    form: Form
    similarities: tuple[Array, ...] = ()
    penalty: float = 1.0
    unit: Unit = VALUE
    freedom: float = np.inf

    @property
    def has_errors(self) -> bool:
        """Whether groups were enough to see an error."""
        return bool(self.covariance.any())

    @property
    def size(self) -> int:
        """Number of tasks."""
        return len(self.coefficients)

    def mean(self, members: Array) -> Array:
        """Return expected gains, (P, T)."""
        features = group_features(members, self.form, self.similarities)  # (P, T, D)
        return only_members(np.einsum("ptd,td->pt", features, self.coefficients), members)

    def draws(self, members: Array, count: int, generator: np.random.Generator) -> Array:
        """Return gains with coefficients from their posterior, (R, P, T)."""
        features = group_features(members, self.form, self.similarities)  # (P, T, D)
        noise = generator.normal(size=(count, *self.coefficients.shape))  # (R, T, D)
        values, vectors = np.linalg.eigh(self.covariance)  # (T, D), (T, D, D)
        roots = vectors * np.sqrt(np.maximum(values, 0))[:, None]  # (T, D, D)
        drawn = self.coefficients + np.einsum("tde,rte->rtd", roots, noise)  # (R, T, D)
        gains = np.einsum("ptd,rtd->rpt", features, drawn)  # (R, P, T)
        return only_members(gains, members)


def fit_ridge(
    members: Array, gains: Array, similarities: Sequence[Array] = (), unit: Unit = VALUE
) -> RidgeGains:
    """Fit a regression per task; form and penalty are chosen by leave-one-out over all tasks.

    One form and one penalty serve all tasks: a task has too few groups to choose by itself. Tasks
    alone are never left out, as nothing else says what a task is worth alone. The error of left-out
    groups also stands for the error of a value alone: as many runs are behind each.

    Args:
        members: of K trained groups, (K, T) bool.
        gains: of their members, (K, T); those of tasks alone are 0, and others are not looked at.
        similarities: of tasks, (T, T) each; their diagonals are not looked at.
        unit: of gains.

    Raises:
        GroupingError: a task was never trained with another one.
    """
    seen = members & (members.sum(axis=1, keepdims=True) > 1)  # (K, T)
    if not seen.any(axis=0).all():
        raise GroupingError("A surrogate needs every task in at least one group of several.")
    known = tuple(_standardised(similarity) for similarity in similarities)
    trials = [
        _fits(group_features(members, form, known), gains, seen, penalty)
        for form in FORMS
        for penalty in PENALTIES
    ]
    choices = [(form, penalty) for form in FORMS for penalty in PENALTIES]
    error, best = min((trial.error, place) for place, trial in enumerate(trials))
    error = 0.0 if np.isinf(error) else error
    covariance = trials[best].inverse * error
    form, penalty = choices[best]
    return RidgeGains(
        trials[best].coefficients,
        covariance,
        form,
        known,
        penalty,
        unit,
        freedom=trials[best].freedom,
    )


def _standardised(similarity: Array) -> Array:
    """Bring pairs (T, T) to mean 0 and standard deviation 1; all 0 where they are all alike."""
    pairs = similarity[~np.eye(len(similarity), dtype=bool)]
    spread = pairs.std()
    return np.asarray((similarity - pairs.mean()) / (spread if spread > CONSTANT else np.inf))


def group_features(members: Array, form: Form, similarities: Sequence[Array] = ()) -> Array:
    """Return what a regression sees of each group from each task's place, (P, T, D).

    Args:
        members: (P, T) bool; all that is seen of a task alone is 0.
        form: how co-members count.
        similarities: of tasks, (T, T) each.
    """
    size = members.shape[1]
    weights = members.astype(np.float64)
    others = np.repeat(weights[:, None], size, axis=1)  # (P, T, T)
    others[:, np.arange(size), np.arange(size)] = 0
    count = others.sum(axis=-1, keepdims=True)  # (P, T, 1)
    mean = others / np.maximum(count, 1)
    company = (count > 0).astype(np.float64)
    columns = [company, others if form == "sum" else mean, count / max(1, size - 1)]
    for similarity in similarities:
        alike = np.einsum("pts,st->pt", mean, similarity)  # `mean` is 0 on the diagonal
        columns.append(alike[..., None])
    return np.concatenate(columns, axis=-1)  # (P, T, D)


@dataclass(frozen=True)
class _Fits:
    """Regressions of all tasks with one form and penalty.

    Args:
        error: mean squared error of groups when left out; infinite if none can be.
        coefficients: without the intercept, (T, D).
        inverse: posterior covariance over the variance of the noise, (T, D, D).
        freedom: values that were fitted, less the effective number of coefficients.
    """

    error: float
    coefficients: Array
    inverse: Array
    freedom: float


def _fits(features: Array, gains: Array, seen: Array, penalty: float) -> _Fits:
    """Solve all tasks' regressions, and leave each group out in closed form: e / (1 - h).

    Args:
        features: of the groups, (K, T, D).
        gains: of their members, (K, T).
        seen: which of them are fitted, (K, T) bool; each task alone is put before them.
        penalty: of the features' coefficients.
    """
    size, places = features.shape[1:]
    rows = np.vstack([np.ones((1, size)), seen]).T  # (T, 1 + K), the task alone comes first
    target = np.vstack([np.zeros((1, size)), np.where(seen, gains, 0.0)]).T  # (T, 1 + K)
    told = np.concatenate([np.zeros((1, size, places)), features]).swapaxes(0, 1)  # (T, 1 + K, D)
    design = np.insert(told, 0, 1.0, axis=-1) * rows[..., None]  # (T, 1 + K, 1 + D)
    ridge = penalty * np.diag([0.0] + [1.0] * places)  # the intercept is free
    inverse = np.linalg.inv(np.swapaxes(design, 1, 2) @ design + ridge)  # (T, 1 + D, 1 + D)
    coefficients = np.einsum("tde,tke,tk->td", inverse, design, target)  # (T, 1 + D)
    residual = target - np.einsum("tkd,td->tk", design, coefficients)  # (T, 1 + K)
    leverage = np.einsum("tkd,tde,tke->tk", design, inverse, design)  # (T, 1 + K)
    groups = rows[:, 1:]
    several = groups * (groups.sum(axis=1, keepdims=True) > 1)  # (T, K), what can be left out
    left_out = several * residual[:, 1:] / np.maximum(1 - leverage[:, 1:], 1e-9)
    error = float((left_out**2).sum() / several.sum()) if several.any() else np.inf
    freedom = max(1.0, float((rows * (1 - leverage)).sum()))
    return _Fits(error, coefficients[:, 1:], inverse[:, 1:, 1:], freedom)
