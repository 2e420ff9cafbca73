"""Heads of the other kinds, against PyTorch's losses and by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from mtlv.model.heads import (
    HEADS,
    Features,
    Head,
    MulticlassHead,
    RegressionHead,
    TaggingHead,
    make_head,
)
from mtlv.model.settings import HeadSettings
from mtlv.tasks import Task

HIDDEN, NAN = 8, math.nan
TAGS = ("O", "B-X", "I-X")


def head(kind: str, labels: tuple[str, ...] = (), **task: object) -> Head:
    own = Task("a", kind, "toy", labels, "f1", **task)  # type: ignore[arg-type]
    return make_head(HIDDEN, [own], HeadSettings(dropout=0.0))


def features(batch: int = 3, length: int = 4) -> Features:
    states = torch.randn(batch, length, HIDDEN)
    return Features(states, states[:, 0], torch.ones(batch, length))


def test_all_kinds_have_a_head() -> None:
    assert set(HEADS) == {"binary", "multiclass", "regression", "tagging"}


class TestMulticlass:
    def test_shapes(self) -> None:
        own = head("multiclass", ("p", "q", "r"))
        assert isinstance(own, MulticlassHead)
        outputs = own(features())
        assert outputs.shape == (3, 3)
        scores = own.decode(outputs)
        assert scores.shape == (3, 1, 3)
        torch.testing.assert_close(scores.sum(-1), torch.ones(3, 1))

    def test_loss_is_that_of_the_present_targets(self) -> None:
        own = head("multiclass", ("p", "q", "r"))
        logits = torch.randn(3, 3)
        found = own.loss(logits, torch.tensor([[2.0], [NAN], [0.0]]))
        expected = functional.cross_entropy(logits[[0, 2]], torch.tensor([2, 0]))
        torch.testing.assert_close(found, expected)

    def test_a_teacher_that_is_sure_is_as_good_as_a_target(self) -> None:
        own = head("multiclass", ("p", "q", "r"))
        logits = torch.randn(3, 3)
        targets = torch.tensor([[2.0], [1.0], [0.0]])
        sure = functional.one_hot(targets[:, 0].long(), 3).float().unsqueeze(1)
        torch.testing.assert_close(own.soft_loss(logits, sure), own.loss(logits, targets))


class TestRegression:
    def test_targets_are_standardised_and_scores_are_in_their_unit(self) -> None:
        own = head("regression", range=(0.0, 5.0))
        assert isinstance(own, RegressionHead)
        targets = torch.tensor([[1.0], [3.0], [NAN], [5.0]])
        own.prepare(targets)
        assert own.center.item() == pytest.approx(3)
        assert own.scale.item() == pytest.approx(math.sqrt(8 / 3))
        outputs = torch.tensor([[0.0], [-9.0], [1.0], [9.0]])
        expected = [[3.0], [0.0], [3 + math.sqrt(8 / 3)], [5.0]]
        torch.testing.assert_close(own.decode(outputs), torch.tensor(expected))
        squares = [(0 - (1 - 3) / own.scale) ** 2, (-9.0 - 0) ** 2, (9 - 2 / own.scale) ** 2]
        torch.testing.assert_close(own.loss(outputs, targets), sum(squares) / 3)

    @pytest.mark.parametrize("given", [[[2.0]], [[2.0], [2.0]], [[NAN], [NAN]]])
    def test_what_cannot_be_standardised_is_left(self, given: list[list[float]]) -> None:
        own = head("regression")
        own.prepare(torch.tensor(given))
        assert isinstance(own, RegressionHead)
        assert (own.center.item(), own.scale.item()) == (0, 1)

    def test_what_was_learned_of_the_targets_is_saved(self) -> None:
        own = head("regression")
        assert {"center", "scale"} <= set(own.state_dict())


class TestTagging:
    def test_only_words_that_begin_count(self) -> None:
        own = head("tagging", TAGS)
        assert isinstance(own, TaggingHead)
        outputs = own(features())
        assert outputs.shape == (3, 4, 3)
        targets = torch.full((3, 4), NAN)
        targets[0, 1], targets[2, 3] = 2.0, 0.0
        rows = torch.stack([outputs[0, 1], outputs[2, 3]])
        expected = functional.cross_entropy(rows, torch.tensor([2, 0]))
        torch.testing.assert_close(own.loss(outputs, targets), expected)
        assert own.decode(outputs).shape == (3, 1, 4, 3)

    def test_a_teacher_says_nothing_where_no_word_begins(self) -> None:
        own = head("tagging", TAGS)
        logits = torch.randn(2, 3, 3)
        scores = torch.full((2, 1, 3, 3), NAN)
        scores[0, 0, 1] = torch.tensor([0.0, 1.0, 0.0])
        expected = functional.cross_entropy(logits[0, 1:2], torch.tensor([1]))
        torch.testing.assert_close(own.soft_loss(logits, scores), expected)


@pytest.mark.parametrize("kind", ["multiclass", "regression", "tagging"])
def test_without_targets_there_is_no_loss_and_no_gradient(kind: str) -> None:
    own = head(kind, TAGS)
    outputs = own(features()).detach().requires_grad_()
    targets = torch.full((3, 4) if kind == "tagging" else (3, 1), NAN)
    loss = own.loss(outputs, targets)
    loss.backward()
    assert loss.item() == 0
    assert outputs.grad is not None
    assert not outputs.grad.any()
    assert own.task_losses(outputs, targets).isnan().all()
