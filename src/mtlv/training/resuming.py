"""Going on in the middle of a job: its state is saved from time to time, and read when it starts
again.

    FOLDER/state.json   names the file that holds the state, its fingerprint, and who can use it
           NAME.pt      the state

A state has a file of a new name each time, and counts from the moment at which `state.json` names
it. A job that is killed while it saves therefore goes on from the state before. What cannot be
used (a damaged file, a state of other library versions) is ignored with a warning.

On the same machine, with as many threads, a job that went on gives what it would have given in one
go, to the last bit.
"""

from __future__ import annotations

import json
import logging
import os
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Protocol

import torch

from mtlv.errors import StoreError, TrainingError
from mtlv.files import write_text
from mtlv.fingerprint import file_fingerprint
from mtlv.model.fast_cpu import dropout_state, set_dropout_state
from mtlv.model.network import Network

__all__ = ["RandomStreams", "Saves", "State", "Stateful", "TrainableWeights"]

log = logging.getLogger(__name__)
MANIFEST = "state.json"
FORMAT = 1
UNREADABLE = (
    AttributeError,
    EOFError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    UnpicklingError,
    ValueError,
)
"""What reading a file raises that is not what it should be."""
State = dict[str, Any]
"""Tensors, numbers and strings, in dicts, lists and tuples."""


class Stateful(Protocol):
    """What has a state, as PyTorch's modules and optimizers have one."""

    def state_dict(self) -> State:
        """Return the state; tensors may be the ones in use."""

    def load_state_dict(self, state_dict: State) -> Any:
        """Take over a state."""


class Saves:
    """Saves the state of a job from time to time.

    Args:
        folder: of this job's state alone.
        every: minutes between saves.
        about: what must be equal for a state to be of use, as versions.
    """

    def __init__(self, folder: Path, every: float, about: Mapping[str, str]) -> None:
        self.folder, self.every = folder, every
        self.about = dict(about) | {"format": str(FORMAT)}
        self._parts: dict[str, Stateful] = {}
        self._last = time.monotonic()

    def keep(self, **parts: Stateful) -> None:
        """Make the states of these parts belong to the job's."""
        self._parts |= parts

    def restore(self) -> bool:
        """Bring all parts to the state that was saved last; tell whether there was one.

        Raises:
            TrainingError: a state of equal versions does not fit the job.
        """
        parts = self._everything()
        state = self._read(set(parts))
        if state is None:
            return False
        for name, part in parts.items():
            try:
                part.load_state_dict(state[name])
            except (KeyError, RuntimeError, TypeError, ValueError) as error:
                raise TrainingError(
                    "The saved state of a job does not fit it.",
                    where=str(self.folder),
                    found=f"{name}: {_first_line(error)}",
                    hint="remove this folder and run the same command again: the job starts over",
                ) from error
        return True

    def save_if_due(self) -> None:
        """Save the state if the last save is long enough ago."""
        if time.monotonic() - self._last >= 60 * self.every:
            self.save()

    def save(self) -> None:
        """Save the state; if the disk is full, the job goes on without."""
        file = self.folder / f"{uuid.uuid4().hex}.pt"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write({name: part.state_dict() for name, part in self._everything().items()}, file)
            known = {"about": self.about, "file": file.name, "fingerprint": file_fingerprint(file)}
            write_text(self.folder / MANIFEST, json.dumps(known) + "\n")
        except (OSError, RuntimeError, StoreError) as error:  # RuntimeError: PyTorch's own writer
            log.warning("The state of a running job cannot be saved in %s: %s", self.folder, error)
            useless = {file}
        else:
            useless = set(self.folder.glob("*.pt")) - {file}
        for old in useless:
            with suppress(OSError):  # it may not be there, or not be ours
                old.unlink()
        self._last = time.monotonic()

    def _everything(self) -> dict[str, Stateful]:
        """Return all parts; the random streams last, since others may draw when they are loaded."""
        return {**self._parts, "random": RandomStreams()}

    def _read(self, names: set[str]) -> State | None:
        manifest = self.folder / MANIFEST
        if not manifest.exists():
            return None
        try:
            known = json.loads(manifest.read_text(encoding="utf-8"))
            file = self.folder / known["file"]
            self._check(known, file)
            state: State = torch.load(file, map_location="cpu", weights_only=True)
            if set(state) != names:
                raise ValueError("it has other parts than the job")
        except UNREADABLE as error:
            log.warning(
                "A job starts over, since its saved state in %s cannot be used: %s",
                self.folder,
                _first_line(error),
            )
            return None
        return state

    def _check(self, known: dict[str, Any], file: Path) -> None:
        """Raise a ValueError that says why a state cannot be used."""
        about = known["about"]
        for name, own in self.about.items():
            if about.get(name) != own:
                raise ValueError(f"{name} was {about.get(name)} and is {own}")
        if file_fingerprint(file) != known["fingerprint"]:
            raise ValueError("the file is damaged")


class TrainableWeights:
    """What training changes in a network.

    Args:
        network: whose other weights need no saving.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    def state_dict(self) -> State:
        """Return the trainable state."""
        return dict(self._network.trainable_state())

    def load_state_dict(self, state_dict: State) -> None:
        """Take it over.

        Raises:
            ValueError: it is of other parameters.
        """
        odd = set(state_dict) ^ set(self._network.trainable_state())
        if odd:
            raise ValueError(f"{min(odd)} is in one of them only")
        self._network.load_state_dict(state_dict, strict=False)


class RandomStreams:
    """The process-wide streams that training draws from: PyTorch's and that of dropout masks."""

    def state_dict(self) -> State:
        """Return where the streams stand."""
        state: State = {"torch": torch.get_rng_state(), "dropout": dropout_state()}
        return state | ({"cuda": torch.cuda.get_rng_state()} if torch.cuda.is_available() else {})

    def load_state_dict(self, state_dict: State) -> None:
        """Go on from there."""
        torch.set_rng_state(state_dict["torch"])
        set_dropout_state(state_dict["dropout"])
        if torch.cuda.is_available():
            torch.cuda.set_rng_state(state_dict["cuda"])


def _write(state: State, file: Path) -> None:
    with file.open("wb") as opened:
        torch.save(state, opened)
        opened.flush()
        os.fsync(opened.fileno())


def _first_line(error: Exception) -> str:
    return (str(error) or repr(error)).splitlines()[0]
