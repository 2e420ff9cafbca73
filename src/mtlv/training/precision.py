"""Which number format to compute in: bf16 where the device is made for it."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import Literal

import torch

from mtlv.errors import ConfigError

__all__ = ["Precision", "choose_precision", "computing_in"]

Precision = Literal["bf16", "fp16", "fp32"]
FASTER = 1.3
"""How many times faster than fp32 a bf16 product must be to be chosen, where only time can tell."""
CPUINFO = Path("/proc/cpuinfo")
NATIVE = {"avx512_bf16", "amx_bf16", "bf16"}
"""Flags of processors that multiply bf16 natively; the last is of Arm."""


def choose_precision(wanted: Literal["auto", "bf16", "fp16", "fp32"]) -> Precision:
    """Return the wanted format, or for `auto` the one that the device is fast at.

    Raises:
        ConfigError: fp16 is wanted on a processor.
    """
    if wanted == "fp16" and not torch.cuda.is_available():
        raise ConfigError(
            "Training in fp16 needs a GPU.",
            where="train.precision",
            found=wanted,
            expected="auto, bf16 or fp32 on a processor",
        )
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    return "bf16" if _bf16_is_fast() else "fp32"


def computing_in(precision: str, device: torch.device) -> torch.autocast:
    """Return a context that computes in the precision of a job's record.

    It is fp32 for fp16 on a processor, where no job trains in it either.
    """
    half = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)
    if device.type == "cpu" and half == torch.float16:
        half = None
    return torch.autocast(device.type, half or torch.bfloat16, enabled=half is not None)


@cache
def _bf16_is_fast() -> bool:
    """Tell whether a processor is fast at bf16: its flags say so, or else a stopwatch.

    A stopwatch may change its mind on a busy machine, and with it the results of a job.
    """
    flags = _flags()
    if flags:
        return bool(NATIVE & flags)
    return _seconds(torch.float32) > FASTER * _seconds(torch.bfloat16)


def _flags() -> set[str]:
    """Return the flags of the first processor; none where the system does not list them."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    listed = (line.partition(":") for line in lines)
    return next((set(v.split()) for k, _, v in listed if k.strip() in ("flags", "Features")), set())


def _seconds(dtype: torch.dtype, size: int = 768, repeats: int = 5) -> float:
    """Return the best time of one square matrix product, in seconds."""
    matrix = torch.ones(size, size, dtype=dtype)
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        torch.mm(matrix, matrix)
        times.append(time.perf_counter() - started)
    return min(times[1:])
