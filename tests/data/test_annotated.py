"""Texts with mentions by offset: tagged words, pieces, overlaps, and offsets that are wrong."""

import pytest

from mtlv.data.annotated import AnnotatedText, Mention, check_span, tagged_sentences
from mtlv.data.sentences import Span
from mtlv.errors import DataError

TEXT = "Left and right pain. Fever-like pain."


def tagged(*mentions: tuple[tuple[int, int], ...], text: str = TEXT):
    own = tuple(Mention(tuple(Span(*p) for p in m), "X", "notes, line 1") for m in mentions)
    return tagged_sentences([AnnotatedText("n1", text, own, "n1.txt", "train")])


def tags(found):
    return [" ".join(s.tags) for s in found.sentences]


def test_words_that_overlap_a_mention_are_tagged():
    found = tagged(((9, 19),), ((21, 24),))
    assert [s.tokens for s in found.sentences] == [
        ("Left", "and", "right", "pain", "."),
        ("Fever", "-", "like", "pain", "."),
    ]
    assert tags(found) == ["O O B-X I-X O", "B-X O O O O"]
    assert [s.id for s in found.sentences] == ["n1_s1", "n1_s2"]
    assert {s.part for s in found.sentences} == {"train"}
    assert (found.lost, found.in_pieces) == (0, 0)


def test_every_piece_opens_a_mention():
    found = tagged(((0, 4), (15, 19)), ((9, 14),))
    assert tags(found)[0] == "B-X O B-X B-X O"
    assert found.in_pieces == 1
    assert "1 mentions have several pieces; each piece counts as a mention" in found.notes


def test_pieces_side_by_side_are_one():
    assert tags(tagged(((9, 14), (15, 19))))[0] == "O O B-X I-X O"


def test_the_longer_one_of_two_stays():
    found = tagged(((15, 19),), ((9, 19),))
    assert tags(found)[0] == "O O B-X I-X O"
    assert found.lost == 1
    assert "1 mentions lie within others and were left out" in found.notes


def test_a_mention_keeps_its_sentence_whole():
    assert tags(tagged(((15, 26),))) == ["O O O B-X I-X I-X O O O O"]


@pytest.mark.parametrize("piece", [(30, 38), (5, 5), (9, 4)])
def test_offsets_beyond_the_text(piece):
    with pytest.raises(DataError, match="beyond the text") as caught:
        tagged((piece,))
    assert caught.value.where == "notes, line 1"
    assert "0 to 37" in str(caught.value)


def test_text_at_the_offsets():
    check_span(Span(9, 19), TEXT, "here", "RIGHT\npain")
    with pytest.raises(DataError, match="is not the mention") as caught:
        check_span(Span(9, 19), TEXT, "line 7", "left pain")
    assert caught.value.where == "line 7"
    assert caught.value.found == "'right pain'"
