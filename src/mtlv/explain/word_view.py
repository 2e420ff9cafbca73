"""View 2: what words matter to single-task and multi-task models, and whether they are the same.

Models of equal fold have equal words. Models of equal seed start from equal weights, which alone
makes their ranks alike; so ranks are compared between runs of different seeds, and what two seeds
of one model agree on is the ceiling.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
        plan: `single` or `multi`, as the study calls it.
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


def word_view(models: Sequence[WordModel], single: str, multi: str) -> WordView:
    """Return view 2.

    Args:
        models: of every task, fold and seed, under both plans.
        single: name of the plan with a model per task.
        multi: name of the plan with one model for all.
    """
    tasks = list(dict.fromkeys(own.task for own in models))
    of = {
        (plan, task): [own for own in models if (own.plan, own.task) == (plan, task)]
        for plan in (single, multi)
        for task in tasks
    }
    pairs = [((single, one), (single, other)) for one, other in combinations(tasks, 2)]
    pairs += [((single, task), (multi, task)) for task in tasks]
    folds = {own.fold: len(own.words) for own in models}
    return WordView(
        {
            measure: {own[0].title: _top(own, measure) for own in of.values()}
            for measure in MEASURES
        },
        tuple(_scatter(of[one], of[other], m) for m in MEASURES for one, other in pairs),
        tuple(folds[fold] for fold in sorted(folds)),
    )


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


def _scatter(x: Sequence[WordModel], y: Sequence[WordModel], measure: str) -> RankScatter:
    apart = [(a, b) for a in x for b in y if a.fold == b.fold and a.seed != b.seed]
    same = [(a, b) for a in x for b in y if a.fold == b.fold and a.seed == b.seed]
    shown = (apart or same)[0]
    first, second = (ranks(_size(own.importance[measure], measure)) for own in shown)
    ceilings = [own for own in (_ceiling(x, measure), _ceiling(y, measure)) if own is not None]
    return RankScatter(
        measure,
        x[0].title,
        y[0].title,
        shown[0].words,
        tuple(map(float, first)),
        tuple(map(float, second)),
        _agreement(apart or same, measure),
        _agreement(same, measure),
        min(ceilings, key=lambda own: own.rho) if ceilings else None,
    )


def _ceiling(models: Sequence[WordModel], measure: str) -> Agreement | None:
    pairs = [(a, b) for a, b in combinations(models, 2) if a.fold == b.fold]
    return _agreement(pairs, measure) if pairs else None


def _agreement(pairs: Iterable[tuple[WordModel, WordModel]], measure: str) -> Agreement:
    given = [(a.importance[measure], b.importance[measure]) for a, b in pairs]
    return mean_agreement(given, signed=SIGNED[measure])


def _size(importance: Array, measure: str) -> Array:
    return np.abs(importance) if SIGNED[measure] else importance
