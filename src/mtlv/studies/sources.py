"""Encoders of a study: where each comes from, and what it makes of texts before any training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mtlv.data.relations import noted_tokens
from mtlv.grouping.context import Pooling
from mtlv.model.bow_words import bow_source
from mtlv.model.embed import embed_rows, embed_texts
from mtlv.model.encoders import load_tokenizer, locate
from mtlv.model.scratch import scratch_source
from mtlv.model.settings import EncoderSettings
from mtlv.model.source import EncoderSource
from mtlv.model.tokens import tokenise
from mtlv.studies.texts import StudyTexts

__all__ = ["EncoderSources"]

TEXT_VECTOR_LENGTH = 128
"""Tokens of a text that its vector is made of, as a task feature."""
OF_TRAINING_TEXTS = ("scratch", "bow")
"""Encoders that are made of a fold's training texts."""
Array = np.ndarray[Any, Any]


class EncoderSources:
    """Finds encoders, or makes them of a fold's training texts, each once.

    Args:
        texts: of the study.
    """

    def __init__(self, texts: StudyTexts) -> None:
        self.texts, self.inputs = texts, texts.inputs
        self._found: dict[tuple[str, int], EncoderSource] = {}

    def named(self, settings: EncoderSettings) -> EncoderSettings:
        """Return the settings of an encoder with the special tokens that the corpora note."""
        corpora = self.inputs.corpora.values()
        return settings.naming(t for corpus in corpora for t in noted_tokens(corpus.notes))

    def source(self, settings: EncoderSettings, fold: int) -> EncoderSource:
        """Return where an encoder comes from.

        Raises:
            EncoderError: it is not to be had.
        """
        settings = self.named(settings)
        key = (settings.model_dump_json(), fold if settings.name in OF_TRAINING_TEXTS else -1)
        if key not in self._found:
            source = self._made(settings, fold)
            load_tokenizer(source)  # a hub name says only now that there is no network
            self._found[key] = source
        return self._found[key]

    def findable_name(self, settings: EncoderSettings, fold: int) -> str:
        """Return the name by which an encoder is found again from any folder."""
        address = Path(self.source(settings, fold).address)
        own = (self.inputs.base / settings.name, Path(settings.name))
        return str(address.resolve()) if address in own else settings.name

    def embed(
        self, texts: Sequence[str], settings: EncoderSettings, fold: int, pooling: Pooling = "mean"
    ) -> Array:
        """Return a vector for each of some short texts, (N, H)."""
        return embed_texts(texts, self.source(settings, fold), settings, pooling)

    def text_vectors(self, corpus: str, settings: EncoderSettings, fold: int) -> Array:
        """Return the mean token states of a corpus' training texts, (N, H)."""
        source = self.source(settings, fold)
        table = tokenise(self.inputs.corpora[corpus], source, TEXT_VECTOR_LENGTH)
        return embed_rows(table, self.inputs.splits[corpus][fold].train, source, settings)

    def _made(self, settings: EncoderSettings, fold: int) -> EncoderSource:
        match settings.name:
            case "scratch":
                return scratch_source(settings, self.texts.training(fold))
            case "bow":
                return bow_source(settings, self.texts.by_corpus(fold))
            case _:
                return locate(settings, self.inputs.base)
