"""What a predictor says of new examples: scores and decisions of every kind of task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mtlv.data import Kind
from mtlv.data.tags import parse_tag
from mtlv.evaluation.entities import TagSet, entities
from mtlv.tasks import Task

__all__ = ["Decided", "DecidedTask", "TaggedSpan"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class TaggedSpan:
    """A stretch of words with a type.

    Args:
        type: its name.
        start: index of its first word, from 0.
        end: index of the word after its last one.
        text: its words, with blanks between them.
    """

    type: str
    start: int
    end: int
    text: str

    def to_json(self) -> dict[str, Any]:
        """Return the mention as JSON-like data."""
        return dict(vars(self))


@dataclass(frozen=True)
class DecidedTask:
    """What is said of N examples about one task.

    Args:
        task: with the names of its classes or tags.
        scores: binary: (N,) probability of 1; multiclass: (N, C) probabilities; regression: (N,)
            values in the task's unit; tagging: N arrays (L, C) of probabilities.
        decisions: binary: (N,) of 0 and 1; multiclass: (N,) indices of classes; regression: (N,)
            the values; tagging: N arrays (L,) of indices of tags.
        tokens: of `tagging`, the words of every example.
    """

    task: Task
    scores: Array
    decisions: Array
    tokens: Sequence[Sequence[str]] = ()

    def label(self, index: int) -> str:
        """Return the class of an example of a multiclass task."""
        return self.task.labels[int(self.decisions[index])]

    def probabilities(self, index: int) -> dict[str, float]:
        """Return the probabilities of the classes of a multiclass task, for one example."""
        return dict(zip(self.task.labels, map(float, self.scores[index]), strict=True))

    def spans(self, index: int) -> list[TaggedSpan]:
        """Return the spans that a tagging task finds in an example, in their order."""
        tags, words = np.asarray(self.decisions[index], np.int64), self.tokens[index]
        found = entities(tags, np.arange(len(tags)) == 0, TagSet.of(self.task.labels))  # (E, 3)
        return [
            TaggedSpan(self._type(tags[start]), start, end + 1, " ".join(words[start : end + 1]))
            for start, end, _ in found.tolist()
        ]

    def _type(self, tag: int) -> str:
        name = self.task.labels[tag]
        parsed = parse_tag(name, "entity")
        return name if parsed is None else parsed.type


@dataclass(frozen=True)
class Decided:
    """What is said of N examples, task by task: `decided["fever"].scores`.

    Args:
        tasks: those that are served, by name.
        unserved: why a task is not served, by name.
    """

    tasks: Mapping[str, DecidedTask]
    unserved: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, task: str) -> DecidedTask:
        return self.tasks[task]

    def of_kind(self, kind: Kind) -> dict[str, DecidedTask]:
        """Return the tasks of one kind, by name."""
        return {name: own for name, own in self.tasks.items() if own.task.kind == kind}

    def to_json(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return one object per example, with a few keys for every kind of task that is served.

        binary: `labels` (the tasks decided 1) and `probabilities`; multiclass: `classes`;
        regression: `values`; tagging: `tokens` and `spans`.
        """
        parts = [(write, own) for kind, write in WRITERS.items() if (own := self.of_kind(kind))]
        rows = []
        for index, example in enumerate(ids):
            row: dict[str, Any] = {"id": example}
            for write, own in parts:
                row |= write(own, index)
            rows.append(row)
        return rows


def _binary(tasks: Mapping[str, DecidedTask], index: int) -> dict[str, Any]:
    return {
        "labels": [name for name, own in tasks.items() if own.decisions[index]],
        "probabilities": {name: float(own.scores[index]) for name, own in tasks.items()},
    }


def _multiclass(tasks: Mapping[str, DecidedTask], index: int) -> dict[str, Any]:
    found = {
        name: {"class": own.label(index), "probabilities": own.probabilities(index)}
        for name, own in tasks.items()
    }
    return {"classes": found}


def _regression(tasks: Mapping[str, DecidedTask], index: int) -> dict[str, Any]:
    return {"values": {name: float(own.scores[index]) for name, own in tasks.items()}}


def _tagging(tasks: Mapping[str, DecidedTask], index: int) -> dict[str, Any]:
    words = next(iter(tasks.values())).tokens[index]
    found = {n: [own.to_json() for own in task.spans(index)] for n, task in tasks.items()}
    return {"tokens": list(words), "spans": found}


WRITERS: dict[Kind, Callable[[Mapping[str, DecidedTask], int], dict[str, Any]]] = {
    "binary": _binary,
    "multiclass": _multiclass,
    "regression": _regression,
    "tagging": _tagging,
}
