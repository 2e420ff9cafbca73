"""Records of transfer: what learning one task did to another, pair by pair."""

from __future__ import annotations

from typing import Any, Literal

from mtlv.store.record_base import RECORD_VERSION, Record

__all__ = ["EffectRecord", "TransferRecord"]


class EffectRecord(Record):
    """What learning one task beside another did to it.

    Args:
        source: the task that was added.
        target: the task that is looked at.
        effect: difference of its metric to being learned alone, turned so that more is better.
        low: lower end of the 95 % interval.
        high: upper end.
        verdict: what a stated rule makes of it.
    """

    source: str
    target: str
    effect: float
    low: float
    high: float
    verdict: Literal["improves", "decreases", "none"]


class TransferRecord(Record):
    """Pairwise transfer between tasks.

    Args:
        name: of the study whose config it was measured with.
        metrics: of each task.
        alone: mean metric of each task learned alone.
        effects: one per ordered pair.
        runs: folds times seeds.
        test_parts: different test parts of the runs.
        margin: effects up to so much count as none.
        jobs: ids of all trainings.
    """

    version: int = RECORD_VERSION
    name: str
    config: dict[str, Any]
    tasks: list[str]
    metrics: dict[str, str]
    alone: dict[str, float]
    effects: list[EffectRecord]
    runs: int
    test_parts: int = 1
    margin: float
    jobs: list[str]
    finished: str

    @property
    def interval(self) -> str:
        """What the effects' interval is over, in words."""
        if self.runs == 1:
            return "95 % interval over resampled test examples"
        if self.test_parts == 1:
            return f"95 % interval over {self.runs} runs on the same test examples"
        return f"95 % interval over {self.test_parts} test parts (corrected resampled t-test)"

    def matrix(self) -> list[list[float | None]]:
        """Return effects by source and target; None on the diagonal."""
        found = {(each.source, each.target): each.effect for each in self.effects}
        return [[found.get((s, t)) for t in self.tasks] for s in self.tasks]
