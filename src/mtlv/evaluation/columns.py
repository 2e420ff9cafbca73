"""Columns of the long table of predictions: Arrow arrays to NumPy and back.

A column of few distinct strings (part, task, kind, corpus) is a dictionary; targets and scores are
lists, one number or many for each row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

__all__ = ["Coded", "as_lists", "coded", "ragged", "repeated"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Coded:
    """A column of few distinct strings: their codes (R,) and the strings (K,)."""

    codes: Array
    values: Array

    def code(self, value: str) -> int:
        """Return the code of a string, -1 if it is not there."""
        found = np.flatnonzero(self.values == value)
        return int(found[0]) if len(found) else -1

    def at(self, row: int) -> Any:
        """Return the string of a row."""
        return self.values[self.codes[row]]

    def rows_of(self, value: str) -> Array:
        """Return the rows that hold a string."""
        return np.flatnonzero(self.codes == self.code(value))

    def values_in(self, rows: Array) -> list[str]:
        """Return the distinct strings of some rows, in the order of their first use."""
        codes, first = np.unique(self.codes[rows], return_index=True)
        return [self.values[code] for code in codes[np.argsort(first)]]

    def taken(self, rows: Array, shared: dict[bytes, Array]) -> Array:
        """Return the strings of some rows; equal columns become one object."""
        codes = self.codes[rows]
        return shared.setdefault(codes.tobytes(), self.values[codes])


def coded(column: pa.ChunkedArray) -> Coded:
    """Return a column of strings as codes."""
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    return Coded(encoded.indices.to_numpy(), np.asarray(encoded.dictionary.to_pylist(), object))


def repeated(value: str, count: int, type_: pa.DataType) -> pa.DictionaryArray:
    """Return a column that holds one string `count` times."""
    codes = pa.array(np.zeros(count), type_.index_type)
    return pa.DictionaryArray.from_arrays(codes, pa.array([value]))


def as_lists(values: Array) -> pa.ListArray:
    """Return a list for each row of (N,), (N, C) or N arrays, in float32."""
    if values.dtype == object:
        rows = [np.asarray(row, np.float32).reshape(-1) for row in values]
        flat = np.concatenate([np.empty(0, np.float32), *rows])
        lengths = np.array([len(row) for row in rows], np.int64)
    else:
        table = values.reshape(len(values), -1)  # (N, C)
        flat = np.ascontiguousarray(table, np.float32).reshape(-1)  # (N * C,)
        lengths = np.full(len(values), table.shape[1])
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)  # (N + 1,)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat))


def ragged(array: pa.ListArray) -> list[Array]:
    """Return the rows of a list column, each of its own length."""
    flat = np.asarray(array.flatten())
    return np.split(flat, np.cumsum(np.asarray(array.value_lengths()))[:-1])
