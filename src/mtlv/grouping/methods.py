"""Grouping methods: from tasks to a checked partition, with a word on how it was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mtlv.errors import GroupingError
from mtlv.grouping.clustering import Elbow, elbow, k_medoids
from mtlv.grouping.features import Embed, FeatureContext, task_features
from mtlv.plans import Grouping
from mtlv.randomness import generator
from mtlv.registry import Registry
from mtlv.tasks import TaskSet

__all__ = ["GROUPINGS", "Found", "GroupingContext"]


@dataclass(frozen=True)
class GroupingContext:
    """What a grouping method may look at: never a validation or test text.

    Args:
        tasks: the tasks.
        groups: how many groups are wanted.
        features: name of the task features.
        seed: of random choices.
        embed: texts to vectors.
    """

    tasks: TaskSet
    groups: int
    features: str
    seed: int
    embed: Embed


@dataclass(frozen=True)
class Found:
    """A grouping and what was seen on the way to it."""

    grouping: Grouping
    medoids: tuple[str, ...] = ()
    elbow: Elbow | None = None


GROUPINGS: Registry[Callable[[GroupingContext], Found]] = Registry("grouping method")


@GROUPINGS.register("kmedoids")
def _kmedoids(context: GroupingContext) -> Found:
    """k-medoids on task features (thesis, section 3.5.1)."""
    names = context.tasks.names
    features = task_features(
        context.features, FeatureContext(context.tasks, context.embed)
    )  # (T, D)
    clusters = k_medoids(features, context.groups, context.seed)
    origin = f"k-medoids on {context.features}, {context.groups} groups"
    grouping = Grouping.of(clusters.members(names), context.tasks, origin)
    medoids = tuple(names[row] for row in clusters.medoids)
    return Found(grouping, medoids, elbow(features, context.seed))


@GROUPINGS.register("random")
def _random(context: GroupingContext) -> Found:
    """Groups of nearly equal size, drawn at random: the null against which others are judged."""
    names = context.tasks.names
    if not 1 <= context.groups <= len(names):
        raise GroupingError(
            "The number of groups does not fit the number of tasks.",
            where="groups",
            found=f"{context.groups} groups for {len(names)} tasks",
        )
    order = generator(context.seed, "random grouping").permutation(len(names))
    groups = [[names[i] for i in order[k :: context.groups]] for k in range(context.groups)]
    origin = f"random, {context.groups} groups, seed {context.seed}"
    return Found(Grouping.of(groups, context.tasks, origin))
