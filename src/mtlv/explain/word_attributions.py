"""Word importances: attributions of single texts, put together by word, and how plans agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from mtlv.explain.attribution import Attribution
from mtlv.explain.ranks import rank_biased_overlap, spearman

__all__ = ["agreement_rows", "word_rows"]

Words = Mapping[str, Mapping[str, Any]]
"""Rows of `word_rows` by word."""
RARE = 2
"""Words in fewer texts' places are left out of ranks: their importance is that of one sentence."""


def word_rows(found: Iterable[Attribution]) -> list[dict[str, Any]]:
    """Return mean signed and mean absolute attribution of every word, the most important first.

    A word is counted in every place; capitals do not count.
    """
    values: dict[str, list[float]] = {}
    for own in found:
        for word, value in zip(own.text.words, own.values.tolist(), strict=True):
            if np.isfinite(value):
                values.setdefault(word.casefold(), []).append(value)
    rows = [
        {
            "word": word,
            "mean": float(np.mean(own)),
            "mean_absolute": float(np.mean(np.abs(own))),
            "count": len(own),
        }
        for word, own in values.items()
    ]
    return sorted(rows, key=lambda row: (-row["mean_absolute"], row["word"]))


def agreement_rows(
    models: Sequence[tuple[str, int, str]], words: Mapping[tuple[str, int, str], Words]
) -> list[dict[str, Any]]:
    """Return how far the ranks of words agree between every two models of one task.

    Two seeds of one plan are the ceiling for two plans.

    Args:
        models: plan, seed and task of each.
        words: rows of `word_rows` by word, for each model.
    """
    rows = []
    for one, other in combinations(models, 2):
        if one[2] == other[2] and one[:2] != other[:2]:
            compared = _compared(words[one], words[other])
            pair = {"first": one[0], "second": other[0]}
            seeds = {"first_seed": one[1], "second_seed": other[1]}
            rows.append({"task": one[2], **pair, **seeds, **compared})
    return rows


def _compared(first: Words, second: Words) -> dict[str, Any]:
    shared = [
        word
        for word in first
        if word in second and min(first[word]["count"], second[word]["count"]) >= RARE
    ]
    one, other = ([own[word]["mean_absolute"] for word in shared] for own in (first, second))
    found = spearman(np.asarray(one), np.asarray(other))
    overlap = rank_biased_overlap(_ranked(shared, one), _ranked(shared, other))
    interval = {"rho": found.rho, "low": found.low, "high": found.high}
    return interval | {"overlap": overlap, "words": len(shared)}


def _ranked(words: Sequence[str], values: Sequence[float]) -> list[str]:
    return [words[i] for i in np.argsort(-np.asarray(values, float), kind="stable")]
