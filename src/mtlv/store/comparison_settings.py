"""How plans are compared, and what the tests of one plan found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mtlv.evaluation.significance import Choice, Finding

__all__ = ["FEWEST_DRAWS", "CompareSettings", "PlanFindings"]

FEWEST_DRAWS = 100
"""With fewer, an interval says nothing."""


@dataclass(frozen=True)
class CompareSettings:
    """How plans are compared.

    Args:
        test: its name; None means by the rule of `choose_test`.
        correction: `holm` or `bh`; over the tasks of a plan, and over the plans.
        margin: of equivalence, as shown: in points for shares, else in the metric's unit.
        draws: of bootstrap and randomisation.
        seconds: that drawing may take, about; where it would take more, fewer draws are made, and
            none where `FEWEST_DRAWS` do not fit. Reckoned from sizes: equal settings draw alike.
    """

    test: str | None = None
    correction: str = "holm"
    margin: float | None = None
    draws: int = 10_000
    seconds: float | None = None


@dataclass(frozen=True)
class PlanFindings:
    """What was found of one plan.

    Args:
        choices: the test, and why it applies; several where tasks have unlike test parts.
        together: of the metric of the tasks together; None where it is undefined, or where tasks
            have unlike test parts.
        tasks: of each task that could be tested.
        draws: of the resampling, 0 where even few would take too long; None where the test draws
            nothing.
        almost_dominates: see there; None below five seeds.
    """

    choices: tuple[Choice, ...]
    together: Finding | None
    tasks: Mapping[str, Finding]
    draws: int | None = None
    almost_dominates: float | None = None

    @property
    def cautions(self) -> list[str]:
        """How the tests can mislead."""
        found = [own.caution for own in self.choices if own.caution is not None]
        if len(self.choices) > 1:
            found.append(
                "unlike test parts: some tasks have one for all runs and others have several, so "
                "each is tested by itself and their mean is not tested"
            )
        return found

    @property
    def why(self) -> str:
        """Why the tests apply."""
        return "; ".join(own.why for own in self.choices)
