from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from evaluation.kinds import random_task
from mtlv.data import Kind
from mtlv.errors import ProtocolError
from mtlv.evaluation.about import About
from mtlv.evaluation.predictions import LabelMatrix, Predictions, ScoredPart, TaskPredictions
from mtlv.evaluation.protocol import (
    check_parts,
    check_scored,
    check_task_scored,
    same_targets,
)


def task(
    name: str, ids: Sequence[str], targets: Sequence[float], kind: Kind = "binary"
) -> TaskPredictions:
    return TaskPredictions(
        name, kind, np.array(list(ids), object), np.array(targets, float), np.full(len(ids), 0.5)
    )


def predictions(*tasks: TaskPredictions, part: ScoredPart = "test") -> Predictions:
    return Predictions(part, {t.task: t for t in tasks})


def tagging(*rows: list[float]) -> TaskPredictions:
    boxed = np.empty(len(rows), object)
    boxed[:] = [np.array(row) for row in rows]
    ids = np.array([f"e{i}" for i in range(len(rows))], object)
    return TaskPredictions("tags", "tagging", ids, boxed, boxed)


FIRST = predictions(task("a", "xyz", [0, 1, np.nan]), task("b", "xy", [1, 1]))


class TestSameTargets:
    def test_order_of_tasks_and_examples_may_differ(self) -> None:
        same_targets(FIRST, FIRST)
        same_targets(FIRST, predictions(task("b", "yx", [1, 1]), task("a", "zyx", [np.nan, 1, 0])))

    @pytest.mark.parametrize(
        ("other", "difference"),
        [
            (predictions(*FIRST.tasks.values(), part="validation"), "'test' and 'validation'"),
            (predictions(task("a", "xyz", [0, 1, np.nan])), "'b' only in the first"),
            (predictions(*FIRST.tasks.values(), task("c", "x", [1])), "'c' only in the second"),
            (
                predictions(task("a", "xyz", [0, 1, 0], "regression"), task("b", "xy", [1, 1])),
                "binary and regression",
            ),
            (
                predictions(task("a", "xyw", [0, 1, np.nan]), task("b", "xy", [1, 1])),
                "1 example only in the first, such as 'z'",
            ),
            (
                predictions(task("a", "xyz", [0, 1, np.nan]), task("b", "xyz", [1, 1, 1])),
                "1 example only in the second, such as 'z'",
            ),
            (
                predictions(task("a", "xyz", [0, 1, np.nan]), task("b", "xyy", [1, 1, 1])),
                "2 and 3 rows",
            ),
            (
                predictions(task("a", "xyz", [0, 0, np.nan]), task("b", "xy", [1, 1])),
                r"(?s)task 'a', example 'y'.*1.0 and 0.0",
            ),
            (
                predictions(task("a", "zyx", [0, 1, 0]), task("b", "xy", [1, 1])),
                r"(?s)example 'z'.*nan and 0.0",
            ),
        ],
    )
    def test_the_first_difference_is_named(self, other: Predictions, difference: str) -> None:
        with pytest.raises(ProtocolError, match=difference):
            same_targets(FIRST, other)

    def test_tags_are_compared_token_by_token(self) -> None:
        one = predictions(tagging([0, 1], [np.nan]))
        same_targets(one, predictions(tagging([0, 1], [np.nan])))
        for other in (tagging([0, 2], [np.nan]), tagging([0, 1, 0], [np.nan])):
            with pytest.raises(ProtocolError, match="example 'e0'"):
                same_targets(one, predictions(other))

    def test_labels_must_be_the_same_where_both_say_them(self) -> None:
        one, two = (
            predictions(replace(task("a", "xy", [0, 1], "multiclass"), about=About(labels)))
            for labels in (("no", "yes"), ("yes", "no"))
        )
        with pytest.raises(ProtocolError, match="different labels"):
            same_targets(one, two)
        same_targets(one, predictions(task("a", "xy", [0, 1], "multiclass")))

    def test_a_task_must_be_judged_by_one_metric(self) -> None:
        one, two = (
            predictions(replace(task("a", "xy", [0, 1]), about=About(metric=metric)))
            for metric in ("f1", "accuracy")
        )
        with pytest.raises(ProtocolError, match="by f1 and accuracy"):
            same_targets(one, two)

    def test_stored_targets_equal_those_in_memory(self) -> None:
        before = predictions(task("a", "xy", [3.3, 0.1], "regression"))
        same_targets(before, Predictions.from_table(before.to_table())["test"])


class TestParts:
    def test_separate_parts_pass(self) -> None:
        check_parts(predictions(task("a", "uv", [0, 1]), part="validation"), FIRST)

    def test_each_part_must_be_what_it_is_called(self) -> None:
        with pytest.raises(ProtocolError, match="not of the validation part"):
            check_parts(FIRST, FIRST)
        validation = predictions(task("a", "uv", [0, 1]), part="validation")
        with pytest.raises(ProtocolError, match="not of the test part"):
            check_parts(validation, validation)

    def test_no_example_in_both(self) -> None:
        leaking = predictions(task("a", "uv", [0, 1]), task("b", "uy", [0, 1]), part="validation")
        with pytest.raises(ProtocolError, match=r"(?s)task 'b'.*such as 'y'"):
            check_parts(leaking, FIRST)

    def test_corpora_may_use_the_same_ids(self) -> None:
        check_parts(
            predictions(task("a", "pq", [0, 1]), task("b", "z", [0]), part="validation"), FIRST
        )


def test_every_target_needs_a_score() -> None:
    ids, targets = np.array(["x", "y"], object), np.array([[0, np.nan], [1, 1]])
    check_scored(LabelMatrix("test", ("a", "b"), ids, targets, np.array([[0.1, np.nan], [1, 0]])))
    for bad in (np.nan, np.inf):
        broken = LabelMatrix("test", ("a", "b"), ids, targets, np.array([[0.1, 0.1], [1, bad]]))
        with pytest.raises(ProtocolError, match="'b' has targets without a score"):
            check_scored(broken)


class TestOtherKinds:
    @pytest.mark.parametrize("kind", ["multiclass", "regression", "tagging"])
    def test_every_target_needs_a_score(self, kind: Kind) -> None:
        own = random_task(kind, 0)
        check_task_scored(own, "test")
        for bad in (np.nan, np.inf):
            scores = own.scores.copy()
            scores[3] = np.full_like(np.asarray(scores[3]), bad)
            with pytest.raises(ProtocolError, match=r"(?s)without a score.*1 score"):
                check_task_scored(replace(own, scores=scores), "test")

    def test_no_score_is_needed_where_there_is_no_target(self) -> None:
        own = random_task("regression", 0)
        own.targets[3], own.scores[3] = np.nan, np.nan
        check_task_scored(own, "test")
        tags = random_task("tagging", 0)
        tags.targets[3] = np.full(len(tags.targets[3]), np.nan)
        tags.scores[3] = np.full_like(tags.scores[3], np.nan)
        check_task_scored(tags, "test")

    def test_words_that_were_cut_off_have_none(self) -> None:
        tags = random_task("tagging", 0)
        longest = max(range(30), key=lambda i: len(tags.targets[i]))
        tags.scores[longest][1:] = np.nan
        check_task_scored(tags, "test")
