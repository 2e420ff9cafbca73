"""Small words of a sentence: lists, counts, and names that stand between backticks."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["counted", "in_quotes", "listed", "quoted"]

MOST = 12


def listed(names: Iterable[str], most: int = MOST) -> str:
    """Return names as a sentence lists them; of many, the first and how many more.

    >>> listed(["a", "b", "c"]), listed("abcdef", 3)
    ('a, b and c', 'a, b, c and 3 more')
    """
    all_names = list(names)
    if len(all_names) > most:
        return f"{', '.join(all_names[:most])} and {len(all_names) - most} more"
    *first, last = all_names or ["none"]
    return f"{', '.join(first)} and {last}" if first else last


def quoted(names: Iterable[str]) -> str:
    """Return all names, each in quotes.

    >>> quoted(["a", "b"])
    "'a', 'b'"
    """
    return ", ".join(f"'{name}'" for name in names)


def counted(number: float, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun; the plural is the noun with an s where none is given.

    >>> counted(1, "model"), counted(2, "pass", "passes"), counted(1234, "test part")
    ('1 model', '2 passes', '1,234 test parts')
    """
    digits = 0 if number == round(number) else 1
    return f"{number:,.{digits}f} {noun if number == 1 else plural or noun + 's'}"


def in_quotes(text: str) -> str:
    """Return a text in which what stood between backticks stands in quotes, for a terminal.

    >>> in_quotes("`mtl` lacks 1 run")
    "'mtl' lacks 1 run"
    """
    return text.replace("`", "'")
