"""The two forms of Open-I: official XML, and the CSV that is made of it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Literal

from mtlv.data.catalog.archives import files_of
from mtlv.data.catalog.xml_files import parse_xml
from mtlv.errors import DataError

__all__ = ["Report", "read_reports"]

COLUMNS = ("uid", "MeSH", "findings", "impression")


@dataclass(frozen=True)
class Report:
    """One report as it stands in its file.

    Args:
        id: 'CXR' and the number of the report, in both forms.
        findings: what the radiologist saw; may be empty.
        impression: what the radiologist made of it; may be empty.
        tags: MeSH terms, 'heading/qualifier/…'.
        where: file and line, for errors.
    """

    id: str
    findings: str
    impression: str
    tags: tuple[str, ...]
    where: str


def read_reports(source: Path, tags: Literal["major", "automatic"]) -> list[Report]:
    """Return all reports in the order of their numbers.

    Args:
        source: the CSV file, or a folder or tar archive of XML files.
        tags: the manual tags, or those of the distributor's indexer.

    Raises:
        DataError: there is no report, or a file is not what it should be.
    """
    if source.suffix == ".csv":
        if tags == "automatic":
            raise DataError(
                "The CSV form of Open-I has no automatic tags.",
                where=str(source),
                hint="use `labels: major`, or set `path` to the official XML (NLMCXR_reports.tgz)",
            )
        reports = list(_csv_reports(source))
    else:
        reports = [_xml_report(name, data, tags) for name, data in files_of(source, ".xml")]
    if not reports:
        raise DataError(
            "There is no report.",
            where=str(source),
            expected="indiana_reports.csv, or a folder or tar archive of XML files",
        )
    return sorted(reports, key=lambda report: (len(report.id), report.id))


def _csv_reports(source: Path) -> Iterator[Report]:
    try:
        with source.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise DataError(
                    "The CSV file has not the columns of Open-I.",
                    where=f"{source}, line 1",
                    found=", ".join(rows.fieldnames or ()) or "no header",
                    expected=", ".join(COLUMNS),
                )
            for row in rows:
                where = f"{source}, line {rows.line_num}"
                if None in row or None in row.values():
                    raise DataError(
                        "A row has not as many fields as the header.",
                        where=where,
                        expected=f"{len(rows.fieldnames or ())} fields",
                        hint="get the file again: it may be cut short",
                    )
                values = [row[name] for name in COLUMNS]
                tags = tuple(tag.strip() for tag in values[1].split(";") if tag.strip())
                yield Report(f"CXR{values[0].strip()}", values[2], values[3], tags, where)
    except (csv.Error, UnicodeDecodeError, OSError) as error:
        raise DataError(
            "The CSV file cannot be read.",
            where=str(source),
            found=str(error),
            expected="UTF-8 CSV",
        ) from error


def _xml_report(name: PurePath, data: bytes, tags: Literal["major", "automatic"]) -> Report:
    root = parse_xml(data, str(name), "A report is not valid XML.")
    sections = {"FINDINGS": "", "IMPRESSION": ""}
    for element in root.iter("AbstractText"):
        sections[element.get("Label", "").upper()] = "".join(element.itertext())
    number = next((e.get("id", "") for e in root.iter("uId")), "") or f"CXR{name.stem}"
    terms = ("".join(e.itertext()).strip() for mesh in root.iter("MeSH") for e in mesh.iter(tags))
    found = tuple(term for term in terms if term)
    return Report(number, sections["FINDINGS"], sections["IMPRESSION"], found, str(name))
