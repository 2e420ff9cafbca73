"""The plan that others are compared with where nothing is said."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["usual_baseline"]


def usual_baseline(plans: Sequence[str]) -> str:
    """Return MTL where it is among some plans, else the first of them.

    >>> usual_baseline(["stl", "mtl@small"]), usual_baseline(["a:stl", "b:mtl"])
    ('mtl@small', 'b:mtl')
    """
    bare = [name.rpartition(":")[2].partition("@")[0] for name in plans]
    return plans[bare.index("mtl")] if "mtl" in bare else plans[0]
