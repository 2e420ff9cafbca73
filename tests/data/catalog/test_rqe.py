"""MEDIQA RQE: pairs of questions from XML."""

import os
from pathlib import Path

import pytest
from tiny_pairs import QUESTIONS, RQE_FILES, rqe_xml, write_rqe

from mtlv.data.catalog import read_known
from mtlv.errors import DataError


def refused(folder: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        read_known("rqe", {"path": str(folder)})
    return caught.value


def test_pairs_of_all_parts(tmp_path: Path) -> None:
    corpus = read_known("rqe", {"path": str(write_rqe(tmp_path))})
    assert corpus.ids.tolist()[:3] == ["train-1", "train-2", "validation-1"]
    assert corpus.texts()[0] == "My eye hurts & is red. What can I do?"
    assert corpus.pairs()[0] == "How is red eye treated?"
    assert corpus.values("rqe").tolist() == [1, 0] * 3
    assert corpus.target("rqe").kind == "binary"
    assert corpus.target("rqe").metric == "accuracy"
    assert corpus.notes == (
        "train: 2 (published 8,588)",
        "validation: 2 (published 302)",
        "test: 2 (published 230)",
        "train-5860: left out, since its second question is empty",
    )


@pytest.mark.parametrize(
    ("pair", "what", "found"),
    [
        (("7", "true", "Why?", " "), "A side of the pair is missing.", "no text in <faq>"),
        (("7", "true", "", "How?"), "A side of the pair is missing.", "no text in <chq>"),
        (("7", "maybe", "Why?", "How?"), "A pair does not say", "value='maybe'"),
    ],
)
def test_pairs_that_cannot_be(
    pair: tuple[str, str, str, str], what: str, found: str, tmp_path: Path
) -> None:
    path = write_rqe(tmp_path) / RQE_FILES["test"]
    path.write_text(rqe_xml([*QUESTIONS, pair]))
    error = refused(tmp_path)
    assert what in error.what
    assert error.found == found
    assert error.where == f"{path}, pair '7'"


def test_only_the_known_pair_may_be_empty(tmp_path: Path) -> None:
    write_rqe(tmp_path)
    (tmp_path / RQE_FILES["test"]).write_text(rqe_xml([*QUESTIONS, ("5860", "true", "Why?", "")]))
    assert refused(tmp_path).what == "A side of the pair is missing."


def test_xml_that_does_not_parse(tmp_path: Path) -> None:
    path = write_rqe(tmp_path) / RQE_FILES["validation"]
    path.write_text(path.read_text().replace("</faq>", "</fak>", 1))
    error = refused(tmp_path)
    assert error.what == "The XML does not parse."
    assert error.where == f"{path}, line 7"


def test_a_missing_part(tmp_path: Path) -> None:
    (write_rqe(tmp_path) / RQE_FILES["test"]).rename(tmp_path / "MEDIQA2019-Task2-RQE-TestSet.xml")
    error = refused(tmp_path)
    assert error.what == "The file of the part 'test' is missing."
    assert error.expected == RQE_FILES["test"]


@pytest.mark.data
@pytest.mark.skipif(not os.environ.get("MTLV_DATA"), reason="MTLV_DATA is not set")
def test_real_pairs() -> None:
    corpus = read_known("rqe")
    parts, values = corpus.parts, corpus.values("rqe")
    assert parts is not None
    found = {part: (int((parts == part).sum()), int(values[parts == part].sum())) for part in parts}
    assert found == {"train": (8587, 4654), "validation": (302, 129), "test": (230, 115)}
    assert corpus.notes == (
        "train: 8,587 (published 8,588)",
        "validation: 302 (published 302)",
        "test: 230 (published 230)",
        "train-5860: left out, since its second question is empty",
    )
