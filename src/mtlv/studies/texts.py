"""Texts of a study: what encoders, vocabularies and pretraining may read on a fold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from mtlv.data import Corpus
from mtlv.errors import ConfigError
from mtlv.studies.inputs import Inputs, read_corpora
from mtlv.training.pretrain_settings import PretrainSettings

__all__ = ["StudyTexts", "all_texts"]

OtherTexts = Mapping[str, Mapping[str, Any]]
"""Corpora of texts alone, written as a config's `data` section is."""


def all_texts(corpus: Corpus, rows: Iterable[int] | None = None) -> list[str]:
    """Return all texts of some examples, second segments too."""
    picked = None if rows is None else list(rows)
    return corpus.texts(picked) + (corpus.pairs(picked) if corpus.is_pair else [])


class StudyTexts:
    """Texts of a study's corpora by fold, and of other corpora that it names.

    Args:
        inputs: corpora and splits of the study.
    """

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self._read: dict[str, dict[str, Corpus]] = {}

    def training(self, fold: int) -> list[str]:
        """Return all training texts of a fold."""
        return [text for own in self.by_corpus(fold).values() for text in own]

    def by_corpus(self, fold: int) -> dict[str, list[str]]:
        """Return the training texts of a fold by corpus."""
        return {
            name: all_texts(corpus, self.inputs.splits[name][fold].train)
            for name, corpus in self.inputs.corpora.items()
        }

    def pretraining(self, settings: PretrainSettings, fold: int) -> list[str]:
        """Return what pretraining on a fold learns from: other corpora, or the training texts.

        Texts that the study validates or tests on are left out: no model may have seen them.

        Raises:
            ConfigError: a corpus has no official parts, and some are asked for.
        """
        others = settings.texts
        return self.training(fold) if others is None else self._kept(others, settings, fold)[0]

    def prints(self, settings: PretrainSettings, fold: int) -> dict[str, tuple[str, ...]]:
        """Return fingerprints of all that decides `pretraining`, by corpus; `parts` apart."""
        others = settings.texts
        if others is None:
            return {name: self.inputs.prints(name, fold) for name in self.inputs.corpora}
        _, left_out = self._kept(others, settings, fold)
        splits = [self.inputs.prints(name, fold) for name in self.inputs.corpora if left_out]
        decided = tuple(print_ for pair in splits for print_ in pair)
        return {name: (own.fingerprint, *decided) for name, own in self._others(others).items()}

    def _kept(
        self, others: OtherTexts, settings: PretrainSettings, fold: int
    ) -> tuple[list[str], bool]:
        """Return the texts of other corpora that no model is scored on, and whether some are."""
        scored = {
            text
            for name, corpus in self.inputs.corpora.items()
            for part in ("validation", "test")
            for text in all_texts(corpus, getattr(self.inputs.splits[name][fold], part))
        }
        every = [
            text
            for own in self._others(others).values()
            for text in all_texts(own, _rows_of(own, settings.parts))
        ]
        kept = [text for text in every if text not in scored]
        return kept, len(kept) < len(every)

    def _others(self, others: OtherTexts) -> dict[str, Corpus]:
        key = str(others)
        if key not in self._read:
            self._read[key] = read_corpora(others, self.inputs.base)
        return self._read[key]


def _rows_of(corpus: Corpus, parts: tuple[str, ...] | None) -> list[int] | None:
    """Return the rows of some official parts; None means all."""
    if parts is None:
        return None
    found = corpus.parts
    rows = [] if found is None else np.flatnonzero(np.isin(found.astype(str), parts)).tolist()
    if not rows:
        raise ConfigError(
            f"The dataset '{corpus.name}' has no such official part to pretrain on.",
            where="stages.pretrain.parts",
            found="no official parts" if found is None else ", ".join(sorted(set(map(str, found)))),
            expected=" or ".join(parts),
            hint="leave `parts` out to learn all texts that the study does not score",
        )
    return rows
