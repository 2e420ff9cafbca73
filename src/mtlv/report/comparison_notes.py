"""What must be known to read a comparison: tests, pairs, draws, corrections, and cautions."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from mtlv.evaluation.metrics import METRICS
from mtlv.evaluation.significance.finding import ALPHA
from mtlv.report.numbers import figure, percent
from mtlv.store.comparison import Comparison, Row
from mtlv.words import counted, listed

__all__ = [
    "CORRECTED",
    "cautions_of_tests",
    "claim_notes",
    "compare_command",
    "comparison_notes",
    "fewer_draws",
    "options_of",
]

EFFECTS = {
    "cohens_d_z": "mean over sd of the differences",
    "rank_biserial": "rank-biserial correlation",
    "odds_ratio": "odds of being right alone over wrong alone",
    "error_reduction": "share of the baseline's error that is gone",
}
CORRECTED = {"holm": "Holm", "bh": "Benjamini-Hochberg"}


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


def claim_notes(comparison: Comparison, row: Row | None) -> list[str]:
    """Return what must be known to read intervals and p-values: test, unit, correction, draws."""
    claims = [own.claim for own in row.by_task.values()] if row else []
    claim = next((own for own in [row.claim if row else None, *claims] if own), None)
    if row is None or row.findings is None or claim is None:
        return []
    own, settings = claim.finding, comparison.settings
    drawn = f", {counted(row.findings.draws, 'draw')}" if row.findings.draws else ""
    notes = [
        f"p: {own.test} over {counted(own.pairs, own.unit)}{drawn}",
        row.findings.why if row.findings.why != "asked for" else "test chosen by hand",
        f"corrected over plans, or over the tasks of a plan: {CORRECTED[settings.correction]}",
        f"effect: {EFFECTS[own.effect.name]}",
    ]
    if own.floor >= ALPHA:
        notes.append(f"so few pairs cannot give a p below {own.floor:g}")
    notes.append(
        f"interval of level {own.level:.3g}{', as so few pairs can give' * (own.level < 0.949)}"
    )
    if settings.margin is not None:
        notes.append(
            f"p equivalence: two one-sided tests against a margin of ± {settings.margin:g}, "
            "corrected likewise"
        )
    if row.findings.almost_dominates is not None:
        notes.append(
            f"almost stochastic order over {comparison.baseline}: ε = "
            f"{row.findings.almost_dominates:.2f} (0: always better, 1: always worse)"
        )
    return notes


def cautions_of_tests(comparison: Comparison) -> list[str]:
    """Return how the tests can mislead under this protocol, once for all plans of the same."""
    plans: dict[str, list[str]] = {}
    for row in comparison.rows:
        for caution in [*(row.findings.cautions if row.findings else []), *_floors(row)]:
            plans.setdefault(caution, []).append(f"`{row.plan}`")
    return [f"{listed(names)}: {caution}" for caution, names in plans.items()]


def _floors(row: Row) -> Iterator[str]:
    """Yield where no difference can be shown, whatever its size."""
    few = "draws" if row.findings and row.findings.draws else "pairs"
    tasks = [own.claim for own in row.by_task.values()]
    for what, claims in (("all tasks together", [row.claim]), ("single tasks", tasks)):
        made = [own for own in claims if own is not None]
        lowest = min((own.floor for own in made), default=0.0)
        if lowest >= ALPHA:
            yield (
                f"{what}: {made[0].finding.test} with so few {few} gives no corrected p below "
                f"{lowest:.2g}, so it can show no difference, whatever its size"
            )


def fewer_draws(comparison: Comparison) -> str | None:
    """Say it where a limit of time allowed fewer draws than were wanted; None where it did not."""
    settings = comparison.settings
    found = [row.findings.draws for row in comparison.rows if row.findings is not None]
    draws = [own for own in found if own is not None]
    if settings.seconds is None or min(draws, default=settings.draws) >= settings.draws:
        return None
    low, high = min(draws), max(draws)
    made = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    less = (
        f"drawn {made} times instead of {settings.draws:,}, so intervals and p are rough"
        if low
        else "not tested here, as even a few draws would take too long"
    )
    return f"{less}: a page may draw for about {settings.seconds:g} s"


def compare_command(comparison: Comparison, studies: Sequence[str]) -> str:
    """Return the command that makes a comparison again, with all of its draws."""
    names = " ".join(map(shlex.quote, studies))
    return f"mtlv compare {names} {options_of(comparison)}"


def options_of(comparison: Comparison) -> str:
    """Return a comparison's settings as options of `mtlv compare` and `mtlv report`."""
    settings = comparison.settings
    options = [f"--baseline {shlex.quote(comparison.baseline)}", f"--metric {comparison.metric}"]
    if settings.test is not None:
        options.append(f"--test {settings.test}")
    options.append(f"--correction {settings.correction}")
    if settings.margin is not None:
        options.append(f"--margin {settings.margin:g}")
    return " ".join([*options, f"--draws {settings.draws}"])


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


def _random_notes(comparison: Comparison, scale: float) -> list[str]:
    notes = []
    for null in comparison.nulls if comparison.drawn else ():
        low, high = (figure(each(null.values), scale) for each in (min, max))
        groupings = counted(len(null.values), "random grouping")
        notes.append(
            f"{groupings} in {counted(null.models, 'model')}: "
            f"{percent(null.summary, scale)} (from {low} to {high})"
        )
    return notes
