"""What a fair division of a corpus must balance, and what it must keep together.

Stratification needs yes-or-no properties of examples, whatever the kinds of the targets; leakage is
avoided by dividing distinct texts, not examples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

import numpy as np
import pyarrow.compute as pc

from mtlv.data.corpus import Corpus, Target

__all__ = [
    "Strata",
    "Stratum",
    "common_text_groups",
    "merged",
    "stratification_matrix",
    "text_groups",
    "units",
]

Array = np.ndarray[Any, Any]
Properties = list[tuple["Stratum", Array]]
BINS = 5
"""Quantile bins of a regression target."""


Role = Literal["label", "class", "tag", "bin", "missing"]
TITLES: dict[Role, str] = {
    "label": "{target}",
    "class": "{target} = {value}",
    "tag": "{target} has {value}",
    "bin": "{target} in {value}",
    "missing": "{target} missing",
}


@dataclass(frozen=True)
class Stratum:
    """One property of examples.

    Args:
        target: the target that it is about.
        role: `label` (a binary target is 1), `class`, `tag` (some token has it), `bin` (of a
            number), or `missing` (the value is not known).
        value: the class, tag or bin.
    """

    target: str
    role: Role
    value: str = ""

    @property
    def name(self) -> str:
        """What people read."""
        return TITLES[self.role].format(target=self.target, value=self.value)


@dataclass(frozen=True)
class Strata:
    """All properties of all examples of a corpus.

    Args:
        columns: what they are.
        matrix: (N, C) of bool, whether an example has a property.
    """

    columns: tuple[Stratum, ...]
    matrix: Array


def stratification_matrix(corpus: Corpus) -> Strata:
    """Return what a fair division balances: positives, classes, tags, ranges, missing values."""
    pairs = [pair for target in corpus.targets for pair in _strata(corpus, target)]
    columns, values = zip(*pairs, strict=True)
    return Strata(tuple(columns), np.stack(values, axis=1))  # (N, C)


def text_groups(corpus: Corpus) -> Array:
    """Number the distinct texts: (N,) int64, equal where texts are equal but for white space.

    Case counts. Pairs are equal when both segments are, token lists when all tokens are.
    """
    numbers: dict[bytes, int] = {}
    found = [numbers.setdefault(key, len(numbers)) for key in map(_digest, _segments(corpus))]
    return np.asarray(found, dtype=np.int64)  # (N,)


def common_text_groups(corpora: Mapping[str, Corpus]) -> dict[str, Array]:
    """Number the distinct texts of several corpora alike: (N,) int64 for each.

    Words of a token list are one text here, so that it equals the sentence that it was made of
    where that has spaces between its tokens.
    """
    numbers: dict[bytes, int] = {}
    return {
        name: np.asarray(
            [
                numbers.setdefault(_digest(" ".join(own).split()), len(numbers))
                for own in _segments(corpus)
            ],
            dtype=np.int64,
        )
        for name, corpus in corpora.items()
    }


def units(corpus: Corpus) -> Array:
    """Number what is divided: documents where examples have one, else distinct texts, (N,)."""
    texts = text_groups(corpus)
    if corpus.groups is None:
        return texts
    keys = [group or f"\x00{text}" for group, text in zip(corpus.groups, texts, strict=True)]
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)  # (N,)


def merged(matrix: Array, groups: Array) -> Array:
    """Return the properties of groups: one has a property when any of its examples has it.

    Args:
        matrix: (N, C) of bool.
        groups: (N,) group of each example, numbered from 0 without a gap.
    """
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    return np.logical_or.reduceat(matrix[order], starts, axis=0)  # (G, C)


def _segments(corpus: Corpus) -> Iterator[list[str]]:
    """Yield both segments of each example, white space evened out, then its tokens."""
    for batch in corpus.table.select(["text", "text_b", "tokens"]).to_batches():
        for row in batch.to_pylist():
            segments = [" ".join((row[name] or "").split()) for name in ("text", "text_b")]
            yield [*segments, *(row["tokens"] or ())]


def _digest(words: Iterable[str]) -> bytes:
    # The unit separator keeps ("a b",) and ("a", "b") apart.
    text = "\x1f".join(words)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _strata(corpus: Corpus, target: Target) -> Iterator[tuple[Stratum, Array]]:
    read = _tagging if target.kind == "tagging" else _scalar
    missing, properties = read(corpus, target)
    yield from properties
    if missing.any():
        yield Stratum(target.name, "missing"), missing


def _scalar(corpus: Corpus, target: Target) -> tuple[Array, Properties]:
    values = corpus.values(target.name)
    missing = np.isnan(values)
    if target.kind == "binary":
        return missing, [(Stratum(target.name, "label"), values == 1)]
    if target.kind == "multiclass":
        return missing, [
            (Stratum(target.name, "class", name), values == index)
            for index, name in enumerate(target.labels)
        ]
    if missing.all():
        return missing, []
    edges = np.quantile(values[~missing], np.linspace(0, 1, BINS + 1)[1:-1])
    bins = np.where(missing, -1, np.searchsorted(edges, values, side="right"))
    return missing, [
        (Stratum(target.name, "bin", f"fifth {index + 1}"), bins == index)
        for index in np.unique(bins[~missing])
    ]


def _tagging(corpus: Corpus, target: Target) -> tuple[Array, Properties]:
    column = corpus.table[f"target:{target.name}"].combine_chunks()
    missing = column.is_null().to_numpy(zero_copy_only=False)
    present = np.zeros((len(corpus), len(target.labels)), dtype=bool)
    present[pc.list_parent_indices(column).to_numpy(), pc.list_flatten(column).to_numpy()] = True
    return missing, [
        (Stratum(target.name, "tag", name), present[:, index])
        for index, name in enumerate(target.labels)
    ]
