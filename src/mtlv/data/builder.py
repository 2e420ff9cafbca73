"""Building a corpus: every example is checked, and written to disk as it comes.

Only a batch of rows is held in memory; the Arrow file grows beside its final place and is moved
there when it is whole. A builder that is dropped leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Self, get_args

import numpy as np
import pyarrow as pa

from mtlv.data.corpus import Corpus, Example, Part, Target, Value, open_table
from mtlv.errors import DataError, nearest
from mtlv.files import cache_folder, explained, new_scrap, publish
from mtlv.fingerprint import LENGTH
from mtlv.words import counted

__all__ = ["CorpusBuilder"]

ROWS_PER_BATCH = 10_000
FILE = "corpus.arrow"


class CorpusBuilder:
    """Checks examples one by one and makes a memory-mapped corpus of them.

    Args:
        name: of the corpus.
        targets: what will be given; a name may stand once.
        source: what errors call the data where an example has no `where` of its own.
        folder: holds a folder per corpus, named by its fingerprint; the cache by default.

    >>> builder = CorpusBuilder("toy", [Target("good")])
    >>> builder.add(Example("1", "a fine day", targets={"good": 1}))
    >>> builder.add(Example("2", "rain again", targets={"good": 0}))
    >>> corpus = builder.build()
    >>> len(corpus), corpus.values("good").tolist()
    (2, [1.0, 0.0])
    """

    def __init__(
        self,
        name: str,
        targets: Sequence[Target],
        source: str | None = None,
        folder: Path | None = None,
    ) -> None:
        self.name, self.targets, self.source = name, tuple(targets), source
        self._folder = folder or cache_folder() / "corpora"
        _check_targets(self.targets, source or name)
        self._schema = _schema(self.targets)
        self._names = {target.name for target in self.targets}
        self._rows: list[dict[str, Any]] = []
        self._spill: _Spill | None = None
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

    def build(self, notes: Sequence[str] = ()) -> Corpus:
        """Put the Arrow file in its place and open it memory-mapped.

        Raises:
            DataError: fewer than two examples, or a binary target without a positive or a negative.
        """
        if len(self._seen) < 2:
            raise DataError(
                f"The corpus '{self.name}' has too few examples to learn from.",
                where=self.source,
                found=counted(len(self._seen), "example"),
                expected="at least two examples",
            )
        self._flush()
        fingerprint = self._digest.hexdigest()[:LENGTH]
        place = self._folder / fingerprint
        if self._spill is not None:
            self._spill.publish(place)
        table = open_table(place)
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
        row["group"] = example.group
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
            if self._spill is None:
                self._spill = _Spill(self._folder, self._schema)
            self._spill.write(pa.RecordBatch.from_pylist(self._rows, schema=self._schema))
            self._rows = []


class _Spill:
    """The Arrow file while it grows; it is removed with the builder unless it was published."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        with explained(folder):
            self._scrap = new_scrap(folder, "corpus")
            self._writer = pa.ipc.new_file(str(self._scrap / FILE), schema)
        weakref.finalize(self, shutil.rmtree, self._scrap, ignore_errors=True)

    def write(self, batch: pa.RecordBatch) -> None:
        with explained(self._scrap):
            self._writer.write_batch(batch)

    def publish(self, place: Path) -> None:
        with explained(place):
            self._writer.close()
            publish(self._scrap, place)


def _schema(targets: Sequence[Target]) -> pa.Schema:
    types = {
        "binary": pa.int8(),
        "multiclass": pa.int32(),
        "regression": pa.float64(),
        "tagging": pa.list_(pa.int32()),
    }
    columns = [("id", pa.string()), ("text", pa.string()), ("text_b", pa.string())]
    columns += [("tokens", pa.list_(pa.string())), ("part", pa.string()), ("group", pa.string())]
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
        if target.negative is not None and target.negative not in target.labels:
            raise DataError(
                f"The negative class of the target '{target.name}' is none of its classes.",
                where=where,
                found=target.negative,
                expected=", ".join(target.labels),
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
            low, high = target.range or (-math.inf, math.inf)
            number = float(value) if isinstance(value, Real) else math.nan
            fits = math.isfinite(number) and low <= number <= high
            within = f"a number from {low:g} to {high:g}" if target.range else "a finite number"
            return (number if fits else None), within
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
