"""How plans are compared, and what the tests of one plan found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mtlv.evaluation.significance import Choice, Finding

__all__ = ["CompareSettings", "PlanFindings"]


@dataclass(frozen=True)
class CompareSettings:
    """How plans are compared.

    Args:
        test: its name; None means by the rule of `choose_test`.
        correction: `holm` or `bh`; over the tasks of a plan, and over the plans.
        margin: of equivalence, as shown: in points for shares, else in the metric's unit.
        draws: of bootstrap and randomisation.
    """

    test: str | None = None
    correction: str = "holm"
    margin: float | None = None
    draws: int = 10_000


@dataclass(frozen=True)
class PlanFindings:
    """What was found of one plan.

    Args:
        choice: the test, and why it applies.
        together: of the metric of the tasks together; None where it is undefined.
        tasks: of each task that could be tested.
        draws: of the resampling; None where nothing was drawn.
        almost_dominates: see there; None below five seeds.
    """

    choice: Choice
    together: Finding | None
    tasks: Mapping[str, Finding]
    draws: int | None = None
    almost_dominates: float | None = None
