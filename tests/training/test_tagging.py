"""Tagging through the whole way: words to pieces, targets where words begin, scores per word."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mtlv.data import Corpus, CorpusBuilder, Example, Target
from mtlv.model.network import Network
from mtlv.model.tokens import table_key, tokenise, tokenise_words
from mtlv.tasks import TaskSet
from mtlv.training.batches import BatchRows
from mtlv.training.data import CorpusData, TrainingData, tag_targets
from mtlv.training.loop import train
from mtlv.training.scoring import predict_part, word_scores
from toys import ROWS, tiny_source, toy_network, toy_settings

TAGS = ("O", "B-part", "I-part")
PARTS = {"heart": 1, "lung": 1, "bone": 1}


def tagged_corpus(count: int = 24, missing: int | None = None) -> Corpus:
    """Return token lists in which names of parts are tagged."""
    builder = CorpusBuilder("tagged", [Target("parts", "tagging", TAGS)])
    words = ["the", "heart", "shows", "no", "lung", "change", "bone", "patient"]
    for i in range(count):
        tokens = tuple(words[(i * 3 + j * (1 + i % 3)) % len(words)] for j in range(3 + i % 5))
        tags = None if i == missing else [PARTS.get(token, 0) for token in tokens]
        builder.add(Example(f"{i}", tokens=tokens, targets={"parts": tags}))
    return builder.build()


def tagged_data(corpus: Corpus, max_length: int = 32) -> TrainingData:
    source = tiny_source()
    rows = {part: np.arange(*span) for part, span in ROWS.items()}
    data = CorpusData(
        corpus.name,
        corpus.ids,
        tokenise(corpus, source, max_length),
        {"parts": corpus.tags("parts")},
        rows,  # type: ignore[arg-type]
        table_key(corpus, source, max_length),
    )
    return TrainingData({corpus.name: data})


def tagger(corpus: Corpus) -> Network:
    return toy_network(tiny_source(), ("parts",), tasks=TaskSet.of([corpus]))


def test_every_word_begins_once() -> None:
    texts = [["heart", "nothing", "x"], ["\u200b", "lung"]]
    table = tokenise_words(texts, tiny_source(), 32)
    assert table.words is not None
    assert table.word_counts is not None
    assert table.word_counts.tolist() == [3, 2]
    first = table.words[table.offsets[0] : table.offsets[1]]
    assert [word for word in first if word >= 0] == [0, 1, 2]
    assert (first[0], first[-1]) == (-1, -1), "special tokens are no words"
    assert len(first) > 5, "a long word has several pieces"


def test_targets_stand_where_words_begin() -> None:
    words = torch.tensor([[-1, 0, -1, 1, -1], [-1, 0, 1, 2, -1], [-1, 0, -1, -1, -1]])
    found = tag_targets(words, [np.array([2, 0]), None, np.array([1, 1])])
    nan = float("nan")
    expected = [[nan, 2, nan, 0, nan], [nan] * 5, [nan, 1, nan, nan, nan]]
    np.testing.assert_array_equal(found.numpy(), np.array(expected, np.float32))


def test_words_that_were_cut_off_lie_outside() -> None:
    corpus = tagged_corpus()
    table = tokenise_words([["heart", "lung", "bone"]], tiny_source(), 4)
    scores = np.full((1, 4, 3), 1 / 3)
    (found,) = word_scores(scores, table, np.array([0]), TaskSet.of([corpus])["parts"])
    assert table.words is not None
    reached = int(table.words.max()) + 1
    assert found.shape == (3, 3)
    assert reached < 3
    np.testing.assert_allclose(found[:reached], 1 / 3)
    np.testing.assert_array_equal(found[reached:], [[1, 0, 0]] * (3 - reached))


def test_a_tagger_learns_and_every_word_is_scored() -> None:
    corpus = tagged_corpus()
    data, network = tagged_data(corpus), tagger(corpus)
    trained = train(network, data, toy_settings(epochs=40, learning_rate=5e-3), seed=0)
    test = predict_part(trained.model, data, "test").tasks["parts"]
    for target, scores in zip(test.targets, test.scores, strict=True):
        assert scores.shape == (len(target), len(TAGS))
        np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)
    pairs = zip(test.targets, test.scores, strict=True)
    right = [(scores.argmax(axis=1) == target).mean() for target, scores in pairs]
    assert np.mean(right) > 0.9
    assert test.about.labels == TAGS


def test_a_text_without_tags_takes_no_part_in_the_loss() -> None:
    corpus = tagged_corpus(missing=0)
    data, network = tagged_data(corpus), tagger(corpus)
    batch = data.batch(BatchRows("tagged", np.array([0, 1])), network)
    assert batch.targets[0][0].isnan().all()
    assert not batch.targets[0][1].isnan().all()


@pytest.mark.parametrize("freeze_layers", [0, 1])
def test_scores_do_not_depend_on_the_batch(freeze_layers: int) -> None:
    corpus = tagged_corpus()
    data = tagged_data(corpus)
    network = toy_network(
        tiny_source(), ("parts",), tasks=TaskSet.of([corpus]), freeze_layers=freeze_layers
    )
    whole = predict_part(network, data, "test").tasks["parts"].scores
    for index, row in enumerate(range(*ROWS["test"])):
        alone = network(data.batch(BatchRows("tagged", np.array([row])), network)).heads[0]
        found = word_scores(
            network.head(0).decode(alone)[:, 0].detach().numpy(),
            data.corpora["tagged"].tokens,
            np.array([row]),
            network.head(0).tasks[0],
        )
        np.testing.assert_allclose(found[0], whole[index], rtol=1e-4, atol=1e-5)
