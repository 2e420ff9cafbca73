"""Losses of binary heads against PyTorch's and against each other; layers, start and decoding."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from mtlv.errors import ConfigError
from mtlv.model.heads import HEADS, BinaryHead, Features, Head, make_head
from mtlv.model.settings import HeadSettings
from mtlv.tasks import Task

HIDDEN = 8
NAN = math.nan
TARGETS = torch.tensor([[1.0, 0, 0], [0, 0, 1], [1, 1, 0], [0, 0, 0]])
LOGITS = torch.tensor([[2.0, -1, 0.3], [-2, 4, 0.1], [0, -0.5, 6], [-8, 1, 1]])


def _task(name: str, kind: str = "binary") -> Task:
    labels = () if kind in ("binary", "regression") else ("O", "B-X", "I-X")
    return Task(name, kind, "toy", labels, "f1")  # type: ignore[arg-type]


def _head(**changes: object) -> BinaryHead:
    head = make_head(HIDDEN, [_task(n) for n in "abc"], HeadSettings(**changes))  # type: ignore[arg-type]
    assert isinstance(head, BinaryHead)
    return head


def _features(count: int = 4) -> Features:
    states = torch.randn(count, 3, HIDDEN)
    return Features(states, states[:, 0], torch.ones(count, 3))


def _gradient(head: BinaryHead, logits: Tensor, targets: Tensor) -> Tensor:
    given_logits = logits.clone().requires_grad_()
    head.loss(given_logits, targets).backward()
    assert given_logits.grad is not None
    return given_logits.grad


# --- the contract of every head ------------------------------------------------------------------


@pytest.mark.parametrize("kind", HEADS)
def test_every_head_has_outputs_and_decodes_them(kind: str) -> None:
    head = make_head(HIDDEN, [_task("a", kind)], HeadSettings())
    assert isinstance(head, Head)
    outputs = head(_features())
    assert outputs.shape[-1] == head.outputs
    assert torch.isfinite(head.decode(outputs)).all()


def test_a_kind_without_a_head_is_refused() -> None:
    with pytest.raises(ConfigError, match="no head named 'ranking'"):
        make_head(HIDDEN, [_task("a", "ranking")], HeadSettings())


# --- cross entropy -------------------------------------------------------------------------------


def test_bce_equals_torch() -> None:
    expected = functional.binary_cross_entropy_with_logits(LOGITS, TARGETS)
    torch.testing.assert_close(_head().loss(LOGITS, TARGETS), expected)


def test_the_loss_by_hand() -> None:
    """-log(sigmoid(0)) = log 2 for each of twelve cells."""
    assert _head().loss(torch.zeros(4, 3), TARGETS).item() == pytest.approx(math.log(2))


def test_outputs_in_bf16_lose_nothing_in_the_loss() -> None:
    rounded = LOGITS.bfloat16()
    expected = functional.binary_cross_entropy_with_logits(rounded.float(), TARGETS)
    torch.testing.assert_close(_head().loss(rounded, TARGETS), expected)


@pytest.mark.parametrize("loss", ["bce", "focal", "asymmetric"])
def test_missing_targets_take_no_part(loss: str) -> None:
    missing = torch.tensor([[1.0, NAN, 0], [NAN, NAN, NAN], [1, 1, NAN], [0, 0, 0]])
    head = _head(loss=loss)
    gradient = _gradient(head, LOGITS, missing)
    assert (gradient[missing.isnan()] == 0).all()
    assert (gradient[~missing.isnan()] != 0).any()
    moved = torch.where(missing.isnan(), LOGITS + 3, LOGITS)
    torch.testing.assert_close(head.loss(LOGITS, missing), head.loss(moved, missing))


def test_the_mean_is_over_present_targets() -> None:
    missing = torch.tensor([[1.0, NAN, 0], [NAN, NAN, NAN], [1, 1, NAN], [0, 0, 0]])
    keep = ~missing.isnan()
    expected = functional.binary_cross_entropy_with_logits(LOGITS[keep], missing[keep])
    torch.testing.assert_close(_head().loss(LOGITS, missing), expected)


def test_a_batch_without_targets_has_no_loss_and_no_gradient() -> None:
    nothing = torch.full((4, 3), NAN)
    assert _head().loss(LOGITS, nothing).item() == 0
    assert (_gradient(_head(), LOGITS, nothing) == 0).all()


# --- focal and asymmetric ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "equal_to_bce",
    [
        {"loss": "focal", "focal_gamma": 0.0},
        {"loss": "asymmetric", "asymmetric_gamma": (0.0, 0.0), "asymmetric_margin": 0.0},
    ],
)
def test_without_focusing_they_are_cross_entropy(equal_to_bce: dict[str, object]) -> None:
    head = _head(**equal_to_bce)
    torch.testing.assert_close(head.loss(LOGITS, TARGETS), _head().loss(LOGITS, TARGETS))
    torch.testing.assert_close(
        _gradient(head, LOGITS, TARGETS), _gradient(_head(), LOGITS, TARGETS)
    )


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
def test_focal_by_its_equation(gamma: float) -> None:
    p = LOGITS.double().sigmoid()
    right = torch.where(TARGETS == 1, p, 1 - p)
    expected = (-((1 - right) ** gamma) * right.log()).mean()
    found = _head(loss="focal", focal_gamma=gamma).loss(LOGITS, TARGETS)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("margin", [0.0, 0.05, 0.3])
def test_asymmetric_by_its_equations(margin: float) -> None:
    p = LOGITS.double().sigmoid()
    shifted = (p - margin).clamp(min=0)
    positive = (1 - p) ** 1 * p.log()
    negative = shifted**4 * (1 - shifted).log()
    expected = -torch.where(TARGETS == 1, positive, negative).mean()
    head = _head(loss="asymmetric", asymmetric_gamma=(1.0, 4.0), asymmetric_margin=margin)
    torch.testing.assert_close(head.loss(LOGITS, TARGETS).double(), expected, rtol=1e-5, atol=1e-7)


def test_an_easy_negative_below_the_margin_is_ignored() -> None:
    head = _head(loss="asymmetric", asymmetric_margin=0.2)
    easy = torch.full((1, 3), -2.0)
    assert head.loss(easy, torch.zeros(1, 3)).item() == 0
    assert (_gradient(head, easy, torch.zeros(1, 3)) == 0).all()


@given(
    logit=st.floats(-60, 60, width=32),
    truth=st.sampled_from([0.0, 1.0]),
    gamma=st.sampled_from([0.0, 0.3, 1.0, 2.0, 4.0]),
    margin=st.sampled_from([0.0, 1e-6, 0.05]),
    loss=st.sampled_from(["bce", "focal", "asymmetric"]),
)
@settings(max_examples=200)
def test_losses_and_gradients_are_finite_at_any_logit(
    logit: float, truth: float, gamma: float, margin: float, loss: str
) -> None:
    head = _head(
        loss=loss, focal_gamma=gamma, asymmetric_gamma=(gamma, gamma), asymmetric_margin=margin
    )
    logits, targets = torch.full((1, 3), logit), torch.full((1, 3), truth)
    assert torch.isfinite(head.loss(logits, targets))
    assert head.loss(logits, targets) >= 0
    assert torch.isfinite(_gradient(head, logits, targets)).all()


@pytest.mark.parametrize("loss", ["focal", "asymmetric"])
def test_a_confident_mistake_still_pulls(loss: str) -> None:
    head = _head(loss=loss, asymmetric_gamma=(0.0, 0.0), asymmetric_margin=0.0)
    wrong = torch.full((1, 3), 30.0)
    assert (_gradient(head, wrong, torch.zeros(1, 3)) > 0.1).all()


# --- positive weights ----------------------------------------------------------------------------


@pytest.mark.parametrize(("choice", "power"), [("balanced", 1.0), ("sqrt", 0.5)])
def test_positive_weights_equal_those_of_torch(choice: str, power: float) -> None:
    """Positives per label are 2, 1 and 1 of 4, so negatives / positives are 1, 3 and 3."""
    head = _head(positive_weight=choice)
    head.prepare(TARGETS)
    ratio = torch.tensor([1.0, 3.0, 3.0]) ** power
    torch.testing.assert_close(head.positive_weights, ratio)
    expected = functional.binary_cross_entropy_with_logits(LOGITS, TARGETS, pos_weight=ratio)
    torch.testing.assert_close(head.loss(LOGITS, TARGETS), expected)


def test_missing_targets_do_not_count_as_negatives() -> None:
    head = _head(positive_weight="balanced")
    head.prepare(torch.tensor([[1.0, 1, 0], [0, NAN, NAN], [NAN, NAN, 1], [NAN, 0, 0]]))
    assert head.positive_weights.tolist() == [1.0, 1.0, 2.0]


def test_a_label_without_positives_gets_a_finite_weight() -> None:
    head = _head(positive_weight="balanced")
    head.prepare(torch.zeros(4, 3))
    assert torch.isfinite(head.positive_weights).all()


def test_without_the_setting_positives_weigh_one() -> None:
    head = _head()
    head.prepare(TARGETS)
    assert head.positive_weights.tolist() == [1.0, 1.0, 1.0]


def test_positive_weights_are_saved_with_the_head() -> None:
    assert "positive_weights" in _head().state_dict()


# --- layers --------------------------------------------------------------------------------------


def test_decoding_gives_probabilities() -> None:
    scores = _head().decode(torch.tensor([[0.0, 100.0, -100.0]]).bfloat16())
    assert scores.dtype == torch.float32
    assert scores.tolist() == [[0.5, 1.0, pytest.approx(0.0, abs=1e-20)]]


def test_hidden_layers_and_their_width() -> None:
    head = _head(layers=2, hidden_size=5, dropout=0.2)
    sizes = [(m.in_features, m.out_features) for m in head.layers if isinstance(m, nn.Linear)]
    assert sizes == [(HIDDEN, 5), (5, 5), (5, 3)]
    assert [m.p for m in head.layers if isinstance(m, nn.Dropout)] == [0.2] * 3
    assert sum(isinstance(m, nn.Tanh) for m in head.layers) == 2


def test_hidden_layers_are_as_wide_as_the_encoder_by_default() -> None:
    linear = next(m for m in _head(layers=1).layers if isinstance(m, nn.Linear))
    assert (linear.in_features, linear.out_features) == (HIDDEN, HIDDEN)


def test_a_zero_start_gives_zero_outputs_but_hidden_layers_can_learn() -> None:
    head = _head(initialisation="zero", layers=1).eval()
    assert (head(_features()) == 0).all()
    first, last = (m for m in head.layers if isinstance(m, nn.Linear))
    assert first.weight.abs().sum() > 0
    assert last.weight.abs().sum() == 0


@pytest.mark.parametrize(("name", "deviation"), [("normal", 0.02), ("xavier", None)])
def test_starts_have_their_spread(name: str, deviation: float | None) -> None:
    torch.manual_seed(0)
    tasks = [_task(str(i)) for i in range(50)]
    head = make_head(400, tasks, HeadSettings(initialisation=name))  # type: ignore[arg-type]
    linear = next(m for m in head.layers if isinstance(m, nn.Linear))
    expected = deviation or math.sqrt(2 / 450)
    assert linear.weight.std().item() == pytest.approx(expected, rel=0.03)
    assert (linear.bias == 0).all()
