"""The report of a study: question, answer, tables, figures, protocol, and what to be careful about.

    evidence = gather(store, "openi", baseline="mtl")
    text = page_html(make_report(evidence))

Every number is computed anew from stored predictions by the functions of `mtlv show` and
`mtlv compare`, so a report can be held against their JSON.
"""

from __future__ import annotations

from mtlv.report.answer import answer
from mtlv.report.page_cautions import cautions
from mtlv.report.page_evidence import Evidence, gather
from mtlv.report.page_explanations import explanations
from mtlv.report.page_facts import environment, protocol, question, reproduction
from mtlv.report.page_figures import figures
from mtlv.report.page_parts import Report, Section, Words
from mtlv.report.page_tables import tables
from mtlv.version import __version__

__all__ = ["Evidence", "gather", "make_report"]


def make_report(evidence: Evidence, *, texts: bool = False) -> Report:
    """Put the report of a study together.

    Args:
        evidence: of the study.
        texts: whether to show texts and their words, where the study was explained.
    """
    study, said = evidence.study, answer(evidence.comparison)
    sentences = tuple(Words(text) for text in (said.best, said.tasks, said.cost))
    about = f"{study.status}, last changed {study.updated}; report by mtlv {__version__}"
    return Report(
        study.name,
        about,
        (
            Section("question", "Question", (Words(question(evidence)),)),
            Section("answer", "Answer", sentences),
            *tables(evidence),
            *explanations(evidence, texts=texts),
            figures(evidence, texts=texts),
            protocol(evidence),
            cautions(evidence),
            environment(evidence),
            reproduction(evidence),
        ),
    )
