"""Frozen layers run once: their output is computed for a whole corpus and shared by all jobs.

A frozen layer runs without dropout (`Network.train`), so its output is a constant. It is
written to disk once, and the network is cut: its embeddings pass the stored states through and the frozen
layers leave the stack. The cut network is compared with the whole one on real examples before it is
used; a family whose layers cannot be cut so is trained whole.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mtlv.files import cache_folder, write_folder
from mtlv.fingerprint import fingerprint
from mtlv.model.batches import pad_batch
from mtlv.model.encoders import EncoderSource, config_of, encoder_layers
from mtlv.model.network import Network
from mtlv.model.tokens import TokenTable

__all__ = ["Cut", "FrozenStates", "cut_frozen", "frozen_states"]

log = logging.getLogger(__name__)
TOLERANCE = 0.05
"""Largest accepted mean difference between cut and whole network, relative to the mean size of a
state; bf16 rounding of the stored states accounts for about 0.005."""


@dataclass(frozen=True)
class FrozenStates:
    """Output of the frozen layers for every token of a token table (a `StateTable`).

    Args:
        states: (sum of lengths, H) bf16 or fp32 as raw 16- or 32-bit integers, memory-mapped.
        dtype: what the integers mean.
        seconds: what it took to compute them, whenever that was.
    """

    states: np.ndarray[Any, Any]
    dtype: torch.dtype
    seconds: float

    @property
    def width(self) -> int:
        """H."""
        return int(self.states.shape[1])

    def rows(self, start: int, stop: int) -> Tensor:
        """Return the states of some tokens, (stop - start, H)."""
        return torch.from_numpy(self.states[start:stop]).view(self.dtype)


def frozen_states(
    network: Network,
    table: TokenTable,
    source: EncoderSource,
    freeze_layers: int,
    *,
    key: str,
    dtype: torch.dtype,
) -> FrozenStates:
    """Return the frozen layers' output for a token table, from the cache where it is there.

    Args:
        network: the whole network.
        table: the texts.
        source: of the encoder.
        freeze_layers: how many layers are frozen.
        key: names the token table.
        dtype: in which to compute and store.
    """
    name = fingerprint([key, source.fingerprint, freeze_layers, str(dtype)])
    folder = cache_folder() / "frozen" / name
    if not folder.exists():
        with write_folder(folder) as scrap:
            _compute(network, table, freeze_layers, dtype, scrap)
    seconds = float(np.load(folder / "seconds.npy"))
    return FrozenStates(np.load(folder / "states.npy", mmap_mode="r+"), dtype, seconds)


class Cut:
    """A network without its frozen layers, until `undo` puts them back.

    Args:
        network: the network to cut.
        freeze_layers: how many layers go.
    """

    def __init__(self, network: Network, freeze_layers: int) -> None:
        self._encoder = network.encoder
        self._layers = encoder_layers(network.encoder)
        self._whole = list(self._layers)
        self._embeddings = network.encoder.get_submodule("embeddings")
        setattr(self._encoder, "embeddings", _Passthrough())  # noqa: B010 - typed as a module
        _set_layers(self._layers, self._whole[freeze_layers:])

    def undo(self) -> None:
        """Make the network whole again; what was learned in the upper layers stays."""
        setattr(self._encoder, "embeddings", self._embeddings)  # noqa: B010
        _set_layers(self._layers, self._whole)


def cut_frozen(
    network: Network, freeze_layers: int, table: TokenTable, states: FrozenStates
) -> Cut | None:
    """Cut the frozen layers off a network, if that does not change what it computes.

    Returns:
        The cut, or None where the network was left as it was.
    """
    if freeze_layers == len(encoder_layers(network.encoder)):
        return None
    rows = range(min(4, len(table)))
    device = next(network.parameters()).device
    network.eval()
    with torch.inference_mode():
        whole = network.encode(pad_batch("", table, rows).to(device))
    cut = Cut(network, freeze_layers)
    try:
        with torch.inference_mode(), _autocast(device, states.dtype):
            upper = network.encode(pad_batch("", table, rows, states).to(device))
        reason = f"states differ by {_difference(whole.tokens, upper.tokens, whole.mask):.3f}"
        if _difference(whole.tokens, upper.tokens, whole.mask) <= TOLERANCE:
            return cut
    except (RuntimeError, ValueError, TypeError, AttributeError, IndexError) as error:
        reason = str(error)
    cut.undo()
    log.warning("The frozen layers of this encoder are computed anew in every step: %s.", reason)
    return None


class _Passthrough(nn.Module):
    """Stands in for the embeddings and returns the states that it is given."""

    def forward(self, *_: Any, inputs_embeds: Tensor, **__: Any) -> Tensor:
        return inputs_embeds


def _autocast(device: torch.device, dtype: torch.dtype) -> torch.autocast:
    return torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16)


def _set_layers(layers: nn.ModuleList, wanted: list[nn.Module]) -> None:
    while len(layers):
        del layers[-1]
    layers.extend(wanted)


def _compute(
    network: Network, table: TokenTable, freeze_layers: int, dtype: torch.dtype, folder: Path
) -> None:
    started = time.perf_counter()
    network.eval()
    layer = encoder_layers(network.encoder)[freeze_layers - 1]
    caught: list[Tensor] = []
    hook = layer.register_forward_hook(
        lambda _m, _i, out: caught.append(out[0] if isinstance(out, tuple) else out)
    )
    width = config_of(network.encoder).hidden_size
    raw = np.int16 if dtype == torch.bfloat16 else np.int32
    shape = (int(table.offsets[-1]), width)
    states = np.lib.format.open_memmap(folder / "states.npy", "w+", raw, shape)
    device = next(network.parameters()).device
    order = np.argsort(table.lengths, kind="stable")
    half = dtype == torch.bfloat16
    with torch.inference_mode(), _autocast(device, dtype):
        for start in range(0, len(order), 32):
            rows = order[start : start + 32]
            network.encode(pad_batch("", table, rows).to(device))
            output = caught.pop().to("cpu", dtype)
            integers = output.view(torch.int16 if half else torch.int32).numpy()
            for i, row in enumerate(rows):
                begin, end = table.offsets[row], table.offsets[row + 1]
                states[begin:end] = integers[i, : end - begin]
    hook.remove()
    states.flush()
    np.save(folder / "seconds.npy", np.asarray(time.perf_counter() - started))


def _difference(expected: Tensor, found: Tensor, mask: Tensor) -> float:
    keep = mask.bool()
    a, b = expected[keep].float(), found[keep].float()
    return float((a - b).abs().mean() / a.abs().mean())
