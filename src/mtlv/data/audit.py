"""The audit: what a corpus looks like before anything is learned from it.

Counts that decide how a study is set up: how rare labels are, which go together, how many texts
stand twice, and what `max_length` cuts. Lengths are passed in, as this layer knows no tokenizer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mtlv.data.corpus import Corpus, Kind, Target
from mtlv.data.strata import Stratum, stratification_matrix, text_groups
from mtlv.errors import DataError

__all__ = ["Audit", "LabelCount", "LengthSummary", "TargetSummary", "audit", "phi"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class LabelCount:
    """How often a label, class or tag is found.

    Args:
        name: of the label, class or tag.
        positives: examples that have it (a tag: in some token).
        share: of the examples whose target is known, 0 … 1.
    """

    name: str
    positives: int
    share: float


@dataclass(frozen=True)
class TargetSummary:
    """What is known of one target.

    Args:
        name: of the target.
        kind: of the target.
        labelled: examples whose value is known.
        missing: examples whose value is not.
        labels: a binary target's positives, or one count per class or tag; empty for numbers.
    """

    name: str
    kind: Kind
    labelled: int
    missing: int
    labels: tuple[LabelCount, ...]


@dataclass(frozen=True)
class LengthSummary:
    """Lengths of the texts in tokens, and what the limit cuts.

    Args:
        mean: tokens per text.
        median: of the texts.
        p95: 95 of 100 texts are at most that long.
        max: the longest.
        limit: `max_length`; None means that nothing is cut.
        texts_cut: share of texts longer than the limit, 0 … 1.
        tokens_lost: share of all tokens that stand beyond it, 0 … 1.
    """

    mean: float
    median: float
    p95: float
    max: int
    limit: int | None
    texts_cut: float
    tokens_lost: float


@dataclass(frozen=True)
class Audit:
    """What a corpus looks like.

    Args:
        corpus: its name.
        fingerprint: of its contents.
        examples: their number N.
        distinct_texts: number of texts that differ in more than white space.
        duplicates: examples whose text another example has, too.
        parts: examples by official part; empty where the dataset has none.
        targets: one summary each.
        cardinality: mean number of positive binary labels per example; None without such labels.
        binary: names of the binary targets, as `correlations` has them.
        correlations: phi of each pair of binary targets; None where it is not defined.
        lengths: None where they were not given.
        notes: of the corpus.
    """

    corpus: str
    fingerprint: str
    examples: int
    distinct_texts: int
    duplicates: int
    parts: Mapping[str, int]
    targets: tuple[TargetSummary, ...]
    cardinality: float | None
    binary: tuple[str, ...]
    correlations: tuple[tuple[float | None, ...], ...]
    lengths: LengthSummary | None
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the audit as plain values."""
        return asdict(self)


def audit(corpus: Corpus, lengths: Array | None = None, max_length: int | None = None) -> Audit:
    """Look at a corpus.

    Args:
        corpus: what to look at.
        lengths: (N,) of int, tokens of each example before anything is cut.
        max_length: tokens that are kept of each.

    Raises:
        DataError: the lengths are not those of the corpus.
    """
    groups = text_groups(corpus)
    sizes = np.bincount(groups)
    binary = tuple(target.name for target in corpus.targets if target.kind == "binary")
    values = corpus.matrix(binary) if binary else np.empty((len(corpus), 0))  # (N, T)
    return Audit(
        corpus=corpus.name,
        fingerprint=corpus.fingerprint,
        examples=len(corpus),
        distinct_texts=len(sizes),
        duplicates=int(sizes[sizes > 1].sum()),
        parts=dict(Counter(p for p in corpus.parts if p)) if corpus.parts is not None else {},
        targets=_summaries(corpus),
        cardinality=float((values == 1).sum(axis=1).mean()) if binary else None,
        binary=binary,
        correlations=tuple(
            tuple(None if np.isnan(value) else float(value) for value in row) for row in phi(values)
        ),
        lengths=None if lengths is None else _lengths(corpus, lengths, max_length),
        notes=corpus.notes,
    )


def phi(values: Array) -> Array:
    r"""Return the correlation of each pair of binary labels, over the examples that know both.

        φ = (n·n₁₁ - n₁.·n.₁) / √(n₁.·(n - n₁.)·n.₁·(n - n.₁))

    - n: examples where both labels are known; n₁₁: where both are 1; n₁., n.₁: where one is 1.

    Args:
        values: (N, T) of 0, 1 and NaN.

    Returns:
        (T, T) in -1 … 1; NaN where a label is constant.
    """
    known = (~np.isnan(values)).astype(np.float64)
    ones = (values == 1).astype(np.float64)
    n, both = known.T @ known, ones.T @ ones  # (T, T)
    first = ones.T @ known  # (T, T)
    second = first.T
    spread = first * (n - first) * second * (n - second)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, (n * both - first * second) / np.sqrt(spread), np.nan)


def _summaries(corpus: Corpus) -> tuple[TargetSummary, ...]:
    strata = stratification_matrix(corpus)
    counts = zip(strata.columns, strata.matrix.sum(axis=0).tolist(), strict=True)
    found: dict[str, dict[Stratum, int]] = {}
    for column, count in counts:
        found.setdefault(column.target, {})[column] = count
    return tuple(_summary(target, len(corpus), found[target.name]) for target in corpus.targets)


def _summary(target: Target, examples: int, counts: Mapping[Stratum, int]) -> TargetSummary:
    missing = counts.get(Stratum(target.name, "missing"), 0)
    labelled = examples - missing
    return TargetSummary(
        target.name,
        target.kind,
        labelled,
        missing,
        tuple(
            LabelCount(column.value or target.name, count, count / max(labelled, 1))
            for column, count in counts.items()
            if column.role in ("label", "class", "tag")
        ),
    )


def _lengths(corpus: Corpus, lengths: Array, limit: int | None) -> LengthSummary:
    if lengths.shape != (len(corpus),):
        raise DataError(
            "The lengths are not those of the corpus.",
            where=f"corpus '{corpus.name}'",
            found=f"shape {lengths.shape}",
            expected=f"({len(corpus)},)",
        )
    kept = lengths if limit is None else np.minimum(lengths, limit)
    return LengthSummary(
        mean=float(lengths.mean()),
        median=float(np.median(lengths)),
        p95=float(np.quantile(lengths, 0.95)),
        max=int(lengths.max()),
        limit=limit,
        texts_cut=float((lengths > kept).mean()),
        tokens_lost=float((lengths - kept).sum() / max(int(lengths.sum()), 1)),
    )
