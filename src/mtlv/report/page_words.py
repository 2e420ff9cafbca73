"""Small words of a report: lists and counts in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["counted", "listed"]

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


def counted(number: float, noun: str, plural: str = "s") -> str:
    """Return a number with its noun.

    >>> counted(1, "model"), counted(2, "pass", "es")
    ('1 model', '2 passes')
    """
    return (
        f"{number:,.{0 if number == round(number) else 1}f} {noun}{'' if number == 1 else plural}"
    )
