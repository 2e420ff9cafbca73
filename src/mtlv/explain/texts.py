"""Texts of a study again: its corpora as they were, test texts to look at, training texts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from mtlv.data import Example
from mtlv.data.corpus import Corpus
from mtlv.errors import DataError
from mtlv.randomness import generator
from mtlv.store import JobRecord, Store, StudyRecord
from mtlv.store.outcome import PlanOutcome, cell_predictions
from mtlv.studies.config import StudyConfig, parse_config
from mtlv.studies.inputs import Inputs, read_inputs

__all__ = ["StudyTexts"]


class StudyTexts:
    """The texts of a study.

    Args:
        store: has its predictions, which say what was tested on.
        study: its record.
        base: folder that relative paths of its data start from.
    """

    def __init__(self, store: Store, study: StudyRecord, base: Path) -> None:
        self._store, self._study, self._base = store, study, base

    @cached_property
    def config(self) -> StudyConfig:
        """What the study was made of."""
        return parse_config(self._study.config)

    @cached_property
    def inputs(self) -> Inputs:
        """Its corpora and splits.

        Raises:
            DataError: the data are not there, or are others now.
        """
        found = read_inputs(self.config, self._base)
        for record in self._study.corpora:
            own = found.corpora[record.name].fingerprint
            if own != record.fingerprint:
                raise DataError(
                    f"The corpus '{record.name}' is not the one that the study learned from.",
                    where=str(self._base),
                    found=f"fingerprint {own}",
                    expected=f"fingerprint {record.fingerprint}",
                    hint="put the earlier data back, or run the study again",
                )
        return found

    def tested(
        self, plan: PlanOutcome, task: str, fold: int, count: int, *, balanced: bool = False
    ) -> list[Example]:
        """Return some test texts of a task, drawn once and for all.

        Args:
            plan: any that serves the task; all are tested on the same texts.
            task: its name.
            fold: whose test part is meant.
            count: at most so many.
            balanced: of a binary task, half of them have the label, as far as there are so many;
                else all tasks of a corpus that are tested on the same texts get the same.

        Raises:
            DataError: the data are not there, or are others now.
        """
        cell = next(own.cell for own in plan.cells if own.cell.fold == fold)
        test = cell_predictions(self._store, cell)["test"].tasks[task]
        random = generator(0, "explain", test.corpus)
        order = random.permutation(len(test.ids))
        if balanced and test.kind == "binary":
            has = test.targets[order] == 1
            wanted = order[has][: count // 2]
            order = np.concatenate([wanted, order[~has][: count - len(wanted)], order])
        drawn = list(dict.fromkeys(order.tolist()))[:count]
        return self._examples(test.corpus, [str(test.ids[i]) for i in sorted(drawn)])

    def shown(self, task: str) -> dict[str, str]:
        """Return the texts of a task's corpus by id, to be shown."""
        corpus = self.inputs.corpora[self.inputs.tasks[task].corpus]
        return dict(zip(map(str, corpus.ids), _shown(corpus, range(len(corpus))), strict=True))

    def trained(self, job: JobRecord) -> list[tuple[str, str]]:
        """Return id and text of every training text of a job of one corpus, as the split has it."""
        task = job.model[0][0]
        name = self.inputs.tasks[task].corpus
        corpus = self.inputs.corpora[name]
        rows = self.inputs.splits[name][job.fold].train.tolist()
        ids = [str(own) for own in corpus.ids[rows]]
        return list(zip(ids, _shown(corpus, rows), strict=True))

    def _examples(self, name: str, ids: Sequence[str]) -> list[Example]:
        corpus = self.inputs.corpora[name]
        place = {str(own): row for row, own in enumerate(corpus.ids)}
        rows = [place[own] for own in ids]
        if corpus.is_tokenised:
            lists = corpus.token_lists(rows)
            return [Example(own, tokens=tuple(t)) for own, t in zip(ids, lists, strict=True)]
        seconds = corpus.pairs(rows) if corpus.is_pair else [None] * len(rows)
        texts = zip(ids, corpus.texts(rows), seconds, strict=True)
        return [Example(own, text, second) for own, text, second in texts]


def _shown(corpus: Corpus, rows: Sequence[int]) -> list[str]:
    if corpus.is_tokenised:
        return [" ".join(own) for own in corpus.token_lists(rows)]
    texts = corpus.texts(rows)
    if not corpus.is_pair:
        return texts
    return [f"{one} / {other}" for one, other in zip(texts, corpus.pairs(rows), strict=True)]
