"""Errors are part of the interface.

Every error that a user can cause says what is wrong, where (file, line, field), what was found,
what was expected, and what to do next. The command line prints it without a
traceback and exits with 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Self

__all__ = [
    "ConfigError",
    "DataError",
    "EncoderError",
    "ExplorerError",
    "FigureError",
    "GroupingError",
    "MtlvError",
    "NewerStoreError",
    "PlanError",
    "ProtocolError",
    "StoreError",
    "TrainingError",
    "nearest",
]


class MtlvError(Exception):
    """Base of all errors that a user of `mtlv` can cause and mend.

    Args:
        what: one sentence that names the problem.
        where: the file, line, field or task that it concerns.
        found: what was there.
        expected: what would have been right.
        hint: the next step.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        found: object | None = None,
        expected: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.what, self.where, self.found = what, where, found
        self.expected, self.hint = expected, hint
        super().__init__(what, where, found, expected, hint)

    def inside(self, place: str) -> Self:
        """Return the same error with the place around it named: a file, a plan."""
        where = place if self.where is None else f"{place}, {self.where}"
        fields: dict[str, Any] = {"found": self.found, "expected": self.expected}
        return type(self)(self.what, where=where, hint=self.hint, **fields)

    def __str__(self) -> str:
        parts = [("where", self.where), ("found", self.found)]
        parts += [("expected", self.expected), ("next", self.hint)]
        lines = [f"  {name + ':':<10}{value}" for name, value in parts if value is not None]
        return "\n".join([self.what, *lines])

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the fields when the error crosses a process boundary."""
        fields = {"where": self.where, "found": self.found}
        fields |= {"expected": self.expected, "hint": self.hint}
        return _rebuild, (type(self), self.what, fields)


def _rebuild(kind: type[MtlvError], what: str, fields: dict[str, str | None]) -> MtlvError:
    return kind(what, **fields)


class DataError(MtlvError):
    """A dataset cannot be read, or what it holds cannot be learned from."""


class ConfigError(MtlvError):
    """A study's configuration is not valid."""


class PlanError(MtlvError):
    """A plan or a grouping does not cover its tasks as it must."""


class GroupingError(PlanError):
    """A grouping cannot be computed or is not a partition of the tasks."""


class EncoderError(MtlvError):
    """An encoder or its tokenizer cannot be loaded."""


class ExplorerError(MtlvError):
    """The explorer cannot start, or a page that was asked for cannot be made."""


class FigureError(MtlvError):
    """A figure cannot be drawn from what is there, or not be written."""


class StoreError(MtlvError):
    """The run store cannot be read or written."""


class NewerStoreError(StoreError):
    """A newer version of the package wrote what is there; it is never touched."""


class TrainingError(MtlvError):
    """Training cannot go on."""


class ProtocolError(MtlvError):
    """The protocol would be broken: test data used to choose, or unequal targets compared."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which known name was probably meant.

    >>> nearest("epoch", ["epochs", "batch_size"])
    "did you mean 'epochs'? (known: batch_size, epochs)"
    """
    known = sorted(known)
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    names = f"(known: {', '.join(known)})"
    return f"did you mean '{close[0]}'? {names}" if close else names
