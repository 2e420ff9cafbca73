"""New examples as a model's scoring sees a corpus: tokenised, without targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mtlv.data.corpus import Example
from mtlv.model.encoders import EncoderSource
from mtlv.model.tokens import TokenTable, tokenise_texts, tokenise_words
from mtlv.tasks import Task
from mtlv.training.data import CorpusData
from mtlv.usage.sentences import pieces_that_fit

__all__ = ["new_data"]

Array = np.ndarray[Any, Any]


def new_data(
    corpus: str,
    examples: Sequence[Example],
    tasks: Sequence[Task],
    source: EncoderSource,
    max_length: int,
) -> CorpusData:
    """Return N new examples as a part `test` all of whose targets are missing.

    Args:
        corpus: its name.
        examples: at least one; all are texts, pairs or token lists.
        tasks: those of a model that belong to the corpus.
        source: of the encoder.
        max_length: of an input, in tokens; texts are cut there, token lists go on in a piece more.

    Raises:
        EncoderError: the tokenizer cannot be loaded.
    """
    ids, tokens = _tokenised(examples, source, max_length)
    targets = {
        task.name: np.full(len(ids), None if task.kind == "tagging" else np.nan) for task in tasks
    }
    return CorpusData(corpus, ids, tokens, targets, {"test": np.arange(len(ids))}, key="new")


def _tokenised(
    examples: Sequence[Example], source: EncoderSource, max_length: int
) -> tuple[Array, TokenTable]:
    """Return ids, which count from 0, and the token table of examples (or of their pieces)."""
    if examples[0].tokens is not None:
        sentences = [example.tokens or () for example in examples]
        pieces = pieces_that_fit(sentences, source, max_length)
        return np.array(list(pieces), object), tokenise_words(
            list(pieces.values()), source, max_length
        )
    texts = [example.text or "" for example in examples]
    pairs = [example.text_b for example in examples if example.text_b is not None]
    table = tokenise_texts(texts, source, max_length, pairs or None)
    return np.array([str(i) for i in range(len(texts))], object), table
