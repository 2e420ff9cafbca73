"""Checkpoints: what training changed, in safetensors; what it did not is not stored again."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from mtlv.errors import StoreError
from mtlv.model.network import Network
from mtlv.model.soft_sharing import members_of, spread

__all__ = [
    "ENCODER",
    "FILE",
    "check_kept",
    "encoder_state",
    "head_states",
    "restore",
    "restore_encoder",
    "save",
    "save_encoder",
    "save_scratch",
    "take_over",
]

FILE = "model.safetensors"
ENCODER = "encoder"
"""Folder of the configuration and tokenizer of an encoder that exists nowhere else."""


def save(network: Network, folder: Path) -> None:
    """Write the trainable state of a network."""
    state = network.trainable_state()
    try:
        save_file({k: v.detach().cpu().contiguous() for k, v in state.items()}, folder / FILE)
    except SafetensorError as error:  # what a full disk is called there
        raise OSError(str(error)) from error


def save_encoder(encoder: nn.Module, folder: Path) -> None:
    """Write a whole encoder, under the names that it has in a network."""
    state = {f"encoder.{k}": v.detach().cpu().contiguous() for k, v in encoder.state_dict().items()}
    try:
        save_file(state, folder / FILE)
    except SafetensorError as error:  # what a full disk is called there
        raise OSError(str(error)) from error


def save_scratch(source: Path, folder: Path) -> None:
    """Keep the configuration and tokenizer of a scratch encoder with the job."""
    shutil.copytree(source, folder / ENCODER)


def restore(network: Network, folder: Path) -> None:
    """Read the trainable state back into a network of the same model plan and encoder.

    Raises:
        StoreError: there is no checkpoint, or it does not fit the network.
    """
    state, expected = _read(folder), network.trainable_state()
    _check_fit(state, expected, folder, odd=set(state) ^ set(expected))
    network.load_state_dict(state, strict=False)


def encoder_state(folder: Path) -> dict[str, Tensor]:
    """Return the encoder's part of a checkpoint; frozen layers are not stored.

    Raises:
        StoreError: there is no checkpoint.
    """
    return {k: v for k, v in _read(folder).items() if k.startswith("encoder.")}


def restore_encoder(network: Network, folder: Path, model: Sequence[Sequence[str]] = ()) -> None:
    """Read only the encoder's part of a checkpoint, as when a job starts from another's encoder.

    Args:
        network: to change; it may have more layers than the checkpoint, or encoders of its heads.
        folder: of the checkpoint's job.
        model: heads of that job, as lists of task names; they matter where each has an encoder.

    Raises:
        StoreError: there is no checkpoint, or it does not fit the network.
    """
    take_over(network, encoder_state(folder), model, folder)


def take_over(
    network: Network, state: Mapping[str, Tensor], model: Sequence[Sequence[str]], folder: Path
) -> None:
    """Give a network the encoders of another job, as `spread` says.

    Args:
        network: to change.
        state: of the other job's encoders.
        model: heads of that job, as lists of task names.
        folder: of that job, for errors.

    Raises:
        StoreError: they do not fit the network.
    """
    expected = network.state_dict()
    learned = {name for name, own in network.named_parameters() if own.requires_grad}
    heads = [[task.name for task in network.head(i).tasks] for i in range(len(network.heads))]
    wanted = spread(state, members_of(state, model), members_of(expected, heads), learned)
    _check_fit(wanted, expected, folder, odd=set(wanted) - set(expected))
    network.load_state_dict(wanted, strict=False)


def head_states(folder: Path, count: int) -> list[dict[str, Tensor]]:
    """Return what a checkpoint holds of each head, by the names in the head.

    Args:
        folder: of the checkpoint's job.
        count: how many heads that job has.

    Raises:
        StoreError: there is no checkpoint.
    """
    state = _read(folder)
    starts = [f"heads.{index}." for index in range(count)]
    return [{k[len(s) :]: v for k, v in state.items() if k.startswith(s)} for s in starts]


def check_kept(folder: Path) -> None:
    """Make sure that a job kept its weights.

    Raises:
        StoreError: it did not; says how to keep them.
    """
    if not (folder / FILE).exists():
        raise StoreError(
            "The job kept no checkpoint.",
            where=str(folder),
            hint="set `store: {checkpoints: true}` and run the study again",
        )


def _read(folder: Path) -> dict[str, Tensor]:
    check_kept(folder)
    return load_file(folder / FILE)


def _check_fit(
    state: dict[str, Tensor], expected: dict[str, Tensor], folder: Path, odd: set[str]
) -> None:
    shared = set(state) & set(expected)
    odd = odd | {name for name in shared if state[name].shape != expected[name].shape}
    if odd:
        raise StoreError(
            "The checkpoint does not fit the network.",
            where=str(folder / FILE),
            found=", ".join(sorted(odd)[:3]),
        )
