"""Units: documents as a whole, every corpus to its own size."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.significance.worlds import task_of
from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.evaluation.significance import Units


def of(**corpora: list[str]) -> Units:
    tasks = {
        name: TaskPredictions(
            name, "binary", np.array(ids, object), np.zeros(len(ids)), np.zeros(len(ids)), name
        )
        for name, ids in corpora.items()
    }
    return Units.of(Predictions("test", tasks))


def test_examples_are_units_and_sentences_belong_to_documents() -> None:
    examples, documents = of(x=["a", "b_s1", "c"]), of(x=["d_s0", "d_s1", "e_s0", "f"])
    assert (len(examples), examples.word) == (3, "example")
    assert (len(documents), documents.word) == (3, "document")
    assert documents.unit["x", "d_s0"] == documents.unit["x", "d_s1"]


def test_pairs_of_words_belong_to_their_document_and_rows_of_a_file_to_none() -> None:
    pairs = of(x=["DDI-MedLine.d1.s0.p0", "DDI-MedLine.d1.s2.p1", "DDI-MedLine.d2.s0.p0"])
    assert (len(pairs), pairs.word) == (2, "document")
    assert len(of(x=["test-1", "test-2"])) == 2


def test_rows_find_their_units_in_any_order() -> None:
    units = of(x=["d_s0", "d_s1", "e_s0"])
    task = task_of("binary", 0, 3, missing=False)
    shuffled = TaskPredictions("t", "binary", np.array(["e_s0", "d_s1"], object), task.targets,
                               task.scores, "x")  # fmt: skip
    assert units.of_task(shuffled).tolist() == [1, 0]


def test_every_corpus_is_drawn_to_its_size() -> None:
    units = of(x=["a", "b", "c"], y=["a", "b"])
    drawn = units.drawn(np.random.default_rng(0), 200)
    assert drawn.shape == (200, 5)
    assert set(drawn[:, :3].sum(axis=1)) == {3}
    assert set(drawn[:, 3:].sum(axis=1)) == {2}
    assert drawn.mean(axis=0) == pytest.approx(np.ones(5), abs=0.2)


def test_pieces_of_a_sentence_are_one_unit() -> None:
    task = task_of("tagging", 0, 3, missing=False)
    ids = np.array(["s#part1", "s#part2", "t"], object)
    pieces = TaskPredictions("ner", "tagging", ids, task.targets, task.scores, "x", task.about)
    units = Units.of(Predictions("test", {"ner": pieces}))
    assert set(units.unit) == {("x", "s"), ("x", "t")}
