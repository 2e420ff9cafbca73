"""Cost: seconds that add up, and a peak of memory that belongs to the work."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from mtlv.training import cost
from mtlv.training.cost import Cost, Meter

MIB = 2**20


def _can_reset_the_peak() -> bool:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def test_wall_seconds_pass_while_processor_seconds_do_not() -> None:
    meter = Meter()
    time.sleep(0.05)
    found = meter.stop()
    assert 0.05 <= found.wall_seconds < 1
    assert 0 <= found.cpu_seconds < 0.04


def test_work_takes_processor_seconds() -> None:
    meter = Meter()
    until = time.process_time() + 0.03
    while time.process_time() < until:
        pass
    assert meter.stop().cpu_seconds >= 0.03


def test_elapsed_grows_and_stop_may_be_asked_twice() -> None:
    meter = Meter()
    first, second = meter.stop(), meter.stop()
    assert first.wall_seconds <= second.wall_seconds <= meter.elapsed


def test_seconds_add_up_and_peaks_do_not() -> None:
    assert Cost(1.0, 2.0, 30.0, 0.0) + Cost(10.0, 20.0, 3.0, 4.0) == Cost(11.0, 22.0, 30.0, 4.0)


def test_memory_is_counted_in_mib() -> None:
    """A Python process with torch holds some hundred MiB."""
    assert 50 < Meter().stop().peak_memory_mb < 100_000


def test_without_a_gpu_there_is_no_device_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert Meter().stop().peak_device_mb == 0.0


@pytest.mark.skipif(not _can_reset_the_peak(), reason="the system does not reset the peak")
def test_the_peak_starts_anew_with_each_meter() -> None:
    before = Meter().stop().peak_memory_mb
    meter = Meter()
    block = np.ones(200 * MIB, np.uint8)
    block.fill(2)
    del block
    during = meter.stop().peak_memory_mb
    after = Meter().stop().peak_memory_mb
    assert during - before > 150
    assert during - after > 150


@pytest.mark.skipif(not _can_reset_the_peak(), reason="the system does not reset the peak")
def test_memory_that_earlier_work_freed_does_not_count() -> None:
    """Every second of the small blocks is kept, so the heap itself cannot shrink."""
    before = Meter().stop().peak_memory_mb
    blocks = [torch.ones(64 * 1024 // 4) for _ in range(2 * 1600)]
    kept = blocks[::2]
    del blocks
    after = Meter().stop().peak_memory_mb
    assert after - before < 150
    assert len(kept) == 1600


@pytest.mark.parametrize(("platform", "divisor"), [("darwin", MIB), ("win32", 1024)])
def test_where_there_is_no_proc_the_systems_peak_is_taken(
    platform: str, divisor: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost, "STATUS", tmp_path / "none")
    monkeypatch.setattr(cost, "CLEAR_PEAK", tmp_path / "no" / "folder")
    monkeypatch.setattr(sys, "platform", platform)
    peak = cost.resource.getrusage(cost.resource.RUSAGE_SELF).ru_maxrss
    assert Meter().stop().peak_memory_mb == pytest.approx(peak / divisor, rel=0.1)
