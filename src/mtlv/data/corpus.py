"""The corpus: examples and the targets of one or more tasks on them.

A corpus is immutable and Arrow-backed. It is built once, row by row, by a `CorpusBuilder`, which
checks every row and writes an Arrow file; after that it is memory-mapped, so a million texts need
not stay in memory. Its fingerprint covers every id, text and target, in order.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
import pyarrow as pa

from mtlv.errors import DataError, nearest
from mtlv.files import cache_folder, write_folder
from mtlv.fingerprint import LENGTH

__all__ = ["Corpus", "CorpusBuilder", "Example", "Kind", "Part", "Target"]

Kind = Literal["binary", "multiclass", "regression", "tagging"]
Part = Literal["train", "validation", "test"]
Value = float | int | Sequence[int] | None

ROWS_PER_BATCH = 10_000


@dataclass(frozen=True)
class Target:
    """What one task asks of the examples of a corpus.

    Args:
        name: unique in its corpus.
        kind: `binary` (0 or 1), `multiclass` (index of a class), `regression` (a number) or
            `tagging` (one index of a tag per token).
        labels: the names of classes or tags, in the order of their indices; empty otherwise.
        description: what the task means, in words; used by groupings and shown to people.
    """

    name: str
    kind: Kind = "binary"
    labels: tuple[str, ...] = ()
    description: str | None = None


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
    """

    id: str
    text: str | None = None
    text_b: str | None = None
    tokens: tuple[str, ...] | None = None
    targets: Mapping[str, Value] = field(default_factory=dict)
    part: Part | None = None
    where: str | None = None


@dataclass(frozen=True)
class Corpus:
    """Examples and the targets of one or more tasks on them. Build it with `CorpusBuilder`.

    Args:
        name: how studies refer to it.
        targets: the tasks' targets, in a fixed order.
        table: columns `id`, `text`, `text_b`, `tokens`, `part` and one `target:NAME` per target.
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


class CorpusBuilder:
    """Checks examples one by one and makes a memory-mapped corpus of them.

    Args:
        name: of the corpus.
        targets: what will be given; a name may stand once.
        source: what errors call the data where an example has no `where` of its own.

    >>> builder = CorpusBuilder("toy", [Target("good")])
    >>> builder.add(Example("1", "a fine day", targets={"good": 1}))
    >>> builder.add(Example("2", "rain again", targets={"good": 0}))
    >>> corpus = builder.build()
    >>> len(corpus), corpus.values("good").tolist()
    (2, [1.0, 0.0])
    """

    def __init__(self, name: str, targets: Sequence[Target], source: str | None = None) -> None:
        self.name, self.targets, self.source = name, tuple(targets), source
        _check_targets(self.targets, source or name)
        self._schema = _schema(self.targets)
        self._names = {target.name for target in self.targets}
        self._rows: list[dict[str, Any]] = []
        self._batches: list[pa.RecordBatch] = []
        self._seen: dict[str, str | None] = {}
        self._digest = hashlib.sha256(json.dumps([asdict(t) for t in self.targets]).encode())

    def add(self, example: Example) -> None:
        """Check one example and keep it.

        Raises:
            DataError: an id seen before, an empty text, or a value that its target cannot have.
        """
        row = self._checked_row(example)
        self._digest.update(json.dumps(row, ensure_ascii=True).encode())
        self._rows.append(row)
        if len(self._rows) >= ROWS_PER_BATCH:
            self._flush()

    def build(self, notes: Sequence[str] = (), folder: Path | None = None) -> Corpus:
        """Write the Arrow file (under the cache folder by default) and open it memory-mapped.

        Raises:
            DataError: fewer than two examples, or a binary target without a positive or a negative.
        """
        if len(self._seen) < 2:
            raise DataError(
                f"The corpus '{self.name}' has too few examples to learn from.",
                where=self.source,
                found=f"{len(self._seen)} example(s)",
                expected="at least two examples",
            )
        self._flush()
        fingerprint = self._digest.hexdigest()[:LENGTH]
        path = (folder or cache_folder() / "corpora") / fingerprint
        if not path.exists():
            with (
                write_folder(path) as scrap,
                pa.ipc.new_file(str(scrap / "corpus.arrow"), self._schema) as writer,
            ):
                for batch in self._batches:
                    writer.write_batch(batch)
        self._batches = []
        table = pa.ipc.open_file(pa.memory_map(str(path / "corpus.arrow"))).read_all()
        corpus = Corpus(self.name, self.targets, table, fingerprint, tuple(notes))
        _check_learnable(corpus, self.source)
        return corpus

    def extend(self, examples: Iterable[Example]) -> Self:
        """Add many examples; returns the builder."""
        for example in examples:
            self.add(example)
        return self

    def _checked_row(self, example: Example) -> dict[str, Any]:
        where = example.where or f"{self.source or self.name}, example '{example.id}'"
        if example.id in self._seen:
            first = self._seen[example.id]
            raise DataError(
                f"The id '{example.id}' stands twice.",
                where=where + (f"; first at {first}" if first else ""),
                expected="every example has an id of its own",
                hint="name another id column, or leave `id` out to number the rows",
            )
        self._seen[example.id] = example.where
        _check_text(example, where)
        self._check_known(example, where)
        row: dict[str, Any] = {"id": example.id, "text": example.text, "text_b": example.text_b}
        row["tokens"] = list(example.tokens) if example.tokens is not None else None
        row["part"] = _checked_part(example.part, where)
        for target in self.targets:
            value = example.targets.get(target.name)
            row[f"target:{target.name}"] = _checked_value(target, value, example, where)
        return row

    def _check_known(self, example: Example, where: str) -> None:
        if unknown := example.targets.keys() - self._names:
            raise DataError(
                f"An example has a value for '{min(unknown)}', which is no target of the corpus.",
                where=where,
                hint=nearest(min(unknown), self._names),
            )

    def _flush(self) -> None:
        if self._rows:
            self._batches.append(pa.RecordBatch.from_pylist(self._rows, schema=self._schema))
            self._rows = []


def _schema(targets: Sequence[Target]) -> pa.Schema:
    types = {
        "binary": pa.int8(),
        "multiclass": pa.int32(),
        "regression": pa.float64(),
        "tagging": pa.list_(pa.int32()),
    }
    columns = [("id", pa.string()), ("text", pa.string()), ("text_b", pa.string())]
    columns += [("tokens", pa.list_(pa.string())), ("part", pa.string())]
    return pa.schema(columns + [(f"target:{t.name}", types[t.kind]) for t in targets])


def _check_targets(targets: Sequence[Target], where: str) -> None:
    if not targets:
        raise DataError("There is no label to learn.", where=where, expected="at least one label")
    seen: set[str] = set()
    for target in targets:
        if not target.name.strip():
            raise DataError("A label has an empty name.", where=where)
        if target.name in seen:
            raise DataError(
                f"The label '{target.name}' is named twice.",
                where=where,
                expected="every label once",
            )
        seen.add(target.name)
        if target.kind in ("multiclass", "tagging") and len(target.labels) < 2:
            raise DataError(
                f"The {target.kind} target '{target.name}' needs the names of its classes.",
                where=where,
                found=f"{len(target.labels)} class(es)",
                expected="at least two",
            )


def _check_text(example: Example, where: str) -> None:
    if example.tokens is not None:
        if not example.tokens:
            raise DataError("An example has an empty token list.", where=where)
        return
    segments = [("text", example.text)]
    segments += [("second text", example.text_b)] if example.text_b is not None else []
    for label, segment in segments:
        if segment is None or not segment.strip():
            raise DataError(
                f"The {label} is empty.",
                where=where,
                expected="some text in every row",
                hint="remove the row, or set `empty: drop` for this source",
            )


def _checked_part(part: Part | None, where: str) -> Part | None:
    if part is not None and part not in get_args(Part):
        raise DataError(
            "An example stands in an unknown part.",
            where=where,
            found=repr(part),
            expected=f"one of {', '.join(get_args(Part))}",
        )
    return part


def _checked_value(target: Target, value: Value, example: Example, where: str) -> Value:
    if value is None:
        return None
    clean, expected = _clean_value(target, value, len(example.tokens or ()))
    if clean is None:
        raise DataError(
            f"The target '{target.name}' has a value that it cannot have.",
            where=where,
            found=repr(value),
            expected=expected,
        )
    return clean


def _clean_value(target: Target, value: Any, tokens: int) -> tuple[Value, str]:
    """Return a plain Python value, so that 1, 1.0, True and NumPy's 1 have one fingerprint.

    None where the target cannot have the value; beside it, what the target can have.
    """
    count = len(target.labels)
    match target.kind:
        case "binary":
            return (int(value) if value in (0, 1) else None), "0, 1 or empty"
        case "multiclass":
            return _class_index(value, count), f"one of {', '.join(target.labels)}"
        case "regression":
            finite = isinstance(value, Real) and math.isfinite(value)
            return (float(value) if finite else None), "a finite number"
        case "tagging":
            given = value if isinstance(value, Sequence) else ()
            tags = [tag for tag in (_class_index(tag, count) for tag in given) if tag is not None]
            fits = len(tags) == len(given) == tokens
            known = f"one tag per token ({tokens}), each an index below {count}"
            return (tags if fits else None), known


def _class_index(value: Any, count: int) -> int | None:
    return int(value) if isinstance(value, Integral) and 0 <= int(value) < count else None


def _check_learnable(corpus: Corpus, source: str | None) -> None:
    for target in corpus.targets:
        if target.kind != "binary":
            continue
        values = corpus.values(target.name)
        for name, count in (("positive", (values == 1).sum()), ("negative", (values == 0).sum())):
            if count == 0:
                raise DataError(
                    f"The label '{target.name}' has no {name} example: it cannot be learned.",
                    where=source or corpus.name,
                    found=f"{int((~np.isnan(values)).sum())} labelled examples, 0 {name}",
                    hint="leave this label out, or add examples",
                )
