"""Several plans over several tasks: do their ranks differ at all, and which ones?

Friedman's test first, then Nemenyi's critical difference for all pairs, or Holm's procedure against
one baseline (Demšar, JMLR 2006). Tasks stand for Demšar's data sets. The labels of one corpus are
no independent sample of tasks, so this is a summary rather than a proof.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, permutations
from typing import Any

import numpy as np
from scipy import special

from mtlv.errors import ProtocolError
from mtlv.evaluation.significance.corrections import holm
from mtlv.evaluation.significance.finding import ALPHA
from mtlv.evaluation.significance.wilcoxon import ranks
from mtlv.randomness import generator
from mtlv.words import counted

__all__ = ["Friedman", "friedman"]

Array = np.ndarray[Any, Any]
DRAWN = 10_000
"""Orders of the plans that are drawn where there are more."""


@dataclass(frozen=True)
class Friedman:
    """Several plans, ranked on every task.

    Args:
        tasks: N, how many tasks.
        mean_ranks: of each plan; 1 is best.
        statistic: χ² with K - 1 degrees of freedom, corrected for ties.
        p: of it, among all orders of the plans within the tasks; not an approximation such as χ² or
            Iman and Davenport's F, which with few tasks or plans finds what is not there.
        critical_difference: of mean ranks; two plans further apart differ (Nemenyi).
        p_holm: of each plan against the baseline, corrected over the plans.
    """

    tasks: int
    mean_ranks: Mapping[str, float]
    statistic: float
    p: float
    critical_difference: float
    p_holm: Mapping[str, float]

    @property
    def apart(self) -> list[tuple[str, str]]:
        """Plans that differ by Nemenyi's test, the better one of each pair first."""
        order = sorted(self.mean_ranks, key=lambda plan: self.mean_ranks[plan])
        return [
            (better, worse)
            for better, worse in combinations(order, 2)
            if self.mean_ranks[worse] - self.mean_ranks[better] > self.critical_difference
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the summary as JSON-like data."""
        return {
            "tasks": self.tasks,
            "mean_ranks": dict(self.mean_ranks),
            "statistic": self.statistic,
            "p": self.p,
            "critical_difference": self.critical_difference,
            "apart": [list(pair) for pair in self.apart],
            "p_holm": dict(self.p_holm),
        }


def friedman(values: Array, plans: Sequence[str], baseline: str) -> Friedman:
    """Rank plans on every task and test whether their mean ranks differ.

    χ² = (K - 1) N² Σⱼ (R̄ⱼ - m)² / Σᵢⱼ (rᵢⱼ - m)²,  CD = q √(K (K + 1) / (6 N))

    - rᵢⱼ, R̄ⱼ: rank of plan j on task i, and its mean; m = (K + 1)/2.
    - q: studentized range at level 0.05, infinite degrees of freedom, over √2.

    Args:
        values: (N, K), task by plan, without NaN; higher is better.
        plans: the K names.
        baseline: one of them.

    Raises:
        ProtocolError: there are fewer than three plans or two tasks.
    """
    tasks, count = values.shape
    if count < 3 or tasks < 2:
        raise ProtocolError(
            "Friedman's test needs at least three plans and two tasks.",
            found=f"{counted(count, 'plan')} and {counted(tasks, 'task')}",
            hint="two plans are compared by the paired tests",
        )
    ranked = np.array([ranks(-row) for row in values])  # (N, K)
    means = ranked.mean(axis=0)  # (K,)
    middle = (count + 1) / 2
    spread = float(((ranked - middle) ** 2).sum())
    between = float(((means - middle) ** 2).sum())
    statistic = (count - 1) * tasks**2 * between / spread if spread else 0.0
    error = math.sqrt(count * (count + 1) / (6 * tasks))
    place = list(plans).index(baseline)
    return Friedman(
        tasks,
        dict(zip(plans, map(float, means), strict=True)),
        statistic,
        _p_of_orders(ranked),
        _studentized_range(count) / math.sqrt(2) * error,
        _against(means, place, error, plans),
    )


def _p_of_orders(ranked: Array) -> float:
    """Return the chance of mean ranks that differ so much, if any order in a task is as likely.

    All orders are gone through where they are few; else `DRAWN` are drawn, and the observed one is
    counted with them.

    Args:
        ranked: (N, K).
    """
    tasks, count = ranked.shape
    if math.factorial(count) ** tasks <= DRAWN:
        orders = np.array(list(permutations(range(count))))  # (K!, K)
        sums = np.zeros((1, count))
        for row in ranked:
            sums = (sums[:, None] + row[orders]).reshape(-1, count)
    else:
        draws = generator(0, "friedman")
        sums = np.zeros((DRAWN, count))
        for row in ranked:
            sums += draws.permuted(np.tile(row, (DRAWN, 1)), axis=1)
        sums[0] = ranked.sum(axis=0)
    apart = ((sums - tasks * (count + 1) / 2) ** 2).sum(axis=1)  # grows with the statistic
    observed = ((ranked.sum(axis=0) - tasks * (count + 1) / 2) ** 2).sum()
    return float(np.mean(apart >= observed - 1e-9))


@cache
def _studentized_range(count: int) -> float:
    """Return the value that the range of so many standard normals exceeds with chance 0.05.

    P(range ≤ q) = k ∫ φ(z) (Φ(z) - Φ(z - q))ᵏ⁻¹ dz, solved by bisection; `scipy.stats` has it too,
    and takes seconds to import.
    """
    z = np.linspace(-9, 9, 2001)
    density = count * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        inside = (special.ndtr(z) - special.ndtr(z - middle)) ** (count - 1)
        chance = np.trapezoid(density * inside, z)
        low, high = (middle, high) if chance < 1 - ALPHA else (low, middle)
    return (low + high) / 2


def _against(means: Array, place: int, error: float, plans: Sequence[str]) -> dict[str, float]:
    p_values = 2 * special.ndtr(-np.abs(means - means[place]) / error)  # (K,)
    p_values[place] = np.nan
    own = zip(plans, holm(p_values).tolist(), strict=True)
    return {plan: p for plan, p in own if not math.isnan(p)}
