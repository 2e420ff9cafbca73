"""Tiny datasets on disk, in the layout of a data folder."""

import csv
from pathlib import Path

import pytest
from official_files import write_tagged_and_related
from tiny import REPORTS, ohsumed_documents, report_xml, write_tar
from tiny_pairs import write_all


@pytest.fixture(scope="session")
def openi_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("csv")
    (root / "openi").mkdir()
    with (root / "openi" / "indiana_reports.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["uid", "MeSH", "Problems", "image", "indication", "findings", "impression"]
        )
        for uid, tags, _, findings, impression in REPORTS:
            writer.writerow([uid, ";".join(tags), "", "", "", findings, impression])
    return root


@pytest.fixture(scope="session")
def openi_xml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("xml")
    folder = root / "openi" / "ecgen-radiology"
    folder.mkdir(parents=True)
    for uid, tags, automatic, findings, impression in REPORTS:
        (folder / f"{uid}.xml").write_text(
            report_xml(uid, findings, impression, tags, automatic), encoding="utf-8"
        )
    return root


@pytest.fixture(scope="session")
def ohsumed_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("folder")
    for path, text in ohsumed_documents().items():
        target = root / "ohsumed" / "ohsumed-all" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="ascii")
    return root


@pytest.fixture(scope="session")
def ohsumed_tar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tar")
    (root / "ohsumed").mkdir()
    files = {f"ohsumed-all/{path}": text for path, text in ohsumed_documents().items()}
    write_tar(root / "ohsumed" / "ohsumed-all-docs.tar.gz", files)
    return root


@pytest.fixture(scope="session")
def tiny_root(
    openi_csv: Path, ohsumed_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """One data folder with every dataset that needs files."""
    root = tmp_path_factory.mktemp("data")
    (root / "openi").symlink_to(openi_csv / "openi")
    (root / "ohsumed").symlink_to(ohsumed_folder / "ohsumed")
    write_all(root)
    write_tagged_and_related(root)
    return root
