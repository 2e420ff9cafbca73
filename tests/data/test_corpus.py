import numpy as np
import pyarrow as pa
import pytest

from mtlv.data import Corpus, CorpusBuilder, Example, Target
from mtlv.errors import DataError

TARGETS = [
    Target("good"),
    Target("kind", "multiclass", ("bug", "wish")),
    Target("stars", "regression"),
]
EXAMPLES = [
    Example("a", "a fine day", targets={"good": 1, "kind": 0, "stars": 4.5}, part="train"),
    Example("b", "rain again", targets={"good": 0, "kind": 1, "stars": 1}, part="test"),
    Example("c", "no idea", targets={"good": None, "stars": None}, part="test"),
]


def build(examples=EXAMPLES, targets=TARGETS, name="toy", **more) -> Corpus:
    return CorpusBuilder(name, targets, **more).extend(examples).build()


def refused(examples, targets=TARGETS, **more) -> DataError:
    with pytest.raises(DataError) as caught:
        build(examples, targets, **more)
    return caught.value


def test_values_and_parts_come_back():
    corpus = build()
    assert len(corpus) == 3
    assert corpus.ids.tolist() == ["a", "b", "c"]
    assert corpus.texts() == ["a fine day", "rain again", "no idea"]
    assert corpus.texts([2, 0]) == ["no idea", "a fine day"]
    assert corpus.parts.tolist() == ["train", "test", "test"]
    np.testing.assert_array_equal(corpus.values("good"), [1, 0, np.nan])
    np.testing.assert_array_equal(corpus.values("kind"), [0, 1, np.nan])
    np.testing.assert_array_equal(corpus.values("stars"), [4.5, 1, np.nan])
    assert corpus.matrix(["good", "stars"]).shape == (3, 2)
    assert not corpus.is_pair
    assert not corpus.is_tokenised


def test_a_corpus_without_parts_says_none():
    corpus = build(
        [Example("1", "x", targets={"t": 1}), Example("2", "y", targets={"t": 0})], [Target("t")]
    )
    assert corpus.parts is None


def test_unknown_target_names_the_nearest():
    with pytest.raises(DataError, match="did you mean 'good'"):
        build().values("god")


def test_pairs():
    corpus = build(
        [Example("1", "x", "y", targets={"t": 1}), Example("2", "u", "v", targets={"t": 0})],
        [Target("t")],
    )
    assert corpus.is_pair
    assert corpus.pairs() == ["y", "v"]


def test_token_lists():
    tagging = Target("ner", "tagging", ("O", "B"))
    corpus = build(
        [
            Example("1", tokens=("no", "fever"), targets={"ner": [0, 1]}),
            Example("2", tokens=("well",), targets={"ner": [0]}),
        ],
        [tagging],
    )
    assert corpus.is_tokenised
    assert corpus.token_lists() == [["no", "fever"], ["well"]]
    assert corpus.texts() == ["no fever", "well"]


def changed(index: int, **fields) -> list[Example]:
    examples = list(EXAMPLES)
    old = examples[index].__dict__ | fields
    examples[index] = Example(**old)
    return examples


@pytest.mark.parametrize(
    "examples",
    [
        pytest.param(EXAMPLES[::-1], id="order"),
        pytest.param(changed(0, text="a fine day!"), id="text"),
        pytest.param(changed(0, id="z"), id="id"),
        pytest.param(changed(2, targets={"good": 1}), id="target"),
        pytest.param(changed(2, part="train"), id="part"),
        pytest.param(EXAMPLES[:2], id="number"),
    ],
)
def test_fingerprint_covers_contents_and_order(examples):
    assert build(examples).fingerprint != build().fingerprint


def test_fingerprint_covers_targets_but_not_the_name_or_the_source():
    renamed = [Target("fine") if t.name == "good" else t for t in TARGETS]
    values = [
        {("fine" if key == "good" else key): value for key, value in e.targets.items()}
        for e in EXAMPLES
    ]
    examples = [
        Example(e.id, e.text, targets=v, part=e.part) for e, v in zip(EXAMPLES, values, strict=True)
    ]
    assert build(examples, renamed).fingerprint != build().fingerprint
    assert build(name="other", source="elsewhere.csv").fingerprint == build().fingerprint


@pytest.mark.parametrize("one", [1, 1.0, True, np.int64(1), np.float32(1)])
def test_equal_values_have_equal_fingerprints(one):
    def binary(value) -> Corpus:
        examples = [Example("1", "x", targets={"t": value}), Example("2", "y", targets={"t": 0})]
        return build(examples, [Target("t")])

    assert binary(one).fingerprint == binary(1).fingerprint


def test_corpus_is_memory_mapped_and_built_once(tmp_path):
    first = CorpusBuilder("toy", TARGETS, folder=tmp_path).extend(EXAMPLES).build()
    file = tmp_path / first.fingerprint / "corpus.arrow"
    written = file.stat().st_mtime_ns
    before = pa.total_allocated_bytes()
    again = CorpusBuilder("toy", TARGETS, folder=tmp_path).extend(EXAMPLES).build()
    assert file.stat().st_mtime_ns == written
    assert again.table.equals(first.table)
    assert pa.total_allocated_bytes() - before < again.table.nbytes


def test_large_corpora_are_written_in_batches():
    examples = (Example(str(i), f"text {i}", targets={"t": i % 2}) for i in range(20_001))
    corpus = build(examples, [Target("t")])
    assert len(corpus) == 20_001
    assert corpus.values("t").sum() == 10_000
    assert corpus.texts([20_000, 5]) == ["text 20000", "text 5"]


def test_corpus_cannot_be_changed():
    corpus = build()
    with pytest.raises(AttributeError):
        corpus.name = "other"
    for array in (corpus.ids, corpus.parts):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = "z"


def test_an_id_that_stands_twice_names_both_places():
    error = refused(
        [Example("1", "x", where="f.csv, line 2"), Example("1", "y", where="f.csv, line 3")]
    )
    assert error.what == "The id '1' stands twice."
    assert error.where == "f.csv, line 3; first at f.csv, line 2"
    assert "id of its own" in error.expected
    assert "number the rows" in error.hint


@pytest.mark.parametrize("text", [None, "", "  \n"])
def test_an_empty_text_is_refused(text):
    error = refused([Example("1", text, where="f.csv, line 2")])
    assert error.what == "The text is empty."
    assert error.where == "f.csv, line 2"
    assert "empty: drop" in error.hint


def test_an_empty_second_text_and_an_empty_token_list_are_refused():
    assert refused([Example("1", "x", " ")]).what == "The second text is empty."
    assert refused([Example("1", tokens=())]).what == "An example has an empty token list."


TAGS = Target("ner", "tagging", ("O", "B"))


@pytest.mark.parametrize(
    ("target", "value", "expected"),
    [
        (TARGETS[0], 2, "0, 1 or empty"),
        (TARGETS[0], float("nan"), "0, 1 or empty"),
        (TARGETS[1], 2, "one of bug, wish"),
        (TARGETS[1], -1, "one of bug, wish"),
        (TARGETS[1], "bug", "one of bug, wish"),
        (TARGETS[2], float("inf"), "a finite number"),
        (TARGETS[2], "4", "a finite number"),
        (TAGS, [0], "one tag per token (2), each an index below 2"),
        (TAGS, [0, 2], "one tag per token (2), each an index below 2"),
        (TAGS, [0, None], "one tag per token (2), each an index below 2"),
        (TAGS, 1, "one tag per token (2), each an index below 2"),
    ],
)
def test_values_that_a_target_cannot_have_are_refused(target, value, expected):
    example = Example("1", "x y", tokens=("x", "y"), targets={target.name: value}, where="line 7")
    error = refused([example], [target])
    assert target.name in error.what
    assert (error.where, error.found, error.expected) == ("line 7", repr(value), expected)


def test_a_value_for_an_unknown_target_is_refused():
    error = refused([Example("1", "x", targets={"goood": 1}, where="line 7")])
    assert "'goood'" in error.what
    assert "did you mean 'good'" in error.hint


def test_an_unknown_part_is_refused():
    error = refused([Example("1", "x", part="dev", where="line 7")])
    assert (error.found, error.expected) == ("'dev'", "one of train, validation, test")


@pytest.mark.parametrize(
    ("targets", "what"),
    [
        ([], "There is no label to learn."),
        ([Target("a"), Target("a")], "The label 'a' is named twice."),
        ([Target(" ")], "A label has an empty name."),
        ([Target("k", "multiclass", ("one",))], "needs the names of its classes"),
    ],
)
def test_targets_that_cannot_be_are_refused(targets, what):
    assert what in refused([], targets).what


@pytest.mark.parametrize(("value", "missing"), [(0, "positive"), (1, "negative")])
def test_a_label_without_both_sides_cannot_be_learned(value, missing):
    examples = [Example(str(i), "x", targets={"good": value}) for i in range(3)]
    error = refused(examples, TARGETS[:1], source="f.csv")
    assert error.what == f"The label 'good' has no {missing} example: it cannot be learned."
    assert error.where == "f.csv"
    assert error.found == f"3 labelled examples, 0 {missing}"


def test_one_example_is_too_few():
    error = refused(EXAMPLES[:1])
    assert "too few examples" in error.what
    assert error.found == "1 example"
