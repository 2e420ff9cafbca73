"""Splits of the corpora of one study: what one of them is scored on, no other one is trained on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mtlv.data.corpus import Corpus
from mtlv.data.splits import Split, SplitSettings, finished, make_splits, told
from mtlv.data.strata import common_text_groups, stratification_matrix
from mtlv.errors import DataError
from mtlv.words import counted

__all__ = ["make_common_splits"]

Array = np.ndarray[Any, Any]


def make_common_splits(
    corpora: Mapping[str, Corpus], settings: SplitSettings, auxiliary: Collection[str] = ()
) -> dict[str, list[Split]]:
    """Divide the corpora of one study: no text is learned that any of them is scored on.

    Every corpus is divided by itself. Then the texts of one that another tests on, on the same
    fold, leave its training and validation parts, and those that another validates on its training
    part.

    Args:
        corpora: by name.
        settings: how to divide each.
        auxiliary: names of corpora that are only trained on; their own scored parts hold nothing
            back from the others.

    Raises:
        DataError: see `make_splits`; or every training or validation text of a corpus is one that
            others are scored on.
    """
    splits = {
        name: make_splits(corpus, settings, name in auxiliary) for name, corpus in corpora.items()
    }
    if len(corpora) == 1:
        return splits
    texts = common_text_groups(corpora)
    for fold in range(min(map(len, splits.values()))):
        tested, chosen = (
            np.concatenate(
                [
                    texts[name][getattr(own[fold], part)]
                    for name, own in splits.items()
                    if name not in auxiliary
                ]
            )
            for part in ("test", "validation")
        )
        for name, corpus in corpora.items():
            own = splits[name][fold]
            splits[name][fold] = _held_back(own, corpus, texts[name], tested, chosen)
    return splits


def _held_back(split: Split, corpus: Corpus, texts: Array, tested: Array, chosen: Array) -> Split:
    """Return a split without what another corpus is scored on.

    Args:
        split: of the corpus.
        corpus: that is divided.
        texts: (N,), number of the text of each example.
        tested: numbers of the texts that any corpus tests on; in a split of its own they never
            stand on another side, so its own are no matter.
        chosen: of those that any validates on.
    """
    left = {
        "validation": split.validation[~np.isin(texts[split.validation], tested)],
        "train": split.train[~np.isin(texts[split.train], np.concatenate([tested, chosen]))],
    }
    notes: tuple[str, ...] = ()
    for part, rows in left.items():
        dropped = len(getattr(split, part)) - len(rows)
        notes += told(dropped, f"left out of {part}: another corpus is scored on their text")
        if dropped and not len(rows):
            raise DataError(
                f"Other corpora of the study are scored on every {part} text.",
                where=f"corpus '{corpus.name}', fold {split.fold + 1}",
                found=f"{counted(dropped, 'example')} whose text another corpus validates or tests "
                "on",
                hint="put the labels of the same texts into one file, empty where one is missing",
            )
    if not notes:
        return split
    reduced = replace(split, train=left["train"], validation=left["validation"])
    return finished(reduced, corpus, stratification_matrix(corpus), notes)
