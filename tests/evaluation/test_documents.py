"""Documents: labels of sentences united, and scored as BLUE's script scores HoC."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from mtlv.evaluation.metrics_documents import (
    example_f1,
    example_precision,
    example_recall,
    has_documents,
)
from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.evaluation.scoring import score

NAN = np.nan
IDS = np.array(["10_s0", "10_s1", "20_s0", "20_s1", "x"], object)
DECISIONS = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 1, 0], [1, 1, 1]], np.int8)
TARGETS = np.array([[1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, NAN], [0, 0, 0]])


def test_by_hand() -> None:
    """10: decided {a, b}, true {a, c}; 20: decided {b, c}, true {c}; x is no sentence."""
    p, r = (1 / 2 + 1 / 2) / 2, (1 / 2 + 1) / 2
    assert example_precision(DECISIONS, TARGETS, IDS) == p
    assert example_recall(DECISIONS, TARGETS, IDS) == r
    assert example_f1(DECISIONS, TARGETS, IDS) == pytest.approx(2 * p * r / (p + r))


@given(seed=st.integers(0, 2**16))
@settings(max_examples=25)
def test_equals_scikit_learn_on_united_labels(seed: int) -> None:
    random = np.random.default_rng(seed)
    sentences = [(d, s) for d in range(6) for s in range(random.integers(1, 4))]
    ids = np.array([f"d_{d}_s{s}" for d, s in sentences], object)
    truth, called = (random.random((len(ids), 3)) < 0.4 for _ in range(2))
    of = np.array([d for d, _ in sentences])
    united = [np.stack([x[of == d].any(axis=0) for d in range(6)]) for x in (truth, called)]
    p, r, _, _ = reference.precision_recall_fscore_support(
        *united, average="samples", zero_division=0
    )
    given_to = called.astype(np.int8), truth.astype(float), ids
    assert example_precision(*given_to) == pytest.approx(p)
    assert example_recall(*given_to) == pytest.approx(r)
    assert example_f1(*given_to) == pytest.approx(2 * p * r / (p + r) if p + r else 0)


def test_no_document_is_nan() -> None:
    assert np.isnan(example_f1(DECISIONS, np.full((5, 3), NAN), IDS))
    assert np.isnan(example_f1(DECISIONS[4:], TARGETS[4:], IDS[4:]))


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["1_s0", "1_s1"], True),
        (["a/1_s0", "a/1_s1", "b/7"], True),
        (["1_s0", "2_s0"], False),  # one sentence each: documents say nothing new
        (["1", "2"], False),
        ([], False),
    ],
)
def test_ids_tell_documents(ids: list[str], expected: bool) -> None:
    assert has_documents(np.array(ids, object)) is expected


def test_they_are_scored_where_ids_name_them() -> None:
    def part(name: Any, document: int, form: str) -> Predictions:
        ids = np.array([form.format(document, i) for i in range(6)], object)
        targets = np.array([0.0, 1, 0, 0, 1, 1])
        task = TaskPredictions("a", "binary", ids, targets, 0.9 * targets + 0.05)
        return Predictions(name, {"a": task})

    found = score(part("validation", 1, "{}_s{}"), part("test", 2, "{}_s{}"))
    assert found.metrics["example_f1"] == 1.0
    assert found.signature_of("example_f1").startswith("example_f1|thresholds:per_label")
    assert (
        "example_f1" not in score(part("validation", 1, "{}-{}"), part("test", 2, "{}-{}")).metrics
    )
