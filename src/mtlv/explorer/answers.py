"""Answers: what two plans say of every test example, beside what is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mtlv.evaluation.judging import decided
from mtlv.evaluation.predictions import TaskPredictions
from mtlv.evaluation.thresholds import DEFAULT_THRESHOLD
from mtlv.store.outcome import CellOutcome, cell_predictions
from mtlv.store.store import Store

__all__ = ["SHOWN", "Answer", "Example", "Shown", "answers_of", "chosen"]

Shown = Literal["all", "disagree", "only first right", "only second right", "both wrong"]
SHOWN: dict[Shown, str] = {
    "all": "all examples",
    "disagree": "the plans disagree",
    "only first right": "only the first is right",
    "only second right": "only the second is right",
    "both wrong": "both are wrong",
}


@dataclass(frozen=True)
class Answer:
    """What one plan says of one example in one task.

    Args:
        text: the decision in words.
        score: probability of 1 (binary) or of the class (multiclass), predicted value (regression);
            None of tagging.
        right: None where nothing can be right, as in regression.
        threshold: from which score on a binary task is decided with yes; None of other kinds.
    """

    text: str
    score: float | None
    right: bool | None
    threshold: float | None = None

    @property
    def why(self) -> str:
        """What the decision rests on, in percent: the score, and where it must be for a yes."""
        if self.score is None or self.right is None:
            return ""
        score = f"{100 * self.score:.1f} %"
        if self.threshold is None:
            return score
        sign = "≥" if self.score >= self.threshold else "<"
        return f"{score} {sign} {100 * self.threshold:.1f} %"


@dataclass(frozen=True)
class Example:
    """One test example in one task.

    Args:
        id: in its corpus.
        corpus: its name.
        fold: from 0.
        task: its name.
        target: in words.
        answers: of the two plans.
    """

    id: str
    corpus: str
    fold: int
    task: str
    target: str
    answers: tuple[Answer, Answer]

    @property
    def shown(self) -> Sequence[Shown]:
        """Under which choices the example is shown."""
        first, second = self.answers
        found: list[Shown] = ["all"]
        if first.text != second.text:
            found.append("disagree")
        rights = (first.right, second.right)
        named: dict[tuple[bool | None, bool | None], Shown] = {
            (True, False): "only first right",
            (False, True): "only second right",
            (False, False): "both wrong",
        }
        return [*found, named[rights]] if rights in named else found


def answers_of(
    store: Store, first: Mapping[int, CellOutcome], second: Mapping[int, CellOutcome]
) -> list[Example]:
    """Return every test example that both plans have predicted, task by task.

    Args:
        store: has the predictions.
        first: cells of one plan, by fold.
        second: of the other.
    """
    return [
        example
        for fold in sorted(first.keys() & second.keys())
        for example in _of_fold(store, fold, first[fold], second[fold])
    ]


def chosen(examples: Sequence[Example], task: str, shown: Shown) -> list[Example]:
    """Return the examples of a task ("" means of all) that belong to a choice."""
    return [e for e in examples if (not task or e.task == task) and shown in e.shown]


def _of_fold(store: Store, fold: int, *cells: CellOutcome) -> list[Example]:
    parts = [cell_predictions(store, cell.cell)["test"].tasks for cell in cells]
    found: list[Example] = []
    for task in parts[0]:
        if task not in parts[1]:
            continue
        sides = [
            _answers(part[task], cell.scores.thresholds.values.get(task, DEFAULT_THRESHOLD))
            for part, cell in zip(parts, cells, strict=True)
        ]
        own = parts[0][task]
        for name, target, known in zip(own.ids, own.targets, _known(own), strict=True):
            if known and name in sides[1]:
                answers = (sides[0][name], sides[1][name])
                words = _words(own, target)
                found.append(Example(str(name), own.corpus, fold, task, words, answers))
    return found


def _answers(task: TaskPredictions, threshold: float) -> dict[str, Answer]:
    decisions, limit = decided(task, threshold), threshold if task.kind == "binary" else None
    scores: Sequence[float | None] = [None] * len(task.ids)
    if task.kind in ("binary", "regression"):
        scores = task.scores.tolist()
    elif task.kind == "multiclass":
        scores = task.scores.max(axis=1).tolist()
    return {
        name: Answer(_words(task, decision), score, right, limit)
        for name, decision, score, right in zip(
            task.ids, decisions, scores, _right(task, decisions), strict=True
        )
    }


def _known(task: TaskPredictions) -> list[bool]:
    """Tell which examples have a target, or at least one tag."""
    if task.kind == "tagging":
        return [not bool(np.isnan(tags).all()) for tags in task.targets]
    known: list[bool] = (~np.isnan(task.targets)).tolist()
    return known


def _right(task: TaskPredictions, decisions: Any) -> list[bool | None]:
    """Tell which examples are decided right; of a text all tags that it has must be."""
    if task.kind == "regression":
        return [None] * len(task.ids)
    if task.kind == "tagging":
        pairs = zip(decisions, task.targets, strict=True)
        return [bool((np.isnan(tags) | (own == tags)).all()) for own, tags in pairs]
    right: list[bool | None] = (decisions == task.targets).tolist()
    return right


def _words(task: TaskPredictions, value: Any) -> str:
    """Return a target or a decision in words."""
    if task.kind == "binary":
        return "yes" if value == 1 else "no"
    if task.kind == "regression":
        return f"{float(value):.2f}"
    names = task.about.labels
    if task.kind == "multiclass":
        return _name(names, value)
    return " ".join("?" if np.isnan(tag) else _name(names, tag) for tag in value)


def _name(names: Sequence[str], index: Any) -> str:
    return names[int(index)] if int(index) < len(names) else str(int(index))
