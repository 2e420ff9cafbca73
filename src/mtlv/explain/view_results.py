"""Results of the article's three views; free of torch, so that pages can read them.

View 1 is quality on held-out texts, view 2 the importance of words, view 3 what one task's output
layer says about another task's texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import TypeAdapter

from mtlv.evaluation.scores import json_number
from mtlv.explain.ranks import Agreement, Number

__all__ = [
    "CrossTask",
    "Difference",
    "HeldOut",
    "Lift",
    "RankScatter",
    "ThreeViews",
    "TopWord",
    "WordView",
]


@dataclass(frozen=True)
class Difference:
    """A mean difference between two plans, paired by fold and seed.

    Args:
        mean: multi-task less single-task, in the unit of the metric.
        low: lower end of the 95 % interval; NaN below two pairs, as are `high` and `p`.
        high: its upper end.
        p: two-sided.
        test: name of the test.
        pairs: how many differences it saw.
        unit: what a pair is: `test part` or `run`.
    """

    mean: Number
    low: Number
    high: Number
    p: Number
    test: str
    pairs: int
    unit: str


@dataclass(frozen=True)
class HeldOut:
    """View 1 for one task: a metric on test texts, single-task against multi-task.

    Args:
        task: its name.
        metric: its name.
        single: value of each run (fold and seed), in the order of `runs`.
        multi: the same of the multi-task plan.
        runs: fold and seed of each.
        difference: multi less single.
    """

    task: str
    metric: str
    single: tuple[Number, ...]
    multi: tuple[Number, ...]
    runs: tuple[tuple[int, int], ...]
    difference: Difference


@dataclass(frozen=True)
class TopWord:
    """A word near the top of a model's ranks.

    Args:
        word: as it stands in the vocabulary.
        value: its mean importance over the runs, signed where the measure has signs.
        rank: its mean rank over the runs, from 1.
    """

    word: str
    value: Number
    rank: Number


@dataclass(frozen=True)
class RankScatter:
    """Ranks of all words in two models of one fold, for a picture, and how far they agree.

    Args:
        measure: of importance.
        x: name of the one model, as `stl: yelp`.
        y: name of the other.
        words: of the vocabulary, (V,).
        ranks_x: from 1, ties share their mean rank, (V,).
        ranks_y: the same of the other model.
        agreement: over all pairs of runs of one fold with different seeds; None with one seed.
        same_seed: over pairs of runs of one fold and seed, which start from the same weights.
        ceiling: agreement between two seeds of one model, the smaller one of x's and y's; None with
            one seed.
    """

    measure: str
    x: str
    y: str
    words: tuple[str, ...]
    ranks_x: tuple[Number, ...]
    ranks_y: tuple[Number, ...]
    agreement: Agreement | None
    same_seed: Agreement | None
    ceiling: Agreement | None


@dataclass(frozen=True)
class WordView:
    """View 2: what words matter to the models.

    Args:
        top: most important words by measure and model, best first.
        scatters: single against single and single against multi, for each task and measure; those
            of one plan alone where the other is not there.
        vocabulary: number of words in each fold.
        ceilings: agreement between two seeds of a model, by measure and model; none with one seed.
    """

    top: Mapping[str, Mapping[str, tuple[TopWord, ...]]]
    scatters: tuple[RankScatter, ...]
    vocabulary: tuple[int, ...]
    ceilings: Mapping[str, Mapping[str, Agreement]] = field(default_factory=dict)


@dataclass(frozen=True)
class CrossTask:
    """View 3 for one plan: each task's test texts through the output layer of every task.

    Args:
        plan: its name.
        metric: `accuracy` or `f1`.
        tasks: of rows (texts and targets) and columns (output layers).
        mean: over the runs, (T, T); NaN where a head cannot be asked.
        sd: with n - 1, (T, T); NaN below two runs.
        runs: values of each run, (R, T, T).
        guess: what the best constant answer to each task's texts scores, mean over the runs, (T,);
            empty where it is not known.
    """

    plan: str
    metric: str
    tasks: tuple[str, ...]
    mean: tuple[tuple[Number, ...], ...]
    sd: tuple[tuple[Number, ...], ...]
    runs: tuple[tuple[tuple[Number, ...], ...], ...]
    guess: tuple[Number, ...] = ()


@dataclass(frozen=True)
class Lift:
    """What sharing does to the accuracy of one task's output layer on another's texts.

    Args:
        texts: task of the texts and targets.
        layer: task of the output layer; the same one on the diagonal.
        difference: multi less single.
    """

    texts: str
    layer: str
    difference: Difference


@dataclass(frozen=True)
class ThreeViews:
    """All three views of one study; what compares two plans is empty where there is only one.

    Args:
        study: its name.
        single: name of the plan with a model per task; None without one.
        multi: name of the plan with one model for all; None without one.
        held_out: view 1, one per task.
        words: view 2; None where the encoder is no bag of words.
        cross_task: view 3, for each plan and metric.
        lifts: of view 3, one for every texts and layer that fit each other.
    """

    study: str
    single: str | None
    multi: str | None
    held_out: tuple[HeldOut, ...]
    words: WordView | None
    cross_task: tuple[CrossTask, ...]
    lifts: tuple[Lift, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the views as JSON-like data; what is undefined is None."""
        return dict(_plain(asdict(self)))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ThreeViews:
        """Return the views that `to_json` wrote."""
        return TypeAdapter(cls).validate_python(data)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(own) for own in value]
    return json_number(value) if isinstance(value, float) else value
