"""From settings to groups: cluster features or an affinity, search under a budget, or draw.

A grouping method sees a `TaskContext` and returns what it found: groups that hold every task, and
what was seen on the way to them. Clusterings and affinities have registries of their own; whatever
is neither joins `GROUPINGS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from mtlv.errors import GroupingError, nearest
from mtlv.grouping.affinities import AFFINITIES, Affinity
from mtlv.grouping.affinity_file import read_affinity
from mtlv.grouping.clustering import CLUSTERINGS, cluster
from mtlv.grouping.context import Array, TaskContext
from mtlv.grouping.cooccurrence import COOCCURRENCES
from mtlv.grouping.features import FEATURES, task_features
from mtlv.grouping.file import read_grouping
from mtlv.grouping.numbers import NumberTable, choose_number, elbow
from mtlv.grouping.points import Points
from mtlv.grouping.recommendation import Recommendation, recommend
from mtlv.grouping.settings import GroupingSettings
from mtlv.grouping.stability import Stability, stability
from mtlv.groups import Grouping
from mtlv.randomness import generator
from mtlv.registry import Registry

__all__ = ["GROUPINGS", "Found", "find_groups", "find_stability", "needs_training", "resolved"]

SEARCH = "search"


@dataclass(frozen=True)
class Found:
    """A grouping and what was seen on the way to it.

    Args:
        grouping: the groups; with a cover, tasks may stand in several.
        medoids: the task in the middle of each group, in the order of the groups.
        numbers: tables over the number of groups.
        affinity: that was clustered or searched with.
        recommendation: of a search.
        features: of the tasks, (T, D), where they were clustered.
    """

    grouping: Grouping
    medoids: tuple[str, ...] = ()
    numbers: tuple[NumberTable, ...] = ()
    affinity: Affinity | None = None
    recommendation: Recommendation | None = None
    features: Array | None = None


GROUPINGS: Registry[Callable[[TaskContext, GroupingSettings], Found]] = Registry("grouping method")


def find_groups(context: TaskContext, settings: GroupingSettings) -> Found:
    """Group tasks.

    Args:
        context: what may be looked at.
        settings: of the grouping.

    Raises:
        GroupingError: the tasks cannot be grouped so.
    """
    settings = resolved(settings)
    if settings.file is not None:
        return Found(read_grouping(context.base / settings.file, context.tasks))
    if settings.method in CLUSTERINGS:
        return _clustered(context, settings)
    return GROUPINGS[settings.method](context, settings)


def resolved(settings: GroupingSettings) -> GroupingSettings:
    """Return settings in which the name of an affinity stands for a search with it.

    Raises:
        GroupingError: a name is not known, a search lacks an affinity or a budget, or there are
            settings that the method has no use for.
    """
    if settings.method in AFFINITIES:
        _check_one_affinity(settings)
        settings = settings.model_copy(update={"method": SEARCH, "affinity": settings.method})
    elif "method" not in settings.model_fields_set and settings.searches:
        settings = settings.model_copy(update={"method": SEARCH})
    known: Mapping[str, tuple[object, list[str]]] = {
        "method": (settings.method, [*CLUSTERINGS, *GROUPINGS, *AFFINITIES]),
        "features": (settings.features, list(FEATURES)),
        "affinity": (settings.affinity, list(AFFINITIES)),
    }
    for key, (name, names) in known.items():
        if name is not None and name not in names:
            raise GroupingError(
                f"There is no {'grouping method' if key == 'method' else key} '{name}'.",
                where=f"grouping, key '{key}'",
                hint=nearest(str(name), names),
            )
    if settings.file is None:
        if settings.method == SEARCH:
            _check_search(settings)
        _check_used(settings)
    return settings


def _check_one_affinity(settings: GroupingSettings) -> None:
    other = settings.affinity_file or settings.affinity
    if other not in (None, settings.method):
        raise GroupingError(
            f"The method '{settings.method}' is an affinity itself.",
            where="grouping, key 'method'",
            found=f"'{other}' beside it",
            hint="name one of them",
        )


def _check_used(settings: GroupingSettings) -> None:
    """Refuse settings that would change nothing."""
    looks = bool(settings.affinity or settings.affinity_file)
    searches, clusters = settings.method == SEARCH, settings.method in CLUSTERINGS
    number = "clusterings take `groups`; `method: search` with an affinity takes a `budget`"
    source = "name features to cluster, or an affinity to cluster or to search with"
    used = {
        "groups": (clusters or settings.method == "random", number),
        "budget": (searches, number),
        "overlap": (searches, "only a search lets a task be learned by several models"),
        "affinity": (searches or clusters, source),
        "affinity_file": (searches or clusters, source),
        "features": (clusters and not looks, source),
        "scaling": (clusters and not looks, "it is for features"),
        "pooling": (clusters and not looks, "it is for features"),
    }
    plain = GroupingSettings()
    for key, (needed, hint) in used.items():
        value = getattr(settings, key)
        if not needed and value != getattr(plain, key):
            on = " on an affinity" if clusters and looks else ""
            raise GroupingError(
                f"The method '{settings.method}'{on} does not use `{key}`.",
                where=f"grouping, key '{key}'",
                found=value,
                hint=hint,
            )


def _check_search(settings: GroupingSettings) -> None:
    if settings.affinity is None and settings.affinity_file is None:
        raise GroupingError(
            "A search needs an affinity.",
            where="grouping, key 'affinity'",
            hint=f"one of {', '.join(AFFINITIES)}, or an `affinity_file`",
        )
    if settings.budget is None:
        raise GroupingError(
            "A search needs a budget.",
            where="grouping, key 'budget'",
            hint="the largest number of models, that is encoder passes per text; as `budget: 3`",
        )


def needs_training(settings: GroupingSettings) -> bool:
    """Tell whether models must be trained or measured before the groups are known."""
    settings = resolved(settings)
    if settings.file is not None or settings.method == "random":
        return False
    if settings.affinity is not None:
        return settings.affinity not in COOCCURRENCES
    return settings.affinity_file is None and FEATURES[settings.features].measures


def find_stability(
    context: TaskContext, settings: GroupingSettings, found: Found
) -> Stability | None:
    """Return how far the groups would be found again on other texts; None if texts do not decide.

    The number of groups stays the one that was found.
    """
    settings = resolved(settings)
    if settings.file is not None or settings.method not in CLUSTERINGS or not _resamples(settings):
        return None
    if CLUSTERINGS[settings.method].takes_number:
        settings = settings.model_copy(update={"groups": len(found.grouping)})
    names = context.tasks.names

    def labels(grouping: Grouping) -> Array:
        return np.asarray([next(i for i, g in enumerate(grouping.groups) if n in g) for n in names])

    return stability(
        lambda other: labels(_clustered(other, settings).grouping), context, labels(found.grouping)
    )


def _resamples(settings: GroupingSettings) -> bool:
    """Tell whether what is clustered hangs on which training texts there are."""
    if settings.affinity is not None:
        return settings.affinity in COOCCURRENCES
    return settings.affinity_file is None and FEATURES[settings.features].resamples


def _clustered(context: TaskContext, settings: GroupingSettings) -> Found:
    """Cluster task features, or an affinity."""
    affinity = _affinity(context, settings)
    if affinity is None:
        rows = task_features(settings.features, context, settings.pooling, settings.scaling)
        points = Points.of_features(rows)
    else:
        points = Points.of_similarity(affinity.matrix)
    numbers: tuple[NumberTable, ...] = ()
    groups = settings.groups
    if CLUSTERINGS[settings.method].takes_number:
        if isinstance(groups, str):
            chosen = choose_number(groups, points, settings.method, settings.seed)
            numbers, groups = (chosen,), chosen.chosen
        elif len(points) > 1:
            numbers = (elbow(points, settings.method, settings.seed),)
    number = groups if isinstance(groups, int | None) else None
    clusters = cluster(settings.method, points, number, settings.seed)
    names = context.tasks.names
    source = settings.features if affinity is None else affinity.name
    origin = f"{settings.method} on {source}, {len(clusters)} groups"
    grouping = Grouping.of(clusters.members(names), context.tasks, origin)
    middle = {
        name: names[clusters.medoids[int(k)]]
        for name, k in zip(names, clusters.labels, strict=True)
    }
    medoids = tuple(middle[group[0]] for group in grouping.groups)
    features = points.rows if affinity is None else None
    return Found(grouping, medoids, numbers, affinity, features=features)


def _affinity(context: TaskContext, settings: GroupingSettings) -> Affinity | None:
    if settings.affinity_file is not None:
        return read_affinity(context.base / settings.affinity_file, context.tasks)
    if settings.affinity is None:
        return None
    return AFFINITIES[settings.affinity](context, settings)


@GROUPINGS.register(SEARCH)
def _searched(context: TaskContext, settings: GroupingSettings) -> Found:
    """Search for the groups that an affinity predicts to do best under a budget."""
    affinity, budget = _affinity(context, settings), settings.budget
    if affinity is None or budget is None:
        raise GroupingError("A search needs an affinity and a budget.")
    advice = recommend(
        affinity, context.tasks, budget, overlap=settings.overlap, seed=settings.seed
    )
    origin = f"search with {affinity.name}, at most {settings.budget} models"
    return Found(advice.grouping(origin), affinity=affinity, recommendation=advice)


@GROUPINGS.register("random")
def _random(context: TaskContext, settings: GroupingSettings) -> Found:
    """Groups of nearly equal size, drawn at random: the null against which others are judged."""
    names, groups = context.tasks.names, settings.groups
    if not isinstance(groups, int):
        raise GroupingError(
            "Random groups need their number.",
            where="grouping, key 'groups'",
            found=groups or "nothing",
            expected=f"1 to {len(names)}",
        )
    if not 1 <= groups <= len(names):
        raise GroupingError(
            "The number of groups does not fit the number of tasks.",
            where="groups",
            found=f"{groups} groups for {len(names)} tasks",
            expected=f"1 to {len(names)}",
        )
    order = generator(settings.seed, "random grouping").permutation(len(names))
    drawn = [[names[i] for i in order[k::groups]] for k in range(groups)]
    origin = f"random, {groups} groups, seed {settings.seed}"
    return Found(Grouping.of(drawn, context.tasks, origin))
