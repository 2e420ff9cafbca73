"""What each sentence adds to the counts of entities."""

from __future__ import annotations

from typing import Any

import numpy as np

from mtlv.evaluation.about import About
from mtlv.evaluation.entities import OUTSIDE, TagSet, entities

__all__ = ["entity_parts"]

Array = np.ndarray[Any, Any]


def entity_parts(decisions: Array, targets: Array, about: About) -> Array:
    """Return tokens, wrong, missed and right entities of every sentence, (N, 4) float32.

    Args:
        decisions: N arrays (L,) of indices of tags.
        targets: N arrays (L,) of indices of tags, NaN where missing.
        about: has the names of the tags.
    """
    lengths = np.array([len(row) for row in targets], np.int64)
    sentence = np.repeat(np.arange(len(targets)), lengths)  # (M,)
    first = np.zeros(len(sentence), bool)
    first[(np.cumsum(lengths) - lengths)[lengths > 0]] = True
    truth = np.concatenate([np.empty(0), *targets])  # (M,)
    mask, tags = ~np.isnan(truth), TagSet.of(about.labels)
    found, true = (
        entities(np.where(mask, own, OUTSIDE).astype(np.int64), first, tags)
        for own in (np.concatenate([np.empty(0), *decisions]), truth)
    )
    same = {tuple(own) for own in found.tolist()} & {tuple(own) for own in true.tolist()}
    right = np.array(sorted(same), np.int64).reshape(-1, 3)
    tokens, called, there, both = (
        np.bincount(sentence[rows], minlength=len(targets))
        for rows in (np.flatnonzero(mask), found[:, 0], true[:, 0], right[:, 0])
    )
    return np.stack([tokens, called - both, there - both, both], axis=1).astype(np.float32)
