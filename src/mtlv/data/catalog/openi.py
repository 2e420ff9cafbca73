"""Open-I: chest X-ray reports of Indiana University with MeSH tags (Demner-Fushman et al. 2016).

The official XML has 3,955 reports; the common CSV form has the 3,851 that come with an image. The
thesis's 19 labels are merged from the manual tags by one rule, kept here as data: a report has a
label when one of its tags, in lower case, contains the label's phrase. That reproduces table A.1
better than comparing headings, and has effects worth knowing: degenerative thoracic vertebrae
include osteophytes there, emphysema includes that under the skin, 'Lung/bilateral/hyperdistention'
is not counted, and reports tagged 'No Indexing' count as having none of the labels.

Where this departs from the thesis: findings and impression are joined by a space (the original put
none); duplicates are looked for after the masks 'XXXX' are removed, as that is the text a model
sees; and labels are counted last, so that `min_count` holds for what is learned from. Of reports
with equal texts the first stays with its own labels, as in the thesis: the union would be a reading
that nobody made. The notes say how many of them were labelled differently.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from mtlv.data.builder import CorpusBuilder
from mtlv.data.catalog.known import DATASETS, KnownDataset, describe, found_beside_published
from mtlv.data.catalog.openi_files import Report, read_reports
from mtlv.data.corpus import Corpus, Example
from mtlv.errors import DataError
from mtlv.settings import Settings

__all__ = ["LABELS", "OpenISettings", "clean_report", "merged"]

LABELS: Mapping[str, tuple[str, int]] = {
    "Airspace Disease": ("airspace disease", 125),
    "Atelectasis": ("atelectasis", 332),
    "Calcified granuloma": ("calcified granuloma", 274),
    "Calcinosis": ("calcinosis", 304),
    "Cardiomegaly": ("cardiomegaly", 375),
    "Cicatrix": ("cicatrix", 196),
    "Deformity": ("deformity", 117),
    "Effusion": ("effusion", 164),
    "Emphysema": ("emphysema", 105),
    "Medical Device": ("medical device", 132),
    "Nodule": ("nodule", 111),
    "granulomatous disease": ("granulomatous disease", 111),
    "indwelling catheters": ("catheters, indwelling", 125),
    "lung hyperdistention": ("lung/hyperdistention", 206),
    "lung hypoinflation": ("lung/hypoinflation", 282),
    "opacity": ("opacity", 455),
    "spine degenerative": ("spine/degenerative", 175),
    "surgical instrument": ("surgical instrument", 105),
    "thoracic vertebrae degenerative": ("thoracic vertebrae/degenerative", 265),
}
"""Label → the phrase of the merging rule, and the count in table A.1 of the thesis."""

PUBLISHED = {"reports": 3159} | {name: count for name, (_, count) in LABELS.items()}

Labeller = Callable[[Sequence[str]], set[str]]

UNREAD = "no indexing"
"""The tag of reports that the distributor's indexers did not read."""


class OpenISettings(Settings):
    """Settings of the dataset `openi`."""

    path: Path | None = None
    """The CSV file, the folder or archive of XML files, or a folder that holds one of them."""
    min_count: int = Field(100, ge=1)
    """Labels of fewer reports are left out."""
    labels: Literal["major", "automatic"] = "major"
    """`major`: the manual tags, merged into the thesis's labels; `automatic`: the tags that the
    distributor's indexer found, under their own names (XML only)."""


def read(settings: OpenISettings, source: Path) -> Corpus:
    """Read the reports, clean and deduplicate them, label them, and leave out the rare labels."""
    major = settings.labels == "major"
    label: Labeller = merged if major else set
    reports = read_reports(source, settings.labels)
    kept = _first_by_text(reports)
    counts = Counter(name for report in kept.values() for name in label(report.tags))
    order = list(LABELS) if major else sorted(counts, key=lambda name: (name.casefold(), name))
    names = [name for name in order if counts[name] >= settings.min_count]
    if not names:
        raise _too_rare(settings, source, counts)
    builder = CorpusBuilder("openi", describe("openi", names), source=str(source))
    for text, report in kept.items():
        own = label(report.tags)
        targets = {name: int(name in own) for name in names}
        builder.add(Example(report.id, text, targets=targets, where=report.where))
    published = PUBLISHED if major else {}
    found = {"reports": len(kept)} | {name: counts[name] for name in names}
    rare = {name: counts[name] for name in order if name not in names}
    notes = found_beside_published(found, published)
    if rare:
        notes.append(f"{len(rare)} labels of fewer than {settings.min_count} reports are left out")
        notes += found_beside_published(rare, published) if major else []
    return builder.build([*notes, *_cleaning_notes(reports, kept, label)])


def merged(tags: Iterable[str]) -> set[str]:
    """Return the labels of the thesis that some manual tags stand for.

    >>> sorted(merged(["Lung/hypoinflation/mild", "Pericardial Effusion", "Aorta/tortuous"]))
    ['Effusion', 'lung hypoinflation']
    """
    lower = [tag.lower() for tag in tags]
    return {name for name, (phrase, _) in LABELS.items() if any(phrase in tag for tag in lower)}


def clean_report(findings: str, impression: str) -> str:
    """Join the two sections, and remove the masks with the punctuation that they leave behind.

    >>> clean_report("There is XXXX, XXXX. Left (XXXX) effusion.", "Normal chest x-XXXX. .")
    'There is. Left effusion. Normal chest x.'
    """
    text = re.sub(r"[-/<>]*X{4,}(?:'[a-z]*)?[-/<>]*", " ", f"{findings} {impression}")
    text = re.sub(r"\([\s.,;:]*\)", " ", text)
    text = re.sub(r"\s+(?=[.,;:)])|(?<=\()\s+", "", text)
    text = re.sub(r"[,;:]+(?=[.,;:)])|\.(?=\.)", "", text)
    return " ".join(text.split()).lstrip(" .,;:)")


def _first_by_text(reports: Iterable[Report]) -> dict[str, Report]:
    kept: dict[str, Report] = {}
    for report in reports:
        text = clean_report(report.findings, report.impression)
        if re.search(r"\w", text):
            kept.setdefault(text, report)
    return kept


def _cleaning_notes(
    reports: Sequence[Report], kept: Mapping[str, Report], label: Labeller
) -> list[str]:
    texts = [clean_report(report.findings, report.impression) for report in reports]
    full = [(r, kept[text]) for r, text in zip(reports, texts, strict=True) if text in kept]
    masked = len({" ".join(f"{r.findings} {r.impression}".split()) for r, _ in full})
    conflicts = sum(label(report.tags) != label(first.tags) for report, first in full)
    unread = sum(UNREAD in map(str.lower, report.tags) for report in kept.values())
    notes = [
        f"{len(reports):,} reports read; {len(reports) - len(full):,} had no text; "
        f"{masked:,} texts differed with their masks, {len(kept):,} without"
    ]
    if conflicts:
        notes.append(f"{conflicts} removed duplicates had other labels than the one kept")
    if unread:
        notes.append(f"{unread} reports were never indexed and count as having none of the labels")
    return notes


def _too_rare(settings: OpenISettings, source: Path, counts: Counter[str]) -> DataError:
    return DataError(
        f"No label has {settings.min_count} reports.",
        where=str(source),
        found=", ".join(f"{name}: {count}" for name, count in counts.most_common(5)) or "no label",
        hint="lower `min_count`",
    )


DATASETS.register("openi")(
    KnownDataset(
        name="openi",
        about="3,955 chest X-ray reports with manual MeSH tags, merged into 19 binary labels",
        address="NLM Open-i, https://openi.nlm.nih.gov/faq "
        "(https://openi.nlm.nih.gov/imgs/collections/NLMCXR_reports.tgz)",
        licence="CC BY-NC-ND 4.0 as stated by Open-i; de-identified by the distributor",
        settings=OpenISettings,
        read=read,
        published=PUBLISHED,
        places=(
            "openi/ecgen-radiology",
            "openi/NLMCXR_reports.tgz",
            "openi/indiana_reports.csv",
        ),
    )
)
