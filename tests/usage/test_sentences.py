"""Token lists that do not fit a model are cut, and every word stays where it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtlv.model.encoders import EncoderSource, locate
from mtlv.model.settings import EncoderSettings
from mtlv.usage.sentences import pieces_that_fit
from toys import write_encoder

LIMIT = 12


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> EncoderSource:
    folder: Path = write_encoder(tmp_path_factory.mktemp("encoder") / "tiny")
    return locate(EncoderSettings(name=str(folder)))


def test_what_fits_is_not_cut(source: EncoderSource) -> None:
    given = [["a"] * (LIMIT - 2), ["b", "c"]]
    assert pieces_that_fit(given, source, LIMIT) == {"0": given[0], "1": given[1]}


def test_a_long_list_is_cut_where_a_word_no_longer_fits(source: EncoderSource) -> None:
    words = [*"abcdefghijklmnopqrstuvw"]
    pieces = pieces_that_fit([["a"], words], source, LIMIT)
    assert list(pieces) == ["0", "1#part1", "1#part2", "1#part3"]
    assert [*pieces["1#part1"], *pieces["1#part2"], *pieces["1#part3"]] == words
    assert all(len(piece) <= LIMIT - 2 for piece in pieces.values())


def test_a_sentence_end_is_a_better_place(source: EncoderSource) -> None:
    words = ["a"] * 6 + ["."] + ["b"] * 8
    pieces = pieces_that_fit([words], source, LIMIT)
    assert pieces == {"0#part1": words[:7], "0#part2": words[7:]}


def test_a_word_longer_than_the_limit_makes_a_piece(source: EncoderSource) -> None:
    words = ["x" * 40, "a", "y" * 40]
    pieces = pieces_that_fit([words], source, LIMIT)
    assert [word for piece in pieces.values() for word in piece] == words


def test_words_of_which_nothing_is_made_stay(source: EncoderSource) -> None:
    words = ["\u200b"] * 3 + ["a"] * 20 + ["\u200b"] * 3
    pieces = pieces_that_fit([words], source, LIMIT)
    assert [word for piece in pieces.values() for word in piece] == words
