"""Arguments of relations, replaced or marked, and pairs made into examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlv.data.relations import (
    Argument,
    Relation,
    joined,
    noted_tokens,
    related_examples,
    relation_target,
    show_arguments,
)
from mtlv.errors import DataError

TEXT = "ace inhibitor blocks ace."
TARGET = relation_target("acts", ("up", "down", "false"), "what it does")


@pytest.mark.parametrize(
    ("first", "second", "replaced", "marked"),
    [
        ((0, 13), (21, 24), "@C$ blocks @G$.", "<e1> {0} </e1> blocks <e2> {1} </e2>."),
        ((21, 24), (0, 13), "@G$ blocks @C$.", "<e2> {1} </e2> blocks <e1> {0} </e1>."),
        # One in the other, crossing, side by side without a blank, and the same.
        ((0, 13), (0, 3), "@C-G$ blocks ace.", "<e1> <e2> ace </e2> inhibitor </e1> blocks ace."),
        ((4, 13), (0, 13), "@C-G$ blocks ace.", "<e2> ace <e1> inhibitor </e1> </e2> blocks ace."),
        ((0, 8), (4, 13), "@C-G$ blocks ace.", "<e1> ace <e2> inhi </e1>bitor </e2> blocks ace."),
        ((0, 4), (4, 13), "@C-G$ blocks ace.", "<e1> ace  </e1><e2> inhibitor </e2> blocks ace."),
        ((21, 24), (21, 24), "ace inhibitor blocks @C-G$.", None),
    ],
)
def test_arguments(first, second, replaced, marked):
    one, two = Argument(*first, "C"), Argument(*second, "G")
    assert show_arguments(TEXT, one, two, "replace") == replaced
    if marked is not None:
        marked = marked.format(TEXT[slice(*first)], TEXT[slice(*second)])
        assert show_arguments(TEXT, one, two, "mark") == marked


def test_name_of_joined_arguments():
    both = (Argument(0, 13, "C"), Argument(0, 3, "G"))
    assert show_arguments(TEXT, *both, "replace", "BOTH") == "@BOTH$ blocks ace."


SPANS = st.tuples(st.integers(0, 19), st.integers(1, 20)).map(
    lambda pair: (pair[0], min(pair[0] + pair[1], 20))
)


@given(st.text("ab ", min_size=20, max_size=20), SPANS, SPANS)
def test_marks_taken_out_leave_the_text(text, one, two):
    first, second = Argument(*one, "C"), Argument(*two, "G")
    shown = show_arguments(text, first, second, "mark")
    for mark in ("<e1> ", " </e1>", "<e2> ", " </e2>"):
        assert shown.count(mark) == 1
        shown = shown.replace(mark, "")
    assert shown == text
    replaced = show_arguments(text, first, second, "replace")
    assert replaced.count("$") == (1 if joined(first, second) else 2)


def test_pairs_become_examples():
    related = related_examples(
        TARGET,
        [
            Relation("1", "@A$ lifts @B-C$", "up", "f, line 1", "train"),
            Relation("2", "<e1> a </e1> and b @ 5 $", "false", "f, line 2", "train"),
            Relation("3", "c", None, "f, line 3", "train"),
            Relation("4", "d", "false", "f, line 4"),
        ],
        tokens=["<<"],
    )
    assert [e.targets["acts"] for e in related.examples] == [0, 2, None, 2]
    assert list(related.counts.items()) == [
        *(("train pairs", 3), ("train positives", 2), ("train up", 1), ("train false", 1)),
        *(("train without a class", 1), ("pairs", 1), ("positives", 0), ("false", 1)),
    ]
    assert noted_tokens(related.notes) == ("</e1>", "<<", "<e1>", "@A$", "@B-C$")
    assert (TARGET.negative, TARGET.metric) == ("false", "f1_micro_positive")


def test_no_negative_class_counts_no_positives():
    target = relation_target("acts", ("up", "down"), None, negative=None)
    related = related_examples(target, [Relation("1", "a", "up", "f")])
    assert related.counts == {"pairs": 1, "up": 1}
    assert related.notes == ()


def test_unknown_class_names_its_place():
    with pytest.raises(DataError, match="class of a relation is not known") as caught:
        related_examples(TARGET, [Relation("1", "a", "dwn", "f.tsv, line 9")])
    assert caught.value.where == "f.tsv, line 9"
    assert "did you mean 'down'" in str(caught.value)
