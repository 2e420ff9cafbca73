"""Tables of a comparison: a row per plan, a row per task of one plan, and the ranks of plans."""

from __future__ import annotations

import math

from mtlv.evaluation.metrics import TASK_METRICS
from mtlv.report.comparison_notes import claim_notes, comparison_notes
from mtlv.report.numbers import figure, p_value, percent, scale_of, share, signed
from mtlv.report.tables import Table
from mtlv.store.comparison import Comparison, Row, TaskRow
from mtlv.store.comparison_claims import Claim
from mtlv.words import counted, listed

__all__ = [
    "claim_cells",
    "claim_columns",
    "comparison_table",
    "comparison_task_table",
    "interval_text",
    "rank_table",
    "scale_of_task",
]


def comparison_table(comparison: Comparison) -> Table:
    """Return the difference of every plan to the baseline, and what may be claimed of it."""
    scale = scale_of(comparison.metric)
    judged = any(row.random_share is not None for row in comparison.rows)
    rows = tuple(
        (
            _name(row, comparison),
            percent(row.value, scale),
            signed(row.delta, scale),
            *claim_cells(comparison, row.claim, scale),
            f"{row.better} / {row.equal} / {row.worse}",
            "" if row.cost_ratio is None else f"{row.cost_ratio:.2f}",
            str(row.value.n),
            *([share(row.random_share)] if judged else []),
        )
        for row in comparison.rows
        if row.plan not in comparison.drawn
    )
    last = ("tasks + / = / -", "cost ratio", "n", *(["random ≥"] if judged else []))
    header = ("plan", comparison.metric, "difference", *claim_columns(comparison), *last)
    title = f"{_title(comparison)} against {comparison.baseline}"
    note = "; ".join(comparison_notes(comparison, scale, judged))
    return Table(title, header, rows, note)


def comparison_task_table(comparison: Comparison, row: Row) -> Table:
    """Return every task under one plan and under the baseline."""
    rows = []
    for task, own in row.by_task.items():
        scale = scale_of_task(own)
        rows.append(
            (
                task if not comparison.own_metrics else f"{task}, {own.metric}",
                "" if own.positives is None else f"{own.positives:,}",
                percent(own.value, scale),
                percent(own.base, scale),
                signed(own.delta, scale),
                *claim_cells(comparison, own.claim, scale),
            )
        )
    first = "task, metric" if comparison.own_metrics else "task"
    plans = (row.plan, comparison.baseline)
    header = (first, "positives", *plans, "difference", *claim_columns(comparison))
    title = f"{_title(comparison)}: {row.plan} against {comparison.baseline} by task"
    counts = any(own.positives is not None for own in row.by_task.values())
    notes = [*claim_notes(comparison, row), *(["positives: in the whole corpus"] if counts else [])]
    return Table(title, header, tuple(rows), "; ".join(notes))


def rank_table(comparison: Comparison) -> Table | None:
    """Return Friedman's test of all plans over the tasks; None of fewer than three plans."""
    found = comparison.ranks
    if found is None:
        return None
    rows = tuple(
        (plan, f"{rank:.2f}", p_value(found.p_holm.get(plan)))
        for plan, rank in sorted(found.mean_ranks.items(), key=lambda each: each[1])
    )
    apart = listed(f"{better} before {worse}" for better, worse in found.apart)
    note = (
        f"1 is best; Friedman over {counted(found.tasks, 'task')}: χ² = {found.statistic:.2f}, "
        f"p = {p_value(found.p)} (among orders of the plans within tasks); mean ranks "
        f"further apart than {found.critical_difference:.2f} differ (Nemenyi): {apart}; "
        "p corrected by Holm over the plans; labels of one corpus are no independent sample of "
        "tasks, so this sums up and proves nothing"
    )
    header = ("plan", "mean rank", f"p against {comparison.baseline}")
    return Table("Ranks of the plans over the tasks", header, rows, note)


def claim_columns(comparison: Comparison) -> tuple[str, ...]:
    """Return the titles of what may be claimed; with a margin, that of the equivalence too."""
    same = ["p equivalence"] if comparison.settings.margin is not None else []
    return ("interval", "p", "p corrected", *same, "effect", "verdict")


def claim_cells(comparison: Comparison, claim: Claim | None, scale: float) -> tuple[str, ...]:
    """Return what may be claimed as text, by `claim_columns`; dashes where nothing is."""
    columns = claim_columns(comparison)
    if claim is None:
        return ("-",) * len(columns)
    own = claim.finding
    texts = {
        "interval": interval_text(claim, scale),
        "p": p_value(own.p),
        "p corrected": p_value(claim.p_corrected),
        "p equivalence": p_value(claim.equivalence_p),
        "effect": "-" if math.isnan(own.effect.value) else f"{own.effect.value:+.2f}",
        "verdict": claim.verdict,
    }
    return tuple(texts[column] for column in columns)


def interval_text(claim: Claim, scale: float) -> str:
    """Return the ends of an interval: `-2.5 to +1.2`; a dash where it is undefined."""
    if math.isnan(claim.finding.low):
        return "-"
    return " to ".join(figure(end, scale, "+") for end in (claim.finding.low, claim.finding.high))


def scale_of_task(row: TaskRow) -> float:
    """Return what a task's metric is multiplied by where it is shown."""
    families = [family for family in TASK_METRICS.values() if row.metric in family]
    return 100 if any(family[row.metric].unit == "share" for family in families) else 1


def _title(comparison: Comparison) -> str:
    return f"{'Studies' if ' and ' in comparison.study else 'Study'} {comparison.study}"


def _name(row: Row, comparison: Comparison) -> str:
    most = max(own.tasks for own in comparison.rows)
    return row.plan + ("" if row.tasks == most else f" ({counted(row.tasks, 'task')})")
