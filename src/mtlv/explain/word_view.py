"""View 2: what words matter to single-task and multi-task models, and whether they are the same.

Models of equal fold have equal words. Models of equal seed start from equal weights, which alone
makes their ranks alike; so ranks are compared between runs of different seeds, over all pairs of
seeds and all folds, and what two seeds of one model agree on is the ceiling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from mtlv.explain.importance import MEASURES
from mtlv.explain.ranks import Agreement, mean_agreement, ranks
from mtlv.explain.view_results import RankScatter, TopWord, WordView

__all__ = ["WordModel", "word_view"]

Array = np.ndarray[Any, Any]
TOP = 10
SIGNED = {name: name != "input_sum" for name in MEASURES}


@dataclass(frozen=True)
class WordModel:
    """The words of one model for one task.

    Args:
        plan: its name.
        task: its name.
        fold: from 0.
        seed: of the model.
        words: of its vocabulary, (V,).
        importance: by measure, (V,); NaN where a word stands in no text of the task.
    """

    plan: str
    task: str
    fold: int
    seed: int
    words: tuple[str, ...]
    importance: dict[str, Array]

    @property
    def title(self) -> str:
        """What people see."""
        return f"{self.plan}: {self.task}"


def word_view(models: Sequence[WordModel], single: str | None, multi: str | None) -> WordView:
    """Return view 2, or what one plan alone shows of it.

    Args:
        models: of every task, fold and seed, under each of the two plans that is there.
        single: name of the plan with a model per task; None without one.
        multi: name of the plan with one model for all; None without one.
    """
    of: dict[tuple[str, str], list[WordModel]] = {}
    for own in models:
        of.setdefault((own.plan, own.task), []).append(own)
    ceilings = {measure: _ceilings(list(of.values()), measure) for measure in MEASURES}
    pairs = _pairs(list(dict.fromkeys(own.task for own in models)), single, multi)
    folds = {own.fold: len(own.words) for own in models}
    return WordView(
        {m: {own[0].title: _top(own, m) for own in of.values()} for m in MEASURES},
        tuple(_scatter(of[x], of[y], m, ceilings[m]) for m in MEASURES for x, y in pairs),
        tuple(folds[fold] for fold in sorted(folds)),
        {measure: own for measure, own in ceilings.items() if own},
    )


def _pairs(
    tasks: Sequence[str], single: str | None, multi: str | None
) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """Return which models are compared: plan and task of the one and of the other."""
    if single is None:
        return []
    pairs = [((single, one), (single, other)) for one, other in combinations(tasks, 2)]
    return pairs + ([((single, t), (multi, t)) for t in tasks] if multi is not None else [])


def _top(models: Sequence[WordModel], measure: str) -> tuple[TopWord, ...]:
    """Return the words of the best mean rank, of those that all runs know."""
    common = set.intersection(*(set(own.words) for own in models))
    ranked: dict[str, list[float]] = {word: [] for word in common}
    values: dict[str, list[float]] = {word: [] for word in common}
    for own in models:
        given = own.importance[measure]
        for word, rank, value in zip(own.words, ranks(_size(given, measure)), given, strict=True):
            if word in common:
                ranked[word].append(float(rank))
                values[word].append(float(value))
    mean = {word: float(np.mean(own)) for word, own in ranked.items()}
    best = sorted((w for w in mean if np.isfinite(mean[w])), key=lambda w: (mean[w], w))[:TOP]
    return tuple(TopWord(word, float(np.mean(values[word])), mean[word]) for word in best)


def _scatter(
    x: Sequence[WordModel],
    y: Sequence[WordModel],
    measure: str,
    ceilings: Mapping[str, Agreement],
) -> RankScatter:
    apart = [(a, b) for a in x for b in y if a.fold == b.fold and a.seed != b.seed]
    same = [(a, b) for a in x for b in y if a.fold == b.fold and a.seed == b.seed]
    shown = (apart or same)[0]
    first, second = (ranks(_size(own.importance[measure], measure)) for own in shown)
    titles = x[0].title, y[0].title
    known = [ceilings[title] for title in titles if title in ceilings]
    return RankScatter(
        measure,
        *titles,
        shown[0].words,
        tuple(map(float, first)),
        tuple(map(float, second)),
        _agreement(apart, measure),
        _agreement(same, measure),
        min(known, key=lambda own: own.rho, default=None),
    )


def _ceilings(models: Sequence[Sequence[WordModel]], measure: str) -> dict[str, Agreement]:
    """Return how far two seeds of each model agree, by model; nothing with one seed."""
    found = {}
    for runs in models:
        pairs = [(a, b) for a, b in combinations(runs, 2) if a.fold == b.fold]
        agreement = _agreement(pairs, measure)
        if agreement is not None:
            found[runs[0].title] = agreement
    return found


def _agreement(pairs: Sequence[tuple[WordModel, WordModel]], measure: str) -> Agreement | None:
    """Return how far the models of some pairs agree; None where there is no pair."""
    if not pairs:
        return None
    given = [(a.importance[measure], b.importance[measure]) for a, b in pairs]
    starts = [tuple(sorted((a.seed, b.seed))) for a, b in pairs]
    return mean_agreement(given, starts, signed=SIGNED[measure])


def _size(importance: Array, measure: str) -> Array:
    return np.abs(importance) if SIGNED[measure] else importance
