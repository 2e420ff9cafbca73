"""Plans: whatever the partition, every task is learned and served once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlv.errors import GroupingError, PlanError
from mtlv.plans import Grouping, Plan, explicit, gmhl, gmtl, mtl, pair, stl
from mtlv.tasks import Task, TaskSet

NAMES = list("abcdef")
TASKS = TaskSet(tuple(Task(n, "binary", "reports", (), "f1") for n in NAMES))
MIXED = TaskSet(
    (
        *TASKS.tasks[:3],
        Task("x", "multiclass", "reports", ("p", "q"), "accuracy"),
        Task("y", "binary", "letters", (), "f1"),
    )
)


@st.composite
def partitions(draw: st.DrawFn) -> list[list[str]]:
    owner = draw(st.lists(st.integers(0, 3), min_size=6, max_size=6))
    groups = [[n for n, o in zip(NAMES, owner, strict=True) if o == k] for k in range(4)]
    return draw(st.permutations([g for g in groups if g]))


@given(partitions())
def test_every_task_is_learned_once_and_served(groups: list[list[str]]) -> None:
    grouping = Grouping.of(groups, TASKS)
    for plan, models in ((gmtl(TASKS, grouping), len(groups)), (gmhl(TASKS, grouping), 1)):
        assert len(plan.models) == models
        assert sorted(t for m in plan.models for t in m.tasks) == NAMES
        assert all(t in plan.models[i].tasks for t, i in plan.serves.items())
        assert plan.tasks == tuple(NAMES)
        assert Plan.from_json(plan.to_json()) == plan


@given(partitions(), st.randoms(use_true_random=False))
def test_the_order_in_which_a_plan_is_written_does_not_matter(groups, random) -> None:
    shuffled = [random.sample(g, len(g)) for g in random.sample(groups, len(groups))]
    one, other = (gmhl(TASKS, Grouping.of(g, TASKS)) for g in (groups, shuffled))
    assert one == other


def test_stl_and_mtl() -> None:
    assert [m.tasks for m in stl(TASKS).models] == [(n,) for n in NAMES]
    assert mtl(TASKS).models[0].to_json() == [NAMES]
    assert pair(TASKS, "d", "b").models[0].to_json() == [["b"], ["d"]]


def test_tasks_of_other_kinds_and_corpora_get_heads_of_their_own() -> None:
    assert mtl(MIXED).models[0].to_json() == [["a", "b", "c"], ["x"], ["y"]]


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


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ([[["a", "b"]]], "leaves out 'c', 'd', 'e', 'f'"),
        ([[NAMES], [["a"]]], "'a' is learned by 2 models"),
        ([[NAMES, ["a"]]], "'a' stands twice in one model"),
        ([[NAMES, []]], "has no task"),
        ([[[*NAMES, "aa"]]], "no task 'aa'"),
    ],
)
def test_an_explicit_plan_that_cannot_be_is_refused(models, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        explicit(TASKS, models, "mine")


def test_a_head_of_two_kinds_is_refused() -> None:
    with pytest.raises(PlanError, match="head of its own"):
        explicit(MIXED, [[["a", "b", "c", "x", "y"]]], "mine")


def test_a_server_must_learn_what_it_serves() -> None:
    with pytest.raises(PlanError, match="does not learn it"):
        explicit(TASKS, [[NAMES], [["a"]]], "mine", serves={"b": 1, "a": 0})


FOUR = TaskSet(TASKS.tasks[:4])


class TestCover:
    GROUPS = (["a", "b"], ["b", "c", "d"])

    def test_a_task_may_stand_in_several_groups(self) -> None:
        serves = {"a": 0, "b": 1, "c": 1, "d": 1}
        grouping = Grouping.of(self.GROUPS, FOUR, serves=serves)
        assert grouping.groups == (("a", "b"), ("b", "c", "d"))
        plan = gmtl(FOUR, grouping)
        assert [model.tasks for model in plan.models] == [("a", "b"), ("b", "c", "d")]
        assert plan.serves == serves

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
