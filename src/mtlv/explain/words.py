"""Words of a text, and which piece of a tokenizer belongs to which of them.

Words are cut by one rule for all encoders, so that the attributions of plans with different
tokenizers stand side by side: what `mtlv.model.words` calls a word, or a single other sign.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mtlv.model.words import WORD

__all__ = ["Word", "owner", "words_of"]

SIGN = r"[^\w\s]"


@dataclass(frozen=True)
class Word:
    """A word of a text.

    Args:
        text: as it is written.
        start: index of its first character.
        end: index behind its last one.
    """

    text: str
    start: int
    end: int


def words_of(text: str, whole: Iterable[str] = ()) -> list[Word]:
    """Return the words of a text in their order.

    Args:
        text: to cut.
        whole: strings that are words wherever they stand, such as an encoder's special tokens.

    >>> [word.text for word in words_of("It isn't an x-ray.")]
    ['It', "isn't", 'an', 'x', '-', 'ray', '.']
    """
    tokens = sorted(whole, key=len, reverse=True)
    pattern = "|".join([*(re.escape(token) for token in tokens), WORD, SIGN])
    return [Word(own.group(), own.start(), own.end()) for own in re.finditer(pattern, text)]


def owner(words: Sequence[Word], text: str, start: int, end: int) -> int | None:
    """Return the index of the word that a piece belongs to: that of its first visible character.

    Args:
        words: of the text.
        text: that the piece is of.
        start: index of the piece's first character.
        end: index behind its last one.
    """
    visible = start + len(text[start:end]) - len(text[start:end].lstrip())
    if visible >= end:
        return None
    index = bisect_right(words, visible, key=lambda word: word.start) - 1
    return index if index >= 0 and visible < words[index].end else None
