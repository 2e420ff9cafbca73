"""Figures of a report: all that the study has data for; those that show texts only if asked for."""

from __future__ import annotations

from collections.abc import Sequence

from mtlv.errors import MtlvError
from mtlv.report.answer import rival_of
from mtlv.report.figures import FIGURES
from mtlv.report.frames import FRAMES, Wanted
from mtlv.report.page_evidence import Evidence
from mtlv.report.page_parts import Part, Picture, Points, Section, Words

__all__ = ["ORDER", "TEXTS", "figures"]

ORDER = ("forest", "cost", "label-frequency", "label-correlation", "decisions", "discordant")
"""These come first, in this order; the others follow as they are registered."""
OF_TWO = ("decisions", "discordant")
"""These are about two plans: the baseline and the best besides it."""
TEXTS = ("attributions", "data-map", "word-ranks")
"""These show texts or their words, which may not leave the machine as a report does unasked."""


def figures(evidence: Evidence, *, texts: bool = False) -> Section:
    """Draw what the study has data for, and say what is left out and why.

    Args:
        evidence: of the study.
        texts: whether figures may show texts and their words.
    """
    wanted, two = _wanted(evidence), _of_two(evidence)
    drawn: list[Part] = []
    left_out = []
    for name in _in_order(list(FIGURES), () if texts else TEXTS):
        try:
            if name in FRAMES:
                data = FRAMES[name](two if name in OF_TWO else wanted)
                drawn.append(Picture(name, FIGURES[name](data.frame, data.signature)))
        except MtlvError as error:
            left_out.append(f"`{name}`: {error.found or error.what}")
    if left_out:
        drawn += [Words("Left out, as the study has no data for them:"), Points(tuple(left_out))]
    if not texts:
        drawn.append(Words(_of_texts(evidence.study.name)))
    return Section("figures", "Figures", tuple(drawn))


def _wanted(evidence: Evidence) -> Wanted:
    """Return what is drawn: all plans but random groupings."""
    comparison = evidence.comparison
    plans = tuple(plan.name for plan in evidence.plans) if comparison.drawn else ()
    return Wanted(
        evidence.store, evidence.outcome, comparison.baseline, plans, comparison=comparison
    )


def _of_two(evidence: Evidence) -> Wanted:
    rival, base = rival_of(evidence.comparison), evidence.comparison.baseline
    plans = (base,) if rival is None else (rival.plan, base)
    return Wanted(evidence.store, evidence.outcome, base, plans)


def _in_order(names: Sequence[str], passed_over: Sequence[str]) -> list[str]:
    later = [name for name in names if name not in ORDER and name not in passed_over]
    return [name for name in ORDER if name in names] + later


def _of_texts(study: str) -> str:
    names = " and ".join([", ".join(f"`{name}`" for name in TEXTS[:-1]), f"`{TEXTS[-1]}`"])
    return (
        f"{names} show texts or their words and are in a report, which may be sent, only with "
        f"`--texts`; see `mtlv figure {study} --list`."
    )
