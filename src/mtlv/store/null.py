"""Random groupings of a study: what a grouping that was found has to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mtlv.evaluation.metrics import METRICS
from mtlv.evaluation.summary import Summary
from mtlv.store.outcome import PlanOutcome, StudyOutcome

__all__ = ["Null", "is_random", "nulls_of", "random_share_of"]


@dataclass(frozen=True)
class Null:
    """Random groupings: what a grouping has to beat.

    Args:
        models: of each of them.
        plans: names of all that were drawn.
        values: mean value of the metric of each that differs from those before it: few tasks have
            few groupings, and one that is drawn again is no further evidence.
    """

    models: int
    plans: tuple[str, ...]
    values: tuple[float, ...]

    @property
    def summary(self) -> Summary:
        """Mean and sd over the different groupings."""
        return Summary.of(list(self.values))


def is_random(plan: PlanOutcome) -> bool:
    """Tell whether all groups of a plan were drawn at random."""
    groupings = [own.cell.grouping for own in plan.cells]
    return all(own is not None and own.origin.startswith("random") for own in groupings)


def nulls_of(outcome: StudyOutcome, metric: str) -> dict[int, Null]:
    """Return the random groupings of a study by their number of models."""
    drawn: dict[int, list[PlanOutcome]] = {}
    for plan in outcome.plans:
        if is_random(plan):
            drawn.setdefault(round(plan.cost.models), []).append(plan)
    return {
        models: Null(
            models,
            tuple(plan.name for plan in plans),
            tuple(plan.summary.together(metric).mean for plan in _different(plans)),
        )
        for models, plans in drawn.items()
    }


def _different(plans: Sequence[PlanOutcome]) -> list[PlanOutcome]:
    """Return the first plan of every grouping, whatever the order of groups and tasks."""
    first: dict[frozenset[tuple[int, frozenset[frozenset[str]]]], PlanOutcome] = {}
    for plan in plans:
        records = {c.cell.fold: c.cell.grouping for c in plan.cells if c.cell.grouping}
        groups = {fold: frozenset(map(frozenset, own.groups)) for fold, own in records.items()}
        first.setdefault(frozenset(groups.items()), plan)
    return list(first.values())


def random_share_of(plan: PlanOutcome, metric: str, nulls: Mapping[int, Null]) -> float | None:
    """Return the share of random groupings in as many models that do as well as a plan or better.

    The plan is counted with them, so the share is never 0; None where nothing was drawn.
    """
    null = nulls.get(round(plan.cost.models))
    if null is None or plan.name in null.plans:
        return None
    own, sign = plan.summary.together(metric).mean, 1 if METRICS[metric].higher_is_better else -1
    as_good = sum(sign * value >= sign * own for value in null.values)
    return (1 + as_good) / (1 + len(null.values))
