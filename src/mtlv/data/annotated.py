"""Texts with mentions by offset, made into tagged sentences.

A word that overlaps a mention is tagged. IOB2 cannot say that the pieces of a mention belong
together, so each piece apart from the others opens with B- and is a mention of its own; BLUE writes
I- there, which would join a piece to another mention that ends right before it. Where mentions
overlap, the longer one stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mtlv.data.corpus import Part
from mtlv.data.sentences import Span, sentence_spans, word_spans
from mtlv.data.tagging import TaggedSentence
from mtlv.data.tags import OUTSIDE
from mtlv.errors import DataError

__all__ = ["AnnotatedText", "Mention", "Sentences", "check_span", "tagged_sentences"]


@dataclass(frozen=True)
class Mention:
    """A mention in a text.

    Args:
        pieces: its stretches, in order; mostly one.
        type: of the mention.
        where: file and line, for errors.
    """

    pieces: tuple[Span, ...]
    type: str
    where: str


@dataclass(frozen=True)
class AnnotatedText:
    """A document.

    Args:
        id: unique in its dataset.
        text: all of it.
        mentions: in any order.
        where: the file, for errors.
        part: the official part, if there is one.
    """

    id: str
    text: str
    mentions: tuple[Mention, ...]
    where: str
    part: Part | None = None


@dataclass(frozen=True)
class Sentences:
    """Tagged sentences, and how many mentions have no words of their own and were lost."""

    sentences: tuple[TaggedSentence, ...]
    lost: int
    in_pieces: int

    @property
    def notes(self) -> list[str]:
        """What people should know."""
        notes = ["sentences and words were found by simple rules of this project"]
        if self.lost:
            notes.append(f"{self.lost:,} mentions lie within others and were left out")
        if self.in_pieces:
            notes.append(
                f"{self.in_pieces:,} mentions have several pieces; each piece counts as a mention"
            )
        return notes


def tagged_sentences(texts: Iterable[AnnotatedText]) -> Sentences:
    """Cut texts into sentences and words, and tag the words.

    Raises:
        DataError: a mention lies outside its text; names its file and line.
    """
    sentences: list[TaggedSentence] = []
    lost = in_pieces = 0
    for text in texts:
        for mention in text.mentions:
            for piece in mention.pieces:
                check_span(piece, text.text, mention.where)
        own, missing = _of_text(text)
        sentences += own
        lost += missing
        in_pieces += sum(len(mention.pieces) > 1 for mention in text.mentions)
    return Sentences(tuple(sentences), lost, in_pieces)


def check_span(span: Span, text: str, where: str, expected: str | None = None) -> None:
    """Check that a stretch lies in its text, and holds what it should.

    Args:
        span: to check.
        text: that it points into.
        where: it is written.
        expected: what it should hold, but for blanks and case; None does not ask.

    Raises:
        DataError: it does not.
    """
    if not 0 <= span.start < span.end <= len(text):
        raise DataError(
            "The offsets of a mention lie beyond the text.",
            where=where,
            found=f"{span.start} to {span.end}",
            expected=f"a stretch within 0 to {len(text)}",
            hint="text and annotations may be of different versions; get both again",
        )
    held = text[span.start : span.end]
    if expected is not None and _plain(held) != _plain(expected):
        raise DataError(
            "The text at the offsets of a mention is not the mention.",
            where=where,
            found=repr(held),
            expected=repr(expected),
            hint="text and annotations may be of different versions; get both again",
        )


def _of_text(text: AnnotatedText) -> tuple[list[TaggedSentence], int]:
    pieces = [piece for mention in text.mentions for piece in mention.pieces]
    spans = [word_spans(text.text, span) for span in sentence_spans(text.text, pieces)]
    words = [word for sentence in spans for word in sentence]
    tags, lost = _tags(words, text.mentions)
    sentences: list[TaggedSentence] = []
    start = 0
    for number, sentence in enumerate(spans, 1):
        end = start + len(sentence)
        tokens = tuple(text.text[word.start : word.end] for word in sentence)
        own = tuple(tags[start:end])
        name = f"{text.id}_s{number}"
        sentences.append(TaggedSentence(name, tokens, own, text.where, part=text.part))
        start = end
    return sentences, lost


def _tags(words: Sequence[Span], mentions: Sequence[Mention]) -> tuple[list[str], int]:
    tags = [OUTSIDE] * len(words)
    lost = 0
    longest = sorted(mentions, key=lambda m: (-sum(p.end - p.start for p in m.pieces), m.pieces))
    for mention in longest:
        covered = [
            place
            for place, word in enumerate(words)
            if any(word.overlaps(piece) for piece in mention.pieces)
        ]
        if not covered or any(tags[place] != OUTSIDE for place in covered):
            lost += 1
            continue
        for place in covered:
            tags[place] = f"{'I' if place - 1 in covered else 'B'}-{mention.type}"
    return tags, lost


def _plain(text: str) -> str:
    return "".join(text.split()).lower()
