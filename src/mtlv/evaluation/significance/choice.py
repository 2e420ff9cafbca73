"""Which test a protocol asks for, and what its result means in words.

The rule: plans that were tested on several test parts (cross-validation, repeated holdout) are
compared by the corrected resampled t-test, one difference per test part. Plans that were tested on
one part are compared by the two-level bootstrap over runs and examples; where there is one run of
each, p is that of approximate randomisation. With several runs randomisation would ignore how much
they vary: where only seeds differ, it claims a difference in a third of all cases (see the test of
calibration). Anything else has to be asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from mtlv.errors import ProtocolError, nearest
from mtlv.evaluation.significance.finding import ALPHA, Finding
from mtlv.words import counted

__all__ = ["TESTS", "Choice", "Protocol", "TestName", "choose_test", "verdict"]

TestName = Literal["corrected_t", "wilcoxon", "randomisation", "bootstrap", "mcnemar"]
TESTS: tuple[TestName, ...] = get_args(TestName)
OF_RUNS = ("corrected_t", "wilcoxon")
BLIND: dict[TestName, str] = {
    "mcnemar": "knows how examples vary and not how runs do",
    "randomisation": "knows how examples vary and not how runs do",
    "wilcoxon": "knows how runs vary and not how examples do",
}
"""Tests that know one of two sources of chance, where runs of several seeds share a test part."""


@dataclass(frozen=True)
class Protocol:
    """How two plans were paired.

    Args:
        test_parts: different test parts.
        pairs: runs (folds x seeds) that both plans have.
    """

    test_parts: int
    pairs: int

    @property
    def differences(self) -> int:
        """How many differences a test of runs has: one per test part, or per run of a single."""
        return self.test_parts if self.test_parts > 1 else self.pairs


@dataclass(frozen=True)
class Choice:
    """A test, and why it applies.

    Args:
        test: its name.
        why: in words.
        caution: how it can mislead under this protocol; None where nothing is known.
    """

    test: TestName
    why: str
    caution: str | None = None


def choose_test(protocol: Protocol, wanted: str | None = None) -> Choice:
    """Return the test that a protocol asks for, or the wanted one if it applies.

    Raises:
        ProtocolError: there is no such test, or it needs more pairs or test parts than there are.
    """
    if wanted is None:
        return _by_rule(protocol)
    if wanted not in TESTS:
        raise ProtocolError(f"There is no test '{wanted}'.", hint=nearest(wanted, TESTS))
    if wanted == "corrected_t" and protocol.test_parts == 1 < protocol.pairs:
        raise ProtocolError(
            "The corrected t-test needs several test parts.",
            found=f"{counted(protocol.pairs, 'run')} on one test part",
            expected="folds of a cross-validation, or a repeated holdout",
            hint="these apply: randomisation, bootstrap, mcnemar, wilcoxon (over the runs)",
        )
    if wanted in OF_RUNS and protocol.differences < 2:
        raise ProtocolError(
            f"The test '{wanted}' needs at least two pairs of runs.",
            found=counted(protocol.differences, "pair"),
            hint="these still apply, as their pairs are examples: randomisation, bootstrap, "
            "mcnemar; or raise `evaluation.seeds`: finished jobs are kept",
        )
    return Choice(_named(wanted), "asked for", _caution(_named(wanted), protocol))


def verdict(
    finding: Finding,
    p_corrected: float,
    equivalence_p: float | None,
    higher_is_better: bool,
    margin: str = "",
) -> str:
    """Return what a finding means in words.

    A difference is claimed where both the corrected p-value and the interval show it: p alone may
    know of fewer sources of chance (see `resampling`).

    Args:
        finding: of the difference plan less baseline.
        p_corrected: its p-value, corrected.
        equivalence_p: that of its equivalence, corrected; None without a margin.
        higher_is_better: of the metric.
        margin: in words; one set beforehand says which differences do not matter, so equivalence
            is said first.
    """
    if equivalence_p is not None and equivalence_p < ALPHA:
        return f"equivalent within {margin}"
    if not (p_corrected < ALPHA and (finding.low > 0 or finding.high < 0)):
        return "no difference shown"
    return "better" if (finding.low > 0) == higher_is_better else "worse"


def _by_rule(protocol: Protocol) -> Choice:
    if protocol.test_parts > 1:
        return Choice(
            "corrected_t",
            f"{protocol.test_parts} test parts whose training data overlap: the corrected "
            "resampled t-test, one difference per test part",
        )
    if protocol.pairs > 1:
        return Choice(
            "bootstrap",
            f"one test part, {protocol.pairs} runs: two-level bootstrap over runs and examples",
        )
    return Choice(
        "randomisation",
        "one test part, one run: approximate randomisation for p, bootstrap over examples for the "
        "interval; one run says nothing of other seeds",
    )


def _caution(test: TestName, protocol: Protocol) -> str | None:
    if protocol.test_parts > 1 and test != "corrected_t":
        return (
            f"overlapping folds: the training data of the {protocol.test_parts} test parts "
            f"overlap, so their models are no independent sample; {test} takes them as one, or as "
            "given, and claims a difference too often; corrected_t is made for this"
        )
    if protocol.test_parts == 1 < protocol.pairs and test in BLIND:
        return (
            f"one test part, {protocol.pairs} runs: {test} {BLIND[test]}, so it claims a "
            "difference too often; bootstrap is made for this"
        )
    return None


def _named(wanted: str) -> TestName:
    return next(name for name in TESTS if name == wanted)
