"""Entities in sequences of tags, decoded as conlleval does (Tjong Kim Sang & Buchholz 2000).

Tags are a letter and a type (`B-Disease`), a bare letter (`B`), or `O`. An entity starts at B or S,
where the type changes, or after O, E or S whatever the letter: an I without a B before it starts
one. It goes on until the next start or O. IOB1, IOB2, BIOES and IO are all read by these rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["OUTSIDE", "TagSet", "entities", "matching"]

Array = np.ndarray[Any, Any]
OUTSIDE = -1
"""Index of a tag that is not known: it counts as O."""


@dataclass(frozen=True)
class TagSet:
    """What the tags of a task say.

    Args:
        letters: (C + 1,) of B, I, E, S or O; the last is that of `OUTSIDE`.
        types: (C + 1,) index of the type among the types; -1 for O.
    """

    letters: Array
    types: Array

    @classmethod
    def of(cls, names: Sequence[str]) -> TagSet:
        """Read the names of tags; a name without a letter is a type by itself, as in IO."""
        pairs = [_letter_and_type(name) for name in names] + [("O", "")]
        known = list(dict.fromkeys(kind for letter, kind in pairs if letter != "O"))
        types = [known.index(kind) if letter != "O" else -1 for letter, kind in pairs]
        return cls(np.array([letter for letter, _ in pairs]), np.array(types))


def entities(tags: Array, first: Array, tag_set: TagSet) -> Array:
    """Return the entities of some sentences, one after another.

    Args:
        tags: (M,) indices of the tags of all tokens, or `OUTSIDE`.
        first: (M,) bool, whether a token is the first of its sentence.
        tag_set: what the indices mean.

    Returns:
        (E, 3) int64: first token, last token, index of the type.
    """
    letter, kind = tag_set.letters[tags], tag_set.types[tags]  # (M,)
    before = np.where(first, "O", np.roll(letter, 1))
    inside = letter != "O"
    starts = np.isin(letter, ("B", "S")) | np.isin(before, ("O", "E", "S"))
    starts = inside & (starts | (kind != np.roll(kind, 1)))
    goes_on = inside & ~starts  # a token that belongs to the entity of the one before it
    ends = inside & ~np.append(goes_on[1:], False)[: len(tags)]
    columns = np.flatnonzero(starts), np.flatnonzero(ends), kind[starts]
    return np.stack(columns, axis=1).astype(np.int64)  # (E, 3)


def matching(found: Array, true: Array) -> int:
    """Return how many entities are the same in both: type and both borders.

    Args:
        found: (E, 3), as `entities` gives them.
        true: (F, 3).
    """
    _, i, j = np.intersect1d(found[:, 0], true[:, 0], assume_unique=True, return_indices=True)
    return int(np.count_nonzero((found[i] == true[j]).all(axis=1)))


def _letter_and_type(name: str) -> tuple[str, str]:
    letter, _, kind = name.partition("-")
    if letter in ("B", "I", "E", "S"):
        return letter, kind
    return ("O", "") if name == "O" else ("I", name)
