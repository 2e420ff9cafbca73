"""Pairs: which runs of two plans stand beside each other, on the same targets or not at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mtlv.errors import ProtocolError, nearest
from mtlv.evaluation.predictions import Predictions
from mtlv.evaluation.protocol import same_targets
from mtlv.evaluation.summary import summarise
from mtlv.store.outcome import (
    CellOutcome,
    PlanOutcome,
    StudyOutcome,
    cell_predictions,
    score_cell,
)
from mtlv.store.record import CellRecord, StudyRecord
from mtlv.store.store import Store

__all__ = ["Place", "PlanPair", "Source", "pair_up", "together"]

Place = tuple[int, int]
"""Fold, from 0, and seed."""


@dataclass(frozen=True)
class Source:
    """Where the compared plans come from.

    Args:
        store: has the predictions.
        outcome: the plans of all studies; with several, they are named `STUDY:PLAN`.
        studies: the record of the study of every plan, by the plan's name.
    """

    store: Store
    outcome: StudyOutcome
    studies: Mapping[str, StudyRecord]
    _tests: dict[tuple[str, ...], Predictions] = field(default_factory=dict, repr=False)

    def test(self, cell: CellRecord) -> Predictions:
        """Return the test predictions of a cell, read once."""
        key = (cell.plan, str(cell.fold), str(cell.seed), *cell.jobs)
        if key not in self._tests:
            self._tests[key] = cell_predictions(self.store, cell)["test"]
        return self._tests[key]

    def plan(self, name: str) -> PlanOutcome:
        """Return a plan by its name; that of its study may be left out where it is clear.

        Raises:
            ProtocolError: there is no such plan, or several studies have one.
        """
        plans = {plan.name: plan for plan in self.outcome.plans}
        if name in plans:
            return plans[name]
        found = [full for full in plans if full.partition(":")[2] == name]
        if len(found) == 1:
            return plans[found[0]]
        if found:
            raise ProtocolError(
                f"Several studies have a plan '{name}'.", expected=f"one of {', '.join(found)}"
            )
        raise ProtocolError(
            f"The study has no finished plan '{name}' to compare with.", hint=nearest(name, plans)
        )


@dataclass(frozen=True)
class PlanPair:
    """A plan beside the baseline, both scored on the tasks and in the runs that both have.

    Args:
        plan: its runs that have a partner; all of them where none has.
        base: those of the baseline.
        cells: the pairs of runs of equal fold and seed.
        tasks: that both have, in the order of the baseline.
        unpaired: folds and seeds that only one of the two has finished, or neither.
    """

    plan: PlanOutcome
    base: PlanOutcome
    cells: tuple[tuple[CellOutcome, CellOutcome], ...]
    tasks: tuple[str, ...]
    unpaired: tuple[Place, ...]


def together(store: Store, outcomes: Sequence[StudyOutcome]) -> Source:
    """Return the plans of one study or of several on the same data.

    Raises:
        ProtocolError: the studies are of other data, folds or seeds than the first.
    """
    first, *others = outcomes
    if not others:
        return Source(store, first, {plan.name: first.study for plan in first.plans})
    for other in others:
        _check_same(first.study, other.study)
    studies, plans = {}, []
    for outcome in outcomes:
        for plan in outcome.plans:
            name = f"{outcome.study.name}:{plan.name}"
            plans.append(replace(plan, name=name))
            studies[name] = outcome.study
    return Source(store, replace(first, plans=tuple(plans)), studies)


def pair_up(source: Source, plan: PlanOutcome, base: PlanOutcome) -> PlanPair:
    """Put a plan beside the baseline.

    Raises:
        ProtocolError: they have no task in common, or their test targets differ.
    """
    own, other = _on_shared_tasks(source, plan, base)
    tasks = tuple(task for task in other.summary.per_task if task in own.summary.per_task)
    by_place = {_place(cell): cell for cell in other.cells}
    cells = tuple((cell, by_place[_place(cell)]) for cell in own.cells if _place(cell) in by_place)
    for pair in cells if plan.name != base.name else ():
        _check_targets(source, plan.name, base.name, pair, tasks)
    paired = {_place(cell) for cell, _ in cells}
    planned = {
        (cell.fold, cell.seed)
        for each in (plan, base)
        for cell in source.studies[each.name].cells
        if cell.plan == each.cells[0].cell.plan
    }
    ours, theirs = (tuple(pair[side] for pair in cells) for side in (0, 1))
    unpaired = tuple(sorted(planned - paired))
    return PlanPair(_only(own, ours), _only(other, theirs), cells, tasks, unpaired)


def _only(plan: PlanOutcome, cells: tuple[CellOutcome, ...]) -> PlanOutcome:
    """Return a plan with some of its runs; with all of them if there are none."""
    if not cells or len(cells) == len(plan.cells):
        return plan
    return replace(plan, cells=cells, summary=summarise([cell.scores for cell in cells]))


def _place(cell: CellOutcome) -> Place:
    return cell.cell.fold, cell.cell.seed


def _check_same(first: StudyRecord, other: StudyRecord) -> None:
    """Make sure that two studies were tested alike."""
    if first.name == other.name:
        raise ProtocolError(f"The study '{first.name}' is named twice.")
    sides = (first, other)
    data = [{corpus.name: corpus.fingerprint for corpus in study.corpora} for study in sides]
    folds = [sorted({cell.fold + 1 for cell in study.cells}) for study in sides]
    seeds = [sorted({cell.seed for cell in study.cells}) for study in sides]
    for what, found in (("corpora", data), ("folds", folds), ("seeds", seeds)):
        if found[0] != found[1]:
            raise ProtocolError(
                f"The studies '{first.name}' and '{other.name}' cannot be compared: they differ "
                f"in their {what}.",
                found=f"{found[0]} and {found[1]}",
                expected="the same data, folds and seeds, so that runs can be paired",
                hint="run one of them again with the other's `data` and `evaluation`",
            )


def _on_shared_tasks(
    source: Source, plan: PlanOutcome, base: PlanOutcome
) -> tuple[PlanOutcome, PlanOutcome]:
    """Return two plans scored on the tasks that both have, if one has more than the other."""
    tasks = [set(each.summary.per_task) for each in (plan, base)]
    if tasks[0] == tasks[1]:
        return plan, base
    shared = tasks[0] & tasks[1]
    if not shared:
        raise ProtocolError(f"The plans '{plan.name}' and '{base.name}' have no task in common.")
    return _rescored(source, plan, shared), _rescored(source, base, shared)


def _rescored(source: Source, plan: PlanOutcome, tasks: Collection[str]) -> PlanOutcome:
    study = source.studies[plan.name]
    scored = [score_cell(source.store, study, cell.cell, tasks) for cell in plan.cells]
    cells = tuple(cell for cell in scored if cell is not None)
    return replace(plan, cells=cells, summary=summarise([cell.scores for cell in cells]))


def _check_targets(
    source: Source,
    plan: str,
    base: str,
    pair: tuple[CellOutcome, CellOutcome],
    tasks: Sequence[str],
) -> None:
    tests = [source.test(cell.cell).only(tasks) for cell in pair]
    try:
        same_targets(*tests)
    except ProtocolError as error:
        raise error.inside(f"plans '{plan}' and '{base}', fold {pair[0].cell.fold + 1}") from error
