"""Linearised gains: against a plain loop over groups, and where they become first order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mtlv.grouping.context import Array
from mtlv.grouping.linearised import LinearisedGains

from .worlds import groups_of, log_loss, loss_tables

TASKS, PLACES, EXAMPLES = 3, 4, 40
EVERY = groups_of(TASKS)


Loss = Callable[[Array, int], Array]


def weighted_focal(logits: Array, target: int) -> Array:
    """(1 - p_t)^2 times the log loss, positives three times."""
    losses = log_loss(logits, target)
    return (3 if target else 1) * (1 - np.exp(-losses)) ** 2 * losses


def model(damping: float = 0.1, missing: bool = True, trained: Loss = log_loss) -> LinearisedGains:
    draw = np.random.default_rng(0)
    roots = draw.normal(size=(TASKS, PLACES, PLACES))
    targets = (draw.random((EXAMPLES, TASKS)) < 0.4).astype(float)
    if missing:
        targets[draw.random(targets.shape) < 0.2] = np.nan
    return LinearisedGains(
        draw.normal(size=(TASKS, PLACES)),
        roots @ np.swapaxes(roots, 1, 2),
        *loss_tables(TASKS, trained),
        draw.normal(size=(EXAMPLES, TASKS)),
        draw.normal(size=(EXAMPLES, TASKS, PLACES)).astype(np.float32),
        targets,
        damping,
    )


def loss(own: LinearisedGains, task: int, step: Array, trained: Loss = log_loss) -> float:
    """Return the mean loss of a task after a step, one example after the other."""
    losses = []
    for logit, direction, target in zip(
        own.logits[:, task], own.directions[:, task], own.targets[:, task], strict=True
    ):
        if not np.isnan(target):
            losses.append(trained(logit + direction @ step, int(target)))
    return float(np.mean(losses))


def newton(own: LinearisedGains, group: Array) -> Array:
    inside = np.flatnonzero(group)
    ridge = own.damping * np.mean([np.trace(each) / PLACES for each in own.curvature])
    curvature = own.curvature[inside].mean(axis=0) + ridge * np.eye(PLACES)
    return -np.linalg.inv(curvature) @ own.slope[inside].mean(axis=0)


@pytest.mark.parametrize("trained", [log_loss, weighted_focal])
def test_it_agrees_with_a_plain_loop(trained: Loss) -> None:
    own = model(trained=trained)
    expected = np.full(EVERY.shape, np.nan)
    for row, group in enumerate(EVERY):
        for task in np.flatnonzero(group):
            alone = loss(own, task, newton(own, np.arange(TASKS) == task), trained)
            together = loss(own, task, newton(own, group), trained)
            before = loss(own, task, np.zeros(PLACES), trained)
            expected[row, task] = (alone - together) / before
    # Between the points of the table, losses are off by up to 8e-6 times their second derivative.
    np.testing.assert_allclose(own.mean(EVERY), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(own.steps(EVERY), [newton(own, group) for group in EVERY])


def test_with_large_damping_it_is_first_order() -> None:
    own = model(damping=1e5, missing=False)
    mean_diagonal = np.einsum("tdd->", own.curvature) / own.slope.size
    error = 1 / (1 + np.exp(-own.logits)) - own.targets  # (N, T)
    held_out = np.einsum("nt,ntd->td", error, own.directions) / EXAMPLES  # gradients (T, d)
    expected = np.full(EVERY.shape, np.nan)
    for row, group in enumerate(EVERY):
        step = -own.slope[group].mean(axis=0) / (1e5 * mean_diagonal)
        for task in np.flatnonzero(group):
            own_step = -own.slope[task] / (1e5 * mean_diagonal)
            before = loss(own, task, np.zeros(PLACES))
            expected[row, task] = held_out[task] @ (own_step - step) / before
    scale = np.nanmax(np.abs(expected))
    np.testing.assert_allclose(own.mean(EVERY) / scale, expected / scale, atol=1e-3)


def test_beyond_the_table_losses_go_on_in_straight_lines() -> None:
    own = replace(
        model(),
        logits=np.array([[50.0, -50.0, -40.0]]),
        directions=np.zeros((1, TASKS, PLACES), np.float32),
        targets=np.array([[0.0, 1.0, 0.0]]),
    )
    np.testing.assert_allclose(own._looked_up(own.logits), [[50.0, 50.0, 0.0]], atol=1e-9)


def test_draws_resample_examples() -> None:
    own = model(missing=False)
    pair = np.array([[True, True, False]])
    drawn = own.draws(pair, 3000, np.random.default_rng(0))[:, 0, 0]
    means = []
    draw = np.random.default_rng(1)
    for _ in range(300):
        rows = draw.integers(EXAMPLES, size=EXAMPLES)
        again = replace(
            own,
            logits=own.logits[rows],
            directions=own.directions[rows],
            targets=own.targets[rows],
        )
        means.append(again.mean(pair)[0, 0])
    assert drawn.std() == pytest.approx(np.std(means), rel=0.15)


def test_tasks_without_curvature_or_held_out_targets_gain_nothing() -> None:
    own = model()
    flat = replace(own, curvature=np.zeros_like(own.curvature), slope=np.zeros_like(own.slope))
    np.testing.assert_array_equal(flat.mean(EVERY[-1:]), np.zeros((1, TASKS)))
    blind = replace(own, targets=np.full_like(own.targets, np.nan))
    np.testing.assert_array_equal(blind.mean(EVERY[-1:]), np.zeros((1, TASKS)))
