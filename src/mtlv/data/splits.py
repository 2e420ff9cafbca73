"""Splits: which examples are trained on, chosen on, and tested on.

Where this departs from the usual: what is divided are distinct texts, so exact duplicates never
stand on two sides; a dataset's official test part is respected, and duplicates of it are taken out
of training; and with a fixed test part, folds redraw training and validation, as in MTLV's thesis.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from mtlv.data.corpus import Corpus
from mtlv.data.division import Divider
from mtlv.data.strata import Strata
from mtlv.errors import DataError, ProtocolError
from mtlv.fingerprint import LENGTH
from mtlv.settings import Settings
from mtlv.words import counted, listed

__all__ = ["Scheme", "Split", "SplitSettings", "finished", "make_splits", "told"]

Array = np.ndarray[Any, Any]
Scheme = Literal["auto", "holdout", "cross_validation", "official"]


Share = Annotated[float, Field(gt=0, le=1)]


class SplitSettings(Settings):
    """How a corpus is divided."""

    scheme: Scheme = "auto"
    """`auto` is official if the dataset has a test part, else cross_validation if folds > 1, else
    holdout; a dataset with a validation part alone is not divided anew unless you say how."""
    folds: int = Field(1, ge=1)
    """Of cross validation; with a fixed test part or holdout, how often the rest is redrawn."""
    repeats: int = Field(1, ge=1)
    """How often all folds are drawn anew."""
    test: float = Field(0.2, gt=0, lt=1)
    """Share of the corpus that holdout tests on."""
    validation: float = Field(0.15, gt=0, lt=1)
    """Share of the training part that choices are made on."""
    split_seed: int = 0
    """Decides every draw."""
    sample: Share | dict[str, Share] | None = None
    """Stratified share of the corpus to use at all, or a share by corpus; None means all of it."""

    @model_validator(mode="after")
    def _enough_folds(self) -> SplitSettings:
        if self.scheme == "cross_validation" and self.folds < 2:
            raise ValueError("cross_validation needs at least two folds")
        return self

    def sample_of(self, corpus: str) -> float:
        """Return the share of a corpus that is used."""
        given = self.sample.get(corpus) if isinstance(self.sample, dict) else self.sample
        return 1.0 if given is None else given


@dataclass(frozen=True, eq=False)
class Split:
    """One division of a corpus.

    Args:
        fold: number of the fold, from 0; repeats count on.
        train: indices of examples to train on, sorted, int64.
        validation: those that choices are made on.
        test: those that are only scored.
        warnings: labels without a positive, duplicates taken out, …
        corpus: fingerprint of the corpus.

    Raises:
        ProtocolError: an example stands in two parts.
    """

    fold: int
    train: Array
    validation: Array
    test: Array
    warnings: tuple[str, ...] = ()
    corpus: str = ""

    def __post_init__(self) -> None:
        for name in ("train", "validation", "test"):
            indices = np.sort(np.asarray(getattr(self, name), dtype=np.int64))
            indices.flags.writeable = False
            object.__setattr__(self, name, indices)
        everything = np.concatenate([self.train, self.validation, self.test])
        if len(np.unique(everything)) < len(everything):
            raise ProtocolError(
                "An example stands in two parts of a split.",
                where=f"fold {self.fold}",
                found=f"{len(everything) - len(np.unique(everything))} repeated indices",
            )

    @cached_property
    def fingerprint(self) -> str:
        """Fingerprint of the corpus and of who stands where."""
        digest = hashlib.sha256(self.corpus.encode())
        for indices in (self.train, self.validation, self.test):
            digest.update(len(indices).to_bytes(8, "little"))
            digest.update(indices.astype("<i8").tobytes())
        return digest.hexdigest()[:LENGTH]


def make_splits(corpus: Corpus, settings: SplitSettings, auxiliary: bool = False) -> list[Split]:
    """Divide a corpus; the same settings always give the same splits.

    Args:
        corpus: what to divide.
        settings: how.
        auxiliary: whether it is only trained on; then official parts need no test part.

    Returns:
        One split per fold and repeat.

    Raises:
        DataError: a label has fewer positives than there are folds, the official parts cannot be
            used, or there are too few distinct texts.
    """
    scheme = _scheme(corpus, settings, auxiliary)
    divider = Divider.of(corpus, settings.split_seed)
    rows = _sampled(corpus, settings, divider, scheme)
    match scheme:
        case "official":
            drawn = _official(corpus, rows, settings, divider)
        case "cross_validation":
            _check_positives(corpus, rows, settings, divider)
            drawn = _cross_validation(rows, settings, divider)
        case _:
            drawn = _holdout(rows, settings, divider)
    notes: tuple[str, ...] = ()
    if corpus.parts is not None and scheme != "official":
        notes = (f"the dataset's official parts are not used: the scheme is {scheme}",)
    if corpus.groups is not None:
        drawn = (_without_duplicates(split, divider) for split in drawn)
    return [finished(split, corpus, divider.strata, notes) for split in drawn]


def _without_duplicates(split: Split, divider: Divider) -> Split:
    """Take texts out of training that other documents have in the parts that are scored."""
    validation = divider.apart(split.validation, split.test)
    train = divider.apart(split.train, np.concatenate([validation, split.test]))
    dropped = len(split.train) - len(train) + len(split.validation) - len(validation)
    notes = told(dropped, "left out: their text is in a part that is scored")
    return replace(split, train=train, validation=validation, warnings=(*split.warnings, *notes))


def _scheme(corpus: Corpus, settings: SplitSettings, auxiliary: bool) -> Scheme:
    """Return the scheme; an official division is never replaced unless that is asked for.

    Examples that are all official training examples are no division.
    """
    parts: set[str] = set() if corpus.parts is None else {own for own in corpus.parts if own}
    if settings.scheme == "official" and "test" not in parts:
        raise _no_test_part(
            corpus, parts, "set `scheme: holdout`, or name the column of the parts in the source"
        )
    if settings.scheme != "auto":
        return settings.scheme
    if "test" in parts:
        return "official"
    if "validation" in parts and not auxiliary:
        raise _no_test_part(
            corpus,
            parts,
            "name the test part in its source; or, to divide all its examples anew, leave the "
            "parts out there or set `scheme: holdout` under `evaluation`",
        )
    return "cross_validation" if settings.folds > 1 else "holdout"


def _no_test_part(corpus: Corpus, parts: set[str], hint: str) -> DataError:
    return DataError(
        "The dataset has no official test part.",
        where=f"corpus '{corpus.name}'",
        found=f"the parts {listed(sorted(parts))}" if parts else "no parts",
        expected="examples whose part is test",
        hint=hint,
    )


def _sampled(corpus: Corpus, settings: SplitSettings, divider: Divider, scheme: Scheme) -> Array:
    everything = np.arange(len(corpus), dtype=np.int64)
    share = settings.sample_of(corpus.name)
    if share == 1:
        return everything
    parts = None
    if scheme == "official" and corpus.parts is not None:
        parts = np.stack([corpus.parts == name for name in ("validation", "test")], axis=1)
    return divider.divide(everything, (share, 1 - share), "sample", also=parts)[0]


def _check_positives(
    corpus: Corpus, rows: Array, settings: SplitSettings, divider: Divider
) -> None:
    share = settings.sample_of(corpus.name)
    sampled = "" if share == 1 else f", in a sample of {share:g}"
    for column, count in zip(divider.strata.columns, divider.positives(rows), strict=True):
        if column.role == "label" and count < settings.folds:
            raise DataError(
                f"There are more folds than positives of the label '{column.name}'.",
                where=f"corpus '{corpus.name}'",
                found=f"{count} distinct texts with the label, {settings.folds} folds{sampled}",
                expected="at least one positive for every fold",
                hint="leave the label out" + (", or use fewer folds" if settings.folds > 1 else ""),
            )


def _holdout(rows: Array, settings: SplitSettings, divider: Divider) -> Iterator[Split]:
    """Draw the test part once per repeat; folds redraw the rest around it."""
    for repeat in range(settings.repeats):
        rest, test = divider.divide(rows, (1 - settings.test, settings.test), "test", repeat)
        for draw in range(repeat * settings.folds, (repeat + 1) * settings.folds):
            yield Split(draw, *_train_and_validation(rest, settings, divider, draw), test)


def _cross_validation(rows: Array, settings: SplitSettings, divider: Divider) -> Iterator[Split]:
    draw = 0
    for repeat in range(settings.repeats):
        shares = [1 / settings.folds] * settings.folds
        for test in divider.divide(rows, shares, "folds", repeat):
            rest = np.setdiff1d(rows, test)
            yield Split(draw, *_train_and_validation(rest, settings, divider, draw), test)
            draw += 1


def _official(
    corpus: Corpus, rows: Array, settings: SplitSettings, divider: Divider
) -> Iterator[Split]:
    parts = np.asarray(corpus.parts)[rows]
    known = parts.astype(bool)
    test, official = rows[parts == "test"], rows[parts == "validation"]
    rest = divider.apart(rows[parts != "test"], test)
    notes = told(len(rows) - len(test) - len(rest), "left out: their text is in the test part")
    notes += told(int((~known).sum()), "without a part counted as training")
    _check_parts(corpus, rest, test)
    draws = settings.folds * settings.repeats
    validation = np.intersect1d(rest, official)
    if draws == 1 and len(validation):
        outside = np.setdiff1d(rest, validation)
        train = divider.apart(outside, validation)
        _check_parts(corpus, train, test)
        twice = len(outside) - len(train)
        notes += told(twice, "left out of training: their text is in the validation part")
        yield Split(0, train, validation, test, notes)
        return
    for draw in range(draws):
        yield Split(draw, *_train_and_validation(rest, settings, divider, draw), test, notes)


def _train_and_validation(
    rest: Array, settings: SplitSettings, divider: Divider, draw: int
) -> tuple[Array, Array]:
    """Part what is not tested on."""
    shares = (1 - settings.validation, settings.validation)
    train, validation = divider.divide(rest, shares, "validation", draw)
    return train, validation


def _check_parts(corpus: Corpus, train: Array, test: Array) -> None:
    for name, part in (("training", train), ("test", test)):
        if not len(part):
            raise DataError(
                f"The official parts leave no example for {name}.",
                where=f"corpus '{corpus.name}'",
                found=f"{len(train)} training and {len(test)} test examples, duplicates left out",
                hint="set `scheme: holdout` to divide all examples anew",
            )


def finished(split: Split, corpus: Corpus, strata: Strata, notes: tuple[str, ...]) -> Split:
    """Return a split of a corpus with what people should know: notes, and what has no positive."""
    warnings = [*notes, *split.warnings]
    for part in ("train", "validation", "test"):
        found = strata.matrix[getattr(split, part)].any(axis=0)  # (C,)
        for column, present in zip(strata.columns, found, strict=True):
            if column.role in ("label", "class", "tag") and not present:
                effect = ": it cannot be learned in this fold" if part == "train" else ""
                warnings.append(f"{column.role} '{column.name}' has no positive in {part}{effect}")
    return replace(split, corpus=corpus.fingerprint, warnings=tuple(dict.fromkeys(warnings)))


def told(count: int, what: str) -> tuple[str, ...]:
    """Return a note on some examples; none where there are none."""
    return (f"{counted(count, 'example')} {what}",) if count else ()
