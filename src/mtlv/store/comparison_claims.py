"""Claims: findings that were made together, corrected together, and said in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtlv.errors import ProtocolError, nearest
from mtlv.evaluation.metrics import Metric
from mtlv.evaluation.significance import CORRECTIONS, Finding, verdict
from mtlv.store.comparison_settings import FEWEST_DRAWS, CompareSettings

__all__ = ["Claim", "check_settings", "claims_of"]


@dataclass(frozen=True)
class Claim:
    """A finding and what may be claimed of it.

    Args:
        finding: of one test.
        p_corrected: corrected over the tests that were made together.
        equivalence_p: of the equivalence, corrected likewise; None without a margin.
        verdict: `better`, `worse`, `no difference shown` or `equivalent within MARGIN`.
        floor: the smallest corrected p that so many pairs or draws, and so many tests, can give;
            from `ALPHA` on no difference can be shown, whatever its size.
    """

    finding: Finding
    p_corrected: float
    equivalence_p: float | None
    verdict: str
    floor: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the claim as JSON-like data."""
        found = self.finding.to_json()
        if "equivalence" in found:
            found["equivalence"]["p_corrected"] = self.equivalence_p
        corrected = {"p_corrected": self.p_corrected, "p_floor_corrected": self.floor}
        return found | corrected | {"verdict": self.verdict}


def claims_of(
    findings: Mapping[str, Finding], metrics: Mapping[str, Metric], settings: CompareSettings
) -> dict[str, Claim]:
    """Correct findings that were made together, and say what each means.

    Args:
        findings: by name (of tasks, or of plans).
        metrics: of each.
        settings: name the correction and the margin.
    """
    correct = CORRECTIONS[settings.correction]
    p_values = correct(np.array([own.p for own in findings.values()]))
    same = [own.equivalence.p if own.equivalence else math.nan for own in findings.values()]
    tested = [math.nan if math.isnan(own.p) else own.floor for own in findings.values()]
    floors = correct(np.array(tested))
    claims = {}
    corrected = zip(findings, p_values, correct(np.array(same)), floors, strict=True)
    for name, p, p_same, floor in corrected:
        higher = metrics[name].higher_is_better
        equivalence_p = None if math.isnan(p_same) else float(p_same)
        words = verdict(
            findings[name], float(p), equivalence_p, higher, f"{settings.margin or 0:g}"
        )
        claims[name] = Claim(findings[name], float(p), equivalence_p, words, float(floor))
    return claims


def check_settings(settings: CompareSettings) -> None:
    """Make sure that correction, margin and draws can be used.

    Raises:
        ProtocolError: one cannot.
    """
    if settings.correction not in CORRECTIONS:
        raise ProtocolError(
            f"There is no correction '{settings.correction}'.",
            hint=nearest(settings.correction, CORRECTIONS),
        )
    if settings.margin is not None and not (0 < settings.margin < math.inf):
        raise ProtocolError(
            "The margin of equivalence is not a positive number.",
            found=settings.margin,
            expected="what difference does not matter, in points: 0.5",
        )
    if settings.draws < FEWEST_DRAWS:
        raise ProtocolError(
            "There are too few draws for an interval.",
            found=settings.draws,
            expected=f"{FEWEST_DRAWS} or more; 10,000 by default",
        )
