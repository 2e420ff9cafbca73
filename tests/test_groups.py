"""Groupings: a partition or a cover of all tasks, and nothing else."""

from __future__ import annotations

import pytest

from mtlv.errors import GroupingError
from mtlv.groups import Grouping
from mtlv.tasks import Task, TaskSet

NAMES = list("abcdef")
TASKS = TaskSet(tuple(Task(n, "binary", "reports", (), "f1") for n in NAMES))
FOUR = TaskSet(TASKS.tasks[:4])


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([["a", "b"], ["c", "d", "e"]], "'f' is missing"),
        ([NAMES, ["a"]], "'a' stands twice"),
        ([NAMES, []], "a group is empty"),
        ([[*NAMES, "g"]], "'g', which no task is called"),
    ],
)
def test_a_grouping_that_is_no_partition_is_refused(groups: list[list[str]], message: str) -> None:
    with pytest.raises(GroupingError, match=message):
        Grouping.of(groups, TASKS)


class TestCover:
    GROUPS = (["a", "b"], ["b", "c", "d"])

    def test_a_task_may_stand_in_several_groups(self) -> None:
        serves = {"a": 0, "b": 1, "c": 1, "d": 1}
        grouping = Grouping.of(self.GROUPS, FOUR, serves=serves)
        assert grouping.groups == (("a", "b"), ("b", "c", "d"))
        assert grouping.serves == serves

    def test_the_order_of_groups_does_not_matter(self) -> None:
        serves = {"a": 1, "b": 0, "c": 0, "d": 0}
        turned = Grouping.of(self.GROUPS[::-1], FOUR, serves=serves)
        assert turned.serves == {"a": 0, "b": 1, "c": 1, "d": 1}

    def test_a_partition_needs_no_word_on_who_serves(self) -> None:
        groups = [["a"], ["b", "c", "d"]]
        serves = {"a": 0, "b": 1, "c": 1, "d": 1}
        assert Grouping.of(groups, FOUR, serves=serves) == Grouping.of(groups, FOUR)

    @pytest.mark.parametrize(
        ("serves", "message"),
        [
            ({"a": 0, "b": 0, "c": 0, "d": 1}, "No group serves 'c'"),
            ({"a": 0, "b": 1, "c": 1}, "No group serves 'd'"),
            ({"a": 0, "b": 0, "c": 1, "d": 7}, "No group serves 'd'"),
        ],
    )
    def test_who_serves_must_learn(self, serves: dict[str, int], message: str) -> None:
        with pytest.raises(GroupingError, match=message):
            Grouping.of(self.GROUPS, FOUR, serves=serves)

    def test_a_group_that_serves_nothing_is_refused(self) -> None:
        with pytest.raises(GroupingError, match="a group is empty"):
            Grouping.of([["a"], ["a", "b", "c", "d"]], FOUR, serves=dict.fromkeys("abcd", 1))
