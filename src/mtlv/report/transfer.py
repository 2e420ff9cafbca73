"""Pairwise transfer as a table and as the graph of MT-BERT's figure 2 (Peng et al. 2020)."""

from __future__ import annotations

import math
from html import escape

from mtlv.report.tables import Table
from mtlv.store.record import EffectRecord, TransferRecord

__all__ = ["transfer_csv", "transfer_svg", "transfer_table"]

SIZE, RADIUS, NODE = 720, 250, 46
COLOURS = {"improves": "#1b7837", "decreases": "#b2182b", "none": "#9a9a9a"}
WORDS = {"improves": "improves", "decreases": "decreases", "none": "no effect shown"}


def transfer_table(record: TransferRecord) -> Table:
    """Return the effect of every task (row) on every other one (column)."""
    found = {(each.source, each.target): each for each in record.effects}
    rows = tuple(
        (source, *("" if source == t else _cell(found[source, t]) for t in record.tasks))
        for source in record.tasks
    )
    alone = tuple(f"{100 * record.alone[task]:.1f}" for task in record.tasks)
    metrics = ", ".join(f"{task} {metric}" for task, metric in record.metrics.items())
    note = (
        "effect of learning the row's task beside the column's, in points of its metric, with 95 % "
        f"interval over {record.runs} runs (of test examples, if 1); * : the interval leaves out 0"
        + (f" and the effect exceeds {100 * record.margin:g}" if record.margin else "")
        + f"; metrics: {metrics}"
    )
    header = ("learning … does", *record.tasks)
    return Table(f"Transfer {record.name}", header, (("(alone)", *alone), *rows), note)


def transfer_csv(record: TransferRecord) -> str:
    """Return the effects as an affinity file, to cluster or to search with."""
    lines = [",".join(["task", *map(_quoted, record.tasks)])]
    for task, row in zip(record.tasks, record.matrix(), strict=True):
        cells = ["" if value is None else f"{value:.6g}" for value in row]
        lines.append(",".join([_quoted(task), *cells]))
    return "\n".join(lines) + "\n"


def transfer_svg(record: TransferRecord) -> str:
    """Draw the graph: an arrow from s to t says what learning s does to t."""
    middle = SIZE / 2
    places = {
        task: (
            middle + RADIUS * math.sin(2 * math.pi * i / len(record.tasks)),
            middle - RADIUS * math.cos(2 * math.pi * i / len(record.tasks)),
        )
        for i, task in enumerate(record.tasks)
    }
    order = {"none": 0, "decreases": 1, "improves": 2}
    effects = sorted(record.effects, key=lambda each: order[each.verdict])
    arrows = [_arrow(each, places[each.source], places[each.target]) for each in effects]
    nodes = [_node(task, *place) for task, place in places.items()]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE + 40}" '
            'font-family="sans-serif" font-size="12" text-anchor="middle">',
            f'<rect width="{SIZE}" height="{SIZE + 40}" fill="white"/>',
            _markers(),
            *arrows,
            *nodes,
            *_legend(record),
            "</svg>",
        ]
    )


def _cell(effect: EffectRecord) -> str:
    star = "" if effect.verdict == "none" else "*"
    low, high = 100 * effect.low, 100 * effect.high
    return f"{100 * effect.effect:+.1f}{star} ({low:+.1f}, {high:+.1f})"


def _arrow(effect: EffectRecord, start: tuple[float, float], end: tuple[float, float]) -> str:
    """Draw one arrow, bent a little so that both directions are seen."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy) or 1.0
    ux, uy = dx / length, dy / length
    x1, y1 = start[0] + ux * NODE, start[1] + uy * NODE
    x2, y2 = end[0] - ux * (NODE + 6), end[1] - uy * (NODE + 6)
    cx, cy = (x1 + x2) / 2 - 22 * uy, (y1 + y2) / 2 + 22 * ux
    colour = COLOURS[effect.verdict]
    dash = ' stroke-dasharray="5 5"' if effect.verdict == "none" else ""
    width = 1.2 if effect.verdict == "none" else 2.4
    said = f"{effect.source} {WORDS[effect.verdict]} {effect.target}: {100 * effect.effect:+.1f}"
    return (
        f'<path d="M{x1:.1f},{y1:.1f} Q{cx:.1f},{cy:.1f} {x2:.1f},{y2:.1f}" fill="none" '
        f'stroke="{colour}" stroke-width="{width}"{dash} '
        f'marker-end="url(#{effect.verdict})"><title>{escape(said)}</title></path>'
    )


def _node(task: str, x: float, y: float) -> str:
    words = _lines(task.replace("_", " ").replace("-", " "))
    first = y - 7 * (len(words) - 1) + 4
    spans = "".join(
        f'<tspan x="{x:.1f}" y="{first + 14 * i:.1f}">{escape(line)}</tspan>'
        for i, line in enumerate(words)
    )
    circle = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{NODE}" fill="#eef3f8" stroke="#1f4e79"/>'
    return f"{circle}<text>{spans}</text>"


def _lines(name: str, width: int = 13) -> list[str]:
    lines = [""]
    for word in name.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _markers() -> str:
    marks = [
        f'<marker id="{verdict}" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="9" '
        f'markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path d="M0,0 L10,5 L0,10 z" fill="{colour}"/></marker>'
        for verdict, colour in COLOURS.items()
    ]
    return f"<defs>{''.join(marks)}</defs>"


def _legend(record: TransferRecord) -> list[str]:
    parts = []
    for i, verdict in enumerate(("improves", "decreases", "none")):
        x, y = 60 + 215 * i, SIZE + 14
        dash = ' stroke-dasharray="5 5"' if verdict == "none" else ""
        parts.append(
            f'<path d="M{x},{y} h40" stroke="{COLOURS[verdict]}" stroke-width="2.4"{dash}/>'
            f'<text x="{x + 48}" y="{y + 4}" text-anchor="start">{WORDS[verdict]}</text>'
        )
    rule = f"95 % interval over {record.runs} runs leaves out 0; arrows from the task that is added"
    parts.append(f'<text x="{SIZE / 2}" y="{SIZE + 34}" fill="#444">{rule}</text>')
    return parts


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if any(c in name for c in ',"\n') else name
