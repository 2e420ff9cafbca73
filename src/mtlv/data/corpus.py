"""The corpus: examples and the targets of one or more tasks on them.

A corpus is immutable and Arrow-backed. It is built once, row by row, by a `CorpusBuilder`, which
checks every row and writes an Arrow file; after that it is memory-mapped, so a million texts need
not stay in memory. Its fingerprint covers every id, text and target, in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from mtlv.errors import DataError, nearest

__all__ = ["Corpus", "Example", "Kind", "Part", "Target", "Value", "open_table"]

Kind = Literal["binary", "multiclass", "regression", "tagging"]
Part = Literal["train", "validation", "test"]
Value = float | int | Sequence[int] | None


@dataclass(frozen=True)
class Target:
    """What one task asks of the examples of a corpus.

    Args:
        name: unique in its corpus.
        kind: `binary` (0 or 1), `multiclass` (index of a class), `regression` (a number) or
            `tagging` (one index of a tag per token).
        labels: the names of classes or tags, in the order of their indices; empty otherwise.
        description: what the task means, in words; used by groupings and shown to people.
        negative: of `multiclass`, the class that says nothing is there, as in relation extraction;
            F1 does not count it.
        range: of `regression`, its smallest and largest value.
        metric: name of the metric that the task is judged by; None means the usual one of its kind.
    """

    name: str
    kind: Kind = "binary"
    labels: tuple[str, ...] = ()
    description: str | None = None
    negative: str | None = None
    range: tuple[float, float] | None = None
    metric: str | None = None


@dataclass(frozen=True)
class Example:
    """One input: an id and one text, two texts, or a list of tokens, with its targets.

    Args:
        id: unique in its corpus.
        text: the first (or only) text segment; None for a token list.
        text_b: the second segment of a pair.
        tokens: the words of a tagging example.
        targets: value by target name; an absent or None value is missing.
        part: the official part, where the dataset has one.
        where: file and line it came from, for error messages.
        group: what must not be divided, such as the document of a sentence; None if alone.
    """

    id: str
    text: str | None = None
    text_b: str | None = None
    tokens: tuple[str, ...] | None = None
    targets: Mapping[str, Value] = field(default_factory=dict)
    part: Part | None = None
    where: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Corpus:
    """Examples and the targets of one or more tasks on them. Build it with `CorpusBuilder`.

    Args:
        name: how studies refer to it.
        targets: the tasks' targets, in a fixed order.
        table: columns `id`, `text`, `text_b`, `tokens`, `part`, `group` and one `target:NAME` per
            target.
        fingerprint: of all contents and their order (not of the name).
        notes: what a reader wants people to know (published counts beside found ones, …).
    """

    name: str
    targets: tuple[Target, ...]
    table: pa.Table
    fingerprint: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @cached_property
    def ids(self) -> np.ndarray[Any, Any]:
        """Example ids, (N,) of str."""
        return _frozen(self.table["id"])  # (N,)

    @property
    def target_names(self) -> tuple[str, ...]:
        """Names of the targets, in their order."""
        return tuple(target.name for target in self.targets)

    @property
    def is_pair(self) -> bool:
        """Whether examples have two text segments."""
        return bool(self.table["text_b"].null_count < len(self))

    @property
    def is_tokenised(self) -> bool:
        """Whether examples are token lists."""
        return bool(self.table["tokens"].null_count < len(self))

    @cached_property
    def parts(self) -> np.ndarray[Any, Any] | None:
        """Official part of each example, (N,) of str or None; None if the dataset has no parts."""
        column = self.table["part"]
        return None if column.null_count == len(self) else _frozen(column)  # (N,)

    @cached_property
    def groups(self) -> np.ndarray[Any, Any] | None:
        """Group of each example, (N,) of str or None; None if all stand alone."""
        column = self.table["group"]
        return None if column.null_count == len(self) else _frozen(column)  # (N,)

    def texts(self, indices: Iterable[int] | None = None) -> list[str]:
        """Return first segments (token lists joined by spaces), all of them or those asked for."""
        column = self._take("tokens" if self.is_tokenised else "text", indices)
        return [" ".join(row) if isinstance(row, list) else row for row in column]

    def pairs(self, indices: Iterable[int] | None = None) -> list[str]:
        """Return second segments."""
        return self._take("text_b", indices)

    def token_lists(self, indices: Iterable[int] | None = None) -> list[list[str]]:
        """Return token lists."""
        return self._take("tokens", indices)

    def values(self, target: str) -> np.ndarray[Any, Any]:
        """Return the values of a scalar target: (N,) float64, NaN where missing.

        Raises:
            DataError: there is no such target.
        """
        self.target(target)
        column = self.table[f"target:{target}"].combine_chunks()
        return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)  # (N,)

    def tags(self, target: str) -> np.ndarray[Any, Any]:
        """Return the values of a tagging target: N arrays of one tag index per token, or None."""
        self.target(target)
        column = self.table[f"target:{target}"].to_pylist()
        rows = np.empty(len(column), object)
        for index, row in enumerate(column):
            rows[index] = None if row is None else np.asarray(row, np.int64)
        return rows  # (N,)

    def matrix(self, targets: Sequence[str] | None = None) -> np.ndarray[Any, Any]:
        """Return scalar targets side by side: (N, T) float64, NaN where missing."""
        names = self.target_names if targets is None else targets
        return np.stack([self.values(name) for name in names], axis=1)  # (N, T)

    def target(self, name: str) -> Target:
        """Return the target of a name.

        Raises:
            DataError: there is none.
        """
        for target in self.targets:
            if target.name == name:
                return target
        raise DataError(
            f"The corpus '{self.name}' has no target '{name}'.",
            hint=nearest(name, self.target_names),
        )

    def _take(self, column: str, indices: Iterable[int] | None) -> list[Any]:
        table = self.table[column]
        return list((table if indices is None else table.take(pa.array(indices))).to_pylist())


def _frozen(column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    values = np.asarray(column.to_pylist(), dtype=object)
    values.flags.writeable = False
    return values


def open_table(folder: Path) -> pa.Table:
    """Return the memory-mapped table of a folder that a builder filled."""
    return pa.ipc.open_file(pa.memory_map(str(folder / "corpus.arrow"))).read_all()
