"""What models look at, as a report shows it: the tables of the study's latest explanation."""

from __future__ import annotations

from mtlv.errors import StoreError
from mtlv.report.explain_views import explanation_rows, study_tables
from mtlv.report.page_evidence import Evidence
from mtlv.report.page_parts import Part, Section, Words

__all__ = ["explanations"]


def explanations(evidence: Evidence, *, texts: bool) -> list[Section]:
    """Return the tables of the latest explanation of the whole study; nothing if there is none.

    Args:
        evidence: of the study.
        texts: whether texts and their words may be shown.
    """
    study = evidence.study.name
    try:
        records = [own for own in evidence.store.explanations(study) if own.text is None]
        if not records:
            return []
        record = records[-1]
        tables = study_tables(record, explanation_rows(evidence.store, record), texts=texts)
    except StoreError as error:
        return [_section(Words(f"The stored explanation cannot be read: {error.what}"))]
    about = (
        f"Found by `mtlv explain {study}` on {record.created[:10]}, for {len(record.plans)} plans "
        f"and {len(record.tasks)} tasks."
    )
    if not texts:
        about += " Texts and their words are left out; `mtlv report --texts` shows them too."
    return [_section(Words(about), *tables)]


def _section(*parts: Part) -> Section:
    return Section("explanations", "What the models look at", tuple(parts))
