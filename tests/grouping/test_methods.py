"""From settings to groups: whatever the tasks are called, and with what was seen on the way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlv.errors import GroupingError
from mtlv.grouping import CLUSTERINGS, GroupingSettings, find_groups
from mtlv.tasks import TaskSet

from .contexts import NAMES, binary, context

NUMBERED = [name for name in CLUSTERINGS if CLUSTERINGS[name].takes_number]


@settings(max_examples=15, deadline=None)
@given(st.permutations(["aa", "ab", "cc", "cd", "ee", "ff"]))
def test_groups_do_not_depend_on_the_order_of_tasks(names: list[str]) -> None:
    def groups(order: list[str]) -> set[frozenset[str]]:
        found = find_groups(context(order), GroupingSettings(groups=3))
        return {frozenset(group) for group in found.grouping.groups}

    assert groups(list(names)) == groups(sorted(names))


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.text("abcdefgh", min_size=1),
        min_size=4,
        max_size=7,
        unique_by=lambda text: "".join(sorted(text)),
    )
)
def test_groups_by_description_do_not_depend_on_the_names(descriptions: list[str]) -> None:
    def groups(prefix: str) -> list[list[int]]:
        names = [f"{prefix}{i}" for i in range(len(descriptions))]
        told = zip(names, descriptions, strict=True)
        tasks = TaskSet(tuple(binary(name, description=text) for name, text in told))
        wanted = GroupingSettings(groups=2, features="label_description")
        found = find_groups(context(names, tasks=tasks), wanted).grouping.groups
        return [[names.index(task) for task in group] for group in found]

    assert groups("a") == groups("zz")


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(0, 50))
def test_random_groups_are_a_partition_of_even_sizes(groups: int, seed: int) -> None:
    wanted = GroupingSettings(method="random", groups=groups, seed=seed)
    found = find_groups(context(list("abcdef")), wanted).grouping
    assert sorted(task for group in found.groups for task in group) == list("abcdef")
    sizes = [len(group) for group in found.groups]
    assert max(sizes) - min(sizes) <= 1


def test_what_was_seen_on_the_way_is_told() -> None:
    found = find_groups(context(), GroupingSettings(groups=2))
    assert found.grouping.origin == "kmedoids on label, 2 groups"
    assert [table.groups for table in found.numbers] == [(1, 2, 3, 4)]
    assert all(
        medoid in group for medoid, group in zip(found.medoids, found.grouping.groups, strict=True)
    )


@pytest.mark.parametrize("method", [*NUMBERED, "random"])
@pytest.mark.parametrize("groups", [1, 2, 3, 4])
def test_every_method_gives_as_many_groups_as_are_wanted(method: str, groups: int) -> None:
    wanted = GroupingSettings(method=method, groups=groups)
    first, same = (find_groups(context(), wanted) for _ in range(2))
    assert len(first.grouping) == groups
    assert first.grouping == same.grouping, "the same context gives the same groups"


@pytest.mark.parametrize("method", [*NUMBERED, "random"])
@pytest.mark.parametrize("groups", [0, -1, 5])
def test_numbers_of_groups_that_do_not_fit_are_refused(method: str, groups: int) -> None:
    with pytest.raises(GroupingError, match=f"{groups} groups for {len(NAMES)} tasks") as caught:
        find_groups(context(), GroupingSettings(method=method, groups=groups))
    assert caught.value.where == "groups"
