"""Tables of a comparison for the screen: a row per plan, or a row per task of one plan."""

from __future__ import annotations

from mtlv.evaluation.metrics import METRICS, TASK_METRICS
from mtlv.report.numbers import figure, percent, scale_of, share, signed
from mtlv.report.tables import Table
from mtlv.store.comparison import Comparison, Row, TaskRow
from mtlv.store.comparison_claims import Claim

__all__ = ["comparison_notes", "comparison_table", "comparison_task_table", "scale_of_task"]

EFFECTS = {
    "cohens_d_z": "mean over sd of the differences",
    "rank_biserial": "rank-biserial correlation",
    "odds_ratio": "odds of being right alone over wrong alone",
    "error_reduction": "share of the baseline's error that is gone",
}
CORRECTED = {"holm": "Holm", "bh": "Benjamini-Hochberg"}
CLAIMS = ("95 % interval", "p", "p corrected", "effect", "verdict")


def comparison_table(comparison: Comparison) -> Table:
    """Return the difference of every plan to the baseline, and what may be claimed of it."""
    scale = scale_of(comparison.metric)
    judged = any(row.random_share is not None for row in comparison.rows)
    rows = tuple(
        (
            _name(row, comparison),
            percent(row.value, scale),
            signed(row.delta, scale),
            *claim_cells(row.claim, scale),
            f"{row.better} / {row.equal} / {row.worse}",
            "" if row.cost_ratio is None else f"{row.cost_ratio:.2f}",
            str(row.value.n),
            *([share(row.random_share)] if judged else []),
        )
        for row in comparison.rows
        if row.plan not in comparison.drawn
    )
    last = ("tasks + / = / -", "cost ratio", "n", *(["random ≥"] if judged else []))
    header = ("plan", comparison.metric, "difference", *CLAIMS, *last)
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
                *claim_cells(own.claim, scale),
            )
        )
    first = "task, metric" if comparison.own_metrics else "task"
    header = (first, "positives", row.plan, comparison.baseline, "difference", *CLAIMS)
    title = f"{_title(comparison)}: {row.plan} against {comparison.baseline} by task"
    return Table(title, header, tuple(rows), "; ".join(claim_notes(comparison, row)))


def comparison_notes(comparison: Comparison, scale: float, judged: bool) -> list[str]:
    """Return what must be known to read the table of plans."""
    most = max((row.tasks for row in comparison.rows), default=0)
    better = "higher" if METRICS[comparison.metric].higher_is_better else "lower"
    by = "better, equal and worse primary metric"
    if not comparison.own_metrics:
        by = "higher, equal and lower F1"
    if comparison.settings.test == "mcnemar":
        by = "higher, equal and lower accuracy"
    notes = [
        f"difference to {comparison.baseline}, paired by fold and seed, mean ± sd over n"
        f"{', in percent' if scale == 100 else ''}, {better} is better",
        *claim_notes(comparison, next((row for row in comparison.rows if row.claim), None)),
        f"tasks: with {by} on average",
        "cost ratio: its seconds over the baseline's",
        *([comparison.signature.replace("|", ", ")] if comparison.signature else []),
        *_random_notes(comparison, scale),
    ]
    if any(row.tasks < most for row in comparison.rows):
        notes.append("(n tasks): both plans scored on these alone")
    if judged:
        notes.append("random ≥: share of random groupings that do as well, the plan itself counted")
    return notes


def claim_notes(comparison: Comparison, row: Row | None) -> list[str]:
    """Return what must be known to read intervals and p-values: test, unit, correction, draws."""
    claims = [own.claim for own in row.by_task.values()] if row else []
    claim = next((own for own in [row.claim if row else None, *claims] if own), None)
    if row is None or row.findings is None or claim is None:
        return []
    own, settings = claim.finding, comparison.settings
    drawn = f", {row.findings.draws:,} draws" if row.findings.draws else ""
    chosen = row.findings.choice
    notes = [
        f"p: {own.test} over {own.pairs:,} {own.unit}s{drawn}",
        chosen.why if chosen.why != "asked for" else "test chosen by hand",
        f"corrected over plans, or over the tasks of a plan: {CORRECTED[settings.correction]}",
        f"effect: {EFFECTS[own.effect.name]}",
    ]
    if own.floor > 0.05:
        notes.append(f"so few pairs cannot give a p below {own.floor:g}")
    if own.level < 0.949:
        notes.append(f"so few pairs give an interval of level {own.level:.3g} only")
    if settings.margin is not None:
        notes.append(f"margin of equivalence: {settings.margin:g}, by two one-sided tests")
    if row.findings.almost_dominates is not None:
        notes.append(f"almost stochastic order: ε = {row.findings.almost_dominates:.2f}")
    return notes


def claim_cells(claim: Claim | None, scale: float) -> tuple[str, ...]:
    """Return interval, p, corrected p, effect and verdict as text; dashes where nothing is."""
    if claim is None:
        return ("-",) * len(CLAIMS)
    own = claim.finding
    low, high = (figure(end, scale, "+") for end in (own.low, own.high))
    effect = "-" if own.effect.value != own.effect.value else f"{own.effect.value:+.2f}"
    return (f"{low} to {high}", _p(own.p), _p(claim.p_corrected), effect, claim.verdict)


def scale_of_task(row: TaskRow) -> float:
    """Return what a task's metric is multiplied by where it is shown."""
    families = [family for family in TASK_METRICS.values() if row.metric in family]
    return 100 if any(family[row.metric].unit == "share" for family in families) else 1


def _title(comparison: Comparison) -> str:
    return f"{'Studies' if ' and ' in comparison.study else 'Study'} {comparison.study}"


def _name(row: Row, comparison: Comparison) -> str:
    most = max(own.tasks for own in comparison.rows)
    return row.plan + ("" if row.tasks == most else f" ({row.tasks} tasks)")


def _random_notes(comparison: Comparison, scale: float) -> list[str]:
    notes = []
    for null in comparison.nulls if comparison.drawn else ():
        low, high = (figure(each(null.values), scale) for each in (min, max))
        notes.append(
            f"{len(null.values)} random groupings in {null.models} models: "
            f"{percent(null.summary, scale)} (from {low} to {high})"
        )
    return notes


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"
