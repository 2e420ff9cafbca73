"""The surrogate: its design, its regression, and what it makes of worlds that are known."""

from __future__ import annotations

import numpy as np
import pytest

from mtlv.errors import GroupingError
from mtlv.grouping.affinities import AFFINITIES
from mtlv.grouping.affinity_surrogate import balanced_groups
from mtlv.grouping.settings import GroupingSettings
from mtlv.grouping.surrogate import fit_ridge, group_features

from .worlds import World, additive, context, families, groups_of

NAMES = ("a1", "a2", "b1", "b2", "c1", "c2")


@pytest.mark.parametrize(("size", "count"), [(2, 3), (3, 6), (3, 7), (5, 10), (6, 63), (19, 38)])
def test_groups_are_different_and_hold_all_that_is_needed(size: int, count: int) -> None:
    groups = balanced_groups(size, count, seed=0)
    assert groups.shape == (count, size)
    assert len({group.tobytes() for group in groups}) == count
    assert (groups[:size] == np.eye(size)).all()
    assert groups[size].all()
    np.testing.assert_array_equal(groups, balanced_groups(size, count, seed=0))


def test_pairs_meet_about_equally_often() -> None:
    groups = balanced_groups(12, 40, seed=0)[13:]
    met = groups.T.astype(int) @ groups
    off_diagonal = met[~np.eye(12, dtype=bool)]
    draw = np.random.default_rng(0)
    random = np.array([draw.permutation(group) for group in groups])
    by_chance = (random.T.astype(int) @ random)[~np.eye(12, dtype=bool)]
    assert off_diagonal.std() < 0.75 * by_chance.std()
    assert set(groups.sum(axis=1)) == set(range(2, 12))


def test_too_few_trainings_are_refused() -> None:
    with pytest.raises(GroupingError, match="at least 8 for 6 tasks"):
        balanced_groups(6, 7, seed=0)
    settings = GroupingSettings(affinity="surrogate", trainings=7)
    with pytest.raises(GroupingError, match="too few groups"):
        AFFINITIES["surrogate"](context(NAMES, train=World(additive({}))), settings)


def test_features_by_hand() -> None:
    group = np.array([[True, True, False, True]])
    similarity = np.arange(16.0).reshape(4, 4)
    summed = group_features(group, "sum", similarity)[0, 0]
    np.testing.assert_allclose(summed, [1, 0, 1, 0, 1, 2 / 3, (4 + 12) / 2])
    mean = group_features(group, "mean", None)[0, 1]
    np.testing.assert_allclose(mean, [1, 0.5, 0, 0, 0.5, 2 / 3])


@pytest.mark.parametrize("form", ["mean", "sum"])
def test_the_form_of_a_linear_world_is_found(form: str) -> None:
    draw = np.random.default_rng(0)
    effects = draw.normal(size=(5, 5))
    np.fill_diagonal(effects, 0)
    every = groups_of(5)
    gains = every @ effects
    if form == "mean":
        gains = gains / np.maximum(every.sum(axis=1, keepdims=True) - 1, 1)
    seen = draw.permutation(len(every))[:24]
    model = fit_ridge(every[seen], gains[seen])
    assert model.form == form
    several = every & (every.sum(axis=1, keepdims=True) > 1)
    assert np.corrcoef(model.mean(every)[several], gains[several])[0, 1] > 0.99


def test_left_out_groups_agree_with_fitting_without_them() -> None:
    from mtlv.grouping.surrogate import _fits

    draw = np.random.default_rng(0)
    every = groups_of(4)[groups_of(4).sum(axis=1) > 1]
    gains = draw.normal(size=every.shape)
    features = group_features(every, "sum", None)
    errors = []
    for task in range(4):
        rows = np.flatnonzero(every[:, task])
        for left in rows:
            kept = rows[rows != left]
            design, ridge = features[kept, task], 0.5 * np.diag([0.0, *[1.0] * 5])
            solved = np.linalg.solve(design.T @ design + ridge, design.T @ gains[kept, task])
            errors.append(gains[left, task] - features[left, task] @ solved)
    assert _fits(features, gains, every, 0.5).error == pytest.approx(np.mean(np.square(errors)))


def test_a_similarity_that_explains_gains_is_used() -> None:
    draw = np.random.default_rng(0)
    similarity = draw.normal(size=(6, 6))
    similarity = similarity + similarity.T
    every = groups_of(6)
    gains = group_features(every, "mean", similarity)[..., -1] * 0.1
    seen = draw.permutation(len(every))[:12]
    seen = np.append(seen, len(every) - 1)
    several = every & (every.sum(axis=1, keepdims=True) > 1)
    errors = [
        np.abs(fit_ridge(every[seen], gains[seen], known).mean(every) - gains)[several].mean()
        for known in (None, similarity)
    ]
    assert errors[1] < 0.7 * errors[0]


def test_more_noise_makes_wider_draws() -> None:
    every, draw = groups_of(5), np.random.default_rng(0)
    truth = every @ draw.normal(size=(5, 5))
    spreads = []
    for noise in (0.01, 1.0):
        model = fit_ridge(every, truth + noise * draw.normal(size=truth.shape))
        drawn = model.draws(every[-1:], 200, np.random.default_rng(0))
        spreads.append(drawn.std(axis=0).mean())
    assert spreads[1] > 5 * spreads[0]


def test_a_task_that_is_always_alone_is_refused() -> None:
    with pytest.raises(GroupingError, match="every task"):
        fit_ridge(np.eye(3, dtype=bool), np.zeros((3, 3)))


def test_promising_groups_are_trained_for_longer() -> None:
    world = World(additive(families(NAMES)), growth=0.001)
    settings = GroupingSettings(affinity="surrogate", trainings=20)
    AFFINITIES["surrogate"](context(NAMES, train=world, epochs=9), settings)
    by_epochs = {e: {group for group, _, epochs in world.asked if epochs == e} for e in (3, 9)}
    assert len(by_epochs[3]) == 20
    assert 3 <= len(by_epochs[9]) <= 5
    assert NAMES in by_epochs[9]
    assert all(len(group) > 1 for group in by_epochs[9])


def test_halving_goes_on_to_the_study_s_epochs() -> None:
    world = World(additive(families(NAMES)), growth=0.01)
    settings = GroupingSettings(affinity="surrogate", trainings=60, epochs=1, seeds=(0, 1))
    found = AFFINITIES["surrogate"](context(NAMES, train=world, epochs=5), settings)
    asked = {e: sum(epochs == e for _, _, epochs in world.asked) for e in (1, 3, 5)}
    assert asked[1] == 2 * 60
    assert asked[1] > 2 * asked[3] > 4 * asked[5] >= 4 * 2 * 3
    assert "1 and 3 and 5 epochs" in found.note
    # growth differs from task to task, and gains are what they are without it
    without = World(additive(families(NAMES)))
    plain = AFFINITIES["surrogate"](context(NAMES, train=without, epochs=5), settings)
    np.testing.assert_allclose(found.matrix, plain.matrix, atol=1e-9)


def test_what_is_trained_follows_names_not_places() -> None:
    settings = GroupingSettings(affinity="surrogate")
    asked = []
    for names in (NAMES, NAMES[::-1]):
        world = World(additive(families(NAMES)))
        AFFINITIES["surrogate"](context(names, train=world), settings)
        asked.append({(frozenset(group), seed, epochs) for group, seed, epochs in world.asked})
    assert asked[0] == asked[1]


def test_two_tasks_are_enough() -> None:
    world = World(additive({("a", "b"): 0.1}))
    found = AFFINITIES["surrogate"](context("ab", train=world), GroupingSettings())
    np.testing.assert_allclose(found.matrix, [[np.nan, 0.1], [0.0, np.nan]], atol=1e-9)
    assert found.errors is None
