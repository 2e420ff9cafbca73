"""Tags: every scheme becomes IOB2, and no word is lost where sentences are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlv.data.tags import (
    Tag,
    cuts,
    detect_scheme,
    mentions,
    parse_tag,
    part_id,
    part_runs,
    tag_names,
    to_iob2,
)

# One sentence of three mentions, two of them side by side, in each scheme.
SAME = {
    "iob2": "B-X I-X B-X O O B-Y",
    "iob1": "I-X I-X B-X O O I-Y",
    "bioes": "B-X E-X S-X O O S-Y",
}
IOB2 = st.lists(st.tuples(st.sampled_from("XY"), st.integers(0, 4), st.integers(0, 3)))


def parsed(text: str) -> list[Tag]:
    tags = [parse_tag(tag, "entity") for tag in text.split()]
    assert None not in tags
    return [tag for tag in tags if tag is not None]


def iob2(pieces: list[tuple[str, int, int]]) -> list[str]:
    """Make a valid sentence of mentions of some lengths, with some O after each."""
    tags: list[str] = []
    for kind, length, outside in pieces:
        tags += [f"B-{kind}", *[f"I-{kind}"] * (length - 1)][:length] + ["O"] * outside
    return tags


@pytest.mark.parametrize("scheme", SAME)
def test_every_scheme_is_detected_and_becomes_iob2(scheme):
    tags = parsed(SAME[scheme])
    assert detect_scheme([tags]) == scheme
    normal = to_iob2(tags, scheme)
    assert normal.tags == tuple(SAME["iob2"].split())
    assert normal.repaired == ()


def test_other_letters_of_bioes():
    assert to_iob2(parsed("B-X I-X L-X U-X"), "bioes").tags == ("B-X", "I-X", "I-X", "B-X")


@pytest.mark.parametrize(
    ("given_tags", "scheme", "expected", "repaired"),
    [
        ("O I-X I-X", "iob2", "O B-X I-X", (1,)),
        ("I-X O I-X", "iob2", "B-X O B-X", (0, 2)),
        ("B-X I-Y", "iob2", "B-X B-Y", (1,)),
        ("B-X E-X I-X", "bioes", "B-X I-X B-X", (2,)),
        ("S-X E-X", "bioes", "B-X B-X", (1,)),
        ("O I-X", "iob1", "O B-X", ()),
    ],
)
def test_tags_that_continue_nothing(given_tags, scheme, expected, repaired):
    normal = to_iob2(parsed(given_tags), scheme)
    assert normal.tags == tuple(expected.split())
    assert normal.repaired == repaired


@pytest.mark.parametrize(
    ("sentences", "scheme"),
    [
        (["O O"], "iob2"),
        (["O I-X", "O B-X"], "iob2"),
        (["O I-X", "I-X B-X"], "iob1"),
        (["O I-X", "S-X"], "bioes"),
    ],
)
def test_scheme_is_told_from_all_sentences(sentences, scheme):
    assert detect_scheme([parsed(sentence) for sentence in sentences]) == scheme


@pytest.mark.parametrize("text", ["drug", "b-X", "B-", "BX", "X-B", "", "o"])
def test_what_is_no_tag(text):
    assert parse_tag(text, "entity") is None


def test_bare_letters_get_the_type_and_types_may_have_dashes():
    assert parse_tag("I", "Drug") == Tag("I", "Drug")
    assert parse_tag("B-GENE-Y", "Drug") == Tag("B", "GENE-Y")
    assert tag_names(["X", "Y"]) == ("O", "B-X", "I-X", "B-Y", "I-Y")
    assert mentions(["B-X", "I-X", "B-X", "O", "B-Y"]) == {"X": 2, "Y": 1}


@pytest.mark.parametrize(
    ("tags", "limit", "lengths"),
    [
        ("O O O O", 4, [4]),
        ("O O O O O", 4, [4, 1]),
        # The last place beside an O within the limit: after word 2, not inside the mention.
        ("O O B-X I-X I-X O", 4, [2, 4]),
        # Just before an O is beside it too.
        ("O B-X I-X I-X O O", 4, [4, 2]),
        # No O within the limit: the first one after it.
        ("B-X I-X I-X I-X I-X O O", 3, [5, 2]),
        ("B-X I-X I-X I-X I-X", 3, [5]),
        ("B-X B-X B-X B-X", 2, [4]),
        ("", 3, []),
    ],
)
def test_where_sentences_are_cut(tags, limit, lengths):
    assert [end - start for start, end in cuts(tags.split(), limit)] == lengths


def test_no_limit_cuts_nothing():
    assert cuts(["O"] * 100, None) == [(0, 100)]


@given(st.lists(IOB2, min_size=1, max_size=5), st.integers(1, 12), st.randoms())
def test_no_word_is_lost_and_no_mention_cut(sentences, limit, random):
    whole = {f"doc_s{n}": iob2(pieces) for n, pieces in enumerate(sentences, 1) if iob2(pieces)}
    examples: list[tuple[str, list[str]]] = []
    for name, tags in whole.items():
        found = cuts(tags, limit)
        parts = [(part_id(name, n, len(found)), tags[a:b]) for n, (a, b) in enumerate(found, 1)]
        assert all(not part[0].startswith("I-") for _, part in parts)
        assert sum((mentions(part) for _, part in parts), mentions([])) == mentions(tags)
        # A part over the limit has no O where it could have been cut.
        assert all("O" not in part[:limit] for _, part in parts if len(part) > limit)
        examples += parts
    random.shuffle(examples)
    runs = part_runs([name for name, _ in examples])
    assert {name: [tag for row in rows for tag in examples[row][1]] for name, rows in runs} == whole


def test_ten_parts_are_joined_in_the_order_of_their_numbers():
    ids = [f"d_s1#part{n}" for n in range(1, 13)]
    assert part_runs(ids) == [("d_s1", list(range(12)))]


def test_names_with_the_sign_are_left_alone():
    ids = ["a#1", "a#2", "a#part", "a#part0"]
    assert part_runs(ids) == [(name, [row]) for row, name in enumerate(ids)]


def test_a_missing_part_leaves_two_runs_of_different_names():
    ids = ["a#part5", "a#part1", "a#part4", "a#part2"]
    assert part_runs(ids) == [("a", [1, 3]), ("a#part4", [2, 0])]
