"""From settings to groups: whatever the tasks are called, and with what was seen on the way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlv.errors import GroupingError
from mtlv.grouping import CLUSTERINGS, GroupingSettings, find_groups
from mtlv.grouping.methods import find_stability, resolved
from mtlv.tasks import TaskSet

from .contexts import NAMES, binary, context

NUMBERED = [name for name in CLUSTERINGS if CLUSTERINGS[name].takes_number]


@settings(max_examples=15)
@given(st.permutations(["aa", "ab", "cc", "cd", "ee", "ff"]))
def test_groups_do_not_depend_on_the_order_of_tasks(names: list[str]) -> None:
    def groups(order: list[str]) -> set[frozenset[str]]:
        found = find_groups(context(order), GroupingSettings(groups=3))
        return {frozenset(group) for group in found.grouping.groups}

    assert groups(list(names)) == groups(sorted(names))


@settings(max_examples=15)
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


@settings(max_examples=25)
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


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"method": "phi", "budget": 2, "groups": 4}, "groups"),
        ({"affinity": "phi", "budget": 2, "features": "counts"}, "features"),
        ({"method": "phi", "budget": 2, "scaling": "unit"}, "scaling"),
        ({"method": "phi", "budget": 2, "pooling": "cls"}, "pooling"),
        ({"method": "spectral", "groups": 2, "affinity": "phi", "features": "counts"}, "features"),
        ({"method": "kmedoids", "groups": 2, "budget": 2}, "budget"),
        ({"method": "kmedoids", "groups": 2, "overlap": True}, "overlap"),
        ({"method": "random", "groups": 2, "affinity": "phi"}, "affinity"),
        ({"method": "random", "groups": 2, "features": "counts"}, "features"),
    ],
)
def test_settings_without_a_use_are_refused(given: dict[str, Any], key: str) -> None:
    with pytest.raises(GroupingError, match=f"does not use `{key}`") as caught:
        resolved(GroupingSettings(**given))
    assert caught.value.where == f"grouping, key '{key}'"


def test_two_affinities_are_refused() -> None:
    for other in ({"affinity": "jaccard"}, {"affinity_file": "known.csv"}):
        with pytest.raises(GroupingError, match="'phi' is an affinity itself"):
            resolved(GroupingSettings(method="phi", budget=2, **other))


def test_resolving_twice_changes_nothing() -> None:
    once = resolved(GroupingSettings(method="phi", budget=2, overlap=True))
    assert resolved(once) == once


@pytest.mark.parametrize(
    ("given", "decide"),
    [
        ({"method": "communities", "affinity": "phi"}, True),
        ({"method": "agglomerative", "affinity": "jaccard", "groups": 2}, True),
        ({"groups": 2, "features": "phi"}, True),
        ({"groups": 2, "features": "label"}, False),
        ({"method": "phi", "budget": 2}, False),
        ({"method": "random", "groups": 2}, False),
    ],
)
def test_clusterings_that_hang_on_texts_are_found_again_on_others(
    given: dict[str, Any], decide: bool
) -> None:
    wanted, here = GroupingSettings(**given), context()
    stable = find_stability(here, wanted, find_groups(here, wanted))
    assert (stable is not None) == decide
