"""A small picture of a table over the number of groups, that needs no library to be seen."""

from __future__ import annotations

from mtlv.store.record import NumberRecord

__all__ = ["number_svg"]

WIDTH, HEIGHT, MARGIN = 480, 300, 48
NAMES = {"elbow": "Inertia", "silhouette": "Mean silhouette", "gap": "Gap statistic"}


def number_svg(table: NumberRecord) -> str:
    """Draw inertia, silhouette or gap over the number of groups, the suggested number marked."""
    most, least = max(*table.values, 0.0), min(*table.values, 0.0)
    height = most - least or 1.0
    span = table.groups[-1] - table.groups[0] or 1
    points = [
        (
            MARGIN + (WIDTH - 2 * MARGIN) * (k - table.groups[0]) / span,
            HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (value - least) / height,
        )
        for k, value in zip(table.groups, table.values, strict=True)
    ]
    bottom, middle = HEIGHT - MARGIN, WIDTH / 2
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    marks = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{6 if k == table.chosen else 3}"/>'
        f'<text x="{x:.1f}" y="{bottom + 16}">{k:g}</text>'
        for k, (x, y) in zip(table.groups, points, strict=True)
    ]
    name = NAMES.get(table.method, table.method)
    suggested = "none suggested" if table.chosen is None else f"{table.chosen} suggested"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            'font-family="sans-serif" font-size="12" text-anchor="middle" fill="#1f4e79">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
            f'<polyline points="{line}" fill="none" stroke="#1f4e79" stroke-width="2"/>',
            *marks,
            f'<text x="{middle}" y="20">{name} by number of groups: {suggested}</text>',
            f'<text x="{middle}" y="{HEIGHT - 10}">groups</text>',
            f'<text x="{MARGIN - 8}" y="{MARGIN + 4}" text-anchor="end">{most:.3g}</text>',
            f'<text x="{MARGIN - 8}" y="{bottom + 4}" text-anchor="end">{least:.3g}</text>',
            "</svg>",
        ]
    )
