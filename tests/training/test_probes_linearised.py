"""The probe `subset`: its derivatives are those of the network and of the loss that it trains."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mtlv.data import Part
from mtlv.errors import TrainingError
from mtlv.grouping.linearised import LinearisedGains
from mtlv.model.network import Network
from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.tasks import Task, TaskSet
from mtlv.training.batches import BatchRows
from mtlv.training.data import TrainingData
from mtlv.training.probes import PROBES, ProbeSettings
from mtlv.training.probes.linearised import SIDE, _derivatives, _Directions, example_losses
from toys import LABELS, tiny_source, toy_corpus, toy_data, toy_network, toy_tasks

CALM = {"encoder": EncoderSettings(dropout=0.0), "head": HeadSettings(dropout=0.0)}
TASKS = len(LABELS)
LOSSES = [
    HeadSettings(dropout=0.0, loss=loss, positive_weight="balanced")
    for loss in ("bce", "focal", "asymmetric")
]


def plain() -> tuple[Network, TrainingData]:
    return toy_network(tiny_source(), **CALM), toy_data([toy_corpus()], tiny_source())


def weighted(head: HeadSettings) -> tuple[Network, TrainingData]:
    """Return a toy of unequal logits with weights of positives; some targets are missing."""
    network = toy_network(tiny_source(), **(CALM | {"head": head}))
    with torch.no_grad():
        next(m for m in network.head(0).layers if isinstance(m, nn.Linear)).weight.mul_(10)
    network.head(0).positive_weights.copy_(torch.tensor([0.5, 1.0, 3.0, 9.0]))
    return network.eval(), toy_data([toy_corpus(every=3)], tiny_source())


def test_directions_are_derivatives_of_the_logits() -> None:
    """Against moving the weights a little along each direction."""
    network, data = plain()
    network.eval()
    source = _Directions(network, data, data.corpora["toy"], seed=0)
    logits, directions, targets = next(iter(source.parts("validation")))
    assert directions.shape == (4, TASKS, SIDE**2)
    assert targets.shape == logits.shape == (4, TASKS)
    draws = torch.Generator().manual_seed(1)
    weights = torch.randn(SIDE, SIDE, generator=draws)
    moved = source.sides[1] @ weights.T @ source.sides[0].T  # (out, in)
    size = 1e-3
    with torch.no_grad():
        source.linear.weight += size * moved
    after = next(iter(source.parts("validation")))[0]
    expected = directions @ weights.flatten()
    torch.testing.assert_close((after - logits) / size, expected, rtol=0.05, atol=5e-3)


def test_slope_and_curvature_are_those_of_the_training_loss() -> None:
    network, data = plain()
    probe = PROBES["subset"](ProbeSettings(name="subset"))
    probe.on_end(network, data)
    measured = probe.measured()
    source = _Directions(network.eval(), data, data.corpora["toy"], seed=0)
    rows = [torch.cat(part) for part in zip(*source.parts("train"), strict=True)]
    logits, directions, targets = (part.double() for part in rows)
    step = torch.zeros(SIDE**2, dtype=torch.float64, requires_grad=True)
    for column in range(TASKS):
        moved = logits[:, column] + directions[:, column] @ step
        loss = nn.functional.binary_cross_entropy_with_logits(moved, targets[:, column])
        (slope,) = torch.autograd.grad(loss, step, create_graph=True)
        np.testing.assert_allclose(measured["slope"][column], slope.detach(), rtol=1e-3, atol=1e-6)
        curvature = torch.stack(
            [torch.autograd.grad(s, step, retain_graph=True)[0] for s in slope[:3]]
        )
        np.testing.assert_allclose(
            measured["curvature"][column][:3], curvature, rtol=1e-3, atol=1e-6
        )


@pytest.mark.parametrize("head", LOSSES, ids=lambda head: head.loss)
def test_slopes_are_finite_differences_of_the_trained_loss(head: HeadSettings) -> None:
    """Of the network itself with moved weights, not of its linearisation."""
    network, data = weighted(head)
    probe = PROBES["subset"](ProbeSettings(name="subset"))
    probe.on_end(network, data)
    slopes = torch.from_numpy(probe.measured()["slope"])  # (T, d)
    source = _Directions(network, data, data.corpora["toy"], seed=0)
    draws = torch.Generator().manual_seed(1)
    for wanted in (*slopes, *torch.randn(2, SIDE**2, generator=draws)):
        step = wanted / wanted.norm()  # (d,)
        moved = source.sides[1] @ step.view(SIDE, SIDE).T @ source.sides[0].T  # (out, in)
        above, below = (_losses_after(source, size * moved, "train") for size in (1e-2, -1e-2))
        expected = (above - below) / 2e-2  # (T,)
        torch.testing.assert_close(slopes @ step, expected, rtol=0.01, atol=1e-4)
    assert slopes.norm(dim=1).min() > 1e-3  # well above the tolerance


@pytest.mark.parametrize("head", LOSSES, ids=lambda head: head.loss)
def test_held_out_losses_after_a_step_are_those_of_a_network_that_makes_it(
    head: HeadSettings,
) -> None:
    network, data = weighted(head)
    probe = PROBES["subset"](ProbeSettings(name="subset"))
    probe.on_end(network, data)
    gains = LinearisedGains(**probe.measured())
    source = _Directions(network, data, data.corpora["toy"], seed=0)
    every = np.ones((1, 1, len(gains.logits)))
    for slope in gains.slope:
        step = -0.05 * slope / np.linalg.norm(slope)  # (d,), so short that logits move linearly
        found = gains._means(gains._losses(step[None]), every[0])[0, 0]  # (T,)
        change = torch.from_numpy(step).view(SIDE, SIDE).T
        moved = source.sides[1] @ change @ source.sides[0].T  # (out, in)
        before, after = (_losses_after(source, own, "validation") for own in (0 * moved, moved))
        largest = float((after - before).abs().max())
        assert largest > 5e-4
        np.testing.assert_allclose(found, after, rtol=0, atol=0.1 * largest)


@pytest.mark.parametrize("head", LOSSES, ids=lambda head: head.loss)
def test_derivatives_are_finite_differences(head: HeadSettings) -> None:
    network, _ = weighted(head)
    logits = torch.linspace(-3, 3, 7).unsqueeze(1).repeat(1, TASKS)
    targets = (torch.arange(7 * TASKS).view(7, TASKS) % 3 == 0).float()
    targets[2, 1] = torch.nan
    first, second = _derivatives(network, logits, targets)
    size = 1e-2
    up, down = logits + size, logits - size
    slope = example_losses(network, up, targets) - example_losses(network, down, targets)
    bend = _derivatives(network, up, targets)[0] - _derivatives(network, down, targets)[0]
    torch.testing.assert_close(first, slope.nan_to_num() / (2 * size), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(second, bend / (2 * size), rtol=1e-3, atol=1e-3)
    assert first[2, 1] == second[2, 1] == 0


def _losses_after(source: _Directions, change: Tensor, part: Part) -> Tensor:
    before = source.linear.weight.detach().clone()
    with torch.no_grad():
        source.linear.weight += change
        losses = _task_losses(source.network, source.data, part)
        source.linear.weight.copy_(before)
    return losses


def _task_losses(network: Network, data: TrainingData, part: Part) -> Tensor:
    batch = data.batch(BatchRows("toy", data.corpora["toy"].rows[part]), network)
    losses = network.task_losses(network(batch), batch)
    return torch.stack([losses[task] for task in LABELS])


@pytest.mark.parametrize("head", LOSSES, ids=lambda head: head.loss)
def test_losses_of_examples_are_those_of_batches_of_one(head: HeadSettings) -> None:
    network, _ = weighted(head)
    draws = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(6, TASKS, generator=draws)
    targets = (torch.rand(6, TASKS, generator=draws) < 0.5).float()
    targets[0, 1] = targets[3] = torch.nan
    one_by_one = [
        network.head(0).task_losses(logits[i : i + 1], targets[i : i + 1]) for i in range(6)
    ]
    found = example_losses(network, logits, targets)
    torch.testing.assert_close(found, torch.stack(one_by_one), equal_nan=True)
    assert (found.isnan() == targets.isnan()).all()


def test_heads_of_a_network_have_their_own_columns() -> None:
    network = toy_network(tiny_source(), LABELS[:1], LABELS[1:], **CALM)
    network.head(1).positive_weights.copy_(torch.tensor([2.0, 3.0, 4.0]))
    zeros, ones = torch.zeros(1, TASKS), torch.ones(1, TASKS)
    expected = np.log(2) * torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    torch.testing.assert_close(example_losses(network, zeros, ones), expected)


@pytest.mark.parametrize("head", LOSSES, ids=lambda head: head.loss)
def test_the_table_of_losses_holds_what_the_heads_say(head: HeadSettings) -> None:
    network, data = weighted(head)
    probe = PROBES["subset"](ProbeSettings(name="subset"))
    probe.on_end(network, data)
    measured = probe.measured()
    table, grid = measured["loss_table"], measured["grid"]
    assert table.shape == (TASKS, 2, len(grid))
    assert np.isfinite(table).all()
    for place in (0, len(grid) // 2 + 70, len(grid) - 1):
        for target in (0, 1):
            logits = torch.full((1, TASKS), float(grid[place]))
            expected = network.head(0).task_losses(logits, torch.full((1, TASKS), float(target)))
            np.testing.assert_allclose(
                table[:, target, place], expected.detach(), rtol=1e-5, atol=1e-12
            )


def test_curvature_is_nowhere_negative() -> None:
    """Focal loss is not convex: that of texts which are far off bends down."""
    network, data = weighted(LOSSES[1])
    last = next(m for m in network.head(0).layers if isinstance(m, nn.Linear))
    with torch.no_grad():
        last.bias.fill_(6.0)  # far off for every negative
    probe = PROBES["subset"](ProbeSettings(name="subset"))
    probe.on_end(network, data)
    for curvature in probe.measured()["curvature"].astype(np.float64):
        assert np.linalg.eigvalsh(curvature).min() > -1e-6 * np.trace(curvature)


def test_what_subsets_cannot_be_estimated_of_is_named() -> None:
    labelled = Task("site", "multiclass", "toy", ("head", "chest"), "accuracy")
    tasks = TaskSet((*toy_tasks().tasks[:1], labelled))
    network = toy_network(tiny_source(), LABELS[:1], ("site",), tasks=tasks)
    probe = PROBES["subset"](ProbeSettings(name="subset"))
    with pytest.raises(TrainingError, match="binary tasks on the same texts") as caught:
        probe.on_end(network, toy_data([toy_corpus()], tiny_source()))
    assert caught.value.where == "task 'site'"
    assert caught.value.found == "multiclass, of 'toy'"
    assert "lookahead" in str(caught.value.hint)
