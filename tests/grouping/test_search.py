"""The search: against brute force over all partitions and covers, and whatever tasks are called."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlv.errors import GroupingError
from mtlv.grouping import search as module
from mtlv.grouping.context import Array
from mtlv.grouping.gains import GainModel, PairGains, TableGains
from mtlv.grouping.search import FoundGroups, search
from mtlv.grouping.search_exact import choose
from mtlv.grouping.search_local import local_search
from mtlv.grouping.search_pool import GroupPool

from .worlds import groups_of, partitions


def names(size: int) -> list[str]:
    return [f"t{place:02}" for place in range(size)]


def random_table(size: int, seed: int) -> TableGains:
    every = groups_of(size)
    values = np.random.default_rng(seed).normal(size=(*every.shape, 1))
    return TableGains(tuple(names(size)), every, values)


def random_pairs(size: int, seed: int) -> PairGains:
    return PairGains(np.random.default_rng(seed).normal(size=(size, size)))


def clustered(size: int, seed: int, noise: float = 0.3) -> PairGains:
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(size, 3))
    return PairGains(0.3 * rows @ rows.T + noise * draw.normal(size=(size, size)))


def value(gains: GainModel, groups: list[list[int]]) -> float:
    members = np.array([[place in group for place in range(gains.size)] for group in groups])
    return float(np.nanmax(gains.mean(members), axis=0).mean())


def best_partition(gains: GainModel, budget: int) -> float:
    parts = partitions(list(range(gains.size)))
    return max(value(gains, part) for part in parts if len(part) <= budget)


def best_cover(gains: GainModel, budget: int) -> float:
    every = [np.flatnonzero(group).tolist() for group in groups_of(gains.size)]
    covers = [
        list(groups)
        for count in range(1, budget + 1)
        for groups in combinations(every, count)
        if len(set().union(*groups)) == gains.size
    ]
    return max(value(gains, cover) for cover in covers)


def check_found(found: FoundGroups, gains: GainModel, tasks: list[str], budget: int) -> None:
    assert 1 <= len(found.groups) <= budget
    assert list(found.serves) == tasks == list(found.predicted)
    assert set(found.serves.values()) == set(range(len(found.groups)))
    for task, place in found.serves.items():
        group = found.groups[place]
        row = gains.mean(np.array([[name in group for name in tasks]]))[0]
        assert task in group
        assert found.predicted[task] == pytest.approx(row[tasks.index(task)])
    assert found.gain == pytest.approx(np.mean(list(found.predicted.values())))
    order = [[tasks.index(task) for task in group] for group in found.groups]
    assert order == sorted(order)
    assert all(group == sorted(group) for group in order)


@pytest.mark.parametrize("size", [2, 3, 5, 6])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_partitions_are_the_best_there_are(size: int, seed: int) -> None:
    for gains in (random_table(size, seed), random_pairs(size, seed)):
        for budget in range(1, size + 1):
            found = search(gains, names(size), budget)
            check_found(found, gains, names(size), budget)
            assert sorted(task for group in found.groups for task in group) == names(size)
            assert found.gain == pytest.approx(best_partition(gains, budget))
            assert found.exact
            assert found.looked_at == 2**size - 1 or budget == 1


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("budget", [1, 2, 3])
def test_covers_are_the_best_there_are(seed: int, budget: int) -> None:
    for gains in (random_table(4, seed), random_pairs(4, seed)):
        found = search(gains, names(4), budget, overlap=True)
        check_found(found, gains, names(4), budget)
        assert found.gain == pytest.approx(best_cover(gains, budget))


def test_a_task_may_help_where_it_is_not_served() -> None:
    # h helps a and b, which harm each other and do nothing for h
    matrix = np.zeros((3, 3))
    matrix[2, :2] = 1.0
    matrix[0, 1] = matrix[1, 0] = -2.0
    apart = search(PairGains(matrix), ["a", "b", "h"], 2)
    assert apart.gain == pytest.approx(1 / 3)
    both = search(PairGains(matrix), ["a", "b", "h"], 2, overlap=True)
    assert both.groups == (("a", "h"), ("b", "h"))
    assert both.gain == pytest.approx(2 / 3)


def test_single_tasks_are_found_where_company_harms_and_all_in_one_where_it_helps() -> None:
    size = 5
    harm = search(PairGains(np.full((size, size), -1.0)), names(size), size)
    assert harm.groups == tuple((name,) for name in names(size))
    assert harm.gain == 0
    kept = search(PairGains(np.full((size, size), -1.0)), names(size), 1)
    assert kept.groups == (tuple(names(size)),)
    assert kept.gain == -1


@pytest.mark.parametrize("size", [4, 14])
@pytest.mark.parametrize("overlap", [False, True])
def test_among_equals_fewer_models_are_taken(
    size: int, overlap: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POOL", 100)
    for level in (0.0, 1.0):
        gains = PairGains(np.full((size, size), level))
        assert len(search(gains, names(size), 3, overlap=overlap).groups) == 1


@settings(max_examples=15)
@given(st.permutations(range(6)), st.integers(0, 1000), st.booleans())
def test_names_and_order_do_not_matter(order: list[int], seed: int, overlap: bool) -> None:
    gains = random_pairs(6, seed)
    place: Array = np.array(order)
    moved = PairGains(gains.matrix[np.ix_(place, place)])
    tasks = names(6)
    here = search(gains, tasks, 3, overlap=overlap)
    there = search(moved, [tasks[i] for i in order], 3, overlap=overlap)
    renamed = search(moved, [f"{9 - k}" for k in range(6)], 3, overlap=overlap)
    back = {f"{9 - k}": tasks[i] for k, i in enumerate(order)}
    expected = {frozenset(group) for group in here.groups}
    assert {frozenset(group) for group in there.groups} == expected
    assert {frozenset(back[name] for name in group) for group in renamed.groups} == expected


@pytest.mark.parametrize("overlap", [False, True])
def test_order_does_not_matter_with_ties_or_many_tasks(
    overlap: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POOL", 100)
    draw = np.random.default_rng(0)
    tied = draw.integers(-1, 2, size=(6, 6)).astype(float)
    for matrix in (tied, tied + tied.T, clustered(14, 0).matrix):
        tasks = names(len(matrix))
        first = search(PairGains(matrix), tasks, 3, overlap=overlap)
        for _ in range(2):
            place = draw.permutation(len(matrix))
            moved = PairGains(matrix[np.ix_(place, place)])
            again = search(moved, [tasks[i] for i in place], 3, overlap=overlap)
            assert {frozenset(g) for g in again.groups} == {frozenset(g) for g in first.groups}
            assert again.gain == pytest.approx(first.gain)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("overlap", [False, True])
def test_the_local_way_comes_close_to_the_exact_one(
    seed: int, overlap: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    gains = clustered(9, seed)
    exact = search(gains, names(9), 3, overlap=overlap)
    monkeypatch.setattr(module, "ALL_GROUPS", 2)
    local = search(gains, names(9), 3, overlap=overlap)
    check_found(local, gains, names(9), 3)
    assert not local.exact
    assert local.gain <= exact.gain + 1e-9
    assert local.gain >= 0.97 * exact.gain
    assert local.looked_at < exact.looked_at


def test_local_search_alone_is_never_better_than_with_the_solver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "POOL", 300)
    gains = clustered(16, 1)
    pool = GroupPool(gains, names(16))
    alone = pool.value(local_search(pool, 4, seed=0)) * pool.scale / 16
    found = search(gains, names(16), 4)
    check_found(found, gains, names(16), 4)
    assert found.gain >= alone - 1e-9
    assert search(gains, names(16), 4) == found
    assert search(gains, names(16), 4, overlap=True).gain >= found.gain - 1e-9


def test_families_are_found_among_many_tasks() -> None:
    size = 20
    families = np.arange(size) % 4
    matrix = np.where(families[:, None] == families, 0.5, -0.5)
    found = search(PairGains(matrix), names(size), 4)
    assert {frozenset(int(t[1:]) % 4 for t in group) for group in found.groups} == {
        frozenset({k}) for k in range(4)
    }
    assert found.gain == pytest.approx(0.5)


def test_the_local_optimum_is_kept_when_the_solver_has_no_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "choose", lambda *_, **__: None)
    gains = clustered(14, 0)
    found = search(gains, names(14), 3)
    check_found(found, gains, names(14), 3)
    assert found.gain > 0
    assert not found.exact


def test_what_is_asked_for_is_checked() -> None:
    gains = random_pairs(3, 0)
    with pytest.raises(GroupingError, match="at least one model") as caught:
        search(gains, names(3), 0)
    assert caught.value.where == "budget"
    with pytest.raises(GroupingError, match="One task"):
        search(random_pairs(1, 0), names(1), 1)
    with pytest.raises(GroupingError, match="gains of 3 tasks"):
        search(gains, names(4), 2)
    with pytest.raises(GroupingError, match="not a finite number"):
        search(PairGains(np.full((3, 3), np.nan)), names(3), 2)


def test_tiny_and_huge_gains_are_searched_alike() -> None:
    gains = random_pairs(6, 3)
    expected = search(gains, names(6), 3).groups
    for factor in (1e-9, 1e9):
        assert search(PairGains(factor * gains.matrix), names(6), 3).groups == expected


def test_nothing_can_be_chosen_from_groups_that_leave_a_task_out() -> None:
    members = np.array([[True, False], [True, False]])
    assert choose(members, np.zeros((2, 2)), 2, False) is None
