"""Metrics of one tagging task: N sequences of tags, each of its own length L.

Entities count as in conlleval: right if the type and both borders are. Values and targets are N
arrays: (L,) of decided tags or (L, C) of probabilities, and (L,) of tags, NaN where missing. A
token without a target is outside of every entity, true or found. Sentences that a reader had split
are put together before (`joined` in `sentences`), or an entity could end at the cut.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mtlv.errors import ProtocolError
from mtlv.evaluation.about import About
from mtlv.evaluation.counts import Rates, defined_mean, mean, rates
from mtlv.evaluation.entities import OUTSIDE, TagSet, entities, matching
from mtlv.evaluation.metric import metric
from mtlv.evaluation.ranking import EPSILON

__all__ = [
    "decided_tags",
    "entity_f1",
    "entity_precision",
    "entity_recall",
    "log_loss",
    "token_accuracy",
]

Array = np.ndarray[Any, Any]


@metric(scope="task", kind="tagging")
def entity_f1(decisions: Array, targets: Array, about: About) -> float:
    """F1 of entities, all types pooled; type and both borders must be right."""
    return float(_rates(decisions, targets, about).f1)


@metric(scope="task", kind="tagging")
def entity_precision(decisions: Array, targets: Array, about: About) -> float:
    """Share of found entities that are right in type and both borders."""
    return float(_rates(decisions, targets, about).precision)


@metric(scope="task", kind="tagging")
def entity_recall(decisions: Array, targets: Array, about: About) -> float:
    """Share of true entities that are found with their type and both borders."""
    return float(_rates(decisions, targets, about).recall)


@metric(scope="task", kind="tagging")
def token_accuracy(decisions: Array, targets: Array) -> float:
    """Share of tokens whose tag is right; high where most tokens are outside of any entity."""
    called, truth = _flat(decisions), _flat(targets)  # (M,)
    mask = ~np.isnan(truth)
    return defined_mean(called[mask] == truth[mask])


@metric(scope="task", kind="tagging", needs="scores", higher_is_better=False, unit="nats")
def log_loss(scores: Array, targets: Array) -> float:
    """Mean over tokens of -ln of the probability of the true tag; unscored tokens are left out."""
    truth = _flat(targets)  # (M,)
    chances = np.concatenate(list(scores)) if len(scores) else np.empty((0, 1))  # (M, C)
    rows = np.flatnonzero(~np.isnan(truth) & ~np.isnan(chances).any(axis=1))
    own = chances[rows, truth[rows].astype(np.int64)]
    return mean(-np.log(np.clip(own, EPSILON, 1 - EPSILON)))


def decided_tags(scores: Array, about: About) -> Array:
    """Return the most probable tag of every token, N arrays (L,).

    Args:
        scores: N arrays (L, C); a token that did not fit into the model has NaN, and is O.
        about: has the names of the tags.
    """
    outside = about.labels.index("O") if "O" in about.labels else OUTSIDE
    decided = np.empty(len(scores), object)
    for i, chances in enumerate(scores):
        known = ~np.isnan(chances).any(axis=1)  # (L,)
        decided[i] = np.where(known, chances.argmax(axis=1), outside)  # (L,)
    return decided


def _rates(decisions: Array, targets: Array, about: About) -> Rates:
    if not about.labels:
        raise ProtocolError(
            "Entities cannot be counted, as the names of the tags are not known.",
            hint="predictions say them in `about`; run the study again if they are from before",
        )
    tag_set, truth = TagSet.of(about.labels), _flat(targets)  # (M,)
    mask, first = ~np.isnan(truth), _first(targets)
    called, true = (
        entities(np.where(mask, tags, OUTSIDE).astype(np.int64), first, tag_set)
        for tags in (_flat(decisions), truth)
    )
    right = matching(called, true)
    # Tokens stand for the true negatives, which entities have none of: they say that there is data.
    tokens = int(np.count_nonzero(mask))
    return rates(np.array([tokens, len(called) - right, len(true) - right, right]))


def _flat(rows: Array) -> Array:
    return np.concatenate([np.empty(0), *rows])


def _first(rows: Array) -> Array:
    """Return which tokens are the first of their sentence, (M,) of bool."""
    lengths = np.array([len(row) for row in rows], np.int64)
    first = np.zeros(int(lengths.sum()), bool)
    first[(np.cumsum(lengths) - lengths)[lengths > 0]] = True
    return first
