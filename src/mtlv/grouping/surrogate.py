"""A surrogate for training groups: ridge regressions from a group's members to its gains.

Li et al. (2023, arXiv 2303.14582, section 3) train random groups of one size and regress each
target's value on who was in its group. Groups here have all sizes, so two forms compete, and the
one that predicts left-out groups better is kept:

* `mean`: co-members count by their mean, m_s / (|g| - 1), as HOA has it: no effect of size;
* `sum`: co-members add up, m_s: every further one helps or harms by itself.

Both have an intercept without penalty (what company does at all), the share of all tasks that are
in the group (dilution), and, where one is known, the mean similarity to the co-members.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from mtlv.errors import GroupingError
from mtlv.grouping.context import Array
from mtlv.grouping.gains import VALUE, Unit, only_members

__all__ = ["Form", "RidgeGains", "fit_ridge"]

Form = Literal["mean", "sum"]
FORMS: tuple[Form, ...] = ("mean", "sum")
PENALTIES = tuple(10.0**power for power in np.arange(-4, 2.5, 0.5))


@dataclass(frozen=True, eq=False)
class RidgeGains:
    """Gains by a ridge regression per task.

    Draws come from the normal posterior of the coefficients, and move all gains of a task by the
    noise of its value alone, to which all are compared. They say how sure the mean is that the
    regression sees, not how far a single group may lie from a linear model.

    Args:
        coefficients: (T, D).
        covariance: of each task's coefficients, (T, D, D); zeros if unknown.
        form: how co-members count.
        similarity: of tasks, (T, T), or None.
        penalty: the ridge penalty that was kept.
        unit: of gains.
        shared: standard error that all gains of a task have in common, (T,); None if unknown.
        freedom: degrees of freedom of the errors.
    """

    coefficients: Array
    covariance: Array
    form: Form
    similarity: Array | None = None
    penalty: float = 1.0
    unit: Unit = VALUE
    shared: Array | None = None
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
        features = group_features(members, self.form, self.similarity)  # (P, T, D)
        return only_members(np.einsum("ptd,td->pt", features, self.coefficients), members)

    def draws(self, members: Array, count: int, generator: np.random.Generator) -> Array:
        """Return gains with coefficients from their posterior, (R, P, T)."""
        features = group_features(members, self.form, self.similarity)  # (P, T, D)
        noise = generator.normal(size=(count, *self.coefficients.shape))  # (R, T, D)
        values, vectors = np.linalg.eigh(self.covariance)  # (T, D), (T, D, D)
        roots = vectors * np.sqrt(np.maximum(values, 0))[:, None]  # (T, D, D)
        drawn = self.coefficients + np.einsum("tde,rte->rtd", roots, noise)  # (R, T, D)
        gains = np.einsum("ptd,rtd->rpt", features, drawn)  # (R, P, T)
        if self.shared is not None:
            gains = gains + self.shared * generator.normal(size=(count, 1, self.size))
        return only_members(gains, members)


def fit_ridge(
    members: Array, gains: Array, similarity: Array | None = None, unit: Unit = VALUE
) -> RidgeGains:
    """Fit a regression per task; form and penalty are chosen by leave-one-out over all tasks.

    One form and one penalty serve all tasks: a task has too few groups to choose by itself. The
    error of left-out groups, which is that of a value in a group, also stands for the error of a
    value alone: as many runs are behind each.

    Args:
        members: of K trained groups, (K, T) bool.
        gains: of their members, (K, T); of tasks alone and of others nothing is looked at.
        similarity: of tasks, (T, T); its diagonal is not looked at.
        unit: of gains.

    Raises:
        GroupingError: a task was never trained with another one.
    """
    seen = members & (members.sum(axis=1, keepdims=True) > 1)  # (K, T)
    if not seen.any(axis=0).all():
        raise GroupingError("A surrogate needs every task in at least one group of several.")
    trials = [
        _fits(group_features(members, form, similarity), gains, seen, penalty)
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
        similarity,
        penalty,
        unit,
        shared=np.full(gains.shape[1], np.sqrt(error)),
        freedom=trials[best].freedom,
    )


def group_features(members: Array, form: Form, similarity: Array | None) -> Array:
    """Return what a regression sees of each group from each task's place, (P, T, D).

    Args:
        members: (P, T) bool.
        form: how co-members count.
        similarity: of tasks, (T, T), or None.
    """
    groups, size = members.shape
    weights = members.astype(np.float64)
    others = np.repeat(weights[:, None], size, axis=1)  # (P, T, T)
    others[:, np.arange(size), np.arange(size)] = 0
    count = others.sum(axis=-1, keepdims=True)  # (P, T, 1)
    mean = others / np.maximum(count, 1)
    columns = [np.ones((groups, size, 1)), others if form == "sum" else mean]
    columns.append(count / max(1, size - 1))
    if similarity is not None:
        alike = np.einsum("pts,st->pt", mean, similarity)  # `mean` is 0 on the diagonal
        columns.append(alike[..., None])
    return np.concatenate(columns, axis=-1)  # (P, T, D)


@dataclass(frozen=True)
class _Fits:
    """Regressions of all tasks with one form and penalty.

    Args:
        error: mean squared error of groups when left out; infinite if none can be.
        coefficients: (T, D).
        inverse: posterior covariance over the variance of the noise, (T, D, D).
        freedom: values that were fitted, less the effective number of coefficients.
    """

    error: float
    coefficients: Array
    inverse: Array
    freedom: float


def _fits(features: Array, gains: Array, seen: Array, penalty: float) -> _Fits:
    """Solve all tasks' regressions, and leave each group out in closed form: e / (1 - h)."""
    places = features.shape[-1]
    ridge = penalty * np.diag([0.0] + [1.0] * (places - 1))  # the intercept is free
    rows = seen.T.astype(np.float64)  # (T, K)
    design = np.einsum("ktd,tk->tkd", features, rows)  # (T, K, D), unseen groups are 0
    inverse = np.linalg.inv(np.swapaxes(design, 1, 2) @ design + ridge)  # (T, D, D)
    target = np.where(seen, gains, 0.0).T  # (T, K)
    coefficients = np.einsum("tde,tke,tk->td", inverse, design, target)  # (T, D)
    residual = target - np.einsum("tkd,td->tk", design, coefficients)  # (T, K)
    leverage = np.einsum("tkd,tde,tke->tk", design, inverse, design)  # (T, K)
    several = rows * (rows.sum(axis=1, keepdims=True) > 1)  # (T, K), what can be left out
    left_out = several * residual / np.maximum(1 - leverage, 1e-9)
    error = float((left_out**2).sum() / several.sum()) if several.any() else np.inf
    freedom = max(1.0, float((rows * (1 - leverage)).sum()))
    return _Fits(error, coefficients, inverse, freedom)
