"""Random groupings of a study: what a grouping that was found has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mtlv.evaluation.metrics import METRICS
from mtlv.evaluation.summary import Summary
from mtlv.store.outcome import PlanOutcome, StudyOutcome

__all__ = ["Null", "nulls_of", "random_share_of"]


@dataclass(frozen=True)
class Null:
    """Random groupings: what a grouping has to beat.

    Args:
        models: of each of them.
        plans: their names.
        values: mean value of the metric of each, in the order of `plans`.
    """

    models: int
    plans: tuple[str, ...]
    values: tuple[float, ...]

    @property
    def summary(self) -> Summary:
        """Mean and sd over the draws."""
        return Summary.of(list(self.values))


def nulls_of(outcome: StudyOutcome, metric: str) -> dict[int, Null]:
    """Return the random groupings of a study by their number of models."""
    drawn: dict[int, list[PlanOutcome]] = {}
    for plan in outcome.plans:
        if all(c.cell.grouping and c.cell.grouping.origin.startswith("random") for c in plan.cells):
            drawn.setdefault(round(plan.cost.models), []).append(plan)
    return {
        models: Null(
            models,
            tuple(plan.name for plan in plans),
            tuple(plan.summary.together(metric).mean for plan in plans),
        )
        for models, plans in drawn.items()
    }


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
