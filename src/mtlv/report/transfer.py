"""Pairwise transfer as a table, and as a file that groupings read."""

from __future__ import annotations

from mtlv.report.tables import Table
from mtlv.store.record import EffectRecord, TransferRecord

__all__ = ["transfer_csv", "transfer_table"]


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
        "effect of learning the row's task beside the column's, in points of its metric, with "
        f"{record.interval}; * is an effect: {record.rule}; metrics: {metrics}"
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


def _cell(effect: EffectRecord) -> str:
    star = "" if effect.verdict == "none" else "*"
    if effect.low is None or effect.high is None:
        return f"{100 * effect.effect:+.1f}{star} (no interval)"
    low, high = 100 * effect.low, 100 * effect.high
    return f"{100 * effect.effect:+.1f}{star} ({low:+.1f}, {high:+.1f})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if any(c in name for c in ',"\n') else name
