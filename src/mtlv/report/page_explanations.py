"""What models look at, as a report shows it: the latest explanation of the study, and of a text."""

from __future__ import annotations

from collections.abc import Sequence

from mtlv.errors import StoreError
from mtlv.report.explain_rows import explanation_rows
from mtlv.report.explain_texts import text_tables
from mtlv.report.explain_views import study_tables
from mtlv.report.page_evidence import Evidence
from mtlv.report.page_parts import Part, Section, Words
from mtlv.store.record import ExplanationRecord
from mtlv.words import counted

__all__ = ["explanations"]


def explanations(evidence: Evidence, *, texts: bool) -> list[Section]:
    """Return the tables of the latest explanation of the whole study, and of the latest text.

    Args:
        evidence: of the study.
        texts: whether texts and their words may be shown.

    Returns:
        One section; none if nothing was explained.
    """
    parts: list[Part]
    try:
        records = evidence.store.explanations.of(evidence.study.name)
        parts = [
            *_of_study(evidence, [own for own in records if own.text is None], texts=texts),
            *_of_text(evidence, [own for own in records if own.text is not None and texts]),
        ]
    except StoreError as error:
        parts = [Words(f"The stored explanation cannot be read: {error.what}")]
    return [Section("explanations", "What the models look at", tuple(parts))] if parts else []


def _of_study(
    evidence: Evidence, records: Sequence[ExplanationRecord], *, texts: bool
) -> list[Part]:
    if not records:
        return []
    record = records[-1]
    about = (
        f"Found by `mtlv explain {record.study}` on {record.created[:10]}, for "
        f"{counted(len(record.plans), 'plan')} and {counted(len(record.tasks), 'task')}."
    )
    if not texts:
        about += " Texts and their words are left out; `mtlv report --texts` shows them too."
    rows = explanation_rows(evidence.store, record)
    return [Words(about), *study_tables(record, rows, texts=texts)]


def _of_text(evidence: Evidence, records: Sequence[ExplanationRecord]) -> list[Part]:
    if not records:
        return []
    record = records[-1]
    said = (record.text or "").replace("`", "'")  # backticks would say that it is code
    about = Words(f"What the words of the text that was last explained add: {said}")
    return [about, *text_tables(explanation_rows(evidence.store, record))]
