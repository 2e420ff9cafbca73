import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlv.data import CorpusBuilder, Example, Target
from mtlv.data.audit import LabelCount, audit, phi
from mtlv.errors import DataError


@pytest.fixture
def corpus():
    targets = [Target("a"), Target("b"), Target("topic", "multiclass", ("x", "y"))]
    targets.append(Target("stars", "regression"))
    rows = [
        ("same text", 1, 1, 0, 1.0, "train"),
        ("same  text", 1, 0, 1, None, "train"),
        ("other", 0, 0, 0, 2.5, "test"),
        ("third", 0, None, None, 3.0, "test"),
    ]
    builder = CorpusBuilder("toy", targets)
    for i, (text, a, b, topic, stars, part) in enumerate(rows):
        values = {"a": a, "b": b, "topic": topic, "stars": stars}
        builder.add(Example(str(i), text, targets=values, part=part))
    return builder.build(notes=["published: 5, found: 4"])


def test_counts(corpus):
    found = audit(corpus)
    assert (found.corpus, found.fingerprint, found.examples) == ("toy", corpus.fingerprint, 4)
    assert (found.distinct_texts, found.duplicates) == (3, 2)
    assert found.parts == {"train": 2, "test": 2}
    assert found.cardinality == 3 / 4
    assert found.lengths is None
    assert found.notes == ("published: 5, found: 4",)


def test_targets(corpus):
    a, b, topic, stars = audit(corpus).targets
    assert a.labels == (LabelCount("a", 2, 0.5),)
    assert (b.labelled, b.missing, b.labels) == (3, 1, (LabelCount("b", 1, 1 / 3),))
    assert topic.labels == (LabelCount("x", 2, 2 / 3), LabelCount("y", 1, 1 / 3))
    assert (stars.kind, stars.labelled, stars.missing, stars.labels) == ("regression", 3, 1, ())


def test_correlations(corpus):
    found = audit(corpus)
    assert found.binary == ("a", "b")
    # Examples 0, 1, 2 know both: a = 1, 1, 0 and b = 1, 0, 0, so phi = (3·1 - 2·1) / √(2·1·1·2).
    assert found.correlations[0][1] == pytest.approx(0.5)
    assert found.correlations[0][0] == pytest.approx(1)


def test_lengths(corpus):
    found = audit(corpus, np.array([10, 20, 30, 100]), max_length=25).lengths
    assert (found.mean, found.median, found.max, found.limit) == (40, 25, 100, 25)
    assert found.p95 == pytest.approx(89.5)
    assert found.texts_cut == 0.5
    assert found.tokens_lost == (5 + 75) / 160
    uncut = audit(corpus, np.array([10, 20, 30, 100])).lengths
    assert (uncut.limit, uncut.texts_cut, uncut.tokens_lost) == (None, 0, 0)


def test_lengths_of_something_else_are_refused(corpus):
    with pytest.raises(DataError, match="not those of the corpus") as caught:
        audit(corpus, np.array([1, 2]))
    assert (caught.value.found, caught.value.expected) == ("shape (2,)", "(4,)")


def test_tags_and_a_corpus_without_binary_targets_or_parts():
    builder = CorpusBuilder("toy", [Target("ner", "tagging", ("O", "B"))])
    builder.add(Example("1", tokens=("x", "y"), targets={"ner": [0, 1]}))
    builder.add(Example("2", tokens=("x",), targets={"ner": [0]}))
    found = audit(builder.build())
    assert found.targets[0].labels == (LabelCount("O", 2, 1.0), LabelCount("B", 1, 0.5))
    assert (found.cardinality, found.binary, found.correlations) == (None, (), ())
    assert found.parts == {}


def test_json_is_plain_and_whole(corpus):
    plain = audit(corpus, np.array([1, 2, 3, 4]), 2).to_json()
    again = json.loads(json.dumps(plain, allow_nan=False))
    assert again["targets"][1]["labels"] == [{"name": "b", "positives": 1, "share": 1 / 3}]
    assert again["lengths"]["limit"] == 2


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=30))
def test_phi_is_pearson_where_both_vary(rows):
    values = np.array(rows, dtype=float)
    if (values.std(axis=0) > 0).all():
        np.testing.assert_allclose(phi(values), np.corrcoef(values.T), atol=1e-12)
    else:
        assert np.isnan(phi(values)[0, 1])
