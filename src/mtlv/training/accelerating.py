"""The accelerator of a run: device, precision, data parallel."""

from __future__ import annotations

from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.state import AcceleratorState

__all__ = ["make_accelerator"]


def make_accelerator(precision: str, corpora: int) -> Accelerator:
    """Return an accelerator in a precision, whatever an earlier run in this process used.

    With several corpora a step uses the heads of one, which data parallel must be told.
    """
    AcceleratorState._reset_state()
    parallel = DistributedDataParallelKwargs(find_unused_parameters=corpora > 1)
    return Accelerator(
        mixed_precision="no" if precision == "fp32" else precision, kwargs_handlers=[parallel]
    )
