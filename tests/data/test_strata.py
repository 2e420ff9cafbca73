import numpy as np

from mtlv.data import Corpus, CorpusBuilder, Example, Target
from mtlv.data.strata import merged, stratification_matrix, text_groups


def build(targets, *examples) -> Corpus:
    return CorpusBuilder("toy", targets).extend(examples).build()


def columns(corpus) -> dict[str, list[int]]:
    strata = stratification_matrix(corpus)
    assert strata.matrix.dtype == bool
    names = [column.name for column in strata.columns]
    return dict(zip(names, strata.matrix.T.astype(int).tolist(), strict=True))


def test_binary_and_multiclass_targets_with_missing_values():
    targets = [Target("good"), Target("topic", "multiclass", ("x", "y")), Target("bad")]
    corpus = build(
        targets,
        Example("1", "a", targets={"good": 1, "topic": 0, "bad": 1}),
        Example("2", "b", targets={"good": 0, "topic": 1, "bad": 0}),
        Example("3", "c", targets={"good": None, "topic": None, "bad": 0}),
    )
    assert columns(corpus) == {
        "good": [1, 0, 0],
        "good missing": [0, 0, 1],
        "topic = x": [1, 0, 0],
        "topic = y": [0, 1, 0],
        "topic missing": [0, 0, 1],
        "bad": [1, 0, 0],
    }


def test_numbers_fall_into_five_bins_of_equal_size():
    values = [3, 1, 4, None, 5, 9, 2, 6, 8, 7, 10]
    examples = [Example(str(i), "x", targets={"n": v}) for i, v in enumerate(values)]
    found = columns(build([Target("n", "regression")], *examples))
    assert found.pop("n missing") == [int(value is None) for value in values]
    assert [sum(column) for column in found.values()] == [2, 2, 2, 2, 2]
    assert found["n in fifth 1"] == [int(value in (1, 2)) for value in values]
    assert found["n in fifth 5"] == [int(value in (9, 10)) for value in values]


def test_constant_and_unknown_numbers():
    targets = [Target("n", "regression"), Target("m", "regression")]
    examples = [Example(str(i), "x", targets={"n": 2.0}) for i in range(3)]
    assert columns(build(targets, *examples)) == {"n in fifth 5": [1] * 3, "m missing": [1] * 3}


def test_tags_count_where_a_token_has_them():
    corpus = build(
        [Target("ner", "tagging", ("O", "B", "I"))],
        Example("1", tokens=("a", "b"), targets={"ner": [0, 1]}),
        Example("2", tokens=("a",)),
        Example("3", tokens=("a", "b", "c"), targets={"ner": [1, 2, 2]}),
    )
    assert columns(corpus) == {
        "ner has O": [1, 0, 0],
        "ner has B": [1, 0, 1],
        "ner has I": [0, 0, 1],
        "ner missing": [0, 1, 0],
    }


def test_texts_are_equal_but_for_white_space():
    texts = ["a b", "c", " a\n b", "A b", "ab", "c"]
    corpus = build([Target("n", "regression")], *(Example(str(i), t) for i, t in enumerate(texts)))
    assert text_groups(corpus).tolist() == [0, 1, 0, 2, 3, 1]


def test_both_segments_and_all_tokens_must_be_equal():
    pairs = [("a", "b"), ("a", "c"), ("a", " b"), ("b", "a"), ("a b", None)]
    corpus = build(
        [Target("n", "regression")],
        *(Example(str(i), a, b) for i, (a, b) in enumerate(pairs)),
    )
    assert text_groups(corpus).tolist() == [0, 1, 0, 2, 3]
    lists = [("a", "b"), ("a b",), ("a", "b")]
    corpus = build(
        [Target("t", "tagging", ("O", "B"))],
        *(Example(str(i), tokens=tokens) for i, tokens in enumerate(lists)),
    )
    assert text_groups(corpus).tolist() == [0, 1, 0]


def test_groups_have_what_one_of_them_has():
    matrix = np.array([[1, 0], [0, 0], [0, 1], [0, 0]], dtype=bool)
    assert merged(matrix, np.array([1, 0, 1, 2])).tolist() == [[0, 0], [1, 1], [0, 0]]
