"""Every weighting: losses of heads or tasks become one, whichever of them a step has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mtlv.errors import ConfigError
from mtlv.model.network import Network
from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.tasks import Task, TaskSet
from mtlv.training.batches import BatchRows
from mtlv.training.data import TrainingData
from mtlv.training.loop import train
from mtlv.training.settings import TrainSettings
from mtlv.training.weighting import (
    WEIGHTINGS,
    Units,
    Weighting,
    add_to_optimizer,
    distilled,
    make_weighting,
    partly_taught,
    taught_losses,
    total_loss,
    unit_losses,
    units_of,
)
from mtlv.training.weighting_settings import WEIGHTING_NAMES, WeightingSettings
from toys import LABELS, tiny_source, toy_corpus, toy_data, toy_network, toy_settings, toy_tasks

pytestmark = pytest.mark.slow

HEADS = (("heart", "lung"), ("bone",), ("skin",))
CALM = {"encoder": EncoderSettings(dropout=0.0), "head": HeadSettings(dropout=0.0)}
NEEDS = {"fixed": {"weights": (0.5, 1.0, 2.0)}}
UNSYMMETRIC = {"fixed", "rarity", "random", "pcgrad", "gradvac"}
"""Weights belong to units, or something is drawn."""

LOSSES = torch.tensor([1.0, 10.0, 100.0])
UNITS = Units(("a", "b", "c"), torch.tensor([1.0, 4.0, 16.0]), torch.ones(3) / 3)


def weighting_of(name: str, units: Units = UNITS, **options: Any) -> Weighting:
    given = NEEDS.get(name, {}) if len(units) == 3 else {}
    return make_weighting(WeightingSettings(name=name, **(given | options)), units)


@pytest.fixture(params=sorted(WEIGHTINGS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _step(
    weighting: Weighting, network: Network, data: TrainingData, over: Any = "heads"
) -> tuple[Tensor, dict[int, Tensor]]:
    batch = data.batch(BatchRows("toy", data.rows("train")["toy"][:8]), network)
    outputs = network(batch)
    by_head = network.losses(outputs, batch)
    units = unit_losses(network, outputs, batch, by_head, over)
    return total_loss(weighting, units, by_head, outputs.features.tokens), units


def _data(**options: Any) -> TrainingData:
    return toy_data([toy_corpus(**options)], tiny_source())


# --- the contract of all weightings --------------------------------------------------------------


def test_names_that_settings_know_are_those_of_the_registry() -> None:
    assert sorted(WEIGHTING_NAMES) == sorted(WEIGHTINGS)


@pytest.mark.parametrize("over", ["heads", "tasks"])
def test_every_part_of_the_network_learns(name: str, over: Any) -> None:
    network, data = toy_network(tiny_source(), *HEADS, **CALM), _data()
    units = units_of(network, data, over)
    options = {"weights": (1.0,) * len(units)} if name == "fixed" else {}
    torch.manual_seed(0)
    total, found = _step(weighting_of(name, units, **options), network, data, over)
    total.backward()
    assert total.shape == ()
    assert sorted(found) == list(range(len(units)))
    learned = [p for p in network.parameters() if p.requires_grad and p.grad is not None]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in learned)
    for head in range(len(HEADS)):
        gradient = network.get_parameter(f"heads.{head}.layers.1.weight").grad
        assert gradient is not None
        assert gradient.abs().sum() > 0
    encoder = [p.grad.abs().sum() for p in network.encoder.parameters() if p.grad is not None]
    assert sum(encoder) > 0


def test_one_unit_alone_is_taken_as_it_is(name: str) -> None:
    units = Units(("a",), torch.tensor([3.0]), torch.ones(1))
    weighting = weighting_of(name, units, **({"weights": (1.0,)} if name == "fixed" else {}))
    losses = torch.tensor([0.7], requires_grad=True)
    total = weighting(losses, [0], None)
    total.backward()
    assert total.item() == pytest.approx(0.7)
    assert losses.grad is not None
    assert losses.grad.tolist() == [1.0]
    assert not list(weighting.parameters())


def test_a_loss_without_others_in_its_step_is_scaled_at_most(name: str) -> None:
    """As where the others have no target; a study refuses plans of which every step is so."""
    network, data = toy_network(tiny_source(), *HEADS, **CALM), _data()
    weighting = weighting_of(name, units_of(network, data, "heads"))
    parameter = network.get_parameter("encoder.encoder.layer.1.output.dense.weight")

    def gradient(weigh: bool) -> Tensor:
        batch = data.batch(BatchRows("toy", data.rows("train")["toy"][:8]), network)
        outputs = network(batch)
        loss = network.losses(outputs, batch)[1]
        total = weighting(loss.unsqueeze(0), [1], outputs.features.tokens) if weigh else loss
        return torch.autograd.grad(total, parameter)[0].flatten()

    plain, weighed = gradient(False), gradient(True)
    cosine = torch.nn.functional.cosine_similarity(plain, weighed, dim=0)
    assert cosine.item() == pytest.approx(1.0, abs=1e-5)


def test_units_may_be_absent_from_a_step(name: str) -> None:
    shared = torch.randn(2, 3, 4, requires_grad=True)
    weighting = weighting_of(name)
    for present in ([0, 2], [1], [0, 1, 2], [2, 1]):
        losses = torch.stack([(shared * (i + 1)).sigmoid().mean() for i in present])
        total = weighting(losses, present, shared)
        (gradient,) = torch.autograd.grad(total, shared, retain_graph=True)
        assert gradient.isfinite().all()
        assert gradient.abs().sum() > 0
        weighting.look_back(losses.detach() * 0.9, present)
    for _ in range(3):
        weighting.on_epoch()
    losses = torch.stack([shared.sigmoid().mean(), shared.exp().mean()])
    assert weighting(losses, [0, 1], shared).isfinite()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_loss_of_zero_does_no_harm(name: str, dtype: torch.dtype) -> None:
    shared = torch.randn(2, 3, 4, dtype=dtype, requires_grad=True)
    weighting = weighting_of(name)
    for _ in range(4):
        losses = torch.stack(
            [
                shared.float().square().mean(),
                0.0 * shared.float().sum(),
                shared.float().exp().mean(),
            ]
        )
        total = weighting(losses, [0, 1, 2], shared)
        (gradient,) = torch.autograd.grad(total, shared, retain_graph=True)
        assert total.isfinite()
        assert gradient.dtype == dtype
        assert gradient.isfinite().all()
        weighting.look_back(losses.detach(), [0, 1, 2])
        weighting.on_epoch()


@pytest.mark.parametrize("order", [[2, 0, 1], [1, 0, 2]])
@pytest.mark.parametrize("name", sorted(set(WEIGHTINGS) - UNSYMMETRIC))
def test_the_order_of_the_units_changes_nothing(name: str, order: list[int]) -> None:
    torch.manual_seed(0)
    shared = torch.randn(2, 3, 4, requires_grad=True)
    directions = torch.randn(3, 2, 3, 4)
    losses = ((shared - directions) ** 2).mean(dim=(1, 2, 3)) * torch.tensor([1.0, 2.0, 4.0])
    one, two = weighting_of(name), weighting_of(name)
    for _ in range(4):
        first = torch.autograd.grad(one(losses, [0, 1, 2], shared), shared, retain_graph=True)[0]
        total = two(losses[order], [0, 1, 2], shared)
        second = torch.autograd.grad(total, shared, retain_graph=True)[0]
        torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-5)
        one.look_back(losses.detach() * torch.tensor([0.5, 0.9, 1.1]), [0, 1, 2])
        two.look_back((losses.detach() * torch.tensor([0.5, 0.9, 1.1]))[order], [0, 1, 2])
        one.on_epoch()
        two.on_epoch()


def test_the_same_seed_gives_the_same_run(name: str) -> None:
    def weights() -> Tensor:
        network = toy_network(tiny_source(), *HEADS)
        given = {"name": name, **NEEDS.get(name, {})}
        train(network, _data(), toy_settings(weighting=given), seed=3)
        return torch.cat([p.detach().flatten() for p in network.parameters()])

    assert torch.equal(weights(), weights())


def test_the_toy_corpus_is_learned(name: str) -> None:
    network, data = toy_network(tiny_source(pooling="mean"), *HEADS), _data()
    given = {"name": name, **NEEDS.get(name, {})}
    settings = toy_settings(weighting=given, epochs=10, learning_rate=1e-2, schedule="constant")
    trained = train(network, data, settings, seed=0)
    losses = {(p.epoch, p.name): p.value for p in trained.curves if p.part == "train"}
    first, last = (sum(losses[epoch, f"head {i}"] for i in (1, 2, 3)) for epoch in (1, 10))
    assert last < 0.9 * first


# --- heads and tasks -----------------------------------------------------------------------------


def test_units_are_heads_or_tasks_with_their_training_positives() -> None:
    network, data = toy_network(tiny_source(), *HEADS), _data()
    corpus = data.corpora["toy"]
    counts = [float((corpus.targets[label][:16] == 1).sum()) for label in LABELS]
    tasks, heads = units_of(network, data, "tasks"), units_of(network, data, "heads")
    assert tasks.names == network.tasks == LABELS
    assert tasks.positives.tolist() == counts
    assert heads.names == ("head 1", "head 2", "head 3")
    assert heads.positives.tolist() == [(counts[0] + counts[1]) / 2, *counts[2:]]


def test_corpora_weigh_alike_whatever_they_divide() -> None:
    tasks = TaskSet((*toy_tasks(), Task("cough", "binary", "notes", (), "f1")))
    corpora = [toy_corpus(), toy_corpus("notes", ("cough",))]
    source = tiny_source()
    network, data = toy_network(source, *HEADS, ("cough",), tasks=tasks), toy_data(corpora, source)
    assert units_of(network, data, "heads").shares.tolist() == [0.5, 0.25, 0.25, 1.0]
    assert units_of(network, data, "tasks").shares.tolist() == [0.25] * 4 + [1.0]


def test_tasks_have_their_place_in_the_order_of_the_heads() -> None:
    network, data = toy_network(tiny_source(), ("skin",), ("bone", "heart"), **CALM), _data()
    batch = data.batch(BatchRows("toy", data.rows("train")["toy"][:8]), network)
    outputs = network(batch)
    by_head = network.losses(outputs, batch)
    found = unit_losses(network, outputs, batch, by_head, "tasks")
    by_task = network.task_losses(outputs, batch)
    assert list(found) == [0, 1, 2]
    assert [found[i] for i in found] == [by_task[n] for n in ("skin", "bone", "heart")]


@pytest.mark.parametrize("over", ["heads", "tasks"])
def test_equal_weights_of_several_heads_give_the_loss_of_one(over: Any) -> None:
    """However the heads divide the tasks, each task weighs as in the mean over all."""
    network, data = toy_network(tiny_source(), *HEADS, **CALM), _data()
    total, _ = _step(weighting_of("equal", units_of(network, data, over)), network, data, over)
    _, by_task = _step(
        weighting_of("sum", units_of(network, data, "tasks")), network, data, "tasks"
    )
    assert total.item() == pytest.approx(np.mean([own.item() for own in by_task.values()]))


@pytest.mark.parametrize("over", ["heads", "tasks"])
def test_what_has_no_target_in_a_batch_is_no_unit_of_it(over: Any) -> None:
    network, data = toy_network(tiny_source(), *HEADS, **CALM), _data()
    batch = data.batch(BatchRows("toy", data.rows("train")["toy"][:8]), network)
    batch.targets[1].fill_(torch.nan)
    outputs = network(batch)
    by_head = network.losses(outputs, batch)
    units = unit_losses(network, outputs, batch, by_head, over)
    assert list(units) == ([0, 2] if over == "heads" else [0, 1, 3])
    weighting = weighting_of("sum", units_of(network, data, over))
    total = total_loss(weighting, units, by_head, outputs.features.tokens)
    total.backward()
    assert total.item() == pytest.approx(sum(loss.item() for loss in units.values()))
    gradient = network.get_parameter("heads.1.layers.1.weight").grad
    assert gradient is not None  # zero, and not none
    assert gradient.abs().sum() == 0


def test_a_task_without_targets_does_not_spoil_its_head() -> None:
    network, data = toy_network(tiny_source(), *HEADS, **CALM), _data()
    batch = data.batch(BatchRows("toy", data.rows("train")["toy"][:8]), network)
    batch.targets[0][:, 1] = torch.nan
    outputs = network(batch)
    by_head = network.losses(outputs, batch)
    units = unit_losses(network, outputs, batch, by_head, "tasks")
    weighting = weighting_of("sum", units_of(network, data, "tasks"))
    total_loss(weighting, units, by_head, outputs.features.tokens).backward()
    gradient = network.get_parameter("heads.0.layers.1.weight").grad  # (T, H)
    assert gradient is not None
    assert gradient.abs().sum(dim=1).gt(0).tolist() == [True, False]


def test_a_batch_without_targets_has_a_loss_of_zero() -> None:
    by_head = {0: torch.zeros((), requires_grad=True)}
    total = total_loss(weighting_of("famo"), {}, by_head, torch.zeros(1, 1, 1))
    assert total.item() == 0
    total.backward()


def test_a_loss_that_is_no_number_is_not_taken_for_an_absent_one() -> None:
    bad = {0: torch.tensor(torch.nan)}
    assert total_loss(weighting_of("sum"), {}, bad, torch.zeros(1, 1, 1)).isnan()


# --- what joins the optimizer --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["uncertainty", "imtl_l"])
def test_learned_weights_are_a_group_of_their_own(name: str) -> None:
    optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=1e-5, weight_decay=0.1)
    add_to_optimizer(optimizer, weighting_of(name, learning_rate=0.02))
    assert [group["lr"] for group in optimizer.param_groups] == [1e-5, 0.02]
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.1, 0.0]
    add_to_optimizer(optimizer, weighting_of("famo"))
    assert len(optimizer.param_groups) == 2


def test_learned_weights_learn_in_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from mtlv.training import loop

    made: list[Weighting] = []

    def kept(*arguments: Any) -> Weighting:
        made.append(make_weighting(*arguments))
        return made[-1]

    monkeypatch.setattr(loop, "make_weighting", kept)
    network = toy_network(tiny_source(), *HEADS)
    train(network, _data(), toy_settings(weighting="uncertainty", epochs=4), seed=0)
    (scales,) = made[0].parameters()
    assert (scales < -0.01).all()  # losses are below 1, so s falls towards log L


# --- settings ------------------------------------------------------------------------------------


def test_short_forms() -> None:
    assert toy_settings(weighting="mean").weighting == WeightingSettings(name="mean")
    given = WeightingSettings(name="fixed", weights=(1.0, 2.0))
    assert toy_settings(weighting=[1, 2]).weighting == given
    assert toy_settings(weighting=given).weighting == given
    assert TrainSettings().weighting == WeightingSettings(name="equal", over="auto")


def test_one_head_of_several_tasks_is_weighed_by_its_tasks(name: str) -> None:
    settings = WeightingSettings(name=name, **NEEDS.get(name, {}))
    assert settings.units(1) == ("heads" if name in ("equal", "sum", "fixed") else "tasks")
    assert settings.units(2) == "heads"
    for over in ("heads", "tasks"):
        assert settings.model_copy(update={"over": over}).units(1) == over


def test_weights_of_one_head_of_several_tasks_learn_in_a_run() -> None:
    states = []
    for given in ("sum", "uncertainty"):
        network = toy_network(tiny_source(), **CALM)
        train(network, _data(), toy_settings(weighting=given), seed=0)
        states.append(network.state_dict()["heads.0.layers.1.weight"])
    assert not torch.equal(*states)


def test_settings_come_through_json(name: str) -> None:
    settings = toy_settings(weighting={"name": name, "over": "tasks", **NEEDS.get(name, {})})
    assert TrainSettings.model_validate(settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "fixed"}, "needs `weights`"),
        ({"name": "sum", "mu": 0.5}, "`mu` belongs to stch"),
        ({"name": "dwa", "learning_rate": 0.1}, "belongs to uncertainty, imtl_l, famo"),
        ([1, -1], "greater than or equal to 0"),
        ({"name": "sum", "over": "labels"}, "'heads' or 'tasks'"),
    ],
)
def test_wrong_settings(given: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        toy_settings(weighting=given)


def test_an_unknown_weighting_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match="no weighting named 'uncertainity'") as error:
        weighting_of("uncertainity")
    assert error.value.where == "train.weighting"
    assert "'uncertainty'" in str(error.value.hint)


@pytest.mark.parametrize("count", [1, 3])
def test_weights_for_another_number_of_units_are_refused(count: int) -> None:
    units = Units(UNITS.names[:count], UNITS.positives[:count], torch.ones(count) / count)
    with pytest.raises(ConfigError, match="do not fit") as error:
        make_weighting(WeightingSettings(name="fixed", weights=(1.0, 2.0)), units)
    assert error.value.where == "train.weighting"
    assert error.value.found == f"2 weights for {count} heads"


def test_a_plug_in_may_bring_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    class Doubled(Weighting):
        def forward(self, losses: Tensor, present: Any, shared: Tensor | None = None) -> Tensor:
            return 2 * losses.sum()

    monkeypatch.setattr(WEIGHTINGS, "_things", dict(WEIGHTINGS._things))
    WEIGHTINGS.register("doubled")(lambda settings, units: Doubled())
    settings = WeightingSettings(name="doubled", mu=3.0)  # options are for it to read
    assert make_weighting(settings, UNITS)(LOSSES, [0, 1, 2]).item() == 222


# --- teachers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("over", ["heads", "tasks"])
def test_a_teacher_that_is_sure_teaches_what_targets_do(over: Any) -> None:
    network, data = toy_network(tiny_source(), *HEADS, **CALM), _data()
    batch = data.batch(BatchRows("toy", data.rows("train")["toy"][:8]), network)
    taught = replace(batch, soft=batch.targets)
    outputs = network(taught)
    hard = unit_losses(network, outputs, taught, network.losses(outputs, taught), over)
    soft = taught_losses(network, outputs, taught, over)
    assert hard.keys() == soft.keys()
    for unit, loss in hard.items():
        torch.testing.assert_close(soft[unit], loss)


def test_teachers_count_before_weights_do() -> None:
    """By hand: a quarter for the target, three quarters for the teacher, then the weights."""
    targets = {0: torch.tensor(1.0), 1: torch.tensor(10.0)}
    mixed = distilled(targets, {0: torch.tensor(5.0), 2: torch.tensor(8.0)}, 0.25)
    assert {unit: float(loss) for unit, loss in mixed.items()} == {0: 4.0, 1: 10.0, 2: 6.0}
    weighting = weighting_of("fixed", weights=(0.5, 0.0, 2.0))
    total = total_loss(weighting, mixed, mixed, torch.zeros(1, 1, 1))
    assert float(total) == pytest.approx(0.5 * 4 + 2 * 6)


def test_the_share_of_the_targets_scales_only_what_is_taught() -> None:
    """By hand, over the targets of a head of two tasks, of which the second has a teacher."""
    network, data = toy_network(tiny_source(), *HEADS, **CALM), _data()
    batch = data.batch(BatchRows("toy", data.rows("train")["toy"][:8]), network)
    scores = torch.full((8, 2), torch.nan)
    scores[:, 1] = torch.linspace(0, 1, 8)
    batch = replace(batch, soft={0: scores, 2: batch.targets[2]})
    outputs = network(batch)
    logits, targets = outputs.heads[0], batch.targets[0]
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    untaught, own = (entropy(logits[:, i], targets[:, i]) for i in (0, 1))
    soft = entropy(logits[:, 1], scores[:, 1])
    for share in (0.0, 0.25, 1.0):
        mixed = partly_taught(network, outputs, batch, share)
        assert list(mixed) == [0]  # the other heads are taught as a whole, or not at all
        expected = (untaught + share * own + (1 - share) * soft) / 2
        torch.testing.assert_close(mixed[0], expected)


def test_a_teacher_of_a_task_without_targets_is_still_heard() -> None:
    network, data = toy_network(tiny_source(), *HEADS, **CALM), _data()
    batch = data.batch(BatchRows("toy", data.rows("train")["toy"][:8]), network)
    batch.targets[0][:, 1] = torch.nan
    scores = torch.full((8, 2), torch.nan)
    scores[:, 1] = 1.0
    batch = replace(batch, soft={0: scores})
    outputs = network(batch)
    logits = outputs.heads[0]
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    own = entropy(logits[:, 0], batch.targets[0][:, 0])
    soft = entropy(logits[:, 1], torch.ones(8))
    mixed = partly_taught(network, outputs, batch, 0.25)
    torch.testing.assert_close(mixed[0], own + 0.75 * soft / 2)
