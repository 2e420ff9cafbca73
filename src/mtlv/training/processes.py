"""Several processes on one job (data parallel under torchrun): who writes, and who waits.

Every process runs the same study in the same order; the main one alone writes records, and all wait
for it, so that they agree on what is finished.
"""

from __future__ import annotations

import os

from accelerate import PartialState

__all__ = ["is_main_process", "wait_for_all"]


def is_main_process() -> bool:
    """Tell whether this process writes; always true outside torchrun."""
    return os.environ.get("RANK", "0") == "0"


def wait_for_all() -> None:
    """Wait until all processes are here; returns at once outside torchrun."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        PartialState().wait_for_everyone()
