"""Sweeps: the same study at every point of a grid of settings, and what each point is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import PurePath
from typing import Any

from mtlv.errors import ConfigError

__all__ = ["point_title", "sweep_points"]


def sweep_points(sweep: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Return every combination of the swept values.

    Raises:
        ConfigError: a setting has no values, or two points would have one name.
    """
    for key, values in sweep.items():
        if not values:
            raise ConfigError("A sweep needs at least one value.", where=f"sweep.{key}", found="[]")
    points = [dict(zip(sweep, values, strict=True)) for values in product(*sweep.values())]
    titles = [point_title(point) for point in points]
    twice = next((title for title in titles if titles.count(title) > 1), None)
    if twice is not None:
        raise ConfigError(
            f"Two points of the sweep are called '{twice}'.",
            where="sweep",
            hint="give each value once, and folders different names",
        )
    return points


def point_title(point: Mapping[str, Any]) -> str:
    """Return what stands behind the `@` of plan names: the values, as short as can be.

    >>> point_title({"encoder": "/models/biobert", "train.epochs": 3})
    'biobert,3'
    """
    return ",".join(_short(value) for value in point.values())


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return "-".join(_short(own) for own in value.values())
    if isinstance(value, list | tuple):
        return "+".join(_short(own) for own in value)
    return PurePath(value).name if isinstance(value, str) and "/" in value else str(value)
