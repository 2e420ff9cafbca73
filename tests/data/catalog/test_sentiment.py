"""Sentences with a sentiment: what trips readers of these files."""

import os
from pathlib import Path

import pytest
from tiny_pairs import write_sentiment

from mtlv.data.catalog import read_known
from mtlv.data.catalog.sentiment import SITES
from mtlv.errors import DataError


@pytest.mark.parametrize("name", SITES)
def test_quotes_tabs_and_odd_line_ends(name: str, tmp_path: Path) -> None:
    write_sentiment(tmp_path)
    corpus = read_known(name, {"path": str(tmp_path)})
    assert corpus.texts() == [
        '"Fine, she said.',
        "Too\x85 long and dull\u2028 at the end",
        "a\ttab",
        "It works 10/10",
    ]
    assert corpus.target_names == (name,)
    assert corpus.values(name).tolist() == [1, 0, 0, 1]
    assert corpus.notes == ("sentences: 4 (published 1,000)", "positive: 2 (published 500)")


@pytest.mark.parametrize("line", ["no value", "text\t2", "text\t", "text 1"])
def test_a_line_without_a_sentiment(line: str, tmp_path: Path) -> None:
    path = write_sentiment(tmp_path) / "imdb_labelled.txt"
    path.write_bytes(path.read_bytes() + f"{line}\n".encode())
    with pytest.raises(DataError, match="does not end with its sentiment") as caught:
        read_known("sentiment-imdb", {"path": str(path)})
    assert caught.value.where == f"{path}, line 5"


@pytest.mark.data
@pytest.mark.skipif(not os.environ.get("MTLV_DATA"), reason="MTLV_DATA is not set")
@pytest.mark.parametrize("name", SITES)
def test_real_sentences(name: str) -> None:
    corpus = read_known(name)
    assert len(corpus) == 1000
    assert corpus.values(name).sum() == 500
    assert corpus.notes == (
        "sentences: 1,000 (published 1,000)",
        "positive: 500 (published 500)",
    )
