"""Open-I: the merging rule, the cleaning, both forms of the files, and the real counts."""

import os
import tarfile
from pathlib import Path

import pytest

from mtlv.data.catalog import read_known
from mtlv.data.catalog.openi import LABELS, PUBLISHED, clean_report, merged
from mtlv.errors import DataError

EXPECTED = {
    # Reports 5 (no text) and 6 (the text of 2) are gone.
    "Cardiomegaly": {"CXR2", "CXR7"},
    "Effusion": {"CXR2"},
    "Medical Device": {"CXR4"},
    "lung hypoinflation": {"CXR3"},
    "opacity": {"CXR7"},
}


@pytest.mark.parametrize(
    ("tag", "labels"),
    [
        ("normal", set()),
        ("Airspace Disease/lung/base", {"Airspace Disease"}),
        ("Pulmonary Atelectasis/left", {"Atelectasis"}),
        ("Calcified Granuloma/lung", {"Calcified granuloma"}),
        ("Granuloma/lung", set()),
        ("Granulomatous Disease", {"granulomatous disease"}),
        ("Implanted Medical Device/left", {"Medical Device"}),
        ("Pericardial Effusion", {"Effusion"}),
        ("Subcutaneous Emphysema", {"Emphysema"}),
        ("Catheters, Indwelling/right", {"indwelling catheters"}),
        ("Surgical Instruments/abdomen", {"surgical instrument"}),
        ("Lung/hypoinflation", {"lung hypoinflation"}),
        ("Lung/hyperdistention/mild", {"lung hyperdistention"}),
        ("Lung/bilateral/hyperdistention", set()),
        ("Spine/degenerative/mild", {"spine degenerative"}),
        ("Thoracic Vertebrae/degenerative", {"thoracic vertebrae degenerative"}),
        ("Osteophyte/thoracic vertebrae/degenerative", {"thoracic vertebrae degenerative"}),
        ("Osteophyte/thoracic vertebrae", set()),
        ("Opacity/lung/base/round", {"opacity"}),
    ],
)
def test_merging_rule(tag: str, labels: set[str]) -> None:
    assert merged([tag, "Aorta/tortuous"]) == labels


@pytest.mark.parametrize(
    ("findings", "impression", "text"),
    [
        ("Clear.", "Normal.", "Clear. Normal."),
        ("", "Normal.", "Normal."),
        ("XXXX, XXXX, XXXX.", "XXXX XXXX", ""),
        ("No XXXX of effusion.", "", "No of effusion."),
        ("Chest x-XXXX, XXXX.", "", "Chest x."),
        ("Left XXXX-a-XXXX is seen.", "", "Left a is seen."),
        ("XXXX's lung (XXXX) and (4 x 2 XXXX).", "", "lung and (4 x 2)."),
        ("Seen by Dr. XXXX<XXXX>.", "No disease. .", "Seen by Dr. No disease."),
        ("Nodule of 1 - 2 cm, stable; see CT.", "", "Nodule of 1 - 2 cm, stable; see CT."),
        ("T-spine is 5 / 6  wide.\n", "\tGood", "T-spine is 5 / 6 wide. Good"),
    ],
)
def test_cleaning(findings: str, impression: str, text: str) -> None:
    assert clean_report(findings, impression) == text


@pytest.mark.parametrize("form", ["openi_csv", "openi_xml"])
class TestForms:
    def test_labels(self, form: str, request: pytest.FixtureRequest) -> None:
        corpus = read_known("openi", {"min_count": 1}, request.getfixturevalue(form))
        found = {
            name: {str(i) for i in corpus.ids[corpus.values(name) == 1]}
            for name in corpus.target_names
        }
        assert found == EXPECTED
        assert corpus.parts is None

    def test_texts_and_order(self, form: str, request: pytest.FixtureRequest) -> None:
        corpus = read_known("openi", {"min_count": 1}, request.getfixturevalue(form))
        assert list(corpus.ids) == ["CXR1", "CXR2", "CXR3", "CXR4", "CXR7", "CXR10"]
        assert corpus.texts()[:2] == ["Heart is normal. No. Normal chest x.", "Big heart. CHF."]

    def test_notes(self, form: str, request: pytest.FixtureRequest) -> None:
        notes = read_known("openi", {"min_count": 2}, request.getfixturevalue(form)).notes
        assert notes[:3] == (
            "reports: 6 (published 3,159)",
            "Cardiomegaly: 2 (published 375)",
            "18 labels of fewer than 2 reports are left out",
        )
        assert "Emphysema: 0 (published 105)" in notes
        assert notes[-3:] == (
            "8 reports read; 1 had no text; 6 texts differed with their masks, 6 without",
            "1 removed duplicates had other labels than the one kept",
            "1 reports were never indexed and count as having none of the labels",
        )


def test_csv_and_xml_are_the_same_corpus(openi_csv: Path, openi_xml: Path) -> None:
    corpora = [read_known("openi", {"min_count": 1}, root) for root in (openi_csv, openi_xml)]
    assert corpora[0].fingerprint == corpora[1].fingerprint


def test_archive_is_the_same_corpus(openi_xml: Path, tmp_path: Path) -> None:
    (tmp_path / "openi").mkdir()
    with tarfile.open(tmp_path / "openi" / "NLMCXR_reports.tgz", "w:gz") as tar:
        tar.add(openi_xml / "openi" / "ecgen-radiology", "ecgen-radiology")
    corpora = [read_known("openi", {"min_count": 1}, root) for root in (openi_xml, tmp_path)]
    assert corpora[0].fingerprint == corpora[1].fingerprint


def test_automatic_tags_keep_their_names(openi_xml: Path) -> None:
    corpus = read_known("openi", {"labels": "automatic", "min_count": 1}, openi_xml)
    assert corpus.target_names == ("cardiomegaly", "degenerative change", "opacity")
    assert corpus.values("cardiomegaly").sum() == 2
    assert corpus.notes[0] == "reports: 6"


def test_csv_has_no_automatic_tags(openi_csv: Path) -> None:
    with pytest.raises(DataError, match="no automatic tags"):
        read_known("openi", {"labels": "automatic"}, openi_csv)


def test_no_label_is_frequent_enough(openi_csv: Path) -> None:
    with pytest.raises(DataError, match="No label has 100 reports") as caught:
        read_known("openi", {}, openi_csv)
    assert "Cardiomegaly: 2" in str(caught.value)


def test_table_of_the_thesis_is_complete() -> None:
    assert len(LABELS) == 19
    assert sum(PUBLISHED.values()) == 3159 + 3959


BOMB = '<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><eCitation>&c;</eCitation>'
FOREIGN = '<!DOCTYPE x SYSTEM "file:///etc/hostname"><eCitation/>'


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("1.xml", "<eCitation><uId", "not valid XML"),
        ("1.xml", "", "not valid XML"),
        ("1.xml", BOMB, "document type"),
        ("1.xml", FOREIGN, "document type"),
        ("1.xml", '<?xml version="1.0" encoding="klingon"?><eCitation/>', "not valid XML"),
        ("reports.csv", "uid,findings\n1,fine\n", "not the columns"),
        ("reports.csv", "", "not the columns"),
        ("reports.csv", "uid,MeSH,findings,impression\n1,normal\n", "line 2"),
        ("reports.csv", "uid,MeSH,findings,impression\n", "no report"),
        ("reports.csv", 'uid,MeSH,findings,impression\n1,"normal" x,a,b\n', "cannot be read"),
        ("reports.tgz", "<html>not found</html>", "archive cannot be read"),
    ],
)
def test_files_that_are_not_what_they_should_be(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read_known("openi", {"path": str(tmp_path / name if name != "1.xml" else tmp_path)})
    assert name in str(caught.value)


def test_csv_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "reports.csv"
    path.write_bytes("uid,MeSH,findings,impression\n1,normal,Größe,b\n".encode("latin-1"))
    with pytest.raises(DataError, match="UTF-8"):
        read_known("openi", {"path": str(path)})


def test_folder_without_reports(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no report"):
        read_known("openi", {"path": str(tmp_path)})


def test_archive_that_is_cut_short(openi_xml: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.tgz"
    with tarfile.open(whole, "w:gz") as tar:
        tar.add(openi_xml / "openi" / "ecgen-radiology", "ecgen-radiology")
    (tmp_path / "cut.tgz").write_bytes(whole.read_bytes()[:-200])
    with pytest.raises(DataError, match="archive cannot be read"):
        read_known("openi", {"path": str(tmp_path / "cut.tgz")})


@pytest.mark.data
@pytest.mark.skipif(not os.environ.get("MTLV_DATA"), reason="MTLV_DATA is not set")
class TestRealReports:
    """Counts of the CSV form, which has 3,851 of the 3,955 reports behind table A.1."""

    @pytest.mark.parametrize(("min_count", "labels"), [(100, 17), (80, 19)])
    def test_counts(self, min_count: int, labels: int) -> None:
        path = Path(os.environ["MTLV_DATA"]) / "openi" / "indiana_reports.csv"
        corpus = read_known("openi", {"path": str(path), "min_count": min_count})
        assert (len(corpus), len(corpus.targets)) == (3054, labels)
        assert not any("XXXX" in text for text in corpus.texts())
        for name in corpus.target_names:
            share = corpus.values(name).sum() / LABELS[name][1]
            assert 0.91 < share <= 1 or name == "Medical Device"

    def test_rare_labels(self) -> None:
        path = Path(os.environ["MTLV_DATA"]) / "openi" / "indiana_reports.csv"
        notes = read_known("openi", {"path": str(path)}).notes
        assert "Medical Device: 84 (published 132)" in notes
        assert "surgical instrument: 98 (published 105)" in notes
        assert any("3,066 texts differed with their masks" in note for note in notes)
