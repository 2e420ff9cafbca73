"""Gaps of a comparison: studies that still run, plans and runs that are not there, no partners.

Names stand between backticks, as in a report; `mtlv.words.in_quotes` makes them fit a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mtlv.errors import StoreError
from mtlv.store.comparison import Comparison
from mtlv.store.comparison_pairs import Place
from mtlv.store.outcome import StudyOutcome
from mtlv.words import counted, listed

__all__ = ["check_finished", "gaps", "missing", "states"]


def check_finished(outcome: StudyOutcome, left_out: Sequence[str] = ()) -> None:
    """Make sure that a study has a plan that can be shown.

    Args:
        outcome: of the study.
        left_out: what could not be scored, in words.

    Raises:
        StoreError: no cell is finished, or none can be scored.
    """
    if outcome.plans:
        return
    raise StoreError(
        f"No plan of the study '{outcome.study.name}' is finished yet.",
        found="; ".join([f"0 of {counted(outcome.study.planned, 'run')} can be scored", *left_out]),
        hint="run it to the end with `mtlv run CONFIG`; finished jobs are kept",
    )


def gaps(comparison: Comparison, outcomes: Sequence[StudyOutcome]) -> list[str]:
    """Return what a comparison lacks, a sentence each.

    Args:
        comparison: of the plans of some studies.
        outcomes: of those studies.
    """
    return [*states(outcomes), *missing(comparison, outcomes)]


def missing(comparison: Comparison, outcomes: Sequence[StudyOutcome]) -> list[str]:
    """Return the plans and runs that are not there, and those that have no partner."""
    found = [told for outcome in outcomes for told in _of_study(outcome, len(outcomes) > 1)]
    if len(comparison.rows) == 1:
        only = f"`{comparison.baseline}` is the only finished plan of `{comparison.study}`"
        found.append(f"{only}: there is nothing to compare it with.")
    return [*found, *_without_partner(comparison)]


def states(outcomes: Iterable[StudyOutcome]) -> Iterator[str]:
    """Yield which studies still run, or stopped."""
    for study in (outcome.study for outcome in outcomes):
        if study.status == "running":
            yield f"`{study.name}` is still running: this is what was finished so far."
        if study.status == "failed":
            yield f"The last run of `{study.name}` stopped: {study.failure}; run it again to go on."


def _of_study(outcome: StudyOutcome, several: bool) -> Iterator[str]:
    study = outcome.study
    prefix = f"{study.name}:" if several else ""
    finished = {plan.name: plan for plan in outcome.plans}
    for name in dict.fromkeys(cell.plan for cell in study.cells):
        places = {(cell.fold, cell.seed) for cell in study.cells if cell.plan == name}
        if name not in finished:
            yield f"No run of `{prefix}{name}` is finished."
            continue
        places -= {(cell.cell.fold, cell.cell.seed) for cell in finished[name].cells}
        if places:
            lacking = f"{counted(len(places), 'run')} of {finished[name].planned}"
            yield f"`{prefix}{name}` lacks {lacking}: {_listed(places)}."


def _without_partner(comparison: Comparison) -> Iterator[str]:
    """Say which runs are left out, once for all plans that lack the same."""
    plans: dict[tuple[Place, ...], list[str]] = {}
    base = f"`{comparison.baseline}`"
    for row in comparison.rows:
        if row.plan == comparison.baseline or row.plan in comparison.drawn:
            continue
        if not row.delta.n:
            yield f"`{row.plan}` and {base} have no runs of equal fold and seed to compare."
        elif row.unpaired:
            plans.setdefault(row.unpaired, []).append(f"`{row.plan}`")
    for places, names in plans.items():
        left_out = "1 run is" if len(places) == 1 else f"{len(places)} runs are"
        yield (
            f"{listed(names)} against {base}: {left_out} left out, without a partner: "
            f"{_listed(places)}."
        )


def _listed(places: Iterable[Place]) -> str:
    return listed(f"fold {fold + 1}, seed {seed}" for fold, seed in sorted(places))
