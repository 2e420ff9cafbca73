import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from pydantic import ValidationError

from mtlv.data import Corpus, CorpusBuilder, Example, Target
from mtlv.data.splits import Split, SplitSettings, make_splits
from mtlv.data.strata import text_groups
from mtlv.errors import DataError, ProtocolError
from mtlv.randomness import generator

PARTS = ("train", "validation", "test")


def corpus_of(matrix, texts=None, parts=None) -> Corpus:
    """Build a corpus of binary labels a, b, … from rows of 0, 1 and None."""
    names = [chr(ord("a") + index) for index in range(len(matrix[0]))]
    builder = CorpusBuilder("toy", [Target(name) for name in names])
    for i, row in enumerate(matrix):
        text = texts[i] if texts else f"text {i}"
        part = parts[i] if parts else None
        targets = dict(zip(names, row, strict=True))
        builder.add(Example(str(i), text, targets=targets, part=part))
    return builder.build()


def random_corpus(examples: int, rates=(0.5, 0.2, 0.05), seed: int = 0, **more) -> Corpus:
    draws = generator(seed, "toy").random((examples, len(rates)))
    return corpus_of((draws < np.array(rates)).astype(int).tolist(), **more)


def split_of(corpus: Corpus, **settings) -> list[Split]:
    return make_splits(corpus, SplitSettings(**settings))


def indices(split: Split) -> list[list[int]]:
    return [getattr(split, part).tolist() for part in PARTS]


@st.composite
def corpora(draw) -> Corpus:
    """Corpora of some dozen examples with duplicates, missing values, perhaps official parts."""
    count = draw(st.integers(20, 60))
    text = st.integers(0, draw(st.integers(19, 80)))
    value = st.sampled_from([0, 0, 1, None])
    rows = draw(st.lists(st.tuples(value, value), min_size=count, max_size=count))
    numbers = draw(st.lists(text, min_size=count, max_size=count))
    # Twelve distinct texts with both values of both labels make every corpus one that can be split.
    rows[:12] = [(i % 2, (i // 2) % 2) for i in range(12)]
    numbers[:12] = range(1000, 1012)
    parts = None
    if draw(st.booleans()):
        some = st.sampled_from(["train", "train", "validation", "test", None])
        parts = draw(st.lists(some, min_size=count, max_size=count))
        parts[:4] = ["train", "train", "train", "test"]
    return corpus_of(rows, [f"text {number}" for number in numbers], parts)


def any_settings():
    return st.builds(
        SplitSettings,
        folds=st.integers(1, 3),
        repeats=st.integers(1, 2),
        split_seed=st.integers(0, 5),
        test=st.sampled_from([0.2, 0.5]),
        validation=st.sampled_from([0.15, 0.4]),
    )


@limits(max_examples=60)
@given(corpora(), any_settings())
def test_parts_are_disjoint_and_no_text_stands_on_two_sides(corpus, settings):
    groups = text_groups(corpus)
    splits = make_splits(corpus, settings)
    assert [split.fold for split in splits] == list(range(settings.folds * settings.repeats))
    for split in splits:
        parts = [getattr(split, part) for part in PARTS]
        for part in parts:
            assert len(part)
            assert part.dtype == np.int64
            assert (np.diff(part) > 0).all()
            assert not part.flags.writeable
        for first, second in ((0, 1), (0, 2), (1, 2)):
            assert not np.intersect1d(parts[first], parts[second]).size
            assert not np.intersect1d(groups[parts[first]], groups[parts[second]]).size


@limits(max_examples=40)
@given(corpora(), any_settings())
def test_everything_is_used_or_a_duplicate_of_the_test_part(corpus, settings):
    groups = text_groups(corpus)
    for split in make_splits(corpus, settings):
        used = np.concatenate([getattr(split, part) for part in PARTS])
        left = np.setdiff1d(np.arange(len(corpus)), used)
        if corpus.parts is None:
            assert not left.size
        held_out = np.concatenate([split.validation, split.test])
        assert np.isin(groups[left], groups[held_out]).all()


@limits(max_examples=25)
@given(corpora(), any_settings())
def test_equal_settings_give_equal_splits(corpus, settings):
    first, second = make_splits(corpus, settings), make_splits(corpus, settings)
    assert [indices(split) for split in first] == [indices(split) for split in second]
    assert [s.fingerprint for s in first] == [s.fingerprint for s in second]


@limits(max_examples=25)
@given(corpora(), st.integers(2, 3), st.integers(1, 2))
def test_the_tests_of_all_folds_are_the_corpus(corpus, folds, repeats):
    splits = split_of(corpus, scheme="cross_validation", folds=folds, repeats=repeats)
    for repeat in range(repeats):
        tests = [split.test for split in splits[repeat * folds : (repeat + 1) * folds]]
        assert sorted(np.concatenate(tests).tolist()) == list(range(len(corpus)))


def test_shares_and_label_rates_are_kept():
    corpus = random_corpus(1000)
    rates = corpus.matrix().mean(axis=0)
    (split,) = split_of(corpus)
    assert [len(part) for part in indices(split)] == pytest.approx([680, 120, 200], abs=5)
    for part in PARTS:
        rows = getattr(split, part)
        assert corpus.matrix()[rows].mean(axis=0) == pytest.approx(rates, abs=1.5 / len(rows))


def test_a_rare_label_is_in_every_fold():
    rows = [[i % 2, int(i < 5)] for i in range(200)]
    corpus = corpus_of(rows)
    for split in split_of(corpus, folds=5):
        assert corpus.values("b")[split.test].sum() == 1


def test_another_seed_and_another_fold_are_other_draws():
    corpus = random_corpus(200)
    seeds = {split_of(corpus, split_seed=seed)[0].fingerprint for seed in range(3)}
    assert len(seeds) == 3
    splits = split_of(corpus, scheme="holdout", folds=2, repeats=2)
    assert len({split.fingerprint for split in splits}) == 4
    first, second = split_of(corpus, folds=2, repeats=2)[::2]
    assert first.test.tolist() != second.test.tolist()


def test_fingerprint_covers_the_corpus_and_who_stands_where():
    arrays = [np.array([2, 0]), np.array([1]), np.array([3])]
    split = Split(0, *arrays, corpus="abc")
    assert split.train.tolist() == [0, 2]
    assert Split(1, *arrays, corpus="abc").fingerprint == split.fingerprint
    assert Split(0, *arrays, corpus="abd").fingerprint != split.fingerprint
    assert Split(0, *arrays[::-1], corpus="abc").fingerprint != split.fingerprint


def test_a_split_with_an_example_in_two_parts_cannot_be_made():
    with pytest.raises(ProtocolError, match="two parts") as caught:
        Split(3, np.array([0, 1]), np.array([1]), np.array([2]))
    assert caught.value.where == "fold 3"


def official(parts: str, texts=None) -> Corpus:
    """Build a corpus whose parts are given by letters: t(rain), v(alidation), T(est), - (none)."""
    names = {"t": "train", "v": "validation", "T": "test", "-": None}
    rows = [[i % 2] for i in range(len(parts))]
    return corpus_of(rows, texts, [names[letter] for letter in parts])


def test_official_parts_are_kept():
    (split,) = split_of(official("tttTTvv"))
    assert indices(split) == [[0, 1, 2], [5, 6], [3, 4]]
    assert split.warnings == ()


def test_validation_is_drawn_where_it_is_not_official():
    (split,) = split_of(official("t" * 20 + "TT"))
    assert split.test.tolist() == [20, 21]
    assert len(split.validation) == 3
    assert len(split.train) == 17


def test_folds_with_a_fixed_test_part_redraw_the_rest():
    splits = split_of(official("t" * 20 + "TT" + "vvvv"), folds=4)
    assert len(splits) == 4
    assert {tuple(split.test) for split in splits} == {(20, 21)}
    assert len({tuple(split.validation) for split in splits}) > 1
    for split in splits:
        used = np.concatenate([split.train, split.validation])
        assert sorted(used.tolist()) == [*range(20), 22, 23, 24, 25]


def test_texts_of_the_test_part_leave_training_and_validation():
    texts = ["a", "b", "c", "d", "e", "a ", "f", "b", "c", "g", "h"]
    (split,) = split_of(official("ttttTTTvvvv", texts))
    # Text a is in test, text b and c in validation.
    assert indices(split) == [[3], [7, 8, 9, 10], [4, 5, 6]]
    assert split.warnings[:2] == (
        "1 example left out: their text is in the test part",
        "2 examples left out of training: their text is in the validation part",
    )


def test_examples_without_a_part_count_as_training():
    (split,) = split_of(official("t--tTTvv"))
    assert split.train.tolist() == [0, 1, 2, 3]
    assert split.warnings == ("2 examples without a part counted as training",)


def test_official_parts_can_be_ignored_but_not_silently():
    (split,) = split_of(official("t" * 10 + "TT"), scheme="holdout")
    assert split.warnings[0] == "the dataset's official parts are not used: the scheme is holdout"


def test_official_without_a_test_part_is_refused():
    with pytest.raises(DataError, match="no official test part") as caught:
        split_of(official("tttvv"), scheme="official")
    assert caught.value.where == "corpus 'toy'"
    assert caught.value.found == "the parts train and validation"
    assert caught.value.expected == "examples whose part is test"
    assert "holdout" in caught.value.hint


@pytest.mark.parametrize("folds", [1, 3])
def test_official_parts_without_a_test_part_are_not_divided_anew_unasked(folds):
    corpus = official("tttttttvvv")
    with pytest.raises(DataError, match="no official test part") as caught:
        split_of(corpus, folds=folds)
    assert caught.value.where == "corpus 'toy'"
    assert caught.value.found == "the parts train and validation"
    assert "set `scheme: holdout` under `evaluation`" in caught.value.hint
    (split,) = split_of(corpus, scheme="holdout")
    assert sum(map(len, indices(split))) == 10
    assert len(split_of(corpus, scheme="cross_validation", folds=3)) == 3


def test_training_examples_alone_are_no_division():
    (split,) = split_of(official("t" * 10))
    assert [len(part) for part in indices(split)] == [7, 1, 2]


def test_a_corpus_that_is_only_learned_from_needs_no_test_part():
    (split,) = make_splits(official("tttttttvvv"), SplitSettings(), auxiliary=True)
    assert sum(map(len, indices(split))) == 10


def test_official_parts_without_training_are_refused():
    with pytest.raises(DataError, match="no example for training") as caught:
        split_of(official("ttTT", ["a", "b", "a", "b"]))
    assert caught.value.found == "0 training and 2 test examples, duplicates left out"
    assert "holdout" in caught.value.hint


def test_more_folds_than_positives_names_the_label():
    corpus = corpus_of([[i % 2, int(i < 3)] for i in range(40)])
    with pytest.raises(DataError) as caught:
        split_of(corpus, folds=4)
    error = caught.value
    assert error.what == "There are more folds than positives of the label 'b'."
    assert error.where == "corpus 'toy'"
    assert error.found == "3 distinct texts with the label, 4 folds"
    assert error.expected == "at least one positive for every fold"
    assert "fewer folds" in error.hint


def test_positives_that_are_duplicates_count_once():
    texts = ["same"] * 4 + [f"text {i}" for i in range(36)]
    corpus = corpus_of([[i % 2, int(i < 4)] for i in range(40)], texts)
    with pytest.raises(DataError, match="label 'b'") as caught:
        split_of(corpus, folds=2)
    assert caught.value.found.startswith("1 distinct texts")


def test_labels_without_a_positive_are_told():
    corpus = corpus_of([[i % 2, int(i == 0)] for i in range(40)])
    (split,) = split_of(corpus)
    assert split.warnings == (
        "label 'b' has no positive in validation",
        "label 'b' has no positive in test",
    )
    parts = ["train"] * 30 + ["test"] * 10
    corpus = corpus_of([[i % 2, int(i == 39)] for i in range(40)], parts=parts)
    (split,) = split_of(corpus)
    assert split.warnings[0] == (
        "label 'b' has no positive in train: it cannot be learned in this fold"
    )


def test_too_few_texts_are_refused():
    with pytest.raises(DataError, match="too few distinct texts") as caught:
        split_of(corpus_of([[0], [1], [1]], ["x", "x", "x"]))
    assert caught.value.found == "1 distinct text for 2 parts"
    assert caught.value.hint == "use more data, or fewer folds if there are several"


def test_a_tiny_corpus_has_no_empty_part():
    for seed in range(20):
        (split,) = split_of(corpus_of([[0], [1], [1]]), split_seed=seed, test=0.1)
        assert [len(part) for part in indices(split)] == [1, 1, 1]


def test_a_sample_keeps_shares_labels_and_the_seed():
    corpus = random_corpus(1000)
    (split,) = split_of(corpus, sample=0.2)
    used = np.concatenate([getattr(split, part) for part in PARTS])
    assert len(used) == pytest.approx(200, abs=5)
    wanted = corpus.matrix().sum(axis=0) * 0.2
    assert corpus.matrix()[used].sum(axis=0) == pytest.approx(wanted, abs=1)
    folds = split_of(corpus, sample=0.2, folds=2)
    assert sorted(np.concatenate([f.test for f in folds]).tolist()) == sorted(used.tolist())
    assert split_of(corpus, sample=1.0)[0].fingerprint == split_of(corpus)[0].fingerprint


def test_a_sample_keeps_the_shares_of_official_parts():
    parts = ["train"] * 600 + ["validation"] * 100 + ["test"] * 300
    corpus = random_corpus(1000, parts=parts)
    for seed in range(5):
        (split,) = split_of(corpus, sample=0.1, split_seed=seed)
        assert [len(part) for part in indices(split)] == pytest.approx([60, 10, 30], abs=2)


def test_other_kinds_are_stratified():
    targets = [Target("kind", "multiclass", ("x", "y", "z")), Target("stars", "regression")]
    builder = CorpusBuilder("toy", targets)
    for i in range(300):
        kind = 2 if i % 30 == 0 else i % 2
        builder.add(Example(str(i), f"text {i}", targets={"kind": kind, "stars": i / 10}))
    corpus = builder.build()
    for split in split_of(corpus, folds=5):
        assert (corpus.values("kind")[split.test] == 2).sum() == 2
        assert corpus.values("stars")[split.test].mean() == pytest.approx(15, abs=1.5)


def test_cross_validation_needs_folds():
    with pytest.raises(ValidationError, match="at least two folds"):
        SplitSettings(scheme="cross_validation")


@pytest.mark.parametrize("share", [0, 1])
@pytest.mark.parametrize("name", ["test", "validation"])
def test_shares_leave_something(name, share):
    with pytest.raises(ValidationError, match=name):
        SplitSettings(**{name: share})
