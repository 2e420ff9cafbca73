"""How the losses of a step become one update: sum, mean, or a weight per head."""

from __future__ import annotations

import pytest
import torch

from mtlv.errors import ConfigError
from mtlv.training.weighting import make_weighting
from toys import toy_settings

LOSSES = torch.tensor([1.0, 10.0, 100.0])


@pytest.mark.parametrize(
    ("head_loss", "expected"), [("sum", 111.0), ("mean", 37.0), ((0.5, 0.0, 2.0), 200.5)]
)
def test_all_heads_by_hand(head_loss: object, expected: float) -> None:
    weighting = make_weighting(toy_settings(head_loss=head_loss), 3)
    assert weighting(LOSSES, [0, 1, 2]).item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("head_loss", "expected"), [("sum", 101.0), ("mean", 101 / 3), ((0.5, 0.0, 2.0), 200.5)]
)
def test_heads_without_targets_in_a_step_are_left_out(head_loss: object, expected: float) -> None:
    weighting = make_weighting(toy_settings(head_loss=head_loss), 3)
    assert weighting(LOSSES[[0, 2]], [0, 2]).item() == pytest.approx(expected)


def test_weights_are_the_gradients_of_the_losses() -> None:
    losses = LOSSES.clone().requires_grad_()
    make_weighting(toy_settings(head_loss=(0.5, 0.0, 2.0)), 3)(losses, [0, 1, 2]).backward()
    assert losses.grad is not None
    assert losses.grad.tolist() == [0.5, 0.0, 2.0]


def test_weights_do_not_learn() -> None:
    assert not list(make_weighting(toy_settings(), 2).parameters())


def test_weights_for_another_number_of_heads_are_refused() -> None:
    with pytest.raises(ConfigError, match="do not fit") as error:
        make_weighting(toy_settings(head_loss=(1.0, 2.0)), 3)
    assert error.value.where == "train.head_loss"
    assert error.value.found == "2 weights for 3 heads"
