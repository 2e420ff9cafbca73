"""Words in a figure: plain, of a known width, and short enough; and the text of a hover box.

Plotly reads a little HTML and TeX in every text. Names come from data, so whatever could be read so
is written as an entity, which Plotly shows as the character itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

__all__ = ["fitting", "hover", "pixels", "plain", "short", "widest"]

ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;"})
CHARACTER = 6.4
"""Mean pixels of a character at 12 pixels."""


def plain(text: str) -> str:
    """Return a text that is shown as it is, in one line.

    >>> plain("<b>a</b>")
    '&lt;b&gt;a&lt;/b&gt;'
    """
    return " ".join(text.split()).translate(ENTITIES)


def short(name: str, limit: int = 28) -> str:
    """Return a name, plain; the middle of a long one is left out, as names differ at both ends.

    >>> short("pneumothorax or something else", 12)
    'pneumot…else'
    """
    if _columns(name) > limit:
        tail = limit // 3
        kept = limit - tail - 1
        while _columns(name[:kept]) + _columns(name[-tail:]) >= limit:
            kept, tail = kept - 1, max(tail - (kept % 3 == 0), 1)
        name = f"{name[:kept]}…{name[-tail:]}"
    return plain(name)


def pixels(text: str, size: int = 12) -> float:
    """Return about how wide a text of one line is; entities count as one character."""
    for character, entity in zip("&<>$", ("&amp;", "&lt;", "&gt;", "&#36;"), strict=True):
        text = text.replace(entity, character)
    return _columns(text) * CHARACTER * size / 12


def widest(texts: Iterable[str], size: int = 12) -> int:
    """Return the pixels of the widest of some texts."""
    return round(max((pixels(text, size) for text in texts), default=0.0))


def fitting(texts: Iterable[str], room: float, sizes: Sequence[int] = (11, 10)) -> int | None:
    """Return the first size at which every text fits into so many pixels; None if there is none.

    >>> fitting(["100", "57"], 20)
    11
    >>> fitting(["100", "57"], 15) is None
    True
    """
    known = list(texts)
    return next((size for size in sizes if widest(known, size) <= room), None)


def hover(name: str, *lines: str) -> str:
    """Return the text of a hover box: a name in bold, and lines of what is known of it."""
    return "<br>".join([f"<b>{plain(name)}</b>", *(plain(line) for line in lines if line)])


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
