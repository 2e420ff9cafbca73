"""Dividing distinct texts, or documents, into stratified parts: the engine of every split.

Iterative stratification (Sechidis, Tsoumakas & Vlahavas 2011) serves the rarest property first, so
that a label with five positives is spread as well as one with five thousand. It decides where a
*text* goes; all examples that share the text follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtlv.data.corpus import Corpus
from mtlv.data.strata import Strata, merged, stratification_matrix, text_groups, units
from mtlv.errors import DataError
from mtlv.randomness import derive_seed
from mtlv.words import counted

__all__ = ["Divider"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Divider:
    """Draws stratified parts of distinct texts.

    Args:
        strata: what to balance.
        groups: (N,) number of each example's text.
        units: (N,) number of what is divided, an example's document or its text.
        seed: where all draws come from.
    """

    strata: Strata
    groups: Array
    units: Array
    seed: int

    @classmethod
    def of(cls, corpus: Corpus, seed: int) -> Divider:
        """Return the divider of a corpus."""
        return cls(stratification_matrix(corpus), text_groups(corpus), units(corpus), seed)

    def divide(
        self, rows: Array, shares: Sequence[float], *purpose: str | int, also: Array | None = None
    ) -> list[Array]:
        """Divide some examples into parts.

        Args:
            rows: indices of the examples; whoever shares a text (or document) with one of them must
                be there too.
            shares: of the parts in the distinct texts; they sum to 1.
            purpose: names the draw; another purpose is another draw.
            also: (N, D) of bool, further properties to balance.

        Returns:
            Indices of the examples of each part.

        Raises:
            DataError: there are fewer distinct texts than parts.
        """
        _, groups = np.unique(self.units[rows], return_inverse=True)
        matrix = self.strata.matrix if also is None else np.hstack([self.strata.matrix, also])
        wanted = merged(matrix[rows], groups)  # (G, C)
        if len(wanted) < len(shares):
            raise DataError(
                "There are too few distinct texts to divide.",
                found=f"{counted(len(wanted), 'distinct text')} for {counted(len(shares), 'part')}",
                expected="at least one for every part",
                hint="use more data, or fewer folds if there are several",
            )
        parts = _stratified(wanted, shares, derive_seed(self.seed, *purpose))[groups]
        return [rows[parts == index] for index in range(len(shares))]

    def positives(self, rows: Array) -> Array:
        """Count the distinct texts that have each property: (C,) int64."""
        _, groups = np.unique(self.groups[rows], return_inverse=True)
        found = merged(self.strata.matrix[rows], groups)  # (G, C)
        return np.asarray(found.sum(axis=0))  # (C,)

    def apart(self, rows: Array, others: Array) -> Array:
        """Return those examples whose text none of the others has."""
        return rows[~np.isin(self.groups[rows], self.groups[others])]


def _stratified(matrix: Array, shares: Sequence[float], seed: int) -> Array:
    """Return the part of each of the texts whose properties are given: (G,) int64."""
    # Imports all of scikit-learn, which who only reads stored splits should not wait for.
    from iterstrat.ml_stratifiers import IterativeStratification

    random = np.random.RandomState(seed)
    order = random.permutation(len(matrix))
    parts = np.empty(len(matrix), dtype=np.int64)
    parts[order] = IterativeStratification(matrix[order], np.asarray(shares), random)
    # Stratification is greedy and may leave a part of a tiny corpus empty.
    for empty in np.flatnonzero(np.bincount(parts, minlength=len(shares)) == 0):
        largest = np.bincount(parts, minlength=len(shares)).argmax()
        parts[np.flatnonzero(parts == largest)[-1]] = empty
    return parts
