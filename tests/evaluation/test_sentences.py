from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evaluation.kinds import boxed
from mtlv.evaluation.predictions import TaskPredictions
from mtlv.evaluation.sentences import joined


def split(ids: list[str], rows: list[list[float]]) -> TaskPredictions:
    tags = boxed([np.array(row, float) for row in rows])
    scores = boxed([np.stack([row, row], axis=1) for row in tags])
    return TaskPredictions("ner", "tagging", np.array(ids, object), tags, scores)


def test_pieces_are_joined_in_the_order_of_their_numbers() -> None:
    task = split(["a#part2", "b", "a#part10", "a#part1"], [[2], [5, 5], [9], [0, 1]])
    found = joined(task)
    assert found.ids.tolist() == ["a", "a#part10", "b"], "the ninth is missing before the tenth"
    assert [row.tolist() for row in found.targets] == [[0, 1, 2], [9], [5, 5]]
    assert [row.shape for row in found.scores] == [(3, 2), (1, 2), (2, 2)]


def test_a_sentence_of_its_own_stays_one() -> None:
    task = split(
        ["a", "a#part1", "a#part0", "b#part1", "c#1", "c#2"], [[1], [2], [3], [4], [5], [6]]
    )
    assert joined(task) is task


def test_nothing_is_nothing() -> None:
    task = split([], [])
    assert joined(task) is task


@given(st.lists(st.integers(1, 4), min_size=1, max_size=5), st.randoms())
def test_no_token_is_lost(lengths: list[int], random: st.random.Random) -> None:
    """Sentences cut into pieces of two tokens, in any order, are whole again."""
    whole = [[float(10 * i + k) for k in range(2 * n)] for i, n in enumerate(lengths)]
    pieces = [
        (f"s{i}#part{k + 1}", row[2 * k : 2 * k + 2])
        for i, row in enumerate(whole)
        for k in range(len(row) // 2)
    ]
    random.shuffle(pieces)
    found = joined(split([name for name, _ in pieces], [row for _, row in pieces]))
    assert sorted(row.tolist() for row in found.targets) == sorted(whole)
