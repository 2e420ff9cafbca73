"""Sentences and words of raw text: simple rules, true offsets."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlv.data.sentences import Span, sentence_spans, word_spans


@pytest.mark.parametrize(
    "sentences",
    [
        ["Aspirin helps.", "It does!", "Does it?", "Yes."],
        ["Rates rose (Fig. 2) by 3.5 mg.", "They fell in E. coli vs. Placebo."],
        ['He said "no."', "(She did not.)", "3 mg were given."],
        ["We saw it, i.e. Nothing, in St. Anthony's fire."],
        ["no capital after. this one"],
        ["NAME: x", "HISTORY: y"],
    ],
)
@pytest.mark.parametrize("gap", [" ", "\n", "\n\n "])
def test_sentences(sentences, gap):
    if not sentences[0].endswith((".", "!", "?", '"', ")")) and "\n\n" not in gap:
        gap = "\n\n"
    text = f" {gap.join(sentences)}\n"
    assert [text[start:end] for start, end in sentence_spans(text)] == sentences


def test_no_sentence_ends_within_a_mention():
    text = "Factor x. Alpha was seen. It was."
    assert len(sentence_spans(text)) == 3
    assert [tuple(s) for s in sentence_spans(text, [Span(7, 15)])] == [(0, 25), (26, 33)]
    # A mention that ends where a sentence does holds nothing together.
    assert len(sentence_spans(text, [Span(0, 9), Span(10, 15)])) == 3


def test_nothing_gives_nothing():
    assert sentence_spans(" \n ") == []
    assert word_spans("a b", Span(1, 2)) == []


@given(st.text("aB1 .?!\n()-é", max_size=60))
def test_no_sign_is_lost_and_offsets_are_in_order(text):
    spans = sentence_spans(text)
    words = [word for span in spans for word in word_spans(text, span)]
    assert all(a.end <= b.start for a, b in pairwise(words))
    assert "".join(text[a:b] for a, b in words) == "".join(text.split())
