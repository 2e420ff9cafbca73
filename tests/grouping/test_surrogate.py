"""The surrogate: its design, its regression, and what it makes of worlds that are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mtlv.errors import EncoderError, GroupingError
from mtlv.grouping.affinities import AFFINITIES, Affinity
from mtlv.grouping.affinity_surrogate import balanced_groups
from mtlv.grouping.context import Array, TaskContext
from mtlv.grouping.settings import GroupingSettings
from mtlv.grouping.surrogate import RidgeGains, fit_ridge, group_features
from mtlv.tasks import TaskSet

from .worlds import World, additive, context, families, groups_of, task_set

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
    summed = group_features(group, "sum", [similarity])[0, 0]
    np.testing.assert_allclose(summed, [1, 0, 1, 0, 1, 2 / 3, (4 + 12) / 2])
    mean = group_features(group, "mean")[0, 1]
    np.testing.assert_allclose(mean, [1, 0.5, 0, 0, 0.5, 2 / 3])
    alone = group_features(np.array([[False, True, False, False]]), "sum", [similarity])[0, 1]
    assert not alone.any()


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
    features = group_features(every, "sum")
    errors = []
    for task in range(4):
        rows = np.flatnonzero(every[:, task])
        alone_first = np.vstack([np.zeros(6), features[rows, task]])
        ridge = 0.5 * np.diag([0.0, *[1.0] * 6])
        design, values = np.insert(alone_first, 0, 1, axis=1), np.append(0, gains[rows, task])
        for left in range(1, len(values)):
            kept = np.delete(design, left, axis=0)
            solved = np.linalg.solve(kept.T @ kept + ridge, kept.T @ np.delete(values, left))
            errors.append(values[left] - design[left] @ solved)
    assert _fits(features, gains, every, 0.5).error == pytest.approx(np.mean(np.square(errors)))


def test_a_similarity_that_explains_gains_is_used() -> None:
    draw = np.random.default_rng(0)
    similarity = draw.normal(size=(6, 6))
    similarity = similarity + similarity.T
    every = groups_of(6)
    gains = group_features(every, "mean", [similarity])[..., -1] * 0.1
    seen = draw.permutation(len(every))[:12]
    seen = np.append(seen, len(every) - 1)
    several = every & (every.sum(axis=1, keepdims=True) > 1)
    errors = [
        np.abs(fit_ridge(every[seen], gains[seen], known).mean(every) - gains)[several].mean()
        for known in ([], [similarity])
    ]
    assert errors[1] < 0.7 * errors[0]


def test_how_large_a_similarity_is_does_not_matter() -> None:
    draw = np.random.default_rng(0)
    similarity, every = draw.normal(size=(5, 5)), groups_of(5)
    gains = draw.normal(size=every.shape)
    small, large = (
        fit_ridge(every, gains, [scale * similarity + shift]) for scale, shift in [(1, 0), (1e3, 7)]
    )
    np.testing.assert_allclose(large.mean(every), small.mean(every), rtol=1e-6)
    assert large.penalty == small.penalty


def test_a_run_alone_moves_gains_only_as_far_as_the_groups_bear_it_out() -> None:
    draw = np.random.default_rng(0)
    every, noise = groups_of(5), 0.02
    values = noise * draw.normal(size=every.shape)
    alone = values[[0, 1, 3, 7, 15], range(5)]  # groups are counted in binary
    gains = np.where(every, values - alone, np.nan)
    several = every & (every.sum(axis=1, keepdims=True) > 1)
    told = fit_ridge(every, gains).mean(every)[several]
    assert np.square(told).mean() < 0.5 * np.square(gains[several]).mean()


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
    # what company does has the smallest penalty, as nothing can be left out to choose another
    np.testing.assert_allclose(found.matrix, [[np.nan, 0.1], [0.0, np.nan]], atol=1e-4)
    assert found.errors is None


POSITIVE = {
    name: np.array([i >> place & 1 for i in range(16)], float)
    for place, name in enumerate(("a1", "a2", "b1", "b2"))
}


def described(descriptions: Mapping[str, str | None]) -> TaskSet:
    return TaskSet(
        tuple(replace(task, description=descriptions[task.name]) for task in task_set(descriptions))
    )


def told_apart(texts: Sequence[str], pooling: str = "mean") -> Array:
    """Embed texts by the letters in them."""
    return np.array([[text.count(letter) for letter in "ab12xy"] for text in texts], float) + 0.1


class TestWhatIsKnownBeforeTraining:
    """Similarities that cost nothing, and what becomes of those that are not to be had."""

    NAMES = ("a1", "a2", "b1", "b2")

    def context(self, **changes: Any) -> TaskContext:
        given: dict[str, Any] = {
            "tasks": described({"a1": "x", "a2": "xy", "b1": "yy", "b2": "y"}),
            "targets": POSITIVE | {"a2": POSITIVE["a1"] * POSITIVE["a2"]},
            "embed": told_apart,
            "text_vectors": lambda corpus: np.random.default_rng(0).normal(size=(16, 5)),
            "train": World(additive(families(self.NAMES))),
        }
        return context(self.NAMES, **(given | changes))

    def found(self, **changes: Any) -> Affinity:
        return AFFINITIES["surrogate"](self.context(**changes), GroupingSettings())

    def test_all_that_a_context_gives_is_used(self) -> None:
        found = self.found()
        assert found.note.endswith("likeness by phi, label, label_description, text_embedding")
        assert isinstance(found.gains, RidgeGains)
        names = told_apart(self.NAMES)
        lengths = np.linalg.norm(names, axis=1)
        cosines = names @ names.T / np.outer(lengths, lengths)
        pairs = cosines[~np.eye(4, dtype=bool)]
        expected = (cosines[0, 2] - pairs.mean()) / pairs.std()
        assert found.gains.similarities[1][0, 2] == pytest.approx(expected)

    def test_missing_descriptions_and_texts_are_left_out(self) -> None:
        tasks = described({"a1": "x", "a2": None, "b1": "yy", "b2": "y"})
        assert self.found(tasks=tasks).note.endswith("likeness by phi, label, text_embedding")
        found = self.found(tasks=task_set(self.NAMES, "multiclass"), targets={})
        assert found.note.endswith("likeness by label")

    def test_tasks_of_several_corpora_have_no_phi(self) -> None:
        parts = (task_set(self.NAMES[:2]), task_set(self.NAMES[2:], corpus="letters"))
        tasks = TaskSet(tuple(task for part in parts for task in part))
        assert self.found(tasks=tasks).note.endswith("likeness by label, text_embedding")

    def test_what_is_the_same_for_all_pairs_gives_no_column(self) -> None:
        found = self.found(
            targets={}, embed=lambda words, pooling="mean": np.eye(len(words)) * len(words[0])
        )
        assert isinstance(found.gains, RidgeGains)
        assert found.gains.similarities == ()
        assert "likeness" not in found.note

    def test_an_encoder_that_knows_no_words_is_left_out_unless_it_was_named(self) -> None:
        def unable(words: Sequence[str], pooling: str = "mean") -> Array:
            raise EncoderError("no words")

        given = {"embed": unable, "text_vectors": lambda corpus: unable([])}
        assert self.found(**given).note.endswith("likeness by phi")
        with pytest.raises(EncoderError, match="no words"):
            AFFINITIES["surrogate"](self.context(**given), GroupingSettings(encoder="other"))

    def test_nothing_is_trained_before_an_encoder_is_missed(self) -> None:
        def unable(words: Sequence[str], pooling: str = "mean") -> Array:
            raise EncoderError("no words")

        world = World(additive({}))
        with pytest.raises(EncoderError):
            AFFINITIES["surrogate"](
                self.context(embed=unable, train=world), GroupingSettings(encoder="other")
            )
        assert not world.asked

    def test_gains_by_members_and_likeness_are_found_again(self) -> None:
        names = ("a1", "a2", "b1", "b2", "ab", "ba1")
        rows = told_apart(names)
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        cosines = rows @ rows.T
        effects = np.random.default_rng(0).normal(size=(6, 6)) * 0.02

        def gain(task: str, others: Sequence[str]) -> float:
            place, rest = names.index(task), [names.index(other) for other in others]
            if not rest:
                return 0.0
            return 0.01 + float((effects[rest, place] + 0.2 * cosines[rest, place]).mean())

        given = context(names, embed=told_apart, train=World(gain))
        found = AFFINITIES["surrogate"](given, GroupingSettings(trainings=40))
        every = groups_of(6)
        truth = np.array(
            [[gain(t, [n for n, k in zip(names, g, strict=True) if k and n != t]) for t in names]
             for g in every]
        )  # fmt: skip
        several = every & (every.sum(axis=1, keepdims=True) > 1)
        np.testing.assert_allclose(found.gains.mean(every)[several], truth[several], atol=2e-3)

    @pytest.mark.parametrize("names", [("b2", "a1", "b1", "a2"), ("a2", "b2", "b1", "a1")])
    def test_the_order_of_tasks_changes_nothing(self, names: tuple[str, ...]) -> None:
        descriptions = {"a1": "x", "a2": "xy", "b1": "yy", "b2": "y"}
        noisy = World(additive(families(self.NAMES)), noise=0.02)
        here = self.found(train=noisy)
        there = self.found(train=noisy, tasks=described({n: descriptions[n] for n in names}))
        place = [self.NAMES.index(name) for name in names]
        np.testing.assert_allclose(there.matrix, here.matrix[np.ix_(place, place)], atol=1e-9)

    def test_other_names_change_nothing_where_all_groups_are_trained(self) -> None:
        old = {"z": "a1", "m": "a2", "k": "b1", "c": "b2"}  # new names, sorted the other way round
        effects = families(self.NAMES)
        new_effects = {(s, t): effects[old[s], old[t]] for s in old for t in old if s != t}
        descriptions = {"a1": "x", "a2": "xy", "b1": "yy", "b2": "y"}
        settings = GroupingSettings(trainings=15)
        here = AFFINITIES["surrogate"](self.context(), settings)
        renamed = context(
            tuple(old),
            tasks=described({new: descriptions[name] for new, name in old.items()}),
            targets={new: self.context().targets[name] for new, name in old.items()},
            embed=lambda words, pooling="mean": told_apart([old.get(w, w) for w in words]),
            text_vectors=self.context().text_vectors,
            train=World(additive(new_effects)),
        )
        there = AFFINITIES["surrogate"](renamed, settings)
        np.testing.assert_allclose(there.matrix, here.matrix, atol=1e-9)
