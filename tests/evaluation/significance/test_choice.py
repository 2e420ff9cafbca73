"""The rule: which test a protocol asks for; and when a difference is claimed."""

from __future__ import annotations

import pytest

from mtlv.errors import ProtocolError
from mtlv.evaluation.significance import Effect, Finding, Protocol, choose_test, verdict


@pytest.mark.parametrize(
    ("test_parts", "pairs", "expected"),
    [
        (5, 5, "corrected_t"),
        (5, 15, "corrected_t"),
        (1, 1, "randomisation"),
        (1, 6, "bootstrap"),
    ],
)
def test_the_rule(test_parts: int, pairs: int, expected: str) -> None:
    choice = choose_test(Protocol(test_parts, pairs))
    assert choice.test == expected
    assert ("one run says nothing of other seeds" in choice.why) == (pairs == 1)


@pytest.mark.parametrize("test", ["wilcoxon", "bootstrap", "mcnemar", "randomisation"])
def test_it_can_be_overridden(test: str) -> None:
    assert choose_test(Protocol(5, 5), test).test == test


@pytest.mark.parametrize("test", ["wilcoxon", "bootstrap", "mcnemar", "randomisation"])
def test_what_does_not_hold_on_overlapping_folds_says_so(test: str) -> None:
    caution = choose_test(Protocol(5, 5), test).caution
    assert caution is not None
    assert caution.startswith("overlapping folds: the training data of the 5 test parts overlap")
    assert test in caution
    assert choose_test(Protocol(1, 1), "mcnemar").caution is None
    assert choose_test(Protocol(5, 5), "corrected_t").caution is None
    assert choose_test(Protocol(5, 5)).caution is None


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ("mcnemar", "how examples vary and not how runs do"),
        ("randomisation", "how examples vary and not how runs do"),
        ("wilcoxon", "how runs vary and not how examples do"),
    ],
)
def test_what_knows_one_source_of_chance_says_so(test: str, words: str) -> None:
    caution = choose_test(Protocol(1, 5), test).caution
    assert caution is not None
    assert caution.startswith(f"one test part, 5 runs: {test} knows {words}")
    assert choose_test(Protocol(1, 5), "bootstrap").caution is None


@pytest.mark.parametrize(
    ("protocol", "test", "words"),
    [
        (Protocol(1, 1), "wilcoxon", "these still apply.*randomisation, bootstrap, mcnemar"),
        (Protocol(1, 1), "corrected_t", "at least two pairs"),
        (Protocol(1, 3), "corrected_t", "several test parts.*3 runs on one test part"),
        (Protocol(5, 5), "wilcoxn", "did you mean 'wilcoxon'"),
    ],
)
def test_what_does_not_apply_is_refused(protocol: Protocol, test: str, words: str) -> None:
    with pytest.raises(ProtocolError, match=f"(?s){words}"):
        choose_test(protocol, test)


def finding(low: float, high: float) -> Finding:
    return Finding("bootstrap", 0.01, low, high, 0.95, Effect("odds_ratio", 1), 9, "example")


@pytest.mark.parametrize(
    ("low", "high", "p", "same", "higher", "words"),
    [
        (0.01, 0.02, 0.04, None, True, "better"),
        (0.01, 0.02, 0.04, None, False, "worse"),
        (-0.02, -0.01, 0.04, None, True, "worse"),
        (-0.02, -0.01, 0.04, None, False, "better"),
        (-0.01, 0.02, 0.04, None, True, "no difference shown"),
        (0.01, 0.02, 0.06, None, True, "no difference shown"),
        (0.01, 0.02, 0.06, 0.2, True, "no difference shown"),
        (0.01, 0.02, 0.06, 0.04, True, "equivalent within 0.5"),
        (0.001, 0.002, 0.01, 0.04, True, "equivalent within 0.5"),
        (float("nan"), float("nan"), 0.01, None, True, "no difference shown"),
    ],
)
def test_verdicts(low, high, p, same, higher, words) -> None:
    assert verdict(finding(low, high), p, same, higher, "0.5") == words
