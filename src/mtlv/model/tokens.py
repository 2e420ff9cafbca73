"""Tokenise once: every text of a corpus becomes a run of ids in one flat array on disk.

No padding is stored; batches pad to their own longest example. The folder is named by everything
that decides its contents, so all jobs of all studies share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mtlv.data import Corpus
from mtlv.fingerprint import fingerprint
from mtlv.model.cache import cached
from mtlv.model.encoders import EncoderSource, load_tokenizer
from mtlv.model.flat_files import FlatFile

__all__ = [
    "TokenTable",
    "table_key",
    "text_lengths",
    "tokenise",
    "tokenise_texts",
    "tokenise_words",
]

Array = np.ndarray[Any, Any]
TEXTS_PER_CALL = 2_000
TEXTS_PER_PART = 20_000
FILES: dict[str, type[np.generic]] = {
    "ids": np.int32,
    "types": np.int8,
    "words": np.int32,
    "word_counts": np.int64,
}
OPTIONAL = ("types", "words", "word_counts")


@dataclass(frozen=True)
class TokenTable:
    """Token ids of N texts, special tokens included, cut to the maximum length.

    Args:
        ids: (sum of lengths,) int32, memory-mapped.
        types: (sum of lengths,) int8 segment numbers; None where all are 0.
        offsets: (N + 1,) int64; text i is `ids[offsets[i]:offsets[i + 1]]`.
        pad_id: the id that fills up a batch.
        words: (sum of lengths,) int32, of token lists: index of the word that begins at a piece, -1
            at other pieces and special tokens; None for plain texts.
        word_counts: (N,) words of each token list, those that were cut off included.
    """

    ids: Array
    types: Array | None
    offsets: Array
    pad_id: int
    words: Array | None = None
    word_counts: Array | None = None

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
    name = table_key(corpus, source, max_length)
    return _open(cached("tokens", name, lambda to: _save(_parts(corpus, source, max_length), to)))


def _parts(corpus: Corpus, source: EncoderSource, max_length: int) -> Iterator[TokenTable]:
    """Tokenise a corpus part by part: its texts need not fit into memory."""
    for start in range(0, len(corpus), TEXTS_PER_PART):
        rows = range(start, min(start + TEXTS_PER_PART, len(corpus)))
        if corpus.is_tokenised:
            yield tokenise_words(corpus.token_lists(rows), source, max_length)
        else:
            pairs = corpus.pairs(rows) if corpus.is_pair else None
            yield tokenise_texts(corpus.texts(rows), source, max_length, pairs)


def table_key(corpus: Corpus, source: EncoderSource, max_length: int) -> str:
    """Return the name of a token table: everything that decides its contents."""
    return fingerprint([corpus.fingerprint, source.fingerprint, max_length])


def tokenise_texts(
    texts: list[str],
    source: EncoderSource,
    max_length: int,
    pairs: list[str] | None = None,
    *,
    with_words: bool = False,
) -> TokenTable:
    """Tokenise texts (or pairs) in memory.

    Args:
        texts: first segments.
        source: of the encoder.
        max_length: longest input; of a pair, the longer segment is cut, a token at a time.
        pairs: second segments.
        with_words: whether to note where the tokenizer's own words begin.
    """
    tokenizer = load_tokenizer(source)
    ids, types, lengths, words = [], [], [], []
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
        if with_words:
            words += [_first_pieces(encoded.word_ids(i)) for i in range(len(encoded["input_ids"]))]
    flat_types = np.concatenate(types)
    return TokenTable(
        np.concatenate(ids),
        flat_types if flat_types.any() else None,
        np.concatenate([[0], np.cumsum(lengths)]),
        tokenizer.pad_token_id or 0,
        np.concatenate(words) if words else None,
    )


def tokenise_words(
    texts: Sequence[Sequence[str]], source: EncoderSource, max_length: int
) -> TokenTable:
    """Tokenise token lists in memory, and remember where each word begins.

    A word of which the tokenizer makes nothing (it may be a lone control character), and one behind
    the maximum length, begins nowhere.

    Raises:
        EncoderError: the tokenizer cannot be loaded, or is not a fast one, which alone can say
            which piece belongs to which word.
    """
    tokenizer = load_tokenizer(source)
    ids, words, lengths = [], [], []
    for text in texts:
        encoded = tokenizer(
            list(text), is_split_into_words=True, truncation=True, max_length=max_length
        )
        ids.append(np.asarray(encoded["input_ids"], np.int32))
        words.append(_first_pieces(encoded.word_ids()))
        lengths.append(len(ids[-1]))
    return TokenTable(
        np.concatenate(ids),
        None,
        np.concatenate([[0], np.cumsum(lengths)]),
        tokenizer.pad_token_id or 0,
        np.concatenate(words),
        np.asarray([len(text) for text in texts]),
    )


def _first_pieces(owners: Sequence[int | None]) -> Array:
    """Return the word that begins at each piece, -1 at other pieces, (L,) int32."""
    before = [None, *owners[:-1]]
    firsts = [
        -1 if word is None or word == last else word
        for word, last in zip(owners, before, strict=True)
    ]
    return np.asarray(firsts, np.int32)


def text_lengths(corpus: Corpus, source: EncoderSource) -> Array:
    """Return the number of tokens of each uncut text, special tokens included: (N,)."""
    return tokenise(corpus, source, max_length=1_000_000).lengths


def _save(parts: Iterable[TokenTable], folder: Path) -> None:
    """Write a table part by part; `types` are left out where all are 0."""
    lengths, pad, kept = [np.zeros(1, np.int64)], 0, set()
    with ExitStack() as stack:
        files = {
            name: stack.enter_context(FlatFile(folder / f"{name}.npy", dtype))
            for name, dtype in FILES.items()
        }
        for part in parts:
            lengths.append(part.lengths)
            pad = part.pad_id
            for name, file in files.items():
                values = getattr(part, name)
                if values is not None:
                    kept.add(name)
                    file.append(values)
                elif name == "types":
                    file.append(np.zeros(len(part.ids), np.int8))
    for name in FILES.keys() - kept:
        (folder / f"{name}.npy").unlink()
    np.save(folder / "offsets.npy", np.cumsum(np.concatenate(lengths)))
    np.save(folder / "pad.npy", np.asarray(pad))


def _open(folder: Path) -> TokenTable:
    there = {name: folder / f"{name}.npy" for name in OPTIONAL}
    optional = {
        name: np.load(path, mmap_mode="r") if path.exists() else None
        for name, path in there.items()
    }
    return TokenTable(
        np.load(folder / "ids.npy", mmap_mode="r"),
        offsets=np.load(folder / "offsets.npy"),
        pad_id=int(np.load(folder / "pad.npy")),
        **optional,
    )
