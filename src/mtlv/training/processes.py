"""Several processes on one job (data parallel under torchrun): who writes, and who waits.

Every process runs the same study in the same order; the main one alone writes records, and all wait
for it, so that they agree on what is finished.
"""

from __future__ import annotations

import os

import torch
from accelerate import PartialState

__all__ = ["is_main_process", "own_device", "shares_jobs", "wait_for_all"]


def own_device() -> torch.device:
    """Return the device of this process, after joining the other processes if there are any."""
    on_processors = _count() > 1 and not torch.cuda.is_available()
    if on_processors:
        os.environ["ACCELERATE_USE_CPU"] = "true"  # else accelerate leaves the processes alone
    device: torch.device = PartialState(cpu=on_processors).device
    return device


def is_main_process() -> bool:
    """Tell whether this process writes; always true outside torchrun."""
    return os.environ.get("RANK", "0") == "0"


def shares_jobs() -> bool:
    """Tell whether other processes work on the same jobs; always false outside torchrun."""
    return _count() > 1


def wait_for_all() -> None:
    """Wait until all processes are here; returns at once outside torchrun."""
    if shares_jobs():
        PartialState().wait_for_everyone()


def _count() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))
