"""What training tells the C library's allocator; where that is not glibc, nothing happens.

By default glibc asks the system for every block above 32 MiB and gives it back once it is freed.
The gradient of an embedding table is such a block, so every step would touch ten thousand fresh
pages. Kept blocks are used again; between two jobs all that is free is given back, so that the peak
of one job does not count for the next.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

__all__ = ["give_back_memory", "keep_memory"]

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
KEPT_BLOCK, KEPT_TOTAL = 2**30, 2**31 - 1


def keep_memory() -> bool:
    """Keep freed blocks of up to 1 GiB for the next step; return whether the system can."""
    library = _glibc()
    if library is None:
        return False
    kept = library.mallopt(MMAP_THRESHOLD, KEPT_BLOCK)
    return bool(kept and library.mallopt(TRIM_THRESHOLD, KEPT_TOTAL))


def give_back_memory() -> bool:
    """Give all free memory back to the system; return whether there was any."""
    library = _glibc()
    return library is not None and bool(library.malloc_trim(0))


@cache
def _glibc() -> Any:
    try:
        library = ctypes.CDLL(None)
        return library if library.mallopt and library.malloc_trim else None
    except (AttributeError, OSError, TypeError):
        return None
