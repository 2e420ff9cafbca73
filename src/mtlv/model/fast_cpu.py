"""Attention and dropout that are fast on processors.

Two things make an encoder slow to train on a processor, and neither is a matrix product. PyTorch's
fused attention has a slow backward pass there, so plain products are used (they run in bf16). And
dropout draws its masks from a serial generator of 32-bit numbers; here eight draws come from every
64-bit number of NumPy's SFC64, and a mask is made by multiplying 0 and 1 with the bit pattern of
the scale, as integers. The dropout rate is rounded to 1/256 and outputs are scaled by the rounded
rate, so expectations are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

from mtlv.errors import TrainingError

__all__ = [
    "ATTENTION",
    "FastDropout",
    "dropout_state",
    "seed_dropout",
    "set_dropout_state",
    "supports",
    "use_fast_dropout",
]

ATTENTION = "mtlv_cpu"
STEPS = 256
INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}
FAMILIES = ("bert", "roberta", "xlm-roberta", "distilbert", "electra", "modernbert", "camembert")


class _Bits:
    """The process-wide source of dropout masks; seeded by `seed_dropout` at the start of a job."""

    generator = np.random.SFC64(0)


def seed_dropout(seed: int) -> None:
    """Start the stream of dropout masks anew."""
    _Bits.generator = np.random.SFC64(seed)


def dropout_state() -> list[int]:
    """Return where the stream of dropout masks stands, as four words of 64 bits."""
    return [int(word) for word in _Bits.generator.state["state"]["state"]]


def set_dropout_state(words: Sequence[int]) -> None:
    """Let the stream of dropout masks go on from where it stood."""
    state: Any = _Bits.generator.state
    state["state"]["state"][:] = words
    _Bits.generator.state = state


def supports(config: Any) -> bool:
    """Tell whether a model family takes its attention from transformers' registry."""
    return config.model_type in FAMILIES


def dropout_mask(shape: torch.Size, rate: float, dtype: torch.dtype) -> Tensor:
    """Return a mask of zeros and 1 / (1 - rate), the rate rounded to 1/256.

    Args:
        shape: of the mask.
        rate: share of zeros, in [0, 1).
        dtype: of the mask.
    """
    dropped = round(rate * STEPS)
    if dropped >= STEPS:
        raise TrainingError("A dropout rate of 1 drops everything.", found=rate)
    count = shape.numel()
    raw = _Bits.generator.random_raw(-(-count // 8)).view(np.uint8)[:count]
    keep = np.greater_equal(raw, dropped).view(np.uint8)
    scale = torch.tensor([STEPS / (STEPS - dropped)], dtype=dtype)
    bits = scale.view(INTEGERS[dtype.itemsize]).numpy()
    mask = torch.from_numpy(np.multiply(keep, bits, dtype=bits.dtype))
    return mask.view(dtype).view(shape)


class FastDropout(nn.Module):
    """Dropout with cheap masks; does nothing in evaluation.

    Args:
        p: share of values set to zero, under the name that transformers looks for.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, values: Tensor) -> Tensor:
        """Drop values of a tensor of any shape."""
        if not self.training or self.p == 0.0:
            return values
        return values * dropout_mask(values.shape, self.p, values.dtype)


def use_fast_dropout(model: nn.Module) -> None:
    """Replace every `nn.Dropout` of a model in place; parameters and their names do not change."""
    for module in model.modules():
        for name, child in module.named_children():
            if type(child) is nn.Dropout:
                setattr(module, name, FastDropout(child.p).train(child.training))


def _attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[Tensor, Tensor]:
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    weights = torch.matmul(query * scale, key.transpose(2, 3))  # (B, heads, L, L)
    if attention_mask is not None:
        weights = weights + attention_mask[..., : key.shape[-2]].to(weights.dtype)
    weights = weights.softmax(dim=-1)
    if module.training and dropout > 0.0:
        weights = weights * dropout_mask(weights.shape, dropout, weights.dtype)
    mixed = torch.matmul(weights, value)  # (B, heads, L, H / heads)
    return mixed.transpose(1, 2).contiguous(), weights  # (B, L, heads, H / heads)


AttentionInterface.register(ATTENTION, _attention)
AttentionMaskInterface.register(ATTENTION, eager_mask)
