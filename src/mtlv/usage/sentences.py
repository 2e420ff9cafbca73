"""Token lists that are longer than a model can take: cut into pieces, to be joined when scored.

Pieces are called as those that a reader makes, so that what joins those for scoring joins these
too. A reader cuts at tags that say O; here no tag is known, so a list is cut behind a
sign that ends a sentence or a clause where there is one, and nothing is cut that fits.
"""

from __future__ import annotations

from collections.abc import Sequence

from mtlv.data.tags import part_id
from mtlv.model.encoders import EncoderSource
from mtlv.model.tokens import TokenTable, tokenise_words

__all__ = ["pieces_that_fit"]

ENDS = frozenset(".!?;")


def pieces_that_fit(
    sentences: Sequence[Sequence[str]], source: EncoderSource, max_length: int
) -> dict[str, Sequence[str]]:
    """Return N token lists, or their pieces, by the number of the list, from 0, and of the piece.

    Args:
        sentences: words.
        source: of the encoder, whose tokenizer says how long a word is.
        max_length: of an input, in tokens, special ones included.
    """
    pieces: list[list[Sequence[str]]] = [[] for _ in sentences]
    left = dict(enumerate(sentences))
    while left:
        table = tokenise_words(list(left.values()), source, max_length)
        rests: dict[int, Sequence[str]] = {}
        for place, (row, words) in enumerate(left.items()):
            stop = _stop(words, table, place, max_length)
            pieces[row].append(words[:stop])
            if stop < len(words):
                rests[row] = words[stop:]
        left = rests
    return {
        part_id(str(row), number, len(own)): words
        for row, own in enumerate(pieces)
        for number, words in enumerate(own, 1)
    }


def _stop(words: Sequence[str], table: TokenTable, place: int, max_length: int) -> int:
    """Return how many words of a list make its next piece, at least one."""
    start, end = int(table.offsets[place]), int(table.offsets[place + 1])
    last = int(table.words[start:end].max()) if table.words is not None else -1
    if end - start < max_length or last == len(words) - 1:
        return len(words)
    # The last word that begins may not end within the limit, so it is left to the next piece.
    fitting = max(last, 1)
    ends = [k + 1 for k in range(fitting // 2, fitting) if words[k] in ENDS]
    return ends[-1] if ends else fitting
