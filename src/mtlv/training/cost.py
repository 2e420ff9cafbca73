"""Cost of a piece of work: wall and processor seconds, and the peak of memory."""

from __future__ import annotations

import ctypes
import resource
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

__all__ = ["Cost", "Meter"]

CLEAR_PEAK = Path("/proc/self/clear_refs")
STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Cost:
    """What a piece of work took.

    Args:
        wall_seconds: by the clock.
        cpu_seconds: of all threads of the process.
        peak_memory_mb: largest resident set of the process during the work, in MiB.
        peak_device_mb: largest allocation on the accelerator, in MiB; 0 without one.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    peak_device_mb: float

    def __add__(self, after: Cost) -> Cost:
        """Return what this and a later piece of work took together."""
        return Cost(
            self.wall_seconds + after.wall_seconds,
            self.cpu_seconds + after.cpu_seconds,
            max(self.peak_memory_mb, after.peak_memory_mb),
            max(self.peak_device_mb, after.peak_device_mb),
        )


class Meter:
    """Measures from its making to `stop`; what earlier attempts took is added when it is loaded."""

    def __init__(self) -> None:
        self._before = Cost(0.0, 0.0, 0.0, 0.0)
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        _forget_peak()

    @property
    def elapsed(self) -> float:
        """Wall seconds since it was made."""
        return time.perf_counter() - self._wall

    def stop(self) -> Cost:
        """Return the cost so far."""
        device = torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_available() else 0.0
        cpu_seconds = time.process_time() - self._cpu
        return self._before + Cost(self.elapsed, cpu_seconds, _peak_mb(), device)

    def state_dict(self) -> dict[str, float]:
        """Return the cost so far."""
        return asdict(self.stop())

    def load_state_dict(self, state_dict: dict[str, float]) -> None:
        """Count what an earlier attempt at the same work took, too."""
        self._before = Cost(**state_dict)


def _forget_peak() -> None:
    """Start the peak of the resident set anew, where the system can.

    What earlier work freed is given back first (glibc): it would count as if it were in use.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
    with suppress(OSError):
        CLEAR_PEAK.write_text("5")
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def _peak_mb() -> float:
    with suppress(OSError):
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024
