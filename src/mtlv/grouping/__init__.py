"""Grouping: which tasks to learn together.

A grouping method turns tasks (their names, descriptions, or what training showed of them, on the
training side only) into a partition. Methods and task features are registered functions.

>>> from mtlv.grouping import GROUPINGS
>>> "kmedoids" in GROUPINGS and "random" in GROUPINGS
True
"""

from mtlv.grouping.features import FEATURES, Embed
from mtlv.grouping.methods import GROUPINGS, Found, GroupingContext

__all__ = ["FEATURES", "GROUPINGS", "Embed", "Found", "GroupingContext"]
