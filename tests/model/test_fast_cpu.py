"""The attention and dropout for processors against those of transformers and PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AutoModel

from mtlv.errors import TrainingError
from mtlv.model.batches import pad_batch
from mtlv.model.encoders import load_encoder
from mtlv.model.fast_cpu import (
    ATTENTION,
    FastDropout,
    dropout_mask,
    seed_dropout,
    supports,
    use_fast_dropout,
)
from mtlv.model.settings import EncoderSettings
from toys import FAMILIES, tiny_source, toy_corpus, toy_data

ROWS = {"padded": [0, 1, 5, 7], "not padded": [5]}


def _inputs(family: str, rows: list[int]) -> dict[str, torch.Tensor]:
    table = toy_data([toy_corpus()], tiny_source(family)).corpora["toy"].tokens
    batch = pad_batch("toy", table, rows)
    assert batch.ids is not None
    return {"input_ids": batch.ids, "attention_mask": batch.mask}


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("theirs", ["eager", "sdpa"])
@pytest.mark.parametrize("family", [f for f in FAMILIES if f not in ("deberta-v2", "mpnet")])
def test_attention_equals_that_of_transformers(family: str, theirs: str, rows: str) -> None:
    inputs = _inputs(family, ROWS[rows])
    ours = load_encoder(tiny_source(family), EncoderSettings()).eval()
    assert ours.config._attn_implementation == ATTENTION
    other = AutoModel.from_pretrained(tiny_source(family).address, attn_implementation=theirs)
    keep = inputs["attention_mask"].bool()
    found, expected = ours(**inputs), other.eval()(**inputs)
    torch.testing.assert_close(
        found.last_hidden_state[keep], expected.last_hidden_state[keep], atol=1e-6, rtol=1e-5
    )


def test_attention_in_bf16_stays_close_to_fp32() -> None:
    inputs = _inputs("bert", [0, 1, 5])
    encoder = load_encoder(tiny_source(), EncoderSettings()).eval()
    exact = encoder(**inputs).last_hidden_state
    with torch.autocast("cpu", torch.bfloat16):
        rounded = encoder(**inputs).last_hidden_state
    keep = inputs["attention_mask"].bool()
    assert (exact - rounded.float())[keep].abs().mean() < 0.02 * exact[keep].abs().mean()


def test_the_local_layers_of_modernbert_do_not_look_further_than_their_window() -> None:
    encoder = load_encoder(tiny_source("modernbert"), EncoderSettings()).eval()
    local = encoder.layers[1]
    states = torch.randn(1, 11, 16)
    reached = []
    hook = local.attn.register_forward_hook(lambda _m, _i, output: reached.append(output[0]))
    ids = torch.arange(11).unsqueeze(0) + 5
    first = encoder.layers[0].register_forward_hook(lambda _m, _i, output: states.clone())
    for last in torch.randn(2, 16):
        states[0, -1] = last
        encoder(input_ids=ids, attention_mask=torch.ones_like(ids))
    hook.remove()
    first.remove()
    changed = (reached[0] - reached[1]).abs().amax(dim=-1)[0] > 1e-6
    assert changed[-1]
    assert not changed[:7].any()


def test_dropout_acts_on_attention_probabilities_in_training_only() -> None:
    inputs = _inputs("bert", [0, 1, 5])
    encoder = load_encoder(tiny_source(), EncoderSettings(dropout=0.5))
    for name, module in encoder.named_modules():
        if isinstance(module, nn.Dropout) and "attention.self" not in name:
            module.p = 0.0
    use_fast_dropout(encoder)
    seed_dropout(0)
    with torch.no_grad():
        first, second = (encoder.train()(**inputs).last_hidden_state for _ in range(2))
        third, fourth = (encoder.eval()(**inputs).last_hidden_state for _ in range(2))
    assert not torch.equal(first, second)
    assert not torch.equal(first, third)
    assert torch.equal(third, fourth)


def test_dropout_off_leaves_attention_whole_in_training() -> None:
    inputs = _inputs("bert", [0, 1, 5])
    encoder = load_encoder(tiny_source(), EncoderSettings(dropout=0.0))
    trained = encoder.train()(**inputs).last_hidden_state
    torch.testing.assert_close(trained, encoder.eval()(**inputs).last_hidden_state)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_masks_have_their_rate_and_a_mean_of_one(rate: float, dtype: torch.dtype) -> None:
    seed_dropout(1)
    mask = dropout_mask(torch.Size((500, 401)), rate, dtype).double()
    rounded = round(rate * 256) / 256
    values = torch.unique(mask).tolist()
    scale = float(torch.tensor(1 / (1 - rounded), dtype=dtype))
    assert values == ([scale] if rate == 0 else [0.0, scale])
    assert float((mask == 0).double().mean()) == pytest.approx(rounded, abs=0.005)
    assert float(mask.mean()) == pytest.approx(1.0, abs=0.02)


def test_the_zeros_of_a_mask_are_independent_of_their_place() -> None:
    seed_dropout(2)
    mask = dropout_mask(torch.Size((4000, 64)), 0.25, torch.float32) == 0
    shares = mask.double().mean(dim=0)
    assert float((shares - 0.25).abs().max()) < 0.03
    together = (mask[:, :-1] & mask[:, 1:]).double().mean()
    assert float(together) == pytest.approx(0.0625, abs=0.003)


@pytest.mark.parametrize("shape", [(1,), (7,), (8,), (3, 5), (2, 3, 4, 5), (0, 4)])
def test_masks_of_any_shape(shape: tuple[int, ...]) -> None:
    assert dropout_mask(torch.Size(shape), 0.5, torch.float32).shape == shape


def test_the_same_seed_gives_the_same_masks() -> None:
    def draw(seed: int) -> torch.Tensor:
        seed_dropout(seed)
        size = torch.Size((3, 33))
        return torch.cat([dropout_mask(size, 0.5, torch.float32) for _ in range(3)])

    assert torch.equal(draw(3), draw(3))
    assert not torch.equal(draw(3), draw(4))
    assert len(torch.unique(draw(3).view(3, -1), dim=0)) == 3


def test_a_rate_that_rounds_to_one_is_refused() -> None:
    with pytest.raises(TrainingError, match="drops everything"):
        dropout_mask(torch.Size((4,)), 0.999, torch.float32)


def test_fast_dropout_does_nothing_in_evaluation_or_at_rate_zero() -> None:
    values = torch.randn(4, 4)
    assert FastDropout(0.5).eval()(values) is values
    assert FastDropout(0.0).train()(values) is values


def test_the_gradient_of_fast_dropout_is_its_mask() -> None:
    values = torch.randn(50, 20, requires_grad=True)
    dropped = FastDropout(0.25).train()(values)
    dropped.sum().backward()
    assert values.grad is not None
    torch.testing.assert_close(values.grad * values.detach(), dropped.detach())
    assert 0.1 < float((values.grad == 0).float().mean()) < 0.4


def test_every_dropout_is_replaced_and_no_name_changes() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.3), nn.ModuleDict({"a": nn.Dropout(0.2)}))
    names = list(model.state_dict())
    model[1].eval()
    use_fast_dropout(model)
    found = [module for module in model.modules() if isinstance(module, FastDropout)]
    assert [module.p for module in found] == [0.3, 0.2]
    assert [module.training for module in found] == [False, True]
    assert list(model.state_dict()) == names


def test_families_whose_attention_is_their_own_are_left_alone() -> None:
    for family in FAMILIES:
        encoder = load_encoder(tiny_source(family), EncoderSettings())
        expected = ATTENTION if supports(encoder.config) else "eager"
        assert encoder.config._attn_implementation == expected
    assert not supports(load_encoder(tiny_source("deberta-v2"), EncoderSettings()).config)


def test_masks_do_not_depend_on_the_global_generators() -> None:
    seed_dropout(5)
    torch.manual_seed(0)
    np.random.seed(0)
    first = dropout_mask(torch.Size((64,)), 0.5, torch.float32)
    seed_dropout(5)
    torch.manual_seed(1)
    np.random.seed(1)
    assert torch.equal(first, dropout_mask(torch.Size((64,)), 0.5, torch.float32))
