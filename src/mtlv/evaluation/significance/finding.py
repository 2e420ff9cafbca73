"""What a test found: never a p-value alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mtlv.errors import ProtocolError
from mtlv.evaluation.scores import json_number
from mtlv.words import counted

__all__ = ["ALPHA", "Effect", "Equivalence", "Finding", "check_pairs"]

Array = np.ndarray[Any, Any]
ALPHA = 0.05
"""Level of all tests; intervals are of level 1 - ALPHA."""


@dataclass(frozen=True)
class Effect:
    """The size of a difference, free of the number of pairs.

    Args:
        name: `cohens_d_z`, `rank_biserial`, `odds_ratio` or `error_reduction`.
        value: of it; NaN where it is undefined.
    """

    name: str
    value: float


@dataclass(frozen=True)
class Equivalence:
    """Whether two plans are the same but for a margin that was set beforehand.

    Args:
        margin: in the unit of the metric.
        p: of two one-sided tests (TOST, Schuirmann 1987) against a difference beyond the margin.
        rope: probability that the difference is below, within and above the margin (Benavoli et
            al. 2017); empty where the test has no such posterior.
    """

    margin: float
    p: float
    rope: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """The result of one test.

    Args:
        test: its name.
        p: two-sided, not corrected for other tests; NaN where it is undefined.
        low: lower end of the interval of the difference; NaN likewise.
        high: its upper end.
        level: of the interval; below 0.95 where few pairs cannot give that.
        effect: size.
        pairs: how many pairs were compared.
        unit: what a pair is: `run`, `test part`, `example` or `document`.
        floor: the smallest p that so many pairs or draws can give.
        equivalence: where a margin was set.
    """

    test: str
    p: float
    low: float
    high: float
    level: float
    effect: Effect
    pairs: int
    unit: str
    floor: float = 0.0
    equivalence: Equivalence | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON-like data; what is undefined is None."""
        found: dict[str, Any] = {
            "test": self.test,
            "p": json_number(self.p),
            "interval": [json_number(self.low), json_number(self.high)],
            "level": self.level,
            "effect": {"name": self.effect.name, "value": json_number(self.effect.value)},
            "pairs": self.pairs,
            "unit": self.unit,
            "p_floor": self.floor,
        }
        if self.equivalence is not None:
            own = self.equivalence
            rope = {side: json_number(share) for side, share in own.rope.items()}
            found["equivalence"] = {"margin": own.margin, "p": json_number(own.p), "rope": rope}
        return found


def check_pairs(differences: Array, test: str) -> None:
    """Make sure that a test of runs has at least two pairs.

    Raises:
        ProtocolError: there are fewer.
    """
    if len(differences) < 2:
        raise ProtocolError(
            f"The test '{test}' needs at least two pairs of runs.",
            found=counted(len(differences), "pair"),
            expected="two or more folds or seeds that both plans have",
            hint="with one pair, tests over examples still apply: randomisation, bootstrap, "
            "mcnemar",
        )
