"""Tokenise once: every text of a corpus becomes a run of ids in one flat array on disk.

No padding is stored; batches pad to their own longest example. The folder is named by everything
that decides its contents, so all jobs of all studies share it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mtlv.data import Corpus
from mtlv.files import cache_folder, write_folder
from mtlv.fingerprint import fingerprint
from mtlv.model.encoders import EncoderSource, load_tokenizer

__all__ = ["TokenTable", "table_key", "text_lengths", "tokenise", "tokenise_texts"]

Array = np.ndarray[Any, Any]
TEXTS_PER_CALL = 2_000


@dataclass(frozen=True)
class TokenTable:
    """Token ids of N texts, special tokens included, cut to the maximum length.

    Args:
        ids: (sum of lengths,) int32, memory-mapped.
        types: (sum of lengths,) int8 segment numbers; None where all are 0.
        offsets: (N + 1,) int64; text i is `ids[offsets[i]:offsets[i + 1]]`.
        pad_id: the id that fills up a batch.
    """

    ids: Array
    types: Array | None
    offsets: Array
    pad_id: int

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Array:
        """Number of tokens of each text, (N,)."""
        return np.diff(self.offsets)


def tokenise(corpus: Corpus, source: EncoderSource, max_length: int) -> TokenTable:
    """Return a corpus's token table, from the cache where it is there.

    Raises:
        EncoderError: the tokenizer cannot be loaded.
    """
    folder = cache_folder() / "tokens" / table_key(corpus, source, max_length)
    if not folder.exists():
        pairs = corpus.pairs() if corpus.is_pair else None
        table = tokenise_texts(corpus.texts(), source, max_length, pairs)
        with write_folder(folder) as scrap:
            _save(table, scrap)
    return _open(folder)


def table_key(corpus: Corpus, source: EncoderSource, max_length: int) -> str:
    """Return the name of a token table: everything that decides its contents."""
    return fingerprint([corpus.fingerprint, source.fingerprint, max_length])


def tokenise_texts(
    texts: list[str], source: EncoderSource, max_length: int, pairs: list[str] | None = None
) -> TokenTable:
    """Tokenise texts (or pairs) in memory."""
    tokenizer = load_tokenizer(source)
    ids, types, lengths = [], [], []
    for start in range(0, len(texts), TEXTS_PER_CALL):
        chunk = slice(start, start + TEXTS_PER_CALL)
        encoded = tokenizer(
            texts[chunk],
            pairs[chunk] if pairs is not None else None,
            truncation="longest_first",
            max_length=max_length,
            return_attention_mask=False,
            return_token_type_ids=True,
        )
        ids += [np.asarray(row, np.int32) for row in encoded["input_ids"]]
        types += [np.asarray(row, np.int8) for row in encoded["token_type_ids"]]
        lengths += [len(row) for row in encoded["input_ids"]]
    flat_types = np.concatenate(types)
    return TokenTable(
        np.concatenate(ids),
        flat_types if flat_types.any() else None,
        np.concatenate([[0], np.cumsum(lengths)]),
        tokenizer.pad_token_id or 0,
    )


def text_lengths(corpus: Corpus, source: EncoderSource) -> Array:
    """Return the number of tokens of each uncut text, special tokens included: (N,)."""
    return tokenise(corpus, source, max_length=1_000_000).lengths


def _save(table: TokenTable, folder: Path) -> None:
    np.save(folder / "ids.npy", table.ids)
    np.save(folder / "offsets.npy", table.offsets)
    np.save(folder / "pad.npy", np.asarray(table.pad_id))
    if table.types is not None:
        np.save(folder / "types.npy", table.types)


def _open(folder: Path) -> TokenTable:
    types = folder / "types.npy"
    return TokenTable(
        np.load(folder / "ids.npy", mmap_mode="r"),
        np.load(types, mmap_mode="r") if types.exists() else None,
        np.load(folder / "offsets.npy"),
        int(np.load(folder / "pad.npy")),
    )
