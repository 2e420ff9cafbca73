"""Names beside points: each where it covers no other, joined to its point by a thin line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from plotly.graph_objects import Figure

from mtlv.report.figures.theme import NEUTRAL
from mtlv.report.figures.words import pixels, short

__all__ = ["add_labels"]

HEIGHT, DOT = 15, 7
ANGLES = 16
Box = tuple[float, float, float, float]
"""Left, low, right and high end, in pixels."""


def add_labels(
    figure: Figure,
    x: Any,
    y: Any,
    names: Sequence[str],
    size: tuple[int, int],
    font: int = 11,
    reach: Sequence[float] | None = None,
) -> None:
    """Write names beside points, and fix the ranges of the axes.

    Points are taken from the outside inwards; each name takes the nearest free place around its
    point. One that finds none is left to the hover box.

    Args:
        figure: with linear axes.
        x: of the points, (N,).
        y: of the points, (N,).
        names: of the points, as they come.
        size: of the axes, in pixels.
        font: size of the names.
        reach: range of y; by default a little more than the points need.
    """
    ranges = [_range(np.asarray(values, float)) for values in (x, y)]
    if reach is not None:
        ranges[1] = (reach[0], reach[1])
    figure.update_xaxes(range=ranges[0])
    figure.update_yaxes(range=ranges[1])
    spots = np.stack(
        [
            (np.asarray(values, float) - low) / (high - low) * extent
            for values, (low, high), extent in zip((x, y), ranges, size, strict=True)
        ],
        axis=1,
    )  # (N, 2)
    taken: list[Box] = [(a - DOT, b - DOT, a + DOT, b + DOT) for a, b in spots.tolist()]
    lines = []
    outside_first = np.argsort(-np.linalg.norm(spots - spots.mean(axis=0), axis=1), kind="stable")
    for index in outside_first.tolist():
        text = short(names[index], 24)
        found = _free(spots[index].tolist(), pixels(text, font) + 4, taken, size)
        if found is not None:
            box, shift = found
            taken.append(box)
            lines.append(_line((x, y), index, text, shift, font))
    figure.update_layout(annotations=[*figure.layout.annotations, *lines])  # one by one is slow


def _range(values: Any) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = 0.12 * (high - low) or 1.0
    return low - room, high + room


def _free(
    spot: Sequence[float], width: float, taken: Sequence[Box], size: tuple[int, int]
) -> tuple[Box, tuple[float, float]] | None:
    for dx, dy in _shifts(width):
        a, b = spot[0] + dx, spot[1] + dy
        box = (a - width / 2, b - HEIGHT / 2, a + width / 2, b + HEIGHT / 2)
        inside = box[0] >= 0 and box[1] >= 0 and box[2] <= size[0] and box[3] <= size[1]
        if inside and not any(_overlap(box, other) for other in taken):
            return box, (dx, dy)
    return None


def _shifts(width: float) -> Iterator[tuple[float, float]]:
    """Yield places of the middle of a name around its point, near ones first."""
    for ring in range(10):
        reach = 13 + 9 * ring
        for step in range(ANGLES):
            angle = 2 * math.pi * step / ANGLES
            dx, dy = math.cos(angle), math.sin(angle)
            yield dx * (width / 2 + reach - 4), dy * reach


def _overlap(one: Box, other: Box) -> bool:
    apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    return not apart


def _line(
    points: tuple[Any, Any], index: int, text: str, shift: tuple[float, float], font: int
) -> dict[str, Any]:
    return {
        "x": float(np.asarray(points[0])[index]),
        "y": float(np.asarray(points[1])[index]),
        "ax": shift[0],
        "ay": -shift[1],
        "text": text,
        "font": {"size": font},
        "showarrow": True,
        "arrowhead": 0,
        "arrowwidth": 0.6,
        "arrowcolor": NEUTRAL,
        "standoff": 4,
        "borderpad": 0,
    }
