"""Gain models: by hand, against plain loops, and whatever the order of tasks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtlv.errors import GroupingError
from mtlv.grouping.context import Array
from mtlv.grouping.gains import GainModel, PairGains, TableGains, Unit, all_pairs
from mtlv.grouping.linearised import LinearisedGains
from mtlv.grouping.step_gains import StepGains
from mtlv.grouping.surrogate import fit_ridge

from .worlds import groups_of, loss_tables

SIZE = 4
EVERY = groups_of(SIZE)


def steps(seed: int = 0, moments: int = 6) -> StepGains:
    draw = np.random.default_rng(seed)
    own = draw.normal(size=(moments, SIZE, 5))
    held_out = draw.normal(size=(moments, SIZE, 5))
    effects = np.einsum("msd,mtd->mst", own, held_out)
    return StepGains(effects, np.einsum("msd,mtd->mst", own, own))


def table(seeds: int = 3) -> TableGains:
    draw = np.random.default_rng(1)
    values = np.where(EVERY[..., None], draw.normal(size=(*EVERY.shape, seeds)), np.nan)
    return TableGains(tuple("abcd"), EVERY, values)


def linear() -> LinearisedGains:
    draw = np.random.default_rng(2)
    roots = draw.normal(size=(SIZE, 3, 3))
    curvature = roots @ np.swapaxes(roots, 1, 2)
    targets = (draw.random((30, SIZE)) < 0.4).astype(float)
    targets[:3] = np.nan
    return LinearisedGains(
        draw.normal(size=(SIZE, 3)),
        curvature,
        *loss_tables(SIZE),
        draw.normal(size=(30, SIZE)),
        draw.normal(size=(30, SIZE, 3)).astype(np.float32),
        targets,
    )


def models() -> dict[str, GainModel]:
    draw = np.random.default_rng(3)
    return {
        "pairs": PairGains(draw.normal(size=(SIZE, SIZE)), np.full((SIZE, SIZE), 0.1)),
        "steps": steps(),
        "table": table(),
        "ridge": fit_ridge(EVERY, draw.normal(size=EVERY.shape)),
        "linear": linear(),
    }


@pytest.mark.parametrize("name", sorted(models()))
def test_every_model_knows_who_is_a_member_and_that_alone_is_nothing(name: str) -> None:
    model = models()[name]
    gains = model.mean(EVERY)
    drawn = model.draws(EVERY, 5, np.random.default_rng(0))
    assert model.size == SIZE
    assert gains.shape == EVERY.shape
    assert drawn.shape == (5, *EVERY.shape)
    assert (np.isfinite(gains) == EVERY).all()
    assert (np.isfinite(drawn) == EVERY).all()
    alone = EVERY.sum(axis=1) == 1
    assert (gains[alone][EVERY[alone]] == 0).all()
    assert (drawn[:, alone][:, EVERY[alone]] == 0).all()


@pytest.mark.parametrize("name", sorted(models()))
def test_draws_lie_around_the_mean_are_joint_and_repeat(name: str) -> None:
    model = models()[name]
    twice = np.vstack([EVERY[-1:], EVERY[-1:]])
    drawn = model.draws(twice, 4000, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn, model.draws(twice, 4000, np.random.default_rng(0)))
    np.testing.assert_allclose(drawn[:, 0], drawn[:, 1], atol=1e-9)  # of one group twice
    error = drawn[:, 0].std(axis=0)
    assert (error > 0).all()
    bias = drawn[:, 0].mean(axis=0) - model.mean(twice)[0]
    assert (np.abs(bias) < 0.1 * error + 0.02 * np.abs(model.mean(twice)[0])).all()


@pytest.mark.parametrize("name", sorted(models()))
def test_a_draw_does_not_depend_on_which_groups_are_asked_for(name: str) -> None:
    model = models()[name]
    some = model.draws(EVERY[5:9], 3, np.random.default_rng(1))
    every = model.draws(EVERY, 3, np.random.default_rng(1))[:, 5:9]
    np.testing.assert_allclose(some, every, rtol=1e-4, atol=1e-7)


def test_a_pair_model_averages_over_co_members() -> None:
    matrix = np.array([[np.nan, 1.0, 2.0], [3.0, np.nan, 4.0], [5.0, 6.0, np.nan]])
    groups = np.array([[1, 1, 1], [1, 1, 0], [0, 0, 1]], bool)
    expected = [[4.0, 3.5, 3.0], [3.0, 1.0, np.nan], [np.nan, np.nan, 0.0]]
    np.testing.assert_allclose(PairGains(matrix).mean(groups), expected)


def test_draws_of_pairs_have_the_errors_of_the_mean() -> None:
    errors = np.full((3, 3), 0.3)
    model = PairGains(np.zeros((3, 3)), errors, shared=np.array([0.4, 0.0, 0.0]))
    drawn = model.draws(np.ones((1, 3), bool), 20_000, np.random.default_rng(0))[:, 0]
    half = 0.3 / np.sqrt(2)
    np.testing.assert_allclose(drawn.std(axis=0), [np.hypot(half, 0.4), half, half], rtol=0.03)


def test_one_measurement_of_two_entries_has_one_noise() -> None:
    errors = np.full((3, 3), 0.3)
    pair, mean = np.array([[True, True, False]]), []
    for symmetric in (False, True):
        model = PairGains(np.zeros((3, 3)), errors, symmetric=symmetric)
        drawn = model.draws(pair, 20_000, np.random.default_rng(0))[:, 0, :2]  # (R, 2)
        np.testing.assert_allclose(drawn.std(axis=0), 0.3, rtol=0.03)
        mean.append(drawn.mean(axis=1).std())
    np.testing.assert_allclose(mean, [0.3 / np.sqrt(2), 0.3], rtol=0.03)


def test_errors_rest_on_what_was_repeated() -> None:
    assert table(seeds=3).freedom == EVERY.sum() * 2
    assert steps().freedom == len(steps().effects) - 1
    whole = steps(moments=9)
    assert whole.has_errors
    seldom = whole.effects.copy()
    seldom[7:, :, 0] = np.nan  # of one task, seven measurements
    some = StepGains(seldom, whole.products)
    assert (some.has_errors, some.freedom) == (False, 6)


def test_a_table_tells_the_gains_of_every_group_by_name() -> None:
    own = table()
    told = own.by_group()
    assert len(told) == 2**SIZE - 1 - SIZE
    values = own.values.mean(axis=-1)
    alone = {name: values[2**place - 1, place] for place, name in enumerate("abcd")}
    for row, group in enumerate(g for g in EVERY if g.sum() > 1):
        place = int((group * 2 ** np.arange(SIZE)).sum()) - 1  # EVERY counts in binary
        members = [name for name, inside in zip("abcd", group, strict=True) if inside]
        expected = {n: values[place, "abcd".index(n)] - alone[n] for n in members}
        assert told[row] == pytest.approx(expected)


def test_without_errors_draws_are_all_the_same() -> None:
    model = PairGains(np.arange(9.0).reshape(3, 3))
    drawn = model.draws(np.ones((1, 3), bool), 3, np.random.default_rng(0))
    assert not model.has_errors
    assert (drawn == model.mean(np.ones((1, 3), bool))).all()


def test_a_joint_step_is_as_long_as_others_by_hand() -> None:
    # steps (3, 0) and (0, 4); held-out gradients (1, 1) for both
    effects = np.array([[[3.0, 3.0], [4.0, 4.0]]])
    products = np.array([[[9.0, 0.0], [0.0, 16.0]]])
    found = StepGains(effects, products).mean(np.array([[True, True]]))
    typical, joint = 3.5, 7.0 / 5.0  # length 5, effect 7 for both
    np.testing.assert_allclose(found, [[typical * (joint - 1), typical * (joint - 1)]])


def test_steps_agree_with_a_plain_loop() -> None:
    model = steps(5)
    expected = np.full(EVERY.shape, np.nan)
    for row, group in enumerate(EVERY):
        inside = np.flatnonzero(group)
        for t in inside:
            gains = []
            for effects, products in zip(model.effects, model.products, strict=True):
                typical = np.sqrt(np.diag(products)).mean()
                length = np.sqrt(products[np.ix_(inside, inside)].sum())
                own = effects[t, t] / np.sqrt(products[t, t])
                gains.append(typical * (effects[inside, t].sum() / length - own))
            expected[row, t] = np.mean(gains)
    np.testing.assert_allclose(model.mean(EVERY), expected, atol=1e-9)


def test_equal_tasks_gain_nothing_by_steps_and_steps_that_cancel_are_none() -> None:
    same = StepGains(np.full((1, 3, 3), 2.0), np.full((1, 3, 3), 4.0))
    np.testing.assert_allclose(same.mean(np.ones((1, 3), bool)), 0, atol=1e-12)
    opposed = StepGains(np.array([[[2.0, -2.0], [-2.0, 2.0]]]), np.array([[[4.0, -4], [-4, 4]]]))
    np.testing.assert_allclose(opposed.mean(np.ones((1, 2), bool)), [[-2.0, -2.0]])
    still = StepGains(np.zeros((1, 2, 2)), np.zeros((1, 2, 2)))
    np.testing.assert_array_equal(still.mean(np.ones((1, 2), bool)), [[0.0, 0.0]])


def test_a_task_is_averaged_over_the_steps_that_saw_it() -> None:
    model, missing = steps(), steps().effects.copy()
    missing[:4, :, 0] = np.nan
    some = StepGains(missing, model.products)
    last = StepGains(model.effects[4:], model.products[4:])
    np.testing.assert_allclose(some.mean(EVERY)[:, 0], last.mean(EVERY)[:, 0])
    np.testing.assert_allclose(some.mean(EVERY)[:, 1:], model.mean(EVERY)[:, 1:])
    drawn = some.draws(EVERY, 300, np.random.default_rng(0))
    assert np.isfinite(drawn[:, EVERY]).all()
    np.testing.assert_allclose(drawn.mean(axis=0)[EVERY], some.mean(EVERY)[EVERY], atol=0.3)


def test_the_scale_of_the_optimizer_does_not_matter_to_steps() -> None:
    model = steps()
    longer = StepGains(model.effects, 100 * model.products)
    np.testing.assert_allclose(longer.mean(EVERY), model.mean(EVERY))


def test_many_groups_are_done_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for model in (steps(), linear()):
        whole = model.mean(EVERY)
        drawn = model.draws(EVERY, 3, np.random.default_rng(0))
        with monkeypatch.context() as patch:
            patch.setattr("mtlv.grouping.step_gains.CHUNK", 1)
            patch.setattr("mtlv.grouping.linearised.CHUNK", 1)
            np.testing.assert_allclose(model.mean(EVERY), whole, rtol=1e-5)
            again = model.draws(EVERY, 3, np.random.default_rng(0))
            np.testing.assert_allclose(again, drawn, rtol=1e-4, atol=1e-7)


def test_a_table_looks_up_what_was_measured() -> None:
    members = np.array([[1, 0], [0, 1], [1, 1]], bool)
    values = np.array([[[0.5, 0.7], [9, 9]], [[9, 9], [0.2, 0.2]], [[0.7, 0.9], [0.1, 0.1]]])
    model = TableGains(("a", "b"), members, values)
    np.testing.assert_allclose(model.mean(members[2:]), [[0.2, -0.1]])
    # variances 0.02, 0, 0.02, 0 of the members' two seeds: pooled 0.01, of a mean 0.005
    assert model.error() == pytest.approx(np.sqrt(0.005))
    drawn = model.draws(members[2:], 20_000, np.random.default_rng(0))
    np.testing.assert_allclose(drawn.std(axis=0), np.full((1, 2), 0.1), rtol=0.03)


def test_a_table_with_one_seed_has_no_errors() -> None:
    model = table(seeds=1)
    assert not model.has_errors
    assert model.error() == 0


def test_a_group_that_is_not_in_the_table_is_named() -> None:
    model = TableGains(tuple("abcd"), EVERY[:-1], table().values[:-1])
    with pytest.raises(GroupingError, match="not measured") as caught:
        model.mean(EVERY)
    assert caught.value.where == "a, b, c, d"


@settings(max_examples=20)
@given(st.permutations(range(SIZE)), st.integers(0, 100))
def test_gains_do_not_depend_on_the_order_of_tasks(order: list[int], seed: int) -> None:
    draw = np.random.default_rng(seed)
    matrix = draw.normal(size=(SIZE, SIZE))
    place: Array = np.array(order)
    both = np.ix_(place, place)
    mine, theirs = PairGains(matrix), PairGains(matrix[both])
    np.testing.assert_allclose(mine.mean(EVERY)[:, place], theirs.mean(EVERY[:, place]))
    measured = steps(seed)
    other = StepGains(
        measured.effects[:, place][:, :, place], measured.products[:, place][:, :, place]
    )
    np.testing.assert_allclose(
        measured.mean(EVERY)[:, place], other.mean(EVERY[:, place]), atol=1e-9
    )


def test_all_pairs_and_units() -> None:
    assert all_pairs(3).tolist() == [[True, True, False], [True, False, True], [False, True, True]]
    assert Unit("points", 100).say(-0.012345) == "-1.2 points"
