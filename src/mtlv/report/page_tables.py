"""Tables of a report: those of `show` and `compare`, groupings with how they were found, pairs."""

from __future__ import annotations

from mtlv.errors import StoreError
from mtlv.report.comparison import comparison_table, comparison_task_table, rank_table
from mtlv.report.comparison_paper import paper_tables
from mtlv.report.group_tables import group_table, number_table, predicted_table
from mtlv.report.page_evidence import Evidence
from mtlv.report.page_parts import Part, Section, Words
from mtlv.report.tables import Table, chosen_table, plan_table, published_table, task_table
from mtlv.report.transfer import transfer_table
from mtlv.store.outcome import PlanOutcome
from mtlv.store.record import GroupingRecord

__all__ = ["tables"]


def tables(evidence: Evidence) -> list[Section]:
    """Return the sections of tables; what the study has nothing for is left out."""
    sections = [
        Section("comparison", "Comparison", _comparison(evidence)),
        Section("plans", "Plans", _plans(evidence)),
        Section("tasks", "Tasks", (task_table(evidence.outcome), *_by_task(evidence))),
        Section("groups", "Groups", _groups(evidence)),
        Section("pairs", "Pairs", _pairs(evidence)),
    ]
    return [section for section in sections if section.parts]


def _comparison(evidence: Evidence) -> tuple[Part, ...]:
    if not evidence.tested:
        return ()
    ranks = rank_table(evidence.comparison)
    return (comparison_table(evidence.comparison), *([ranks] if ranks else []))


def _plans(evidence: Evidence) -> tuple[Part, ...]:
    time = paper_tables(evidence.comparison, evidence.outcome)["time"]
    found = [plan_table(evidence.outcome), time, chosen_table(evidence.outcome)]
    return tuple(table for table in [*found, published_table(evidence.outcome)] if table)


def _by_task(evidence: Evidence) -> list[Table]:
    return [comparison_task_table(evidence.comparison, row) for row in evidence.tested]


def _groups(evidence: Evidence) -> tuple[Part, ...]:
    parts: list[Part] = []
    for plan in evidence.plans:
        folds = _groupings(plan)
        alike = len({str(found.groups) for found in folds.values()}) == 1
        for fold, found in list(folds.items())[: 1 if alike else None]:
            parts.append(group_table(plan.name, found, None if alike else fold))
            numbers = [number_table(found.origin, table) for table in found.numbers]
            parts += [table for table in numbers if table not in parts]
            if found.recommendation is not None:
                parts += [Words(found.recommendation.words), predicted_table(found)]
    return tuple(parts)


def _groupings(plan: PlanOutcome) -> dict[int, GroupingRecord]:
    """Return the groupings of a plan by fold."""
    return {c.cell.fold: c.cell.grouping for c in plan.cells if c.cell.grouping is not None}


def _pairs(evidence: Evidence) -> tuple[Part, ...]:
    name, store = evidence.study.name, evidence.store
    if name not in store.transfers:
        return ()
    try:
        return (transfer_table(store.transfers[name]),)
    except StoreError as error:
        return (Words(f"Left out: {error.what} {error.where} ({error.found})"),)
