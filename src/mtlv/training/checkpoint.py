"""Checkpoints: what training changed, in safetensors; what it did not change is not stored again."""

from __future__ import annotations

import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

from mtlv.errors import StoreError
from mtlv.model.network import Network

__all__ = ["ENCODER", "FILE", "restore", "restore_encoder", "save", "save_scratch"]

FILE = "model.safetensors"
ENCODER = "encoder"
"""Folder of the configuration and tokenizer of an encoder that exists nowhere else."""


def save(network: Network, folder: Path) -> None:
    """Write the trainable state of a network."""
    state = {name: value.detach().cpu().contiguous() for name, value in _state(network).items()}
    save_file(state, folder / FILE)


def save_scratch(source: Path, folder: Path) -> None:
    """Keep the configuration and tokenizer of a scratch encoder with the job."""
    shutil.copytree(source, folder / ENCODER)


def restore(network: Network, folder: Path) -> None:
    """Read the trainable state back into a network of the same model plan and encoder.

    Raises:
        StoreError: there is no checkpoint, or it does not fit the network.
    """
    path = folder / FILE
    if not path.exists():
        raise StoreError(
            "The job kept no checkpoint.",
            where=str(folder),
            hint="set `store: {checkpoints: true}` and run the study again",
        )
    state = load_file(path)
    expected = _state(network)
    if set(state) != set(expected):
        odd = sorted(set(state) ^ set(expected))
        raise StoreError(
            "The checkpoint does not fit the network.", where=str(path), found=", ".join(odd[:3])
        )
    network.load_state_dict(state, strict=False)


def restore_encoder(network: Network, folder: Path) -> None:
    """Read only the encoder's part of a checkpoint, as when a job starts from another's encoder."""
    state = load_file(folder / FILE)
    own = {name: value for name, value in state.items() if name.startswith("encoder.")}
    network.load_state_dict(own, strict=False)


def _state(network: Network) -> dict[str, Tensor]:
    return network.trainable_state()
