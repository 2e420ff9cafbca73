"""Task features: one vector per task, to cluster on.

The encoder comes in as a function, so nothing here needs torch. Features see the training part of a
fold at most; the two here see no text at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtlv.errors import GroupingError
from mtlv.registry import Registry
from mtlv.tasks import TaskSet

__all__ = ["FEATURES", "Embed", "FeatureContext", "task_features"]

Array = np.ndarray[Any, Any]
Embed = Callable[[Sequence[str]], Array]


@dataclass(frozen=True)
class FeatureContext:
    """What a feature function may look at.

    Args:
        tasks: the T tasks.
        embed: texts to their mean token states, (number of texts, H).
    """

    tasks: TaskSet
    embed: Embed


FEATURES: Registry[Callable[[FeatureContext], Array]] = Registry("task feature")


def task_features(name: str, context: FeatureContext) -> Array:
    """Return the features of a name, (T, D) float64.

    Raises:
        GroupingError: they are missing for some task, or the same for all.
    """
    features = np.asarray(FEATURES[name](context), np.float64)  # (T, D)
    if not np.isfinite(features).all():
        raise GroupingError(f"The task features '{name}' are not finite numbers.")
    if len(features) > 1 and np.ptp(features, axis=0).max() == 0:
        raise GroupingError(
            f"The task features '{name}' are the same for all tasks: they cannot be grouped by."
        )
    return features


@FEATURES.register("label")
def _label(context: FeatureContext) -> Array:
    """Mean token embedding of the label's name (thesis, section 3.5.1)."""
    return context.embed([name.replace("_", " ") for name in context.tasks.names])


@FEATURES.register("label_description")
def _label_description(context: FeatureContext) -> Array:
    """Mean token embedding of the label's description."""
    missing = [task.name for task in context.tasks if not task.description]
    if missing:
        raise GroupingError(
            "Some labels have no description to be grouped by.",
            where=", ".join(missing),
            hint="add `descriptions:` to the data, or use `features: label`",
        )
    return context.embed([task.description or "" for task in context.tasks])
