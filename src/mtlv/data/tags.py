"""Tags of words: schemes and their normal form, and sentences that are cut and joined again.

Everything behind this module sees IOB2 only: every mention opens with B-TYPE, goes on with I-TYPE,
and all else is O. Files come in more forms:

- IOB2, often called BIO: the normal form itself.
- IOB1: a mention opens with I-, and with B- only right after a mention of the same type.
- BIOES (or BILOU): E- (L-) ends a mention, S- (U-) is a whole one. A mention that is never ended
  is taken as it stands.

An I- or E- that continues nothing is invalid in IOB2 and BIOES. conlleval reads it as the start of
a mention; `to_iob2` does the same and says where, so that a reader can refuse it instead.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeVar

__all__ = [
    "OUTSIDE",
    "Cut",
    "Normalised",
    "Scheme",
    "Tag",
    "cuts",
    "detect_scheme",
    "mentions",
    "parse_tag",
    "part_id",
    "part_runs",
    "tag_names",
    "to_iob2",
]

Scheme = Literal["iob1", "iob2", "bioes"]
T = TypeVar("T")

OUTSIDE = "O"
OPENING, ENDING, SINGLE = "B", ("E", "L"), ("S", "U")
TAG = re.compile(r"([BIELSU])(?:-(.+))?")
PART = re.compile(r"(?P<sentence>.+)#part(?P<number>[1-9]\d*)", re.DOTALL)


class Tag(NamedTuple):
    """A tag in its two parts; `O` has no type."""

    prefix: str
    type: str


@dataclass(frozen=True)
class Normalised:
    """The tags of a sentence in IOB2.

    Args:
        tags: one per word.
        repaired: places of tags that continued nothing and became B-.
    """

    tags: tuple[str, ...]
    repaired: tuple[int, ...]


class Cut(NamedTuple):
    """A stretch of a sentence, end excluded."""

    start: int
    end: int


def tag_names(types: Iterable[str]) -> tuple[str, ...]:
    """Return the tags of some types of mentions, in the order of their indices.

    >>> tag_names(["Drug"])
    ('O', 'B-Drug', 'I-Drug')
    """
    return (OUTSIDE, *(f"{prefix}-{name}" for name in types for prefix in "BI"))


def parse_tag(text: str, bare: str) -> Tag | None:
    """Take a tag apart; None if it is none.

    Args:
        text: of the tag.
        bare: type of a tag that is only a letter.

    >>> parse_tag("B-Drug", "entity"), parse_tag("I", "entity"), parse_tag("drug", "entity")
    (Tag(prefix='B', type='Drug'), Tag(prefix='I', type='entity'), None)
    """
    if text == OUTSIDE:
        return Tag(OUTSIDE, "")
    found = TAG.fullmatch(text)
    return Tag(found[1], found[2] or bare) if found else None


def detect_scheme(sentences: Iterable[Sequence[Tag]]) -> Scheme:
    """Tell the scheme from all tags of a dataset.

    An E- or S- tells BIOES. IOB1 is told by an I- that opens a mention while no B- does but right
    after one of the same type. Whatever else is IOB2, valid or not.
    """
    inside_opens = begin_opens = False
    for tags in sentences:
        before = Tag(OUTSIDE, "")
        for tag in tags:
            if tag.prefix in (*ENDING, *SINGLE):
                return "bioes"
            inside_opens |= tag.prefix == "I" and tag.type != before.type
            begin_opens |= tag.prefix == OPENING and tag.type != before.type
            before = tag
    return "iob1" if inside_opens and not begin_opens else "iob2"


def to_iob2(tags: Iterable[Tag], scheme: Scheme) -> Normalised:
    """Return the tags of one sentence in IOB2.

    >>> to_iob2([Tag("I", "X"), Tag("B", "X"), Tag("O", "")], "iob1").tags
    ('B-X', 'B-X', 'O')
    >>> to_iob2([Tag("O", ""), Tag("I", "X")], "iob2")
    Normalised(tags=('O', 'B-X'), repaired=(1,))
    """
    normal: list[str] = []
    repaired: list[int] = []
    going_on: str | None = None
    for place, (prefix, name) in enumerate(tags):
        if prefix == OUTSIDE:
            normal.append(OUTSIDE)
            going_on = None
            continue
        opens = prefix == OPENING or prefix in SINGLE or going_on != name
        if opens and prefix != OPENING and prefix not in SINGLE and scheme != "iob1":
            repaired.append(place)
        normal.append(f"{'B' if opens else 'I'}-{name}")
        going_on = None if prefix in (*ENDING, *SINGLE) else name
    return Normalised(tuple(normal), tuple(repaired))


def mentions(tags: Iterable[str]) -> Counter[str]:
    """Count the mentions of each type in IOB2 tags."""
    return Counter(tag[2:] for tag in tags if tag.startswith("B-"))


def cuts(tags: Sequence[str], limit: int | None) -> list[Cut]:
    """Return where to cut a sentence so that its parts have at most `limit` words.

    Cuts lie beside an O, so no mention is cut: at the last such place within the limit, else at the
    first one after it. A part may thus be longer where so many words have no O between them.

    Args:
        tags: of the sentence, in IOB2.
        limit: in words; None does not cut.

    >>> cuts(["O", "B-X", "I-X", "O", "O"], 3)
    [Cut(start=0, end=3), Cut(start=3, end=5)]
    """
    found: list[Cut] = []
    start = 0
    while limit is not None and len(tags) - start > limit:
        within = range(start + limit, start, -1)
        beyond = range(start + limit + 1, len(tags))
        end = next((p for p in (*within, *beyond) if OUTSIDE in tags[p - 1 : p + 1]), len(tags))
        found.append(Cut(start, end))
        start = end
    return [*found, Cut(start, len(tags))] if start < len(tags) else found


def part_id(sentence: str, number: int, count: int) -> str:
    """Return the id of a part, numbered from 1; a sentence that is whole keeps its own.

    >>> part_id("DOC_s3", 1, 2), part_id("DOC_s4", 1, 1)
    ('DOC_s3#part1', 'DOC_s4')
    """
    return sentence if count == 1 else f"{sentence}#part{number}"


def part_runs(ids: Sequence[str]) -> list[tuple[str, list[int]]]:
    """Find the parts of each sentence that follow one another.

    Where a part lies elsewhere (in another fold), those after it stay by themselves, under the id
    of their first. The same ids are for examples as for predictions, so this is the one place that
    knows how parts are called.

    Returns:
        Id and rows of each run of parts, rows in the order of the parts; runs in the order in which
        their sentences come.

    >>> part_runs(["a#part2", "b", "a#part1", "a#part4"])
    [('a', [2, 0]), ('a#part4', [3]), ('b', [1])]
    """
    parts: dict[str, list[tuple[int, int]]] = {}
    for row, own in enumerate(ids):
        found = PART.fullmatch(own)
        whole, number = (f"{found['sentence']}#part", int(found["number"])) if found else (own, 0)
        parts.setdefault(whole, []).append((number, row))
    runs: list[tuple[str, list[int]]] = []
    for whole, numbered in parts.items():
        last = None
        for number, row in sorted(numbered):
            if number > 0 and last is not None and number == last + 1:
                runs[-1][1].append(row)
            else:
                runs.append((whole.removesuffix("#part") if number == 1 else ids[row], [row]))
            last = number
    return [(ids[rows[0]] if len(rows) == 1 else name, rows) for name, rows in runs]
