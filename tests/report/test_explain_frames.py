"""Frames of explanations: the one that is chosen, or the latest that has what a figure needs."""

from __future__ import annotations

from typing import Any

import pytest

from explain.views_toys import WORDS, toy_views, write_explanation
from mtlv.errors import FigureError
from mtlv.report.frames import FRAMES, Data, Wanted
from mtlv.store import Store
from mtlv.store.outcome import load_outcome
from store.fakes import TASKS, fake_study


def crossed(mean: float, **more: float) -> dict[str, Any]:
    named = {"plan": "stl", "metric": "accuracy", "texts": "edema", "layer": "nodule"}
    return named | {"mean": mean, "sd": 0.0, "runs": 3} | more


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store(tmp_path_factory.mktemp("explained"))
    fake_study(made, plans=("stl", "mtl"))
    fake_study(made, "other", plans=("stl", "mtl"))
    old = {"cross_task": [crossed(0.6)]}
    write_explanation(made, "e1", "fake", "2026-01-01", rows=old)
    early = {"cross_task": [crossed(0.7, guess=0.5)]}
    late = {"cross_task": [crossed(0.8, guess=0.5)]}
    article = toy_views(TASKS[:3]).to_json()
    write_explanation(made, "e2", "fake", "2026-01-02", rows=early, article=article, tasks=TASKS)
    write_explanation(made, "e3", "fake", "2026-01-03", rows=late)
    write_explanation(made, "e4", "other", "2026-01-04", rows=late)
    return made


def frame(store: Store, name: str, **more: Any) -> Data:
    return FRAMES[name](Wanted(store, load_outcome(store, "fake"), **more))


def test_the_latest_is_drawn_or_the_one_that_is_chosen(store: Store) -> None:
    assert frame(store, "cross-task").frame.value.tolist() == [80.0]
    chosen = frame(store, "cross-task", explanation="e2")
    assert chosen.frame.value.tolist() == [70.0]
    assert chosen.frame.guess.tolist() == [50.0]
    assert "white: what one answer for all texts scores" in chosen.signature


def test_what_the_chosen_one_lacks_is_not_taken_from_another(store: Store) -> None:
    assert set(frame(store, "word-ranks").frame.word) == set(WORDS), "the latest that has them"
    with pytest.raises(FigureError) as caught:
        frame(store, "word-ranks", explanation="e3")
    assert caught.value.found == "no such view in it"


@pytest.mark.parametrize("key", ["e9", "e4", "../explanations/e1"])
def test_an_explanation_that_is_not_of_the_study_is_refused(store: Store, key: str) -> None:
    with pytest.raises(FigureError, match="has no explanation"):
        frame(store, "cross-task", explanation=key)


def test_an_earlier_version_is_told_what_to_do(store: Store) -> None:
    with pytest.raises(FigureError) as caught:
        frame(store, "cross-task", explanation="e1")
    assert "earlier version" in str(caught.value.found)
    assert "mtlv explain fake" in str(caught.value.hint)


def test_ranks_of_two_tasks_are_drawn_or_of_those_that_are_named(store: Store) -> None:
    pairs = frame(store, "word-ranks").frame[["first", "second", "measure"]].drop_duplicates()
    assert len(pairs) == 2 * (1 + 2), "measures, single against single and against multi"
    named = frame(store, "word-ranks", tasks=(TASKS[2],)).frame
    assert set(named["first"]) == {f"stl: {TASKS[2]}"}
    assert set(named["second"]) == {f"mtl: {TASKS[2]}"}


def test_the_range_of_ranks_is_over_pairs_of_seeds(store: Store) -> None:
    found = frame(store, "word-ranks")
    views = toy_views(TASKS[:3])
    assert views.words is not None
    own = next(one for one in views.words.scatters if one.measure == "input_sum")
    assert own.agreement is not None
    first = found.frame.iloc[0]
    assert (first.low, first.high) == (own.agreement.lowest, own.agreement.highest)
    assert "6 pairs of runs" in found.signature
    assert "3 pairs of seeds" in found.signature
