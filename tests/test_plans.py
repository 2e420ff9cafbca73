"""Plans: whatever the partition, every task is learned and served once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlv.errors import PlanError
from mtlv.groups import Grouping
from mtlv.plans import Plan, explicit, gmhl, gmtl, mtl, pair, stl
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


def test_the_groups_of_a_cover_become_models_that_serve_what_they_are_told_to() -> None:
    serves = {"a": 0, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1}
    grouping = Grouping.of([["a", "b"], NAMES[1:]], TASKS, serves=serves)
    plan = gmtl(TASKS, grouping)
    assert [model.tasks for model in plan.models] == [("a", "b"), tuple(NAMES[1:])]
    assert plan.serves == serves
