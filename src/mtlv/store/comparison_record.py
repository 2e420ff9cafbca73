"""What a comparison says: a row per plan, a row per task in it, and the document of `--json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mtlv.evaluation.significance import Friedman
from mtlv.evaluation.significance.finding import ALPHA
from mtlv.evaluation.summary import Summary
from mtlv.store.comparison_claims import Claim
from mtlv.store.comparison_pairs import Place
from mtlv.store.comparison_settings import CompareSettings, PlanFindings
from mtlv.store.null import Null
from mtlv.store.outcome import PlanCost

__all__ = ["Comparison", "Row", "TaskRow"]


@dataclass(frozen=True)
class TaskRow:
    """One task under a plan and under the baseline.

    Args:
        metric: that is compared.
        value: under the plan.
        base: under the baseline.
        delta: paired differences.
        positives: in the whole corpus; None where the task is not binary.
        claim: what may be claimed; None where nothing was tested.
    """

    metric: str
    value: Summary
    base: Summary
    delta: Summary
    positives: int | None
    claim: Claim | None

    def to_json(self) -> dict[str, Any]:
        """Return the task's part of the document."""
        return {
            **self.delta.to_json(),
            "metric": self.metric,
            "value": self.value.to_json(),
            "baseline": self.base.to_json(),
            "positives": self.positives,
            "test": self.claim.to_json() if self.claim else None,
        }


@dataclass(frozen=True)
class Row:
    """One plan against the baseline.

    Args:
        plan: its name.
        value: of the metric, in the runs that have a partner (all, where none has).
        base: the baseline's value in the same runs, on the same tasks.
        delta: paired differences to the baseline: of runs, or, where there are several test parts,
            of the means over the runs on each.
        per_task: paired differences of the metric that each task is compared by.
        better: tasks that are better on average than under the baseline.
        equal: tasks that are the same, within `EQUAL`.
        worse: tasks that are worse.
        cost_ratio: training seconds over the baseline's.
        tasks: how many tasks both have; where one has more, both are scored on these alone.
        random_share: share of random groupings in as many models that do as well or better, this
            plan counted with them (so never 0); None where there are none.
        claim: what may be claimed; None for the baseline and where nothing was tested.
        by_task: every task that both have.
        cost: of one cell.
        unpaired: folds (from 0) and seeds that were planned but are no pair yet.
        findings: of the tests; None likewise.
        metrics: of all tasks together and of all runs of the plan, paired or not, by name.
    """

    plan: str
    value: Summary
    base: Summary
    delta: Summary
    per_task: dict[str, Summary]
    better: int
    equal: int
    worse: int
    cost_ratio: float | None
    tasks: int = 0
    random_share: float | None = None
    claim: Claim | None = None
    by_task: Mapping[str, TaskRow] = field(default_factory=dict)
    cost: PlanCost | None = None
    unpaired: tuple[Place, ...] = ()
    findings: PlanFindings | None = None
    metrics: Mapping[str, Summary] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the plan's part of the document."""
        found = self.findings
        return {
            "plan": self.plan,
            "value": self.value.to_json(),
            "baseline": self.base.to_json(),
            "delta": self.delta.to_json(),
            "test": self.claim.to_json() if self.claim else None,
            "per_task": {task: own.to_json() for task, own in self.by_task.items()},
            "tasks_better": self.better,
            "tasks_equal": self.equal,
            "tasks_worse": self.worse,
            "cost_ratio": self.cost_ratio,
            "metrics": {name: own.to_json() for name, own in self.metrics.items()},
            "cost": self.cost.to_json() if self.cost else None,
            "seconds": self.cost.train_seconds if self.cost else None,
            "models": self.cost.models if self.cost else None,
            "tasks": self.tasks,
            "random_share": self.random_share,
            "protocol": found.why if found else None,
            "caution": "; ".join(found.cautions) or None if found else None,
            "draws": found.draws if found else None,
            "almost_dominates": found.almost_dominates if found else None,
            "unpaired": [{"fold": fold, "seed": seed} for fold, seed in self.unpaired],
        }


@dataclass(frozen=True)
class Comparison:
    """All plans of a study, or of several, against one of them.

    Args:
        study: its name; of several, all.
        baseline: the plan that the others are compared with.
        metric: that is compared.
        rows: a plan each.
        nulls: random groupings, by their number of models.
        own_metrics: whether tasks are judged by metrics of their own, and not all by F1.
        settings: how it was compared.
        ranks: of three plans or more over the tasks.
        signature: of the baseline's values of the metric.
    """

    study: str
    baseline: str
    metric: str
    rows: tuple[Row, ...]
    nulls: tuple[Null, ...] = ()
    own_metrics: bool = False
    settings: CompareSettings = field(default_factory=CompareSettings)
    ranks: Friedman | None = None
    signature: str = ""

    @property
    def base(self) -> Row:
        """The row of the baseline."""
        return next(row for row in self.rows if row.plan == self.baseline)

    @property
    def drawn(self) -> frozenset[str]:
        """Names of random groupings that are a null together, and no plans of interest."""
        return frozenset(plan for null in self.nulls for plan in null.plans if len(null.plans) > 1)

    def to_json(self) -> dict[str, Any]:
        """Return what `mtlv compare --json` prints; differences and margins of it are raw."""
        return {
            "study": self.study,
            "baseline": self.baseline,
            "metric": self.metric,
            "signature": self.signature,
            "alpha": ALPHA,
            "test": self.settings.test or "by protocol",
            "correction": {
                "method": self.settings.correction,
                "over": "the tasks of a plan; the plans",
            },
            "margin": self.settings.margin,
            "plans": [row.to_json() for row in self.rows],
            "random": [
                {"models": null.models, "plans": list(null.plans), **null.summary.to_json()}
                for null in self.nulls
            ],
            "friedman": self.ranks.to_json() if self.ranks else None,
        }
