"""What tiny datasets in the official forms hold. All of it is made up."""

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from mtlv.data.catalog.ohsumed import CATEGORIES

REPORTS = (
    # uid, tags, automatic tags, findings, impression
    (1, ("normal",), (), "Heart is normal. No XXXX.", "Normal chest x-XXXX."),
    (2, ("Cardiomegaly/mild", "Pleural Effusion/small"), ("cardiomegaly",), "Big heart.", "CHF."),
    (3, ("Lung/hypoinflation",), ("degenerative change",), "Low volumes.", "No XXXX XXXX."),
    (4, ("Implanted Medical Device/left",), (), "", "Pacemaker in place."),
    (5, ("normal",), (), "", "XXXX."),
    (6, ("Cardiomegaly",), ("cardiomegaly",), "Big   heart.", "CHF."),
    (7, ("Opacity/lung", "Cardiomegaly"), ("cardiomegaly", "opacity"), "Hazy right base.", "CHF."),
    (10, ("No Indexing",), (), "Both lungs clear.", ""),
)


def report_xml(
    uid: int, findings: str, impression: str, tags: Sequence[str], automatic: Sequence[str]
) -> str:
    terms = [f"<major>{tag} </major>" for tag in tags]
    terms += [f"<automatic>{tag}</automatic>" for tag in automatic]
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<eCitation><meta type="rr"/><uId id="CXR{uid}"/><pmcId id="{uid}"/>'
        "<MedlineCitation><Article><Abstract>"
        '<AbstractText Label="COMPARISON">None.</AbstractText>'
        '<AbstractText Label="INDICATION">Pain</AbstractText>'
        f'<AbstractText Label="FINDINGS">{findings}</AbstractText>'
        f'<AbstractText Label="IMPRESSION">{impression}</AbstractText>'
        f"</Abstract></Article></MedlineCitation><MeSH>{''.join(terms)}</MeSH></eCitation>"
    )


def ohsumed_documents() -> Mapping[str, str]:
    """Path → text: ten documents in each category, every tenth also in the next category."""
    codes, files = list(CATEGORIES), {}
    for number in range(230):
        name = f"{number * 100 + 1:07}"
        index = number % len(codes)
        for code in (codes[index], codes[index - 1])[: 2 if number % 10 == 0 else 1]:
            files[f"{code}/{name}"] = f"Title {number}.\n A sentence on {index}.\n And another.\n"
    return files


def write_tar(path: Path, files: Mapping[str, str]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            data = text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
