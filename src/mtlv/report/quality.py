"""Which figures say how good a plan is: of the binary tasks together, or of single tasks."""

from __future__ import annotations

from dataclasses import dataclass

from mtlv.evaluation.summary import Summary
from mtlv.report.numbers import scale_of
from mtlv.store.outcome import PlanOutcome, StudyOutcome

__all__ = ["FEW", "Column", "quality_columns"]

FEW = 10
"""So many tasks have a column each; of more, only the means are shown."""
MANY_LABELS = 3
"""From so many on, binary tasks that F1 judges share one column."""


@dataclass(frozen=True)
class Column:
    """A metric of the tasks together, or of one task.

    Args:
        title: of the column.
        metric: its name.
        task: whose metric it is; None for one of the tasks together.
        scale: what it is multiplied by.
    """

    title: str
    metric: str
    task: str | None = None
    scale: float = 100

    def of(self, plan: PlanOutcome) -> Summary | None:
        """Return the figure of a plan, None where it does not serve such tasks."""
        if self.task is None:
            return plan.summary.metrics.get(self.metric)
        return plan.summary.per_task.get(self.task, {}).get(self.metric)


TOGETHER = (
    Column("macro-F1", "f1_macro"),
    Column("micro-F1", "f1_micro"),
    Column("subset acc.", "subset_accuracy"),
)


def quality_columns(outcome: StudyOutcome) -> tuple[Column, ...]:
    """Return the columns that say how good the plans of a study are.

    Where tasks have metrics of their own: the mean of those, then each, unless they are many. Many
    binary tasks that F1 judges are one column, macro-F1; sentences of documents add example F1.
    """
    if not any(plan.summary.own_metrics for plan in outcome.plans):
        return TOGETHER
    judged = {task: own for plan in outcome.plans for task, own in plan.summary.judged.items()}
    binary = [task for task, own in judged.items() if own.kind == "binary"]
    labels = {task for task in binary if judged[task].metric == "f1"}
    together = len(labels) >= MANY_LABELS
    single = [
        Column(task, own.metric, task, scale_of(own.metric, own.kind))
        for task, own in judged.items()
        if not (together and task in labels)
    ]
    columns = [Column("mean", "primary_mean")]
    if together:
        columns.append(Column(f"macro-F1 of {len(binary)}", "f1_macro"))
    if any("example_f1" in plan.summary.metrics for plan in outcome.plans):
        columns.append(Column("example F1", "example_f1"))
    return tuple(columns + (single if len(single) <= FEW else []))
