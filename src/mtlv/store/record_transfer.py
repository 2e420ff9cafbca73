"""Records of transfer: what learning one task did to another, pair by pair."""

from __future__ import annotations

from typing import Any, Literal

from mtlv.store.record_base import RECORD_VERSION, Record
from mtlv.words import counted, listed

__all__ = ["EffectRecord", "TransferRecord"]


class EffectRecord(Record):
    """What learning one task beside another did to it.

    Args:
        source: the task that was added.
        target: the task that is looked at.
        effect: difference of its metric to being learned alone, turned so that more is better.
        low: lower end of the 95 % interval; None where it is undefined, as that of equal
            differences on several test parts is.
        high: upper end; likewise.
        verdict: what `TransferRecord.rule` makes of it.
        p: two-sided, of no effect; None where it is undefined, and in records from before it was
            kept.
        p_corrected: the same after Holm's correction over all effects of the record.
        test: what gave p and the interval; None in records from before p was kept.
    """

    source: str
    target: str
    effect: float
    low: float | None
    high: float | None
    verdict: Literal["improves", "decreases", "none"]
    p: float | None = None
    p_corrected: float | None = None
    test: Literal["bootstrap", "corrected_t"] | None = None


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
        over = "test examples" if self.runs == 1 else f"test examples and {self.runs} runs"
        if self._tests == {"bootstrap", "corrected_t"}:
            return (
                f"95 % interval over {over} (paired bootstrap), or over test parts where there are "
                "several (corrected resampled t-test)"
            )
        if "bootstrap" in self._tests:
            caution = "; a single run says nothing of other seeds" if self.runs == 1 else ""
            return f"95 % interval over {over} (paired bootstrap){caution}"
        if self.runs == 1:
            return "95 % interval over resampled test examples"
        if self.test_parts == 1:
            return f"95 % interval over {self.runs} runs on the same test examples"
        return f"95 % interval over {self.test_parts} test parts (corrected resampled t-test)"

    @property
    def rule(self) -> str:
        """What an effect must meet to be called one, in words; any other one is no effect shown."""
        needed = ["interval without 0"]
        if self._tests:
            tested = sum(each.p_corrected is not None for each in self.effects)
            needed.append(f"p < .05 after Holm's correction over {counted(tested, 'effect')}")
        if self.margin:
            needed.append(f"beyond a margin of {100 * self.margin:g} (points)")
        return listed(needed)

    def matrix(self) -> list[list[float | None]]:
        """Return effects by source and target; None on the diagonal."""
        found = {(each.source, each.target): each.effect for each in self.effects}
        return [[found.get((s, t)) for t in self.tasks] for s in self.tasks]

    @property
    def _tests(self) -> set[str]:
        return {each.test for each in self.effects if each.test is not None}
