"""Affinities: what each makes of known measurements and known worlds, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from mtlv.errors import ConfigError, GroupingError
from mtlv.grouping.affinities import AFFINITIES, Affinity
from mtlv.grouping.context import Array, TaskContext
from mtlv.grouping.gains import PairGains
from mtlv.grouping.search import search
from mtlv.grouping.settings import GroupingSettings
from mtlv.tasks import TaskSet

from .worlds import World, additive, context, families, loss_tables, measuring, task_set

NAMES = ("a1", "b1", "a2", "b2")
DRAW = np.random.default_rng(0)
ROWS = DRAW.normal(size=(8, 2, 4, 7))  # (E, L, T, D)
PRODUCTS = ROWS @ np.swapaxes(ROWS, -1, -2)  # (E, L, T, T)
ARRAYS: Mapping[str, Mapping[str, Array]] = {
    "lookahead": {"effects": DRAW.normal(size=(8, 4, 4)), "products": PRODUCTS[:, 0]},
    "pooled": {"products": PRODUCTS[:, 0], "losses": np.full((8, 4), 0.5)},
    "gradient": {"products": PRODUCTS},
    "subset": {
        "slope": DRAW.normal(size=(4, 3)),
        "curvature": np.tile(np.eye(3), (4, 1, 1)),
        "loss_table": loss_tables(4)[0],
        "grid": loss_tables(4)[1],
        "logits": DRAW.normal(size=(20, 4)),
        "directions": DRAW.normal(size=(20, 4, 3)).astype(np.float32),
        "targets": (DRAW.random((20, 4)) < 0.5).astype(float),
    },
}
MEASURED = ("gradient_cosine", "gradient_dot", "lookahead", "pooled", "subset")
TRAINED = ("exhaustive", "pairs", "surrogate")
COUNTED = ("jaccard", "phi", "pmi")
TARGETS = {name: (DRAW.random(50) < 0.4).astype(float) for name in NAMES}


def world_context(**changes: Any) -> TaskContext:
    given: dict[str, Any] = {
        "targets": TARGETS,
        "measure": lambda probe, wanted: measuring(ARRAYS[probe])(probe, wanted),
        "train": World(additive(families(NAMES))),
    }
    return context(NAMES, **(given | changes))


def affinity(name: str, given: TaskContext | None = None, **changes: Any) -> Affinity:
    return AFFINITIES[name](given or world_context(), GroupingSettings(affinity=name, **changes))


def test_all_have_a_name() -> None:
    assert sorted(AFFINITIES) == sorted([*MEASURED, *TRAINED, *COUNTED])
    with pytest.raises(ConfigError, match="did you mean 'lookahead'"):
        AFFINITIES["lookahed"]


@pytest.mark.parametrize("name", sorted(AFFINITIES))
def test_every_affinity_has_numbers_for_all_pairs_a_cost_and_a_note(name: str) -> None:
    found = affinity(name)
    off_diagonal = ~np.eye(4, dtype=bool)
    assert found.name == name
    assert found.tasks == NAMES
    assert np.isfinite(found.matrix[off_diagonal]).all()
    assert found.errors is None or np.isfinite(found.errors[off_diagonal]).all()
    assert found.gains.size == 4
    assert np.isfinite(found.gains.mean(np.ones((1, 4), bool))).all()
    assert found.note
    assert found.gains.unit.words
    assert (found.runs > 0) == (name not in COUNTED)


@pytest.mark.parametrize("name", sorted(AFFINITIES))
def test_one_task_is_refused_before_anything_is_trained(name: str) -> None:
    one = TaskContext(TaskSet(task_set(NAMES).tasks[:1]), TARGETS)
    with pytest.raises(GroupingError, match="One task cannot be grouped"):
        affinity(name, one)


@pytest.mark.parametrize("name", sorted(AFFINITIES))
def test_an_affinity_does_not_depend_on_the_order_of_tasks(name: str) -> None:
    place = np.array([2, 0, 3, 1])
    names = tuple(NAMES[i] for i in place)
    axes = {
        "effects": (1, 2),
        "losses": (1,),
        "slope": (0,),
        "curvature": (0,),
        "loss_table": (0,),
        "grid": (),
        "logits": (1,),
        "directions": (1,),
        "targets": (1,),
    }

    def moved(probe: str, wanted: Mapping[str, Any]) -> Any:
        arrays = dict(ARRAYS[probe])
        for key, values in arrays.items():
            default = (2, 3) if values.ndim == 4 else (1, 2)
            for axis in axes.get(key, default):
                arrays[key] = np.take(arrays[key], place, axis=axis)
        return measuring(arrays)(probe, wanted)

    here = affinity(name)
    there = affinity(name, world_context(tasks=task_set(names), measure=moved))
    np.testing.assert_allclose(
        there.matrix, here.matrix[np.ix_(place, place)], rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("name", MEASURED)
def test_measuring_costs_the_run_and_the_probe(name: str) -> None:
    found = affinity(name)
    assert (found.seconds, found.runs, found.jobs) == (15.0, 1.5, ("probe job",))


def test_probes_are_asked_for_what_the_settings_say() -> None:
    asked = {}

    def measure(probe: str, wanted: Mapping[str, Any]) -> Any:
        asked[probe] = dict(wanted)
        return measuring(ARRAYS[probe])(probe, wanted)

    for name in MEASURED:
        affinity(name, world_context(measure=measure), every=7, layers=2, texts=50)
    assert asked == {
        "lookahead": {"every": 7, "layers": 2, "texts": 50},
        "pooled": {"every": 7},
        "gradient": {"every": 7, "layers": 2},
        "subset": {},
    }


def test_gradients_are_averaged_over_layers_and_epochs() -> None:
    cosines = np.array(
        [
            [[[s @ t / np.sqrt(s @ s * (t @ t)) for t in layer] for s in layer] for layer in epoch]
            for epoch in ROWS
        ]
    )
    found = affinity("gradient_cosine")
    np.testing.assert_allclose(found.matrix, cosines.mean(axis=(0, 1)))
    expected = cosines.mean(axis=1).std(axis=0, ddof=1) / np.sqrt(8)
    assert found.errors is not None
    np.testing.assert_allclose(found.errors, expected)
    np.testing.assert_allclose(affinity("gradient_dot").matrix, PRODUCTS.mean(axis=(0, 1)))


def test_a_task_without_a_gradient_has_no_cosine_with_others() -> None:
    products = PRODUCTS.copy()
    products[..., 0, :] = products[..., :, 0] = 0
    given = world_context(measure=measuring({"products": products}))
    assert (affinity("gradient_cosine", given).matrix[0] == 0).all()


def test_pooled_products_are_taken_relative_to_the_loss_of_the_target() -> None:
    losses = np.full((8, 4), 0.5)
    losses[:, 1] = 0.25
    losses[0, 2] = np.nan  # no target in that batch
    arrays = {"products": PRODUCTS[:, 0], "losses": losses}
    found = affinity("pooled", world_context(measure=measuring(arrays)))
    expected = PRODUCTS[:, 0].mean(axis=0)
    np.testing.assert_allclose(found.matrix[:, 2], PRODUCTS[1:, 0, :, 2].mean(axis=0) / 0.5)
    np.testing.assert_allclose(found.matrix[:, 0], expected[:, 0] / 0.5)
    np.testing.assert_allclose(found.matrix[:, 1], expected[:, 1] / 0.25)
    assert np.isfinite(found.matrix).all()


def test_tasks_that_some_steps_do_not_see_are_judged_by_the_others() -> None:
    effects = np.random.default_rng(1).normal(size=(10, 4, 4))
    effects[:2, :, 1] = np.nan
    arrays = {"effects": effects, "products": np.tile(np.eye(4), (10, 1, 1))}
    found = affinity("lookahead", world_context(measure=measuring(arrays)))
    np.testing.assert_allclose(found.matrix[:, 1], effects[2:, :, 1].mean(axis=0))
    assert "8 for the task that is rarest" in found.note
    assert found.errors is not None
    np.testing.assert_allclose(found.errors[0, 1], effects[2:, 0, 1].std(ddof=1) / np.sqrt(8))
    assert found.gains.freedom == 7


@pytest.mark.parametrize("name", ["gradient_cosine", "gradient_dot", "lookahead", "pooled"])
def test_a_few_measurements_say_nothing_of_errors(name: str) -> None:
    for most in (7, 8):
        cut = {
            probe: {key: array[:most] for key, array in arrays.items()}
            for probe, arrays in ARRAYS.items()
        }
        given = world_context(measure=lambda probe, wanted, cut=cut: measuring(cut[probe])("", {}))
        found = affinity(name, given)
        assert found.gains.has_errors == (found.errors is not None) == (most == 8)
        assert ("too few" in found.note) == (most == 7)


def test_tasks_are_measured_only_where_they_can_be_judged() -> None:
    one = {**TARGETS, "b1": np.ones(50)}
    for name in ("lookahead", "subset"):
        with pytest.raises(GroupingError, match="'b1' has no negative example in the training"):
            affinity(name, world_context(targets=one))


def test_tasks_that_no_step_has_seen_are_named() -> None:
    effects = ARRAYS["lookahead"]["effects"].copy()
    effects[:, :, 1] = np.nan
    arrays = {**ARRAYS["lookahead"], "effects": effects}
    with pytest.raises(GroupingError, match="had no target") as caught:
        affinity("lookahead", world_context(measure=measuring(arrays)))
    assert caught.value.where == f"job probe job: {NAMES[1]}"


def test_the_matrix_of_subset_is_that_of_its_pairs() -> None:
    found = affinity("subset")
    gains = found.gains.mean(np.array([[True, False, True, False]]))
    assert found.matrix[0, 2] == pytest.approx(gains[0, 2])
    assert found.matrix[2, 0] == pytest.approx(gains[0, 0])


@pytest.mark.parametrize(
    ("probe", "array", "wrong", "said"),
    [
        ("lookahead", "effects", np.full((5, 4, 4), np.inf), "not a finite number"),
        ("lookahead", "products", np.zeros((5, 3, 3)), "all 4 tasks"),
        ("lookahead", "effects", np.zeros((0, 4, 4)), "smaller `every`"),
        ("gradient", "products", np.zeros((5, 4, 4)), "all 4 tasks"),
        ("subset", "slope", np.zeros((3, 2)), "all 4 tasks"),
        ("subset", "loss_table", np.zeros((3, 2, 9)), "all 4 tasks"),
        ("subset", "grid", np.zeros(0), "none of them empty"),
    ],
)
def test_measurements_that_are_not_whole_are_refused(
    probe: str, array: str, wrong: Array, said: str
) -> None:
    given = world_context(measure=measuring({**ARRAYS[probe], array: wrong}))
    name = "gradient_dot" if probe == "gradient" else probe
    with pytest.raises(GroupingError, match=said) as caught:
        affinity(name, given)
    assert caught.value.where == f"job probe job, array '{array}'"


@pytest.mark.parametrize(
    ("name", "kind"), [("subset", "multiclass"), ("pooled", "tagging"), ("phi", "multiclass")]
)
def test_tasks_of_other_kinds_are_named(name: str, kind: str) -> None:
    given = world_context(tasks=TaskSet((*task_set(["a"]).tasks, *task_set(["odd"], kind).tasks)))
    with pytest.raises(GroupingError, match=r"odd.*" + kind):
        affinity(name, given)


@pytest.mark.parametrize("name", ["pooled", "subset"])
def test_tasks_with_other_inputs_are_refused(name: str) -> None:
    tasks = TaskSet((*task_set(["a"]).tasks, *task_set(["b"], corpus="letters").tasks))
    with pytest.raises(GroupingError, match="letters, reports"):
        affinity(name, world_context(tasks=tasks))


def test_pairs_are_trained_once_for_every_seed() -> None:
    world = World(additive(families(NAMES)), noise=0.01)
    found = affinity("pairs", world_context(train=world), seeds=(0, 1, 2), epochs=2)
    assert len(world.asked) == 3 * (4 + 6)
    assert {epochs for _, _, epochs in world.asked} == {2}
    assert found.seconds == 30 * 2.0
    assert found.runs == pytest.approx(30 * 2 * 100 / 300)
    assert len(found.jobs) == 30
    assert isinstance(found.gains, PairGains)
    assert found.gains.errors is not None
    assert found.gains.errors[0, 1] == pytest.approx(0.01 / np.sqrt(3), rel=0.5)
    assert found.errors is not None
    assert found.errors[0, 1] == pytest.approx(np.sqrt(2) * found.gains.errors[0, 1], rel=0.2)


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize(
    ("kinds", "unit"),
    [
        (("binary", "binary"), "points of average precision"),
        (("multiclass", "tagging"), "points of the primary metric"),
        (("binary", "regression"), "points of average precision or the primary metric"),
    ],
)
def test_trained_affinities_are_told_in_what_their_tasks_are_judged_by(
    name: str, kinds: tuple[str, str], unit: str
) -> None:
    pair = zip(("a", "b"), kinds, strict=True)
    tasks = TaskSet(tuple(task_set([task], kind).tasks[0] for task, kind in pair))
    assert affinity(name, world_context(tasks=tasks, targets={})).gains.unit.words == unit


def test_pairs_recover_known_effects() -> None:
    effects = families(NAMES)
    found = affinity("pairs")
    for (source, target), effect in effects.items():
        place = NAMES.index(source), NAMES.index(target)
        assert found.matrix[place] == pytest.approx(effect)
    assert found.errors is None
    assert not found.gains.has_errors


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize("names", [NAMES, ("a1", "a2", "a3", "b1", "b2", "c1")])
def test_trained_affinities_find_the_families(name: str, names: tuple[str, ...]) -> None:
    given = context(names, train=World(additive(families(names)), noise=0.002))
    found = AFFINITIES[name](given, GroupingSettings(affinity=name, seeds=(0, 1), trainings=None))
    groups = search(found.gains, names, budget=3).groups
    expected = {frozenset(n for n in names if n[0] == letter) for letter in "abc"} - {frozenset()}
    assert {frozenset(group) for group in groups} == expected


def test_an_exhaustive_affinity_knows_every_group() -> None:
    found = affinity("exhaustive")
    gains = found.gains.mean(np.array([[True, True, True, False]]))
    np.testing.assert_allclose(gains, [[0.02, -0.06, 0.02, np.nan]])
    assert found.runs == pytest.approx(15)


def test_too_many_groups_are_refused_before_training() -> None:
    world = World(additive({}))
    given = context(tuple("abcdefg"), train=world)
    with pytest.raises(GroupingError, match="7 tasks: 254 trainings"):
        affinity("exhaustive", given, seeds=(0, 1))
    assert not world.asked


def test_a_value_that_is_undefined_is_named() -> None:
    given = world_context(train=World(lambda task, others: np.nan if task == "b1" else 0.0))
    with pytest.raises(GroupingError, match="'b1' has no validation value") as caught:
        affinity("pairs", given)
    assert caught.value.where is not None
    assert "b1" in caught.value.where


def test_a_matrix_must_be_whole() -> None:
    matrix = np.array([[np.nan, 1.0], [np.nan, np.nan]])
    with pytest.raises(GroupingError, match="'b' on 'a'"):
        Affinity("given", ("a", "b"), matrix, None, PairGains(matrix))
    with pytest.raises(GroupingError, match=r"shape \(3, 3\)"):
        Affinity("given", ("a", "b", "c"), matrix, None, PairGains(matrix))


def test_cooccurrence_costs_nothing_and_has_no_diagonal() -> None:
    found = affinity("phi")
    expected = np.corrcoef(np.stack([TARGETS[name] for name in NAMES]))
    np.fill_diagonal(expected, np.nan)
    np.testing.assert_allclose(found.matrix, expected)
    assert (found.seconds, found.runs, found.jobs) == (0, 0, ())
