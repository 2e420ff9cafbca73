"""Texts of a study's examples: read from the corpus of the same fingerprint, if it is on this disk.

The run store holds no texts. A corpus that was read once lies in the cache folder by the
fingerprint of its contents, so the texts shown are those that were learned from, or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mtlv.data.corpus import open_table
from mtlv.files import cache_folder

__all__ = ["Texts", "open_texts"]


class Texts:
    """The texts of one corpus.

    Args:
        table: of the corpus.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self._table["id"].to_pylist())}

    @cached_property
    def _texts(self) -> list[pa.ChunkedArray]:
        """Texts, second texts and token lists joined by blanks: those that there are."""
        columns = [self._table["text"], self._table["text_b"]]
        tokens = self._table["tokens"]
        if tokens.null_count < len(tokens):
            columns.append(pc.binary_join(tokens, " "))
        return [column for column in columns if column.null_count < len(column)]

    def of(self, ids: Iterable[str]) -> list[list[str]]:
        """Return the segments of some examples; none of an example that is not known."""
        rows = [self._rows.get(name) for name in ids]
        found: list[list[str]] = []
        for row in rows:
            segments = [] if row is None else [column[row].as_py() for column in self._texts]
            found.append([segment for segment in segments if segment is not None])
        return found

    def having(self, words: str) -> frozenset[str]:
        """Return the ids of the examples whose texts hold all of some words, in any case.

        Args:
            words: parted by blanks; what stands in quotes is one.
        """
        every = np.ones(len(self._table), bool)  # (N,)
        for word in quoted_words(words):
            one = np.zeros(len(self._table), bool)
            for column in self._texts:
                held = pc.match_substring(column, word, ignore_case=True)
                one |= np.asarray(pc.fill_null(held, False), bool)
            every &= one
        ids: Any = np.asarray(self._table["id"].to_pylist(), object)
        return frozenset(ids[every].tolist())


def open_texts(fingerprint: str) -> Texts | None:
    """Return the texts of a corpus; None if they are not on this disk."""
    folder = cache_folder() / "corpora" / fingerprint
    try:
        return Texts(open_table(folder))
    except (OSError, pa.ArrowException):
        return None


def quoted_words(text: str) -> Sequence[str]:
    """Return the words of a search, what stands in double quotes as one.

    >>> quoted_words('no "acute disease" seen')
    ['no', 'acute disease', 'seen']
    """
    words = []
    for index, piece in enumerate(text.split('"')):
        words += [piece] if index % 2 else piece.split()
    return [word for word in words if word.strip()]
