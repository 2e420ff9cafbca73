"""PlanLineage: which plans the models of a plan start from, and whose scores they learn too."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mtlv.store.record import CellRecord, StudyRecord
from mtlv.store.store import Store

__all__ = ["PlanLineage", "Parents", "lineage_of", "parents_of"]

PRETRAINING = "pretrain"
"""Name of what a job starts from that no plan of the study has: its stage of pretraining."""


@dataclass(frozen=True)
class Parents:
    """Jobs that the jobs of a cell have something from.

    Args:
        starts_from: ids of those whose encoders, or whole models, they start from.
        teachers: ids of those whose scores they learn too.
    """

    starts_from: frozenset[str] = frozenset()
    teachers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PlanLineage:
    """The same by plan.

    Args:
        starts_from: names of plans, or `pretrain`.
        teachers: names of plans.
    """

    starts_from: tuple[str, ...] = ()
    teachers: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """In words; empty for a plan that has nothing from another."""
        parts = [f"starts from {' and '.join(self.starts_from)}"] if self.starts_from else []
        parts += [f"is taught by {' and '.join(self.teachers)}"] if self.teachers else []
        return " and ".join(parts)


def parents_of(store: Store, cell: CellRecord) -> Parents:
    """Return the jobs that a cell's finished jobs have something from."""
    specs = [store.job(job).spec for job in dict.fromkeys(cell.jobs)]
    return Parents(
        frozenset(spec["starts_from"] for spec in specs if spec.get("starts_from")),
        frozenset(job for spec in specs for job in spec.get("teachers", ())),
    )


def lineage_of(
    study: StudyRecord, parents: Mapping[str, Sequence[Parents]]
) -> dict[str, PlanLineage]:
    """Return the lineage of plans.

    Args:
        study: whose plans the parents are of.
        parents: of the cells of each plan.
    """
    owners = {job: cell.plan for cell in study.cells for job in cell.jobs}

    def named(jobs: Collection[str]) -> tuple[str, ...]:
        return tuple(sorted({owners.get(job, PRETRAINING) for job in jobs}))

    return {
        plan: PlanLineage(
            named({job for each in own for job in each.starts_from}),
            named({job for each in own for job in each.teachers}),
        )
        for plan, own in parents.items()
    }
