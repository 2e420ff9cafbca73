"""Sentences and words of raw text, by simple rules; offsets into the text stay true.

Readers of annotated abstracts and notes need both, and the scripts of the published benchmarks used
several tools for them. These rules are the project's own: a sentence ends at `.`, `!` or `?` before
a blank and a capital, a digit or an opening bracket, unless the word before is an abbreviation or
an initial, and at an empty line. A word is a run of letters and digits, or one other sign. So
counts differ a little from those of other tools; readers say how.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Span", "sentence_spans", "word_spans"]

BOUNDARY = re.compile(r"[.!?][\"')\]]*(\s+)(?=[\"'(\[]*[A-Z0-9])|(\s*\n\s*\n\s*)")
LAST_WORD = re.compile(r"[\w.]*$")
WORD = re.compile(r"\w+|[^\w\s]")
ABBREVIATIONS = "al approx ca cf dr e.g eg et etc fig figs i.e ie mr mrs ms prof resp sp spp st vs"


class Span(NamedTuple):
    """A stretch of a text, end excluded."""

    start: int
    end: int

    def overlaps(self, other: Span) -> bool:
        """Whether both have a character in common."""
        return self.start < other.end and other.start < self.end


def sentence_spans(text: str, unbroken: Iterable[Span] = ()) -> list[Span]:
    """Return where the sentences are, without the blanks around them.

    Args:
        text: of any length.
        unbroken: stretches in which no sentence may end, such as mentions.

    >>> [tuple(span) for span in sentence_spans("It rose (Fig. 2). Why?")]
    [(0, 17), (18, 22)]
    """
    whole = list(unbroken)
    gaps: list[Span] = []
    for found in BOUNDARY.finditer(text):
        gap = Span(*found.span(1 if found[1] else 2))
        if found[1] and _abbreviated(text[: found.start()]):
            continue
        if not any(span.start < gap.end and gap.start < span.end for span in whole):
            gaps.append(gap)
    starts = [0, *(gap.end for gap in gaps)]
    ends = [*(gap.start for gap in gaps), len(text)]
    return [trimmed for span in zip(starts, ends, strict=True) if (trimmed := _trim(text, span))]


def word_spans(text: str, within: Span) -> list[Span]:
    """Return where the words of a stretch are, in offsets of the whole text.

    >>> [tuple(span) for span in word_spans("a (b2-c)", Span(0, 8))]
    [(0, 1), (2, 3), (3, 5), (5, 6), (6, 7), (7, 8)]
    """
    return [Span(*found.span()) for found in WORD.finditer(text, within.start, within.end)]


def _abbreviated(before: str) -> bool:
    found = LAST_WORD.search(before[-20:])
    word = found[0] if found else ""
    return word.lower() in ABBREVIATIONS.split() or (len(word) == 1 and word.isupper())


def _trim(text: str, span: tuple[int, int]) -> Span | None:
    piece = text[slice(*span)]
    start = span[0] + len(piece) - len(piece.lstrip())
    return Span(start, start + len(piece.strip())) if piece.strip() else None
