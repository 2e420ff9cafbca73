"""Weightings of gradients: what the encoder gets, by hand and by the papers' conditions."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mtlv.errors import ConfigError
from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.training.batches import BatchRows
from mtlv.training.gradient_weighting import (
    SOLVERS,
    GradientWeighting,
    cagrad_weights,
    nash_weights,
)
from mtlv.training.weighting import Units, make_weighting, total_loss, unit_losses, units_of
from mtlv.training.weighting_settings import WeightingSettings
from toys import tiny_source, toy_corpus, toy_data, toy_network

aggregation = pytest.importorskip("torchjd.aggregation")

UNITS = Units(("a", "b", "c"), torch.ones(3), torch.ones(3) / 3)
CONFLICT = torch.tensor([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])
"""Two gradients that conflict; the example of torchjd."""
AGGREGATORS: dict[str, Any] = {
    "pcgrad": aggregation.PCGrad,
    "gradvac": lambda: aggregation.GradVac(beta=0.01),
    "mgda": aggregation.MGDA,
    "aligned_mtl": aggregation.AlignedMTL,
    "imtl_g": aggregation.IMTLG,
    "upgrad": aggregation.UPGrad,
    "dualproj": aggregation.DualProj,
}


def weighting_of(name: str, **options: Any) -> GradientWeighting:
    made = make_weighting(WeightingSettings(name=name, **options), UNITS)
    assert isinstance(made, GradientWeighting)
    return made


def _gradients(count: int, width: int = 12, seed: int = 0) -> Tensor:
    """Return some gradients of unlike length that conflict, (K, D)."""
    draws = torch.Generator().manual_seed(seed)
    rows = torch.randn(count, width, generator=draws)
    return rows * torch.logspace(-1, 1, count).unsqueeze(1)


def _shared_gradient(name: str, rows: Tensor, **options: Any) -> Tensor:
    """Return what reaches the shared features when the losses' gradients are some rows, (D,)."""
    shared = torch.zeros(1, 1, rows.shape[1], requires_grad=True)
    losses = rows @ shared.flatten() + 1.0
    total = weighting_of(name, **options)(losses, list(range(len(rows))), shared)
    return torch.autograd.grad(total, shared)[0].flatten()


@pytest.mark.parametrize("name", sorted(AGGREGATORS))
@pytest.mark.parametrize("count", [2, 3])
def test_the_encoder_gets_what_torchjd_aggregates(name: str, count: int) -> None:
    rows = _gradients(count)
    torch.manual_seed(5)
    found = _shared_gradient(name, rows)
    torch.manual_seed(5)
    # In double precision and on the same scale, as solvers have absolute tolerances.
    scale = rows.square().sum(dim=1).mean().sqrt()
    expected = scale * AGGREGATORS[name]()((rows / scale).double())
    torch.testing.assert_close(found, expected.float(), rtol=1e-3, atol=1e-3)


def test_every_solver_of_torchjd_is_compared() -> None:
    assert set(SOLVERS) == {*AGGREGATORS, "cagrad", "nash_mtl"}


@pytest.mark.parametrize("name", sorted(SOLVERS))
def test_weights_do_not_depend_on_the_gradients_common_scale(name: str) -> None:
    """Losses are means over examples, so gradients can be tiny; solvers have absolute limits."""
    rows = _gradients(3)
    torch.manual_seed(0)
    plain = _shared_gradient(name, rows)
    torch.manual_seed(0)
    tiny = _shared_gradient(name, 1e-5 * rows)
    torch.testing.assert_close(1e5 * tiny, plain, rtol=1e-3, atol=1e-3)


def test_pcgrad_by_hand() -> None:
    """g1 . g2 = -22; each loses its part along the other, whatever the order."""
    one, two = CONFLICT
    expected = one + 22 / 38 * two + two + 22 / 18 * one
    torch.testing.assert_close(_shared_gradient("pcgrad", CONFLICT), expected)


def test_mgda_by_hand() -> None:
    """The shortest convex combination: weight (g2 - g1) . g2 / |g1 - g2|^2 = 0.6 on the first."""
    expected = 0.6 * CONFLICT[0] + 0.4 * CONFLICT[1]
    torch.testing.assert_close(_shared_gradient("mgda", CONFLICT), expected, atol=1e-3, rtol=1e-3)


def test_upgrad_by_hand() -> None:
    expected = torch.tensor([0.2929, 1.9004, 1.9004])  # of its paper's authors
    torch.testing.assert_close(_shared_gradient("upgrad", CONFLICT), expected, atol=1e-3, rtol=1e-3)


def test_imtl_g_has_equal_projections() -> None:
    rows = _gradients(3)
    found = _shared_gradient("imtl_g", rows)
    projections = rows @ found / rows.norm(dim=1)
    torch.testing.assert_close(projections, projections[:1].expand(3), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["mgda", "upgrad", "dualproj", "nash_mtl", "imtl_g"])
def test_no_loss_is_made_worse(name: str) -> None:
    for seed in range(5):
        rows = _gradients(3, seed=seed)
        rows = rows / rows.norm(dim=1, keepdim=True)
        assert (rows @ _shared_gradient(name, rows) > -1e-2).all()


# --- the two that are solved here ----------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 3, 8, 25])
@pytest.mark.parametrize("seed", [0, 1])
def test_nash_weights_fulfil_their_equation(count: int, seed: int) -> None:
    rows = _gradients(count, width=40, seed=seed).double()
    gramian = rows @ rows.T
    gramian /= gramian.diagonal().mean()
    weights = nash_weights(gramian)
    assert (weights > 0).all()
    torch.testing.assert_close(
        weights * (gramian @ weights), torch.ones(count).double(), rtol=0, atol=1e-2
    )
    assert (weights @ gramian @ weights).item() == pytest.approx(count, rel=1e-2)


def test_nash_weights_by_hand() -> None:
    """Without conflict every gradient is taken at length 1."""
    weights = nash_weights(torch.diag(torch.tensor([4.0, 0.25])).double())
    assert weights.tolist() == pytest.approx([0.5, 2.0], rel=1e-4)


@pytest.mark.parametrize("solve", [nash_weights, lambda g: cagrad_weights(g, 0.4)])
def test_opposite_and_equal_gradients_have_finite_weights(solve: Any) -> None:
    for sign in (-1.0, 1.0):
        weights = solve(torch.tensor([[1.0, sign], [sign, 1.0]]).double())
        assert weights.isfinite().all()
        assert weights[0].item() == pytest.approx(weights[1].item(), rel=1e-3)


@pytest.mark.parametrize("radius", [0.2, 0.5, 0.9])
def test_cagrad_weights_are_the_best_of_a_grid(radius: float) -> None:
    gramian = (CONFLICT @ CONFLICT.T).double()
    first = torch.linspace(0, 1, 20_001).double()
    grid = torch.stack([first, 1 - first], dim=1)  # (P, 2)
    mean = gramian.mean(dim=1)
    length = radius * mean.mean().sqrt()
    norms = (grid @ gramian * grid).sum(dim=1).sqrt()
    best = grid[(grid @ mean + length * norms).argmin()]
    norm = (best @ gramian @ best).sqrt()
    expected = 0.5 + length / norm * best
    torch.testing.assert_close(cagrad_weights(gramian, radius), expected, rtol=1e-3, atol=1e-3)


def test_cagrad_with_a_radius_of_zero_is_the_mean() -> None:
    rows = _gradients(3)
    found = _shared_gradient("cagrad", rows, radius=0)
    torch.testing.assert_close(found, rows.mean(dim=0), rtol=1e-4, atol=1e-5)


def test_cagrad_lifts_the_worst_off_improvement() -> None:
    rows = CONFLICT / CONFLICT.norm(dim=1, keepdim=True) * torch.tensor([[1.0], [3.0]])
    worst = [(rows @ _shared_gradient("cagrad", rows, radius=c)).min() for c in (0.0, 0.4, 0.8)]
    assert all(lower < higher for lower, higher in pairwise(worst))
    moved = _shared_gradient("cagrad", rows, radius=0.4) - rows.mean(dim=0)
    assert moved.norm().item() == pytest.approx(0.4 * rows.mean(dim=0).norm().item(), rel=1e-3)


# --- the adapter ---------------------------------------------------------------------------------


def _network() -> tuple[Any, Any]:
    calm = {"encoder": EncoderSettings(dropout=0.0), "head": HeadSettings(dropout=0.0)}
    network = toy_network(tiny_source(), ("heart", "lung"), ("bone",), ("skin",), **calm)
    return network, toy_data([toy_corpus()], tiny_source())


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_the_encoder_learns_from_weighted_losses_and_heads_from_their_own(scale: float) -> None:
    network, data = _network()
    batch = data.batch(BatchRows("toy", data.rows("train")["toy"][:8]), network)
    weights = torch.tensor([0.5, -2.0, 3.0])
    weighting = GradientWeighting(lambda: lambda _: weights.double())

    def gradients(part: nn.Module, make: Any) -> Tensor:
        network.zero_grad()
        outputs = network(batch)
        by_head = network.losses(outputs, batch)
        (scale * make(outputs, by_head)).backward()
        return torch.cat([p.grad.flatten() for p in part.parameters() if p.grad is not None])

    def weighed(outputs: Any, by_head: Any) -> Tensor:
        units = unit_losses(network, outputs, batch, by_head, "heads")
        total = total_loss(weighting, units, by_head, outputs.features.tokens)
        assert total.item() == pytest.approx(sum(loss.item() for loss in by_head.values()))
        return total

    def by_hand(_: Any, by_head: Any) -> Tensor:
        return sum(float(w) * by_head[i] for i, w in enumerate(weights))  # type: ignore[return-value]

    def plain(_: Any, by_head: Any) -> Tensor:
        return sum(by_head.values())  # type: ignore[return-value]

    for part, make in ((network.encoder, by_hand), (network.heads, plain)):
        torch.testing.assert_close(gradients(part, weighed), gradients(part, make))


def test_features_that_do_not_learn_need_no_weights() -> None:
    network, data = _network()
    for parameter in network.encoder.parameters():
        parameter.requires_grad = False
    batch = data.batch(BatchRows("toy", data.rows("train")["toy"][:8]), network)
    outputs = network(batch)
    by_head = network.losses(outputs, batch)
    weighting = make_weighting(WeightingSettings(name="mgda"), units_of(network, data, "heads"))
    total_loss(weighting, by_head, by_head, outputs.features.tokens).backward()
    assert network.get_parameter("heads.2.layers.1.weight").grad is not None


def test_gradients_that_are_no_numbers_do_not_reach_a_solver() -> None:
    weights = weighting_of("upgrad").weights(torch.full((3, 3), torch.nan), [0, 1, 2])
    assert weights.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("name", sorted(SOLVERS))
def test_a_gradient_of_zero_does_not_stop_the_others(name: str) -> None:
    rows = torch.cat([CONFLICT, torch.zeros(1, 3)])
    torch.manual_seed(0)
    found = _shared_gradient(name, rows)
    torch.manual_seed(0)
    torch.testing.assert_close(found, _shared_gradient(name, CONFLICT), rtol=1e-4, atol=1e-4)


def test_units_that_come_together_have_their_own_memory() -> None:
    """GradVac keeps a cosine for each pair, which another set of losses must not touch."""
    gramian = (_gradients(3) @ _gradients(3).T).double()
    alone, mixed = weighting_of("gradvac", beta=0.5), weighting_of("gradvac", beta=0.5)
    for _ in range(3):
        torch.manual_seed(0)
        expected = alone.weights(gramian[:2, :2], [0, 1])
        mixed.weights(gramian, [0, 1, 2])
        torch.manual_seed(0)
        torch.testing.assert_close(mixed.weights(gramian[:2, :2], [0, 1]), expected)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchjd.aggregation", None)
    with pytest.raises(ConfigError, match="not installed") as error:
        weighting_of("pcgrad")
    assert error.value.where == "train.weighting"
    assert "mtlv[weighting]" in str(error.value.hint)
    for name in ("cagrad", "nash_mtl"):
        weighting_of(name)
