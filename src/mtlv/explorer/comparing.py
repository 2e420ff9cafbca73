"""Comparisons on pages: the same as `mtlv compare`, with as many draws as a page has time for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mtlv.errors import ExplorerError
from mtlv.explorer.asking import Asked
from mtlv.explorer.library import Library
from mtlv.report.comparison_notes import cautions_of_tests, compare_command, fewer_draws
from mtlv.report.gaps import missing
from mtlv.store.comparison import CompareSettings, Comparison
from mtlv.words import in_quotes

__all__ = ["CORRECTIONS", "SECONDS", "Rough", "compared", "notes_of", "rough", "settings_of"]

SECONDS = 0.25
"""So long may a page draw, of all plans together."""
CORRECTIONS = [("holm", "Holm"), ("bh", "Benjamini-Hochberg")]


@dataclass(frozen=True)
class Rough:
    """Why a page's comparison is rougher than it could be.

    Args:
        why: in a sentence.
        command: that makes it in full.
    """

    why: str
    command: str


def compared(
    library: Library,
    studies: Sequence[str],
    baseline: str,
    metric: str | None = None,
    settings: CompareSettings | None = None,
) -> Comparison:
    """Compare plans with a baseline, in the time that a page has.

    Raises:
        ProtocolError: they cannot be compared.
    """
    limited = replace(settings or CompareSettings(), seconds=SECONDS)
    return library.comparison(tuple(studies), baseline, metric, limited)


def rough(comparison: Comparison, studies: Sequence[str]) -> Rough | None:
    """Return why fewer draws were made than `mtlv compare` makes; None where all were."""
    why = fewer_draws(comparison)
    return None if why is None else Rough(why, compare_command(comparison, studies))


def notes_of(library: Library, comparison: Comparison, studies: Sequence[str]) -> list[str]:
    """Return what is missing of a comparison, and how its test can mislead."""
    outcomes = [library.outcome(name) for name in studies]
    found = [*missing(comparison, outcomes), *cautions_of_tests(comparison)]
    return [in_quotes(text) for text in found]


def settings_of(asked: Asked) -> CompareSettings:
    """Return the test, correction and margin that a page was asked for.

    Raises:
        ExplorerError: the margin is no number, or there is no such correction.
    """
    text = asked.one("margin")
    try:
        margin = float(text) if text else None
    except ValueError as error:
        raise ExplorerError(
            "The margin is no number.", found=repr(text[:40]), expected="points, such as 0.5"
        ) from error
    correction = asked.choice("correction", [key for key, _ in CORRECTIONS])
    return CompareSettings(asked.one("test") or None, correction, margin)
