"""Learning rates by hand, and which parameter learns how fast and decays."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mtlv.model.settings import EncoderSettings, LoraSettings
from mtlv.training.schedule import learning_rate_scale, make_optimizer, make_schedule
from mtlv.training.settings import TrainSettings
from toys import LABELS, tiny_source, toy_network, toy_settings

BY_HAND = {
    ("linear", 0.0): [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1],
    ("linear", 0.2): [1 / 3, 2 / 3, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125],
    ("constant", 0.0): [1.0] * 10,
    ("constant", 0.3): [0.25, 0.5, 0.75] + [1.0] * 7,
    ("cosine", 0.0): [1, 0.9755, 0.9045, 0.7939, 0.6545, 0.5, 0.3455, 0.2061, 0.0955, 0.0245],
    ("cosine", 0.5): [1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1, 0.9045, 0.6545, 0.3455, 0.0955],
}


@pytest.mark.parametrize(("schedule", "warmup"), BY_HAND)
def test_schedules_by_hand(schedule: str, warmup: float) -> None:
    settings = toy_settings(schedule=schedule, warmup=warmup)
    found = [learning_rate_scale(update, 10, settings) for update in range(10)]
    assert found == pytest.approx(BY_HAND[schedule, warmup], abs=1e-4)


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
def test_a_run_of_one_update_learns(schedule: str) -> None:
    assert learning_rate_scale(0, 1, toy_settings(schedule=schedule, warmup=0.1)) == 1.0


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_a_rate_is_never_negative_nor_zero_before_the_end(schedule: str) -> None:
    settings = toy_settings(schedule=schedule, warmup=0.1)
    scales = [learning_rate_scale(update, 57, settings) for update in range(57)]
    assert min(scales) > 0
    assert max(scales) == 1
    assert learning_rate_scale(57, 57, settings) == pytest.approx(0.0)
    assert learning_rate_scale(90, 57, settings) == pytest.approx(0.0)


def test_the_schedule_moves_every_group() -> None:
    settings = toy_settings(schedule="linear", warmup=0.0, learning_rate=1e-2)
    optimizer = make_optimizer(toy_network(tiny_source()), settings, [10.0])
    schedule = make_schedule(optimizer, settings, 4)
    rates = []
    for _ in range(4):
        rates.append(sorted({group["lr"] for group in optimizer.param_groups}))
        optimizer.step()
        schedule.step()
    expected = [[1e-2 * scale, 1e-1 * scale] for scale in (1, 0.75, 0.5, 0.25)]
    assert rates == [pytest.approx(pair) for pair in expected]


def _groups(settings: TrainSettings, factor: float = 1.0) -> dict[str, dict[str, float]]:
    network = toy_network(tiny_source())
    names = {id(p): name for name, p in network.named_parameters()}
    optimizer = make_optimizer(network, settings, [factor])
    return {
        names[id(parameter)]: group
        for group in optimizer.param_groups
        for parameter in group["params"]
    }


def test_heads_learn_their_factor_faster() -> None:
    groups = _groups(toy_settings(learning_rate=2e-5), factor=50.0)
    for name, group in groups.items():
        assert group["lr"] == pytest.approx(1e-3 if name.startswith("heads.") else 2e-5)


def test_every_head_learns_by_its_own_factor() -> None:
    network = toy_network(tiny_source(), LABELS[:1], LABELS[1:2], LABELS[2:])
    rates = {"encoder": 1e-3, "heads.0": 2e-3, "heads.1": 5e-3, "heads.2": 2e-3}
    settings = toy_settings(learning_rate=1e-3)
    own = {
        id(parameter): group["lr"]
        for group in make_optimizer(network, settings, [2.0, 5.0, 2.0]).param_groups
        for parameter in group["params"]
    }
    for name, parameter in network.named_parameters():
        start = "encoder" if name.startswith("encoder.") else name[: len("heads.0")]
        assert own.pop(id(parameter)) == pytest.approx(rates[start])
    assert not own


def test_biases_and_norms_do_not_decay() -> None:
    groups = _groups(toy_settings(weight_decay=0.3))
    for name, group in groups.items():
        spared = name.endswith("bias") or "LayerNorm" in name
        assert group["weight_decay"] == (0.0 if spared else 0.3), name


def test_every_learning_parameter_is_in_one_group() -> None:
    network = toy_network(tiny_source())
    optimizer = make_optimizer(network, toy_settings(), [2.0])
    listed = [id(p) for group in optimizer.param_groups for p in group["params"]]
    assert len(listed) == len(set(listed))
    assert set(listed) == {id(p) for p in network.parameters()}


@pytest.mark.parametrize(
    "changes", [{"freeze_layers": 1}, {"encoder": EncoderSettings(lora=LoraSettings(rank=2))}]
)
def test_what_does_not_learn_is_in_no_group(changes: dict[str, object]) -> None:
    network = toy_network(tiny_source(), **changes)  # type: ignore[arg-type]
    optimizer = make_optimizer(network, toy_settings(), [2.0])
    listed = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert listed == {id(p) for p in network.parameters() if p.requires_grad}


@pytest.mark.parametrize(
    ("name", "kind"),
    [("adamw", torch.optim.AdamW), ("adamax", torch.optim.Adamax), ("sgd", torch.optim.SGD)],
)
def test_optimizers_by_name(name: str, kind: type) -> None:
    optimizer = make_optimizer(
        toy_network(tiny_source()), toy_settings(optimizer=name, momentum=0.7)
    )
    assert type(optimizer) is kind
    assert name != "sgd" or optimizer.param_groups[0]["momentum"] == 0.7


def _decaying(name: str, **changes: object) -> tuple[nn.Linear, torch.optim.Optimizer]:
    linear = nn.Linear(1, 1)
    nn.init.constant_(linear.weight, 2.0)
    nn.init.constant_(linear.bias, 2.0)
    settings = toy_settings(optimizer=name, weight_decay=0.5, learning_rate=0.1, **changes)
    return linear, make_optimizer(linear, settings)


BY_HAND_STEPS = {
    # (1 - 0.1 * 0.5) w - 0.1 g, with g = 3: 1.9 - 0.3; then 0.95 * 1.6 - 0.1 * (0.5 * 3 + 3)
    "sgd": [1.6, 1.07],
    # Adamax divides the mean gradient by the largest one: a step of 0.1 for a gradient that stays
    "adamax": [1.8, 1.61],
    "adamw": [1.8, 1.61],
}


@pytest.mark.parametrize("name", BY_HAND_STEPS)
def test_weights_decay_beside_the_gradient(name: str) -> None:
    linear, optimizer = _decaying(name, momentum=0.5)
    weights, biases = [], []
    for _ in range(2):
        linear.weight.grad = torch.full_like(linear.weight, 3.0)
        linear.bias.grad = torch.zeros_like(linear.bias)
        optimizer.step()
        weights.append(linear.weight.item())
        biases.append(linear.bias.item())
    assert weights == pytest.approx(BY_HAND_STEPS[name], abs=1e-5)
    assert biases == [2.0, 2.0]


@pytest.mark.parametrize("name", ["sgd", "adamax", "adamw"])
def test_decay_follows_the_schedule_and_its_saved_state(name: str) -> None:
    linear, optimizer = _decaying(name)
    _, saved = _decaying(name)
    optimizer.load_state_dict(saved.state_dict())
    optimizer.param_groups[0]["lr"] = 0.2
    linear.weight.grad = torch.zeros_like(linear.weight)
    optimizer.step()
    assert linear.weight.item() == pytest.approx(2.0 * (1 - 0.2 * 0.5))


@pytest.mark.parametrize("name", ["sgd", "adamax", "adamw"])
def test_what_has_no_gradient_does_not_decay(name: str) -> None:
    linear, optimizer = _decaying(name)
    optimizer.step()
    assert linear.weight.item() == 2.0


def test_a_skipped_step_does_not_decay() -> None:
    linear, optimizer = _decaying("sgd")
    optimizer.found_inf = torch.tensor(1.0)  # type: ignore[attr-defined]
    optimizer.grad_scale = torch.tensor(1.0)  # type: ignore[attr-defined]
    linear.weight.grad = torch.full_like(linear.weight, torch.inf)
    optimizer.step()
    assert linear.weight.item() == 2.0
