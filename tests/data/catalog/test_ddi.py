"""DDI 2013: XML in a zip or in folders, the files of BLUE, and the real counts."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from official_files import blue_rows, ddi_document, ddi_files, write_files, write_zip

from mtlv.data.catalog import read_known
from mtlv.data.catalog.ddi import PUBLISHED, UNTYPED
from mtlv.data.relations import noted_tokens
from mtlv.errors import DataError

IRON = "DDICorpus/Train/DrugBank/Iron_ddi.xml"


def test_official_zip(tmp_path: Path) -> None:
    write_zip(tmp_path / "ddi2013/DDICorpus-2013.zip", ddi_files())
    corpus = read_known("ddi", {}, tmp_path)
    [target] = corpus.targets
    assert target.labels == ("advise", "effect", "int", "mechanism", "false")
    assert (target.negative, target.metric) == ("false", "f1_micro_positive")
    assert corpus.parts is not None
    where = {name: place for place, name in enumerate(corpus.ids)}
    texts, values = corpus.texts(), corpus.values("ddi")
    first = where["DDI-DrugBank.d1.s0.p0"]
    assert texts[first] == "@drug$ lowers the effect of @group$ and Antacid & co."
    assert texts[first + 1] == "@drug$ lowers the effect of tetracycline and @brand$ & co."
    assert values[first : first + 3].tolist() == [1, 4, 4]
    assert values[where["DDI-MedLine.d2.s0.p2"]] == 2
    assert np.isnan(values[where[UNTYPED]])
    assert sorted(corpus.parts) == ["test"] * 3 + ["train"] * 6
    assert "train positives: 3 (published 4,021)" in corpus.notes
    assert "train without a class: 1" in corpus.notes
    assert any(UNTYPED in note for note in corpus.notes)
    assert noted_tokens(corpus.notes) == ("@brand$", "@drug$", "@group$")


def test_unpacked_folders_are_the_same_corpus(tmp_path: Path) -> None:
    write_zip(tmp_path / "DDICorpus-2013.zip", ddi_files())
    write_files(tmp_path / "folders", ddi_files())
    paths = (tmp_path / "DDICorpus-2013.zip", tmp_path / "folders")
    corpora = [read_known("ddi", {"path": str(path)}) for path in paths]
    assert corpora[0].fingerprint == corpora[1].fingerprint


def test_marks(tmp_path: Path) -> None:
    write_files(tmp_path, ddi_files())
    corpus = read_known("ddi", {"path": str(tmp_path), "arguments": "mark"})
    texts = dict(zip(corpus.ids, corpus.texts(), strict=True))
    assert texts["DDI-DrugBank.d1.s0.p2"] == (
        "Iron lowers the effect of <e2> tetracycline </e2> and <e1> Antacid </e1> & co."
    )
    assert noted_tokens(corpus.notes) == ("</e1>", "</e2>", "<e1>", "<e2>")


def test_class_of_the_untyped_pair_may_be_set(tmp_path: Path) -> None:
    write_files(tmp_path, ddi_files())
    corpus = read_known("ddi", {"path": str(tmp_path), "untyped": "int"})
    assert not np.isnan(corpus.values("ddi")).any()
    assert not any(UNTYPED in note for note in corpus.notes)


def test_files_of_blue(tmp_path: Path) -> None:
    rows = {
        f"{part}.tsv": blue_rows("DDI-false", "DDI-effect", start=start)
        for part, start in (("train", 0), ("dev", 10), ("test", 20))
    }
    write_files(tmp_path / "ddi2013-type", rows)
    corpus = read_known("ddi", {}, tmp_path)
    assert corpus.values("ddi").tolist() == [4, 1] * 3
    assert "validation positives: 1 (published 1,004)" in corpus.notes
    with pytest.raises(DataError, match="cannot be marked"):
        read_known("ddi", {"arguments": "mark"}, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "what", "where"),
    [
        ("0-3", "0-300", "beyond the text", ", entity 'DDI-DrugBank.d1.s0.e0'"),
        ("0-3", "1-4", "is not the mention", ", entity 'DDI-DrugBank.d1.s0.e0'"),
        ("0-3", "3", "offsets of a drug", ", entity 'DDI-DrugBank.d1.s0.e0'"),
        ('type="group"', 'type="food"', "type of a drug", ", entity 'DDI-DrugBank.d1.s0.e1'"),
        (
            'type="effect"',
            'type="affect"',
            "type of an interaction",
            ", pair 'DDI-DrugBank.d1.s0.p0'",
        ),
        (' type="effect"', "", "type of an interaction", ", pair 'DDI-DrugBank.d1.s0.p0'"),
        ('ddi="true"', 'ddi="yes"', "whether it interacts", ", pair 'DDI-DrugBank.d1.s0.p0'"),
        (
            'e2="DDI-DrugBank.d1.s0.e1" ddi="true"',
            'e2="x" ddi="true"',
            "not in its sentence",
            ", pair 'DDI-DrugBank.d1.s0.p0'",
        ),
        ("</document>", "", "does not parse", ", line 12"),
        ("<document", "<!DOCTYPE d><document", "does not parse", ""),
    ],
)
def test_xml_that_is_wrong(tmp_path: Path, old: str, new: str, what: str, where: str) -> None:
    files = ddi_files() | {IRON: ddi_document("DDI-DrugBank.d1").replace(old, new, 1)}
    write_files(tmp_path, files)
    with pytest.raises(DataError, match=what) as caught:
        read_known("ddi", {"path": str(tmp_path)})
    assert caught.value.where == f"{tmp_path / IRON}{where}"


def test_zip_that_is_cut_short(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "DDICorpus-2013.zip", ddi_files())
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo(IRON).header_offset
    data = bytearray(path.read_bytes())
    data[start + 80] ^= 255
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match="archive cannot be read"):
        read_known("ddi", {"path": str(path)})


@pytest.mark.data
@pytest.mark.skipif(not os.environ.get("MTLV_DATA"), reason="MTLV_DATA is not set")
def test_real_counts() -> None:
    corpus = read_known("ddi")
    assert len(corpus) == 27792 + 5716
    counts = dict(note.split(": ", 1) for note in corpus.notes if ": " in note)
    for name, count in PUBLISHED["official"].items():
        assert counts[name] == f"{count:,} (published {count:,})"
    for part, found in {
        "train": {"mechanism": 1319, "effect": 1687, "advise": 826, "int": 188},
        "test": {"mechanism": 302, "effect": 360, "advise": 221, "int": 96},
    }.items():
        assert {kind: counts[f"{part} {kind}"] for kind in found} == {
            kind: f"{count:,}" for kind, count in found.items()
        }
    assert list(corpus.ids[np.isnan(corpus.values("ddi"))]) == [UNTYPED]
    assert noted_tokens(corpus.notes) == (
        *("@brand$", "@drug$", "@drug-drug$", "@drug_n$", "@group$", "@group-group$"),
    )
