"""How many groups: a table over numbers of groups, and the number that it suggests.

| name         | value of k groups                            | chosen                           |
|--------------|----------------------------------------------|----------------------------------|
| `elbow`      | total distance of the tasks to their medoids | where the curve bends            |
| `silhouette` | mean silhouette of the tasks                 | the greatest                     |
| `gap`        | how much less dispersion than in even noise  | the first the next does not beat |

Each works with any clustering that takes a number of groups. None of them knows what training on
the groups would bring: they tell how well the tasks part, not whether they should be parted.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from kneed import KneeLocator
from sklearn.metrics import silhouette_score

from mtlv.errors import GroupingError
from mtlv.grouping.clustering import CLUSTERINGS, Clusters, TooManyGroups, cluster
from mtlv.grouping.context import Array
from mtlv.grouping.points import Points
from mtlv.randomness import generator
from mtlv.registry import Registry

__all__ = ["NUMBERS", "NumberTable", "choose_number", "elbow", "gap", "silhouette"]

DRAWS = 20


@dataclass(frozen=True)
class NumberTable:
    """What was seen for each number of groups.

    Args:
        method: how the number is chosen.
        groups: the numbers tried, rising by one.
        values: one for each of them.
        errors: standard errors of the values, where there are any.
        chosen: one of `groups`; None if the table suggests none.
    """

    method: str
    groups: tuple[int, ...]
    values: tuple[float, ...]
    errors: tuple[float, ...] | None
    chosen: int | None


NUMBERS: Registry[Callable[[Points, str, int], NumberTable]] = Registry("number of groups")


def choose_number(how: str, points: Points, method: str = "kmedoids", seed: int = 0) -> NumberTable:
    """Choose the number of groups; `chosen` of the table is never None.

    Args:
        how: `elbow`, `silhouette` or `gap`.
        points: of the T tasks.
        method: name of a clustering that takes a number.
        seed: of the clusterings and of reference draws.

    Raises:
        GroupingError: the table suggests no number, or cannot be made.
    """
    table = NUMBERS[how](points, method, seed)
    if table.chosen is None:
        raise GroupingError(
            f"The {how} table suggests no number of groups.",
            where="groups",
            found=", ".join(
                f"{k}: {v:.3g}" for k, v in zip(table.groups, table.values, strict=True)
            ),
            hint="give the number of groups, or use `groups: silhouette`",
        )
    return table


@NUMBERS.register("elbow")
def elbow(points: Points, method: str = "kmedoids", seed: int = 0) -> NumberTable:
    """Inertia by number of groups, and where it bends (Kneedle, Satopaa et al. 2011).

    Where Kneedle finds the bend too slight to be named, it is taken where the curve is farthest
    below the straight line between its ends; a curve that is nowhere below has none.
    """
    points = points.take(points.order())
    found = list(_parted(method, points, range(1, len(points) + 1), seed))
    groups = tuple(len(clusters) for clusters in found)
    inertia = tuple(clusters.inertia for clusters in found)
    return NumberTable("elbow", groups, inertia, None, _knee(groups, inertia))


@NUMBERS.register("silhouette")
def silhouette(points: Points, method: str = "kmedoids", seed: int = 0) -> NumberTable:
    """Mean silhouette of 2 … T-1 groups (Rousseeuw 1987); the greatest is chosen.

    It is not defined for one group or for T, so it can suggest neither.
    """
    points = points.take(points.order())
    found = list(_parted(method, points, range(2, len(points)), seed))
    groups = tuple(len(clusters) for clusters in found)
    values = tuple(
        float(silhouette_score(points.distances, clusters.labels, metric="precomputed"))
        for clusters in found
    )
    chosen = groups[int(np.argmax(values))] if values else None
    return NumberTable("silhouette", groups, values, None, chosen)


@NUMBERS.register("gap")
def gap(points: Points, method: str = "kmedoids", seed: int = 0, draws: int = DRAWS) -> NumberTable:
    """Gap statistic of 1 … T-1 groups (Tibshirani, Walther and Hastie 2001).

    Gap(k) = mean over draws of log W*(k) - log W(k)                              (equation 3)

    - W(k): sum over groups of the squared distances within (each pair once) by the group's size.
    - W*(k): the same for tasks drawn evenly from the box around the features, turned to their
      principal axes.
    - chosen: the first k with Gap(k) ≥ Gap(k+1) - s(k+1), s being the standard deviation over draws
      times √(1 + 1/draws); the last k if there is none.

    T groups are not tried: nothing is left within them. With few tasks the rule is cautious: it
    often stops at one group where there are several at like distances.

    Raises:
        GroupingError: there is a matrix, not features, or all tasks are alike.
    """
    if points.similarity is not None:
        raise GroupingError(
            "The gap statistic needs features: a matrix has no box to draw from.",
            where="groups",
            hint="use `groups: silhouette`, or cluster features",
        )
    if not points.distances.any() and len(points) > 1:
        raise GroupingError("All tasks are alike: no number of groups fits them best.")
    points = points.take(points.order())
    tried = range(1, max(2, len(points)))
    curves = [_log_dispersion(method, points, tried, seed)]  # (K,)
    curves += [_log_dispersion(method, noise, tried, seed) for noise in _noise(points, draws, seed)]
    groups = tuple(range(1, 1 + min(map(len, curves))))
    observed, *drawn = (curve[: len(groups)] for curve in curves)
    values = np.mean(drawn, axis=0) - observed  # (K,)
    errors = np.std(drawn, axis=0) * np.sqrt(1 + 1 / draws)  # (K,)
    good = np.flatnonzero(values[:-1] >= values[1:] - errors[1:])
    chosen = groups[good[0]] if good.size else groups[-1]
    return NumberTable("gap", groups, tuple(values.tolist()), tuple(errors.tolist()), chosen)


def _knee(groups: tuple[int, ...], inertia: tuple[float, ...]) -> int | None:
    if len(groups) < 3 or np.ptp(inertia) == 0:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # kneed warns where there is no knee; None says so
        knee = KneeLocator(groups, inertia, curve="convex", direction="decreasing").knee
    if knee is not None:
        return int(knee)
    line = np.linspace(inertia[0], inertia[-1], len(groups))
    below = line - np.asarray(inertia)
    return groups[int(below.argmax())] if below.max() > 1e-9 * np.ptp(inertia) else None


def _parted(method: str, points: Points, numbers: range, seed: int) -> Iterator[Clusters]:
    """Cluster into each number of groups, up to the first that the tasks cannot be parted into."""
    if not CLUSTERINGS[method].takes_number:
        raise GroupingError(
            f"The clustering '{method}' finds the number of groups itself.",
            where="groups",
            hint="leave `groups` out",
        )
    for number in numbers:
        try:
            yield cluster(method, points, number, seed)
        except TooManyGroups:
            return


def _log_dispersion(method: str, points: Points, numbers: range, seed: int) -> Array:
    """Return log W(k) for each k, (K,); W is bounded from below so that it has a logarithm."""
    squares = points.distances**2
    values = []
    for clusters in _parted(method, points, numbers, seed):
        members = [np.flatnonzero(clusters.labels == label) for label in range(len(clusters))]
        values.append(sum(squares[np.ix_(m, m)].sum() / (2 * len(m)) for m in members))
    least = max(values[0] * np.finfo(float).eps, np.finfo(float).tiny)
    return np.asarray(np.log(np.maximum(values, least)))


def _noise(points: Points, draws: int, seed: int) -> Iterator[Points]:
    """Draw as many points from the box along the principal axes.

    They are not turned back, because no distance depends on it.
    """
    centred = points.rows - points.rows.mean(axis=0)
    axes = centred @ np.linalg.svd(centred, full_matrices=False)[2].T  # (T, min(T, D))
    random = generator(seed, "gap")
    for _ in range(draws):
        yield Points.of_features(random.uniform(axes.min(axis=0), axes.max(axis=0), axes.shape))
