"""Tables about groups: which tasks, how many groups, and what learning one does for another."""

from __future__ import annotations

from mtlv.report.tables import Table
from mtlv.store.record import AffinityRecord, GroupingRecord, NumberRecord

__all__ = ["affinity_table", "group_table", "number_table", "predicted_table"]


def group_table(plan: str, grouping: GroupingRecord, fold: int | None = None) -> Table:
    """Return the tasks in each group; `fold` names the fold where it matters."""
    middle = [next((m for m in grouping.medoids if m in group), "") for group in grouping.groups]
    rows = tuple(
        (str(number), str(len(group)), medoid, ", ".join(group))
        for number, (group, medoid) in enumerate(zip(grouping.groups, middle, strict=True), start=1)
    )
    where = "" if fold is None else f", fold {fold + 1}"
    title = f"{plan}{where}: {grouping.origin}"
    if not any(middle):
        plain = tuple((number, size, tasks) for number, size, _, tasks in rows)
        return Table(title, ("group", "tasks", "names"), plain, words=(0, 2))
    header = ("group", "tasks", "medoid", "names")
    return Table(title, header, rows, words=(0, 2, 3))


def number_table(origin: str, table: NumberRecord) -> Table:
    """Return inertia, silhouette or gap by number of groups."""
    errors = [None] * len(table.groups) if table.errors is None else table.errors
    rows = tuple(
        (
            f"{k}",
            f"{value:.3f}" + ("" if error is None else f" ± {error:.3f}"),
            "suggested" * (k == table.chosen),
        )
        for k, value, error in zip(table.groups, table.values, errors, strict=True)
    )
    value = {"elbow": "inertia", "silhouette": "mean silhouette", "gap": "gap ± s"}
    header = ("groups", value.get(table.method, table.method), "")
    return Table(f"{table.method.capitalize()} of {origin}", header, rows, words=(0, 2))


def affinity_table(affinity: AffinityRecord) -> Table:
    """Return the matrix of an affinity: effect of the row's task on the column's."""
    known = [abs(v) for row in affinity.matrix for v in row if v is not None]
    scale = _power(max(known, default=1.0))
    rows = tuple(
        (f"{i} {task}", *("" if v is None else f"{v / scale:+.2f}" for v in row))
        for i, (task, row) in enumerate(zip(affinity.tasks, affinity.matrix, strict=True), start=1)
    )
    header = ("learning … does", *(str(i + 1) for i in range(len(affinity.tasks))))
    factor = "" if scale == 1 else f", times {scale:g}"
    runs = "unknown" if affinity.runs is None else f"{affinity.runs:.2f}"
    note = (
        f"effect of the row's task on the column's, {affinity.unit}{factor}; "
        f"cost: {affinity.seconds:,.0f} s, {runs} multi-task runs; {affinity.note}"
    )
    return Table(f"Affinity {affinity.name}", header, rows, note)


def predicted_table(grouping: GroupingRecord) -> Table:
    """Return what a search predicts for each task: its gain over being learned alone, or a score.

    An affinity that only ranks groupings predicts no gain, and its table does not say so.
    """
    advice, affinity = grouping.recommendation, grouping.affinity
    predicted = {} if advice is None else advice.predicted
    unit = "" if affinity is None else affinity.unit
    rows = tuple(
        (task, "-" if value is None else f"{value:+.3g}") for task, value in predicted.items()
    )
    if affinity is not None and not affinity.predicts_gain:
        note = f"what the ranking gives each task in its group, {unit}; no gain to expect"
        return Table("Ranked", ("task", "score (ranks only)"), rows, note)
    note = f"predicted gain over being learned alone, {unit}"
    return Table("Predicted", ("task", "gain"), rows, note)


def _power(largest: float) -> float:
    """Return the power of ten, one of 1, 0.001, …, that makes figures readable."""
    scale = 1.0
    while 0 < largest / scale < 0.05:
        scale /= 1000
    return scale
