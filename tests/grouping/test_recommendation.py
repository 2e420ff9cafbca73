"""Recommendations: plain multi-task learning is left only for more than noise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mtlv.errors import GroupingError
from mtlv.grouping.affinities import Affinity
from mtlv.grouping.context import Array
from mtlv.grouping.gains import PairGains, Unit
from mtlv.grouping.recommendation import gain_by_luck, recommend
from mtlv.grouping.step_gains import StepGains

from .worlds import families, task_set

POINTS = Unit("points of average precision", 100)
NAMES = ("a1", "a2", "b1", "b2")


def matrix(strength: float = 1.0) -> Array:
    effects = families(NAMES)
    return np.array([[strength * effects.get((s, t), np.nan) for t in NAMES] for s in NAMES])


def affinity(strength: float = 1.0, error: float | None = 0.01, unit: Unit = POINTS) -> Affinity:
    own = matrix(strength)
    errors = None if error is None else np.full(own.shape, error)
    return Affinity("given", NAMES, own, errors, PairGains(own, errors, unit=unit))


def test_a_gain_that_exceeds_its_uncertainty_is_recommended() -> None:
    advice = recommend(affinity(), task_set(NAMES), 2)
    assert advice.groups == (("a1", "a2"), ("b1", "b2"))
    assert advice.serves == {"a1": 0, "a2": 0, "b1": 1, "b2": 1}
    # together: (0.05 - 0.03 - 0.03) / 3 each
    assert advice.gain_over_mtl == pytest.approx(0.05 + 0.01 / 3)
    assert advice.predicted == pytest.approx(dict.fromkeys(NAMES, 0.05))
    assert advice.leave_mtl
    assert advice.words == (
        "Learn the 4 tasks in 2 models: they are predicted to gain, per task, 5.3 points of "
        "average precision over one model for all, with an uncertainty of 0.4; by noise alone it "
        f"would seem to gain {100 * (advice.luck or 0):.2g}."
    )


def test_its_error_is_that_of_the_difference() -> None:
    advice = recommend(affinity(), task_set(NAMES), 2)
    # each task: x - (x + y + z) / 3 of independent entries, mean of four tasks
    expected = 0.01 * np.sqrt((4 + 1 + 1) / 9 / 4)
    assert advice.error == pytest.approx(expected, rel=0.1)


def test_a_gain_within_its_uncertainty_is_not() -> None:
    advice = recommend(affinity(error=0.2), task_set(NAMES), 2)
    assert not advice.leave_mtl
    assert advice.groups == (("a1", "a2"), ("b1", "b2"))
    assert advice.words.startswith(
        "Keep one model for the 4 tasks: the best grouping, in 2 models, is predicted to gain, per "
        "task, 5.3 points of average precision over one model for all, with an uncertainty of 7.9; "
    )


def test_the_level_can_be_lowered() -> None:
    given = affinity(error=0.02)
    plain = recommend(given, task_set(NAMES), 2)
    assert plain.leave_mtl
    assert plain.error is not None
    assert plain.luck is not None
    least = stats.norm.sf((plain.gain_over_mtl - plain.luck) / plain.error)
    assert not recommend(given, task_set(NAMES), 2, level=0.9 * least).leave_mtl
    assert recommend(given, task_set(NAMES), 2, level=1.1 * least).leave_mtl


def test_errors_that_rest_on_little_need_a_larger_gain() -> None:
    def leaves(freedom: float) -> bool:
        own, errors = matrix(), np.full((4, 4), 0.02)
        gains = PairGains(own, errors, freedom=freedom)
        return recommend(Affinity("given", NAMES, own, errors, gains), task_set(NAMES), 2).leave_mtl

    assert leaves(np.inf)
    assert not leaves(1)


def test_noise_alone_does_not_leave_one_model() -> None:
    names = tuple("abcdef")
    left = 0
    for seed in range(10):
        own = np.random.default_rng(seed).normal(size=(6, 6))
        errors = np.ones((6, 6))
        given = Affinity("noise", names, own, errors, PairGains(own, errors))
        advice = recommend(given, task_set(names), 3)
        assert advice.error is not None
        assert advice.gain_over_mtl > advice.error  # the best of many always seems to be good
        left += advice.leave_mtl
    assert left <= 2


def test_luck_is_what_searching_noise_gives() -> None:
    gains = PairGains(np.zeros((2, 2)), np.ones((2, 2)))
    mean, spread = gain_by_luck(gains, task_set("ab"), 2, seed=0)
    # Apart is better where the mean of two normal numbers, Z of sd .71, is below 0: what max(0, -Z)
    # is on average, .71 * .399 = .28, and its sd, .71 * .584 = .41; of 20 draws.
    assert mean == pytest.approx(0.28, abs=0.2)
    assert spread == pytest.approx(0.41, abs=0.2)
    known = PairGains(np.ones((2, 2)), np.zeros((2, 2)))
    assert gain_by_luck(known, task_set("ab"), 2) == (0, 0)


def test_without_an_uncertainty_nothing_is_left() -> None:
    advice = recommend(affinity(error=None), task_set(NAMES), 2)
    assert advice.error is None
    assert advice.luck is None
    assert not advice.leave_mtl
    assert advice.words.endswith("over one model for all, but nothing says how sure.")


@pytest.mark.parametrize(("strength", "budget"), [(1.0, 1), (-0.0, 3)])
def test_one_model_for_all_is_kept(strength: float, budget: int) -> None:
    advice = recommend(affinity(strength), task_set(NAMES), budget)
    assert advice.groups == (NAMES,)
    assert (advice.gain_over_mtl, advice.error, advice.leave_mtl) == (0.0, 0.0, False)
    assert advice.luck == 0
    said = "the budget is one model" if budget == 1 else "no grouping in at most 3 models"
    assert said in advice.words


def test_a_ranking_finds_groups_and_advises_nothing() -> None:
    effects = np.array([[[1.0, -1.0], [-1.0, 1.0]]] * 9) + np.arange(9)[:, None, None] * 0.01
    products = np.array([[[1.0, 0.0], [0.0, 1.0]]] * 9)
    gains = StepGains(effects, products)
    given = Affinity("lookahead", ("a", "b"), effects.mean(axis=0), None, gains)
    advice = recommend(given, task_set("ab"), 2)
    assert advice.groups == (("a",), ("b",))
    assert not advice.leave_mtl
    assert advice.words == (
        "The best split by this ranking is in 2 models. It predicts no gain: train it beside one "
        "model for the 2 tasks to know. It is the first-order effect of single steps on the loss."
    )


def test_a_ranking_may_have_one_model_first() -> None:
    unit = Unit("of rank", predicts_gain=False)
    advice = recommend(affinity(0.0, unit=unit), task_set(NAMES), 3)
    assert advice.groups == (NAMES,)
    assert advice.words == (
        "Keep one model for the 4 tasks: no grouping in at most 3 models ranks above it."
    )


def test_it_becomes_a_grouping_and_a_cover() -> None:
    tasks = task_set(("a", "b", "h"))
    own = np.zeros((3, 3))
    own[2, :2] = 1.0
    own[0, 1] = own[1, 0] = -2.0
    given = Affinity("given", tasks.names, own, None, PairGains(own))
    parted = recommend(given, tasks, 2).grouping("search")
    assert parted.origin == "search"
    assert sorted(task for group in parted.groups for task in group) == ["a", "b", "h"]
    assert parted.serves is None
    cover = recommend(given, tasks, 2, overlap=True).grouping("search")
    assert cover.groups == (("a", "h"), ("b", "h"))
    assert cover.serves is not None
    assert (cover.serves["a"], cover.serves["b"]) == (0, 1)


def test_an_affinity_for_other_tasks_is_refused() -> None:
    with pytest.raises(GroupingError, match="for other tasks") as caught:
        recommend(affinity(), task_set(("a1", "a2", "b1", "b3")), 2)
    assert caught.value.expected == "a1, a2, b1, b3"
    with pytest.raises(GroupingError, match="at least one model"):
        recommend(affinity(), task_set(NAMES), 0)


def test_the_same_seed_gives_the_same() -> None:
    first, same = (recommend(affinity(), task_set(NAMES), 2, seed=3) for _ in range(2))
    assert first == same
