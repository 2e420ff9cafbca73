"""Weightings of losses alone: values by hand, and torchjd's scalarizers as a second opinion."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from mtlv.training.weighting import FixedWeights, LearnedScales, Units, Weighting, make_weighting
from mtlv.training.weighting_settings import WeightingSettings

scalarization = pytest.importorskip("torchjd.scalarization")

LOSSES = torch.tensor([1.0, 10.0, 100.0])
UNITS = Units(("a", "b", "c"), torch.tensor([1.0, 4.0, 16.0]), torch.tensor([0.25, 0.5, 0.25]))
ALL = [0, 1, 2]
STEPS = torch.tensor([[0.9, 2.0, 0.3], [0.8, 1.0, 0.4], [0.4, 1.5, 0.1], [0.3, 0.2, 0.2]])


def weighting_of(given: Any) -> Weighting:
    return make_weighting(WeightingSettings.model_validate(given), UNITS)


def _gradient(function: Any, losses: Tensor) -> Tensor:
    leaf = losses.clone().requires_grad_()
    return torch.autograd.grad(function(leaf), leaf)[0]


# --- weights that do not change ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [("equal", 30.25), ("sum", 111.0), ("mean", 37.0), ([0.5, 0.0, 2.0], 200.5)],
)
def test_fixed_weights_by_hand(given: object, expected: float) -> None:
    assert weighting_of(given)(LOSSES, ALL).item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("equal", 25.25), ("sum", 101.0), ("mean", 101 / 3), ([0.5, 0.0, 2.0], 200.5)],
)
def test_absent_units_leave_the_others_as_they_are(given: object, expected: float) -> None:
    assert weighting_of(given)(LOSSES[[0, 2]], [0, 2]).item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("power", "weights"),
    [(0.0, [1, 1, 1]), (0.5, [12 / 7, 6 / 7, 3 / 7]), (1.0, [16 / 7, 4 / 7, 1 / 7])],
)
def test_rare_units_weigh_more_by_hand(power: float, weights: list[float]) -> None:
    weighting = weighting_of({"name": "rarity", "power": power})
    assert isinstance(weighting, FixedWeights)
    assert weighting.weights.tolist() == pytest.approx(weights)
    assert weighting.weights.mean().item() == pytest.approx(1.0)


def test_a_unit_without_positives_weighs_like_one_with_a_single_one() -> None:
    units = Units(("a", "b"), torch.tensor([0.0, 1.0]), torch.ones(2) / 2)
    weighting = make_weighting(WeightingSettings(name="rarity", power=2), units)
    assert isinstance(weighting, FixedWeights)
    assert weighting.weights.tolist() == [1.0, 1.0]


# --- weights that are learned --------------------------------------------------------------------


def test_learned_scales_start_as_the_sum() -> None:
    for name in ("uncertainty", "imtl_l"):
        assert weighting_of(name)(LOSSES, ALL).item() == 111


def test_uncertainty_by_hand_and_by_torchjd() -> None:
    weighting, other = weighting_of("uncertainty"), scalarization.UW(3)
    assert isinstance(weighting, LearnedScales)
    with torch.no_grad():
        weighting.scales.copy_(torch.tensor([0.0, math.log(10), -1.0]))
        other.log_var.copy_(weighting.scales)
    by_hand = 1 + (1 + math.log(10)) + (100 * math.e - 1)
    assert weighting(LOSSES, ALL).item() == pytest.approx(by_hand)
    assert weighting(LOSSES, ALL).item() == pytest.approx(2 * other(LOSSES).item())


def test_imtl_l_is_that_of_torchjd() -> None:
    weighting, other = weighting_of("imtl_l"), scalarization.IMTLL(3)
    assert isinstance(weighting, LearnedScales)
    with torch.no_grad():
        weighting.scales.copy_(torch.tensor([0.0, math.log(10), -1.0]))
        other.log_scale.copy_(weighting.scales)
    assert weighting(LOSSES, ALL).item() == pytest.approx(other(LOSSES).item())


@pytest.mark.parametrize(("name", "sign"), [("uncertainty", 1), ("imtl_l", -1)])
def test_scales_rest_where_scaled_losses_are_one(name: str, sign: int) -> None:
    weighting = weighting_of(name)
    optimizer = torch.optim.Adam(weighting.parameters(), lr=0.05)
    for _ in range(1000):
        optimizer.zero_grad()
        weighting(LOSSES, ALL).backward()
        optimizer.step()
    (scales,) = weighting.parameters()
    torch.testing.assert_close(scales.detach(), sign * LOSSES.log(), atol=0.05, rtol=0)


def test_only_scales_of_present_units_learn() -> None:
    weighting = weighting_of("uncertainty")
    weighting(LOSSES[[0, 2]], [0, 2]).backward()
    (scales,) = weighting.parameters()
    assert scales.grad is not None
    assert scales.grad.tolist() == [0.0, 0.0, -99.0]


# --- weights that are drawn, and the geometric mean ----------------------------------------------


def test_random_weights_are_those_of_torchjd_and_new_in_each_step() -> None:
    weighting, other = weighting_of("random"), scalarization.Random()
    torch.manual_seed(1)
    first, second = (_gradient(lambda x: weighting(x, ALL), LOSSES) for _ in range(2))
    torch.manual_seed(1)
    torch.testing.assert_close(first, _gradient(other, LOSSES))
    assert first.sum().item() == pytest.approx(1.0)
    assert not torch.equal(first, second)


def test_the_geometric_mean_by_hand_and_by_torchjd() -> None:
    def function(losses: Tensor) -> Tensor:
        return weighting_of("geometric")(losses, ALL)

    assert function(LOSSES).item() == pytest.approx(10.0)
    expected = _gradient(scalarization.GeometricMean(), LOSSES)
    torch.testing.assert_close(_gradient(function, LOSSES), expected)
    torch.testing.assert_close(expected, 10 / (3 * LOSSES))


# --- weights that remember -----------------------------------------------------------------------


def test_dwa_is_that_of_torchjd() -> None:
    weighting, other = weighting_of({"name": "dwa", "temperature": 1.5}), scalarization.DWA(1.5)
    for epoch in range(4):
        for losses in STEPS[epoch:]:
            assert weighting(losses, ALL).item() == pytest.approx(other(losses).item())
        weighting.on_epoch()
        other.step()


def test_dwa_by_hand() -> None:
    """Rates 1/2 and 2 at temperature 2: exp(0.25) and exp(1), scaled to a sum of 2."""
    weighting = make_weighting(
        WeightingSettings(name="dwa"),
        Units(("a", "b"), torch.tensor([1.0, 1.0]), torch.ones(2) / 2),
    )
    for losses in ([2.0, 1.0], [1.0, 2.0]):
        assert weighting(torch.tensor(losses), [0, 1]).item() == 3.0
        weighting.on_epoch()
    low, high = math.exp(0.25), math.exp(1.0)
    total = weighting(torch.tensor([1.0, 10.0]), [0, 1]).item()
    assert total == pytest.approx(2 * (low + 10 * high) / (low + high))


def test_dwa_takes_a_unit_that_it_has_not_seen_for_one_that_stands_still() -> None:
    weighting = weighting_of("dwa")
    for _ in range(2):
        weighting(LOSSES[[0, 1]], [0, 1])
        weighting.on_epoch()
    assert weighting.get_buffer("weights").tolist() == pytest.approx([1.0, 1.0, 1.0])


def test_stch_warms_up_on_log_losses_and_then_scales_by_the_last_mean() -> None:
    weighting = weighting_of({"name": "stch", "mu": 0.5, "warmup": 2})
    for losses in (LOSSES, *STEPS):
        assert weighting(losses, ALL).item() == pytest.approx(losses.log().sum().item(), rel=1e-5)
        if losses is LOSSES:
            weighting.on_epoch()
    weighting.on_epoch()
    other = scalarization.STCH(0.5, weights=torch.ones(3))
    logs = (LOSSES / STEPS.mean(dim=0)).log()
    assert weighting(LOSSES, ALL).item() == pytest.approx(3 * other(logs).item(), rel=1e-5)


def test_stch_nears_the_worst_loss() -> None:
    weighting = weighting_of({"name": "stch", "mu": 0.01})
    weighting(torch.tensor([1.0, 1.0, 1.0]), ALL)
    weighting.on_epoch()
    gradient = _gradient(lambda x: weighting(x, ALL), torch.tensor([1.0, 2.0, 1.5]))
    assert gradient.tolist() == pytest.approx([0.0, 1.5, 0.0], abs=1e-5)  # 3 losses / L


def test_famo_is_that_of_torchjd() -> None:
    weighting = weighting_of({"name": "famo", "learning_rate": 0.1, "gamma": 0.01})
    other = scalarization.FAMO(3, lr=0.1, weight_decay=0.01)
    for before, after in zip(STEPS, STEPS.roll(1, dims=0), strict=True):
        own = _gradient(lambda x: weighting(x, ALL), before)
        torch.testing.assert_close(own, _gradient(other, before))
        assert own.sum().item() == pytest.approx(1.0, rel=1e-5)
        weighting.look_back(after, ALL)
        other.update(after)


def test_famo_lifts_what_fell_least() -> None:
    weighting = weighting_of("famo")
    for _ in range(20):
        weighting(torch.tensor([1.0, 1.0, 1.0]), ALL)
        weighting.look_back(torch.tensor([0.5, 0.9, 1.0]), ALL)
    logits = weighting.get_buffer("logits")
    assert logits[0] < logits[1] < logits[2]


def test_only_famo_looks_back() -> None:
    assert [n for n in ("sum", "famo", "dwa", "pcgrad") if weighting_of(n).looks_back] == ["famo"]
