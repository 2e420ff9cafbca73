"""Frozen layers run once: their output is computed for a whole corpus and shared by all jobs.

A frozen layer runs without dropout (`Network.train`), so its output is a constant. It is written
to disk once, and the network is cut: its embeddings pass the stored states through and the frozen
layers leave the stack. Before the cut network is used it is compared with the whole one on real
examples, and nothing that learns may reach into the frozen output; a family whose layers cannot be
cut so is trained whole.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mtlv.files import reserve
from mtlv.fingerprint import fingerprint
from mtlv.model.batches import Batch, pad_batch
from mtlv.model.cache import cached
from mtlv.model.encoders import EncoderSource
from mtlv.model.heads import Features
from mtlv.model.layers import CUT_FROM, EMBEDDINGS, config_of, encoder_layers, trunk
from mtlv.model.network import Network
from mtlv.model.tokens import TokenTable

__all__ = ["Cut", "FrozenStates", "cut_frozen", "frozen_states"]

log = logging.getLogger(__name__)
LAYOUT = 2
"""Raised when what is stored of them changes."""
TEXTS_PER_BATCH = 32
FIRST = (0,)
"""The head whose encoder stands for those of all heads: their frozen layers are the same."""
TOLERANCE = 0.05
"""Largest accepted mean difference between cut and whole network, relative to the mean size of a
state; bf16 rounding of the stored states accounts for about 0.005."""


@dataclass(frozen=True)
class FrozenStates:
    """Output of the frozen layers for some texts of a token table (a `StateTable`).

    Args:
        states: (sum of their lengths, H) bf16 or fp32 as raw 16- or 32-bit integers, memory-mapped.
        texts: rows of these texts in the token table, rising.
        firsts: where each of them begins there.
        places: where each begins in `states`.
        dtype: what the integers mean.
        seconds: by the clock that it took to compute them, whenever that was.
        cpu_seconds: of all threads of the process that did.
        name: in the cache.
    """

    states: np.ndarray[Any, Any]
    texts: np.ndarray[Any, Any]
    firsts: np.ndarray[Any, Any]
    places: np.ndarray[Any, Any]
    dtype: torch.dtype
    seconds: float
    cpu_seconds: float
    name: str = ""

    @property
    def width(self) -> int:
        """H."""
        return int(self.states.shape[1])

    def rows(self, start: int, stop: int) -> Tensor:
        """Return the states of a text's tokens, (stop - start, H)."""
        place = int(self.places[np.searchsorted(self.firsts, start)])
        return torch.from_numpy(self.states[place : place + stop - start]).view(self.dtype)


def frozen_states(
    network: Network,
    table: TokenTable,
    source: EncoderSource,
    freeze_layers: int,
    *,
    key: str,
    dtype: torch.dtype,
    rows: np.ndarray[Any, Any] | None = None,
) -> FrozenStates:
    """Return the frozen layers' output for texts of a token table, from the cache if it is there.

    Args:
        network: the whole network.
        table: the texts.
        source: of the encoder.
        freeze_layers: how many layers are frozen.
        key: names the token table.
        dtype: in which to compute and store.
        rows: of the texts that are needed; None means all.
    """
    wanted = np.arange(len(table)) if rows is None else np.unique(rows)
    told = "all" if len(wanted) == len(table) else hashlib.sha256(wanted.tobytes()).hexdigest()
    name = fingerprint([LAYOUT, key, source.fingerprint, freeze_layers, str(dtype), told])
    folder = cached("frozen", name, partial(_compute, network, table, wanted, freeze_layers, dtype))
    seconds, cpu_seconds = np.load(folder / "seconds.npy").tolist()
    return FrozenStates(
        np.load(folder / "states.npy", mmap_mode="c"),
        wanted,
        table.offsets[wanted],
        _places(table, wanted)[:-1],
        dtype,
        seconds,
        cpu_seconds,
        name,
    )


class Cut:
    """A network without its frozen layers, until `undo` puts them back.

    Args:
        network: the network to cut.
        freeze_layers: how many layers go.
    """

    def __init__(self, network: Network, freeze_layers: int) -> None:
        self._cuts = [_EncoderCut(encoder, freeze_layers) for encoder in network.encoders]

    def undo(self) -> None:
        """Make the network whole again; what was learned in the upper layers stays."""
        for cut in self._cuts:
            cut.undo()


class _EncoderCut:
    """One encoder without its frozen layers."""

    def __init__(self, encoder: nn.Module, freeze_layers: int) -> None:
        self._trunk = trunk(encoder)
        self._layers = encoder_layers(encoder)
        self._whole = list(self._layers)
        parts = dict(self._trunk.named_children())
        self._below = {name: parts[name] for name in EMBEDDINGS if name in parts}
        for name in self._below:
            setattr(self._trunk, name, _Passthrough())
        _set_layers(self._layers, self._whole[freeze_layers:])
        setattr(self._layers, CUT_FROM, len(self._whole))

    def undo(self) -> None:
        for name, module in self._below.items():
            setattr(self._trunk, name, module)
        delattr(self._layers, CUT_FROM)
        _set_layers(self._layers, self._whole)


def cut_frozen(
    network: Network, freeze_layers: int, table: TokenTable, states: FrozenStates
) -> Cut | None:
    """Cut the frozen layers off a network, if that does not change what it computes.

    Returns:
        The cut, or None where the network was left as it was.
    """
    cut = None
    try:
        rows = states.texts[:4]
        _check_constant(network, freeze_layers, table, rows)
        batch = _some_rows(network, table, rows)
        with torch.inference_mode():
            whole = network.encode(batch)
        cut = Cut(network, freeze_layers)
        _check_equal(network, whole, _some_rows(network, table, rows, states), states.dtype)
    except Exception as error:  # how a family fails without its layers is its own affair
        if cut is not None:
            cut.undo()
        log.warning("The frozen layers of this encoder are computed in every step: %s.", error)
        return None
    return cut


class _Passthrough(nn.Module):
    """Stands in for the embeddings and returns the states that it is given, in any position.

    They become fp32, as in the whole network, where autocast rounds products and not their sums.
    """

    def forward(self, *given: Any, inputs_embeds: Any = None, **_: Any) -> Tensor:
        states: Tensor = next(value for value in (inputs_embeds, *given) if value is not None)
        return states.float()


def _some_rows(
    network: Network,
    table: TokenTable,
    rows: np.ndarray[Any, Any],
    states: FrozenStates | None = None,
) -> Batch:
    device = next(network.parameters()).device
    network.eval()
    return pad_batch("", table, rows, states).to(device)


def _check_constant(
    network: Network, freeze_layers: int, table: TokenTable, rows: np.ndarray[Any, Any]
) -> None:
    with _caught_output(network, freeze_layers) as caught:
        network.encode(_some_rows(network, table, rows), FIRST)
    if caught[0].requires_grad:
        raise ValueError("their output depends on parameters that learn")


def _check_equal(network: Network, whole: Features, batch: Batch, dtype: torch.dtype) -> None:
    with torch.inference_mode(), _autocast(batch.mask.device, dtype):
        upper = network.encode(batch)
    keep = whole.mask.bool()
    expected, found = whole.tokens[keep].float(), upper.tokens[keep].float()
    difference = float((expected - found).abs().mean() / expected.abs().mean())
    if not difference <= TOLERANCE:
        raise ValueError(f"without them, token states differ by {difference:.3f}")


@contextmanager
def _caught_output(network: Network, freeze_layers: int) -> Iterator[list[Tensor]]:
    """Give a list that holds the output of the last frozen layer after each pass."""
    caught: list[Tensor] = []

    def catch(_module: nn.Module, _inputs: Any, output: Any) -> None:
        caught[:] = [output[0] if isinstance(output, tuple) else output]

    hook = encoder_layers(network.encoders[0])[freeze_layers - 1].register_forward_hook(catch)
    try:
        yield caught
    finally:
        hook.remove()


@contextmanager
def _only_lowest(network: Network, count: int) -> Iterator[None]:
    layers = encoder_layers(network.encoders[0])
    whole = list(layers)
    _set_layers(layers, whole[:count])
    try:
        yield
    finally:
        _set_layers(layers, whole)


def _autocast(device: torch.device, dtype: torch.dtype) -> torch.autocast:
    return torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16)


def _set_layers(layers: nn.ModuleList, wanted: list[nn.Module]) -> None:
    while len(layers):
        del layers[-1]
    layers.extend(wanted)


def _places(table: TokenTable, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return where texts begin when they are put one behind another, and where the last ends."""
    return np.concatenate([[0], np.cumsum(table.lengths[rows])])


def _compute(
    network: Network,
    table: TokenTable,
    wanted: np.ndarray[Any, Any],
    freeze_layers: int,
    dtype: torch.dtype,
    folder: Path,
) -> None:
    started, cpu_started = time.perf_counter(), time.process_time()
    network.eval()
    width = config_of(network.encoder).hidden_size
    raw = np.int16 if dtype == torch.bfloat16 else np.int32
    places = _places(table, wanted)
    shape = (int(places[-1]), width)
    states = np.lib.format.open_memmap(folder / "states.npy", "w+", raw, shape)
    reserve(folder / "states.npy")
    device = next(network.parameters()).device
    order = np.argsort(table.lengths[wanted], kind="stable")
    same_size = torch.int16 if dtype == torch.bfloat16 else torch.int32
    with (
        torch.inference_mode(),
        _autocast(device, dtype),
        _caught_output(network, freeze_layers) as caught,
        _only_lowest(network, freeze_layers),
    ):
        for start in range(0, len(order), TEXTS_PER_BATCH):
            chunk = order[start : start + TEXTS_PER_BATCH]
            network.encode(pad_batch("", table, wanted[chunk]).to(device), FIRST)
            integers = caught[0].to("cpu", dtype).view(same_size).numpy()
            for i, place in enumerate(chunk):
                begin, end = places[place], places[place + 1]
                states[begin:end] = integers[i, : end - begin]
    states.flush()
    took = (time.perf_counter() - started, time.process_time() - cpu_started)
    np.save(folder / "seconds.npy", np.asarray(took))
