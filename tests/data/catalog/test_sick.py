"""SICK: two tasks on the same pairs."""

import os
from pathlib import Path

import numpy as np
import pytest
from tiny_pairs import PAIRS, write_sick

from mtlv.data.catalog import read_known
from mtlv.errors import DataError


def test_both_tasks_of_every_pair(tmp_path: Path) -> None:
    corpus = read_known("sick", {"path": str(write_sick(tmp_path))})
    relatedness, entailment = corpus.targets
    assert (relatedness.kind, relatedness.range) == ("regression", (1, 5))
    assert (entailment.kind, entailment.labels[0]) == ("multiclass", "contradiction")
    assert corpus.values("sick-relatedness")[:4].tolist() == [score for _, _, score, _ in PAIRS]
    assert corpus.values("sick-entailment")[:4].tolist() == [2, 0, 1, 1]
    assert corpus.pairs() == [second for _, second, _, _ in PAIRS] * 3
    assert corpus.ids.tolist()[4] == "validation-10"
    assert corpus.notes == (
        "train: 4 (published 4,500)",
        "validation: 4 (published 500)",
        "test: 4 (published 4,927)",
    )


@pytest.mark.parametrize(
    ("old", "new", "column", "found"),
    [
        ("\t1.4\t", "\t0.4\t", "relatedness_score", "'0.4'"),
        ("\t1.4\t", "\tlow\t", "relatedness_score", "'low'"),
        ("CONTRADICTION", "contradicts", "entailment_judgment", "'contradicts'"),
    ],
)
def test_wrong_cells(old: str, new: str, column: str, found: str, tmp_path: Path) -> None:
    path = write_sick(tmp_path) / "SICK_test_annotated.txt"
    path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))
    with pytest.raises(DataError) as caught:
        read_known("sick", {"path": str(tmp_path)})
    assert caught.value.where == f"{path}, line 3, column '{column}'"
    assert caught.value.found == found


def test_the_test_file_without_answers_is_not_enough(tmp_path: Path) -> None:
    path = write_sick(tmp_path) / "SICK_test_annotated.txt"
    path.rename(tmp_path / "SICK_test.txt")
    with pytest.raises(DataError, match="part 'test' is missing") as caught:
        read_known("sick", {"path": str(tmp_path)})
    assert caught.value.expected == "SICK_test_annotated.txt"


@pytest.mark.data
@pytest.mark.skipif(not os.environ.get("MTLV_DATA"), reason="MTLV_DATA is not set")
def test_real_pairs() -> None:
    corpus = read_known("sick")
    parts, classes = corpus.parts, corpus.values("sick-entailment")
    assert corpus.notes == (
        "train: 4,500 (published 4,500)",
        "validation: 500 (published 500)",
        "test: 4,927 (published 4,927)",
    )
    assert parts is not None
    assert np.bincount(classes[parts == "train"].astype(int)).tolist() == [665, 2536, 1299]
    assert np.bincount(classes[parts == "test"].astype(int)).tolist() == [720, 2793, 1414]
    values = corpus.values("sick-relatedness")
    assert (values.min(), values.max()) == (1, 5)
