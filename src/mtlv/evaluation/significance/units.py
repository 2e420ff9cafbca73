"""Units: what is drawn as a whole when a test part is resampled.

An example by itself, or a document whose sentences, or pairs of words in them, are examples: those
of one document are not independent, and drawing them one by one makes intervals too narrow. Their
ids tell: `DOCUMENT_s3` is a sentence, `DOCUMENT.s3.p1` a pair in one, as DDI 2013 numbers them.
Every corpus is drawn to its own size.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.evaluation.sentences import joined

__all__ = ["Units", "whole"]

Array = np.ndarray[Any, Any]
PART = re.compile(r"(.+?)(?:_s\d+|\.s\d+\.p\d+)")


@dataclass(frozen=True)
class Units:
    """The units of one test part.

    Args:
        unit: index of the unit of every example, by corpus and id.
        sizes: units of each corpus, in the order of their indices.
        word: `document` if an example shares its unit with another, else `example`.
    """

    unit: Mapping[tuple[str, str], int]
    sizes: tuple[int, ...]
    word: Literal["document", "example"]

    @classmethod
    def of(cls, test: Predictions) -> Units:
        """Return the units of all examples that some test predictions are of."""
        by_corpus: dict[str, dict[str, None]] = {}
        for task in map(whole, test.tasks.values()):
            by_corpus.setdefault(task.corpus, {}).update(dict.fromkeys(task.ids))
        unit: dict[tuple[str, str], int] = {}
        sizes: list[int] = []
        for corpus, ids in by_corpus.items():
            names = [_document_of(own) for own in ids]
            index = {name: sum(sizes) + i for i, name in enumerate(dict.fromkeys(names))}
            unit |= {(corpus, own): index[name] for own, name in zip(ids, names, strict=True)}
            sizes.append(len(index))
        return cls(unit, tuple(sizes), "document" if len(unit) > sum(sizes) else "example")

    def __len__(self) -> int:
        return sum(self.sizes)

    def of_task(self, task: TaskPredictions) -> Array:
        """Return the unit of every example of a task, (N,)."""
        return np.array([self.unit[task.corpus, own] for own in task.ids], np.intp)

    def drawn(self, generator: np.random.Generator, draws: int) -> Array:
        """Return how often each unit is in each bootstrap sample, (B, U)."""
        return np.concatenate([_counts(generator, draws, size) for size in self.sizes], axis=1)


def whole(task: TaskPredictions) -> TaskPredictions:
    """Return a task with sentences that a reader split put together."""
    return joined(task) if task.kind == "tagging" else task


def _counts(generator: np.random.Generator, draws: int, size: int) -> Array:
    drawn = generator.integers(0, size, (draws, size)) + size * np.arange(draws)[:, None]
    return np.bincount(drawn.ravel(), minlength=draws * size).reshape(draws, size)


def _document_of(example: str) -> str:
    """Return the document that an example is a part of; itself if it is none."""
    found = PART.fullmatch(example)
    return example if found is None else found[1]
