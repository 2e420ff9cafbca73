"""Grouping: which tasks to learn together.

A grouping turns tasks (their names, descriptions, targets, or what training showed of them, on the
training side only) into groups: by clustering task features or an affinity, or by searching for the
groups that an affinity predicts to do best under a budget. Features, clusterings, affinities and
other methods are registered functions. What this page names is imported when it is asked for, as
reading a config should not wait for the clusterings.

>>> from mtlv.grouping import AFFINITIES, CLUSTERINGS, FEATURES, GROUPINGS
>>> all(["kmedoids" in CLUSTERINGS, "label" in FEATURES, "random" in GROUPINGS])
True
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtlv.grouping.affinities import AFFINITIES
    from mtlv.grouping.clustering import CLUSTERINGS
    from mtlv.grouping.context import TaskContext
    from mtlv.grouping.features import FEATURES
    from mtlv.grouping.methods import GROUPINGS, Found, find_groups
    from mtlv.grouping.settings import GroupingSettings

__all__ = [
    "AFFINITIES",
    "CLUSTERINGS",
    "FEATURES",
    "GROUPINGS",
    "Found",
    "GroupingSettings",
    "TaskContext",
    "find_groups",
]

_PLACES = {
    "AFFINITIES": "affinities",
    "CLUSTERINGS": "clustering",
    "FEATURES": "features",
    "GROUPINGS": "methods",
    "Found": "methods",
    "GroupingSettings": "settings",
    "TaskContext": "context",
    "find_groups": "methods",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'mtlv.grouping' has no attribute '{name}'")
    return getattr(import_module(f"mtlv.grouping.{_PLACES[name]}"), name)
