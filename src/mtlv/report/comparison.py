"""Tables of a comparison for the screen: a row per plan, or a row per task of one plan."""

from __future__ import annotations

from collections.abc import Iterable

from mtlv.evaluation.metrics import METRICS, TASK_METRICS
from mtlv.report.numbers import figure, percent, scale_of, share, signed
from mtlv.report.tables import Table
from mtlv.store.comparison import Comparison, Row, TaskRow
from mtlv.store.comparison_claims import Claim
from mtlv.store.comparison_pairs import Place
from mtlv.store.record import StudyRecord

__all__ = [
    "comparison_notes",
    "comparison_table",
    "comparison_task_table",
    "gap_notes",
    "scale_of_task",
]

EFFECTS = {
    "cohens_d_z": "mean over sd of the differences",
    "rank_biserial": "rank-biserial correlation",
    "odds_ratio": "odds of being right alone over wrong alone",
    "error_reduction": "share of the baseline's error that is gone",
}
CORRECTED = {"holm": "Holm", "bh": "Benjamini-Hochberg"}
CLAIMS = ("interval", "p", "p corrected", "effect", "verdict")


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
    by_part = any(row.delta.n < row.value.n for row in comparison.rows if row.delta.n)
    over = "test parts, the runs on each averaged" if by_part else "n"
    notes = [
        f"difference to {comparison.baseline}, paired by fold and seed, mean ± sd over {over}"
        f"{', in percent' if scale == 100 else ''}, {better} is better",
        *_notes_by_plan(comparison),
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


def _notes_by_plan(comparison: Comparison) -> list[str]:
    """Return the notes of all plans that were tested; a plan's name where they differ."""
    by_plan = {row.plan: claim_notes(comparison, row) for row in comparison.rows if row.claim}
    different = {tuple(notes): plan for plan, notes in by_plan.items()}
    if len(different) < 2:
        return next(iter(by_plan.values()), [])
    common = [
        note
        for note in dict.fromkeys(note for notes in by_plan.values() for note in notes)
        if all(note in notes for notes in by_plan.values())
    ]
    own = [
        f"{plan}: {', '.join(note for note in notes if note not in common)}"
        for plan, notes in by_plan.items()
    ]
    return [*common, *own]


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
    notes.append(
        f"interval of level {own.level:.3g}{', as so few pairs can give' * (own.level < 0.949)}"
    )
    if settings.margin is not None:
        notes.append(f"margin of equivalence: {settings.margin:g}, by two one-sided tests")
    if row.findings.almost_dominates is not None:
        notes.append(
            f"almost stochastic order over {comparison.baseline}: ε = "
            f"{row.findings.almost_dominates:.2f} (0: always better, 1: always worse)"
        )
    return notes


def gap_notes(comparison: Comparison, studies: Iterable[StudyRecord]) -> list[str]:
    """Return what is missing of a comparison: runs without a partner, studies that still run."""
    notes = [
        f"'{study.name}' is still running: this is what was finished so far"
        if study.status == "running"
        else f"the last run of '{study.name}' stopped: {study.failure}; run it again to go on"
        for study in studies
        if study.status != "finished"
    ]
    if len(comparison.rows) == 1:
        notes.append(
            f"'{comparison.study}' has one finished plan: there is nothing to compare it with"
        )
    missing: dict[tuple[Place, ...], list[str]] = {}
    for row in comparison.rows:
        if row.unpaired and row.plan != comparison.baseline and row.plan not in comparison.drawn:
            missing.setdefault(row.unpaired, []).append(row.plan)
    for places, plans in missing.items():
        fold, seed = places[0]
        others = " and others" if len(places) > 1 else ""
        notes.append(
            f"{', '.join(plans)}: {len(places)} run{'s' if len(places) > 1 else ''} without a "
            f"partner in '{comparison.baseline}' (fold {fold + 1}, seed {seed}{others}): left out"
        )
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
