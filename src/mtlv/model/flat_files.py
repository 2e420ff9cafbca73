"""Flat arrays that grow on disk, so that they never need to fit into memory."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.lib import format as npy

__all__ = ["FlatFile"]


class FlatFile:
    """An `.npy` file of a one-dimensional array, written part by part.

    Its header is written twice: NumPy leaves room in it for a length of any digits.

    Args:
        path: of the file.
        dtype: of its values.
    """

    def __init__(self, path: Path, dtype: type[np.generic]) -> None:
        self._file, self._dtype, self._count = path.open("wb"), np.dtype(dtype), 0
        self._write_header()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._file:
            if error is None:
                self._file.seek(0)
                self._write_header()

    def append(self, values: np.ndarray[Any, Any]) -> None:
        """Add some values."""
        values.astype(self._dtype, copy=False).tofile(self._file)
        self._count += len(values)

    def _write_header(self) -> None:
        descr = npy.dtype_to_descr(self._dtype)
        header = {"descr": descr, "fortran_order": False, "shape": (self._count,)}
        npy.write_array_header_1_0(self._file, header)
